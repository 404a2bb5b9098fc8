// SPDX-License-Identifier: BSD-2-Clause
/*
 * stdin, stdout and stderr for picolibc's stdio: a line at a time, because a line costs the console one
 * call and a character would cost one, too. What is left is written out when input is asked for, at
 * exit, and by the crash report.
 */
#include <libos/posix/stdio.h>
#include <libos/start/start.h>
#include <stdio.h>
#include <unistd.h>

#define BUFFER_SIZE 512

struct stream {
    struct __file file; // first: picolibc hands it to the functions below
    int descriptor;
    size_t used; // bytes in the buffer
    size_t read; // input only: how many of them were given out
    char buffer[BUFFER_SIZE];
};

static int stream_flush(struct __file *file)
{
    struct stream *stream = (struct stream *)file;
    size_t used = stream->used;

    stream->used = 0;
    return used == 0 || write(stream->descriptor, stream->buffer, used) == (ssize_t)used ? 0 : EOF;
}

static int stream_put(char character, struct __file *file)
{
    struct stream *stream = (struct stream *)file;

    upcall_hold();
    stream->buffer[stream->used++] = character;
    bool full = stream->used == BUFFER_SIZE || character == '\n';
    int result = full ? stream_flush(file) : 0;
    upcall_release();
    return result == 0 ? (unsigned char)character : EOF;
}

static int stream_get(struct __file *file)
{
    struct stream *stream = (struct stream *)file;

    if (stream->read == stream->used) {
        stdio_flush();
        ssize_t count = read(stream->descriptor, stream->buffer, BUFFER_SIZE);
        if (count <= 0)
            return count == 0 ? _FDEV_EOF : _FDEV_ERR;
        stream->used = (size_t)count;
        stream->read = 0;
    }
    return (unsigned char)stream->buffer[stream->read++];
}

static struct stream input = {
    .file = FDEV_SETUP_STREAM(NULL, stream_get, NULL, _FDEV_SETUP_READ),
    .descriptor = 0,
};
static struct stream output = {
    .file = FDEV_SETUP_STREAM(stream_put, NULL, stream_flush, _FDEV_SETUP_WRITE),
    .descriptor = 1,
};
static struct stream errors = {
    .file = FDEV_SETUP_STREAM(stream_put, NULL, stream_flush, _FDEV_SETUP_WRITE),
    .descriptor = 2,
};

FILE *const stdin = &input.file;
FILE *const stdout = &output.file;
FILE *const stderr = &errors.file;

__attribute__((destructor)) void stdio_flush(void)
{
    stream_flush(&output.file);
    stream_flush(&errors.file);
}
