// SPDX-License-Identifier: BSD-2-Clause
// The C library on top of ours: files of the bundle, errno, time, formats, exit handlers, what stdout
// holds at exit.
#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void file_test(void)
{
    char magic[4];
    struct stat info;
    int file = open("/hello", O_RDONLY);

    CHECK(file >= 3);
    CHECK_EQUAL(read(file, magic, 4), 4);
    CHECK(memcmp(magic, "\177ELF", 4) == 0);
    CHECK_EQUAL(fstat(file, &info), 0);
    CHECK(S_ISREG(info.st_mode) && info.st_size > 4096);
    CHECK_EQUAL(lseek(file, 0, SEEK_END), info.st_size);
    CHECK_EQUAL(read(file, magic, 4), 0);
    CHECK_EQUAL(lseek(file, -info.st_size, SEEK_CUR), 0);
    CHECK_EQUAL(lseek(file, -1, SEEK_SET), -1);
    CHECK_EQUAL(errno, EINVAL);
    CHECK_EQUAL(read(file, magic, 1), 1);
    CHECK_EQUAL(magic[0], 0x7f);
    CHECK_EQUAL(write(file, magic, 1), -1);
    CHECK_EQUAL(close(file), 0);
    CHECK_EQUAL(close(file), -1);
    CHECK_EQUAL(errno, EBADF);
    CHECK_EQUAL(open("nothing", O_RDONLY), -1);
    CHECK_EQUAL(errno, ENOENT);
    CHECK_EQUAL(open("hello", O_RDWR), -1);
    CHECK_EQUAL(errno, EROFS);

    FILE *stream = fopen("hello", "r");
    CHECK(stream != NULL);
    CHECK(stream && fgetc(stream) == 0x7f && fgetc(stream) == 'E');
    CHECK(stream && fseek(stream, 0, SEEK_SET) == 0 && fgetc(stream) == 0x7f);
    if (stream)
        fclose(stream);
    CHECK(isatty(1) && !isatty(7));
}

static int compare(const void *one, const void *other)
{
    return *(const int *)one - *(const int *)other;
}

static void library_test(void)
{
    char text[64];
    int numbers[] = {5, 3, 9, 1};
    struct timeval before, after;

    snprintf(text, sizeof(text), "%5.2f|%-4d|%#lx|%s", 3.14159, 42, 0xabcul, "x");
    CHECK_TEXT(text, " 3.14|42  |0xabc|x");
    CHECK(strtod("2.5e3", NULL) == 2500.0);
    qsort(numbers, 4, sizeof(int), compare);
    CHECK(numbers[0] == 1 && numbers[3] == 9);
    gettimeofday(&before, NULL);
    time_pass_us(20000);
    gettimeofday(&after, NULL);
    long passed = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_usec - before.tv_usec);
    CHECK(passed >= 20000 && passed < 5000000);
    CHECK(clock() != (clock_t)-1);
}

static void at_exit(void)
{
    printf("exit handler, and no newline");
}

int main(void)
{
    file_test();
    library_test();
    atexit(at_exit);
    printf("main, ");
    return guest_end();
}
