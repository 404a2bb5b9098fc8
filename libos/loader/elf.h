// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an ELF file asks for, after everything in it was checked. Pure computation on bytes: it runs on
 * a host as well as here.
 */
#ifndef LIBOS_ELF_H
#define LIBOS_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 8
#define ELF_FIRST        0x10000ul    // no program begins below
#define ELF_END          0x10000000ul // none reaches this: its heap lies behind it

struct elf_segment {
    uint64_t address; // of the first byte, on a page boundary
    uint64_t size;    // in memory; bytes behind `file_size` are zeros
    uint64_t offset;  // in the file
    uint64_t file_size;
    uint64_t rights; // enum page_right
};

struct elf_plan {
    uint64_t entry;
    size_t count;
    struct elf_segment segments[ELF_SEGMENTS_MAX]; // in rising order of addresses, no page shared
    size_t pages;                                  // of all segments
};

// Check the whole file. NULL and the plan, or a sentence that says what is wrong with it.
const char *elf_read(const uint8_t *image, size_t size, struct elf_plan *plan);

#endif
