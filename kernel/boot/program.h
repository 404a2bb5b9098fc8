// SPDX-License-Identifier: BSD-2-Clause
/*
 * What init's ELF file asks for, after everything in it was checked: nothing is made for a file that lies. Plain
 * computing on bytes, so it runs on a host as well.
 */
#ifndef KERNEL_PROGRAM_H
#define KERNEL_PROGRAM_H

#include <rivet/layout.h>
#include <rivet/types.h>

#include <stdint.h>

#define PROGRAM_SEGMENTS_MAX 16
#define PROGRAM_PAGES_MAX    4096                   // of all segments
#define PROGRAM_END          (USER_END - PAGE_SIZE) // behind it lies the save area

struct program_segment {
    word_t address;   // where its first byte is to be, in any place of a page
    word_t size;      // in memory; bytes behind `file_size` are zeros
    word_t offset;    // in the file
    word_t file_size;
    word_t rights;    // enum page_right
};

/*
 * Always: each segment lies within [USER_FIRST, PROGRAM_END) and has at least one byte; no two share a page; their
 * pages are PROGRAM_PAGES_MAX at most; what they take from the file is in it; the entry is in code.
 */
struct program {
    word_t entry;
    uint32_t count;
    struct program_segment segments[PROGRAM_SEGMENTS_MAX];
};

// NULL and the program, or a sentence that says what is wrong. The file may be unaligned.
const char *program_read(const char *file, word_t size, struct program *program);

#endif
