// SPDX-License-Identifier: BSD-2-Clause
//
// Device trees in files; see tree_file.h.
#include "tree_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint8_t *file_read(const char *folder, const char *name, size_t *size)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);

    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);

    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

uint8_t *bytes_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

uint32_t blob_get(const uint8_t *blob, size_t at)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++)
        number = number << 8 | blob[at + i];
    return number;
}

void blob_put(uint8_t *blob, size_t at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        blob[at + i] = (uint8_t)(number >> (24 - 8 * i));
}
