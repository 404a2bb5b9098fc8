// SPDX-License-Identifier: BSD-2-Clause
/*
 * The cpio archive ("newc", as `cpio -H newc` writes it). An entry is a header of 110 bytes in ASCII,
 * the name with its NUL, padding to 4 bytes, the contents, padding to 4 bytes; the entry TRAILER!!! ends
 * the archive. Zeros between entries are skipped: archives may be joined that way. Pure computation on
 * bytes.
 */
#include <libos/loader/bundle.h>
#include <string.h>

#define HEADER_SIZE   110
#define NAME_SIZE_MAX 256 // with its NUL
#define TRAILER       "TRAILER!!!"

// Fields of 8 hexadecimal digits behind the 6 bytes of magic.
enum field { FIELD_MODE = 1, FIELD_FILE_SIZE = 6, FIELD_NAME_SIZE = 11 };

static bool field_read(const uint8_t *header, enum field field, uint32_t *value)
{
    const uint8_t *digits = header + 6 + 8 * field;

    *value = 0;
    for (int i = 0; i < 8; i++) {
        uint8_t c = digits[i];
        uint32_t digit = c >= '0' && c <= '9'   ? c - '0'
                         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static int corrupt(const char **why, const char *reason)
{
    *why = reason;
    return -1;
}

int bundle_next(const struct bundle *bundle, size_t *position, struct bundle_file *file, const char **why)
{
    size_t at = padded(*position);
    uint32_t name_size, file_size;

    while (at < bundle->size && bundle->bytes[at] == 0)
        at++;
    if (at >= bundle->size)
        return corrupt(why, "the bundle ends without a trailer");
    if (bundle->size - at < HEADER_SIZE)
        return corrupt(why, "the bundle ends within a header");

    const uint8_t *header = bundle->bytes + at;
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0)
        return corrupt(why, "the bundle is no cpio archive of the newc format");
    if (!field_read(header, FIELD_MODE, &file->mode) || !field_read(header, FIELD_FILE_SIZE, &file_size) ||
        !field_read(header, FIELD_NAME_SIZE, &name_size))
        return corrupt(why, "a header of the bundle holds a number that is none");
    if (name_size == 0 || name_size > NAME_SIZE_MAX || name_size > bundle->size - at - HEADER_SIZE)
        return corrupt(why, "a name in the bundle is empty, too long, or cut off");

    const char *name = (const char *)header + HEADER_SIZE;
    if (memchr(name, 0, name_size) != name + name_size - 1)
        return corrupt(why, "a name in the bundle does not end where it should");
    if (strcmp(name, TRAILER) == 0)
        return 0;
    size_t contents = padded(at + HEADER_SIZE + name_size);
    if (contents > bundle->size || file_size > bundle->size - contents)
        return corrupt(why, "a file in the bundle is cut off");

    file->name = name;
    file->bytes = bundle->bytes + contents;
    file->size = file_size;
    *position = contents + file_size;
    return 1;
}

bool bundle_find(const struct bundle *bundle, const char *name, struct bundle_file *file, const char **why)
{
    size_t position = 0;
    int found;

    while ((found = bundle_next(bundle, &position, file, why)) == 1)
        if (strcmp(file->name, name) == 0)
            return true;
    if (found == 0)
        *why = "there is no such file in the bundle";
    return false;
}
