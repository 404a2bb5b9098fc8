// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls on files that picolibc is built on. The console is a terminal (terminal.h); the bundle is a
 * read-only file system without directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <libos/console/console.h>
#include <libos/posix/descriptor.h>
#include <libos/posix/terminal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct descriptor descriptors[DESCRIPTORS_MAX];

struct descriptor *descriptor_find(int number)
{
    if (number >= 0 && number < DESCRIPTORS_MAX && descriptors[number].open)
        return &descriptors[number];
    errno = EBADF;
    return NULL;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static bool file_find(const char *name, struct bundle_file *file)
{
    const char *why;
    const struct bundle *bundle = bundle_own(&why);

    while (*name == '/' || (name[0] == '.' && name[1] == '/'))
        name++;
    return bundle && bundle_find(bundle, name, file, &why);
}

int open(const char *name, int flags, ...)
{
    struct bundle_file file;

    if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC))
        return fail(EROFS);
    if (!file_find(name, &file))
        return fail(ENOENT);
    for (int number = 3; number < DESCRIPTORS_MAX; number++)
        if (!descriptors[number].open) {
            descriptors[number] = (struct descriptor){.open = true, .file = file};
            return number;
        }
    return fail(EMFILE);
}

int close(int number)
{
    struct descriptor *descriptor = descriptor_find(number);

    if (DESCRIPTOR_IS_CONSOLE(number))
        return 0;
    if (!descriptor)
        return -1;
    descriptor->open = false;
    return 0;
}

ssize_t read(int number, void *bytes, size_t count)
{
    if (number == 0)
        return terminal_read(bytes, count);
    struct descriptor *descriptor = descriptor_find(number);
    if (!descriptor)
        return -1;
    size_t left = descriptor->file.size - descriptor->position;
    if (count > left)
        count = left;
    memcpy(bytes, descriptor->file.bytes + descriptor->position, count);
    descriptor->position += count;
    return (ssize_t)count;
}

ssize_t write(int number, const void *bytes, size_t count)
{
    if (number != 1 && number != 2)
        return fail(descriptor_find(number) ? EROFS : EBADF);
    if (console_write(number == 1 ? CONSOLE_OUT : CONSOLE_ERROR, bytes, count) != ERR_OK)
        return fail(EIO);
    return (ssize_t)count;
}

off_t lseek(int number, off_t offset, int whence)
{
    if (DESCRIPTOR_IS_CONSOLE(number))
        return fail(ESPIPE);
    struct descriptor *descriptor = descriptor_find(number);
    if (!descriptor)
        return -1;
    off_t size = (off_t)descriptor->file.size;
    off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)descriptor->position : size;
    if (whence < SEEK_SET || whence > SEEK_END || offset < -base || offset > size - base)
        return fail(EINVAL);
    descriptor->position = (size_t)(base + offset);
    return base + offset;
}

static void stat_fill(struct stat *stat, const struct bundle_file *file)
{
    memset(stat, 0, sizeof(*stat));
    stat->st_nlink = 1;
    stat->st_mode = file ? S_IFREG | 0555 : S_IFCHR | 0666;
    stat->st_size = file ? (off_t)file->size : 0;
    stat->st_blksize = 4096;
}

int fstat(int number, struct stat *stat)
{
    struct descriptor *descriptor = DESCRIPTOR_IS_CONSOLE(number) ? NULL : descriptor_find(number);

    if (!descriptor && !DESCRIPTOR_IS_CONSOLE(number))
        return -1;
    stat_fill(stat, descriptor ? &descriptor->file : NULL);
    return 0;
}

int stat(const char *name, struct stat *stat)
{
    struct bundle_file file;

    if (!file_find(name, &file))
        return fail(ENOENT);
    stat_fill(stat, &file);
    return 0;
}

int isatty(int number)
{
    if (DESCRIPTOR_IS_CONSOLE(number))
        return 1;
    if (descriptor_find(number))
        errno = ENOTTY;
    return 0;
}

int unlink(const char *name)
{
    struct bundle_file file;
    return fail(file_find(name, &file) ? EROFS : ENOENT);
}
