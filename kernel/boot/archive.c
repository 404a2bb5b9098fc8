// SPDX-License-Identifier: BSD-2-Clause
/*
 * The cpio archive; see archive.h. An entry is a header of 110 bytes (6 of magic, then 13 numbers of 8 hexadecimal
 * digits), the name with its NUL, the contents; name and contents are padded to multiples of 4 in the archive.
 * The entry TRAILER!!! is the last.
 */
#include "boot/archive.h"

#include <stdbool.h>
#include <stddef.h>

#define MAGIC     "070701"
#define TRAILER   "TRAILER!!!"
#define INIT      "init"
#define HEADER    110
#define FILE_SIZE 54 // offsets in the header
#define NAME_SIZE 94

// False when one of the eight is no digit.
static bool number_read(const char *digits, word_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        char c = digits[i];
        word_t digit = c >= '0' && c <= '9'   ? (word_t)(c - '0')
                       : c >= 'a' && c <= 'f' ? (word_t)(c - 'a' + 10)
                       : c >= 'A' && c <= 'F' ? (word_t)(c - 'A' + 10)
                                              : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static bool text_equals(const char *one, word_t length, const char *other)
{
    word_t i = 0;
    while (i < length && other[i] != '\0' && one[i] == other[i])
        i++;
    return i == length && other[i] == '\0';
}

static word_t padded(word_t size) { return (size + 3) & ~3ul; }

// The numbers have 32 bits and `at` is inside the archive, so no sum below overflows.
const char *archive_find_init(const char *archive, word_t size, const char **file, word_t *file_size)
{
    if (size == 0)
        return "there is no initrd, or it is empty";
    for (word_t at = 0; at < size && size - at >= HEADER; at = padded(at + *file_size)) {
        const char *header = archive + at;
        word_t name_size;
        if (!text_equals(header, sizeof(MAGIC) - 1, MAGIC) || !number_read(header + FILE_SIZE, file_size) ||
            !number_read(header + NAME_SIZE, &name_size) || name_size == 0)
            return "the initrd is not a cpio archive, or is corrupt";
        at = padded(at + HEADER + name_size);
        if (at > size || *file_size > size - at)
            return "the initrd is truncated";
        if (header[HEADER + name_size - 1] != '\0')
            return "the initrd is not a cpio archive, or is corrupt";
        *file = archive + at;
        if (text_equals(header + HEADER, name_size - 1, INIT))
            return NULL;
        if (text_equals(header + HEADER, name_size - 1, TRAILER))
            return "the initrd holds no program named init";
    }
    return "the initrd is truncated";
}
