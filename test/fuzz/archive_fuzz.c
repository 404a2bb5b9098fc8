// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as the initrd: for the kernel, which looks for init in it, and for the library, to which it is the
// bundle. The sanitizers see a look outside of it, libFuzzer a hang; what is found must lie in it (loader_files.c).
// Mutations start from a correct archive, or most inputs would end at its first byte.
#include "loader_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct file file;

    file_archive(&file);
    if ((size < 110 || seed % 8 == 0) && file.size <= max_size) {
        memcpy(data, file.bytes, file.size);
        size = file.size;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *memory;
    const uint8_t *bytes = exact_copy(data, size, 0, &memory);

    archive_check(bytes, size);
    free(memory);
    return 0;
}
