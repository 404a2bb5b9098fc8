// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the tests and fuzzers of both loaders share (the kernel's, which loads init, and the library's): small
 * correct files to damage, and the rules that hold for whatever a loader accepts. The rules are computed anew
 * from the file's bytes, without the loaders' code. One that does not hold ends the run.
 */
#ifndef TEST_LOADER_FILES_H
#define TEST_LOADER_FILES_H

#include "boot/program.h"

#include <elf.h>
#include <libos/loader/bundle.h>
#include <libos/loader/elf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_MAX 2048

struct file {
    uint8_t bytes[FILE_MAX];
    size_t size;
};

void require(bool holds);

/*
 * An ELF file: text (read, execute), a header that is no PT_LOAD, data with zeros behind what is in the file, and
 * a segment of zeros alone. Its last byte belongs to a segment.
 */
#define FILE_SEGMENTS 4 // program headers
void file_elf(struct file *file);
Elf64_Ehdr *file_header(struct file *file);
Elf64_Phdr *file_segment(struct file *file, int index);

// An archive of `a` ("abcde"), `init` ("init's bytes"), `empty`, and the trailer; then zeros.
void file_archive(struct file *file);
void file_entry(struct file *file, const char *name, const char *contents, size_t size);

// A copy that ends where the memory ends, `shift` bytes off alignment: the sanitizer sees each step too far.
uint8_t *exact_copy(const void *bytes, size_t size, size_t shift, void **memory);

// What the library's reader accepted.
void plan_check(const uint8_t *image, size_t size, const struct elf_plan *plan);
// What the kernel's accepted.
void program_check(const uint8_t *image, size_t size, const struct program *program);
// Reads with both: each keeps its rules, and when both accept a file they agree about it. The library's answer.
const char *image_check(const uint8_t *image, size_t size);

// Walks through an archive to its end and finds each file by its name. How many there are, -1: it was refused.
int archive_check(const uint8_t *bytes, size_t size);

#endif
