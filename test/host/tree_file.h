// SPDX-License-Identifier: BSD-2-Clause
//
// Device trees in files, for the tests that read them.
#ifndef RIVET_TEST_TREE_FILE_H
#define RIVET_TEST_TREE_FILE_H

#include <stddef.h>
#include <stdint.h>

// The whole file in a heap block of exactly its size (so that ASan sees the first byte too many). The test
// fails when it cannot be read. The caller frees it.
uint8_t *file_read(const char *folder, const char *name, size_t *size);

// Some bytes in a heap block of exactly that size.
uint8_t *bytes_copy(const uint8_t *bytes, size_t size);

// The 32-bit number at byte `at` of a blob, in its byte order.
uint32_t blob_get(const uint8_t *blob, size_t at);
void blob_put(uint8_t *blob, size_t at, uint32_t number);

#endif
