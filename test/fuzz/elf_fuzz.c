// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as a program: for the kernel, which loads init, and for the library, which loads all others. The
// sanitizers see a look outside of the file; beyond that, what a reader accepts must be what the file says and
// keep its rules (loader_files.c). Mutations start from a correct file, or most inputs would end at its first byte.
#include "loader_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct file file;

    file_elf(&file);
    if ((size < file.size || seed % 8 == 0) && file.size <= max_size) {
        memcpy(data, file.bytes, file.size);
        size = file.size;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *memory;
    const uint8_t *image = exact_copy(data, size, 0, &memory);

    image_check(image, size);
    free(memory);
    return 0;
}
