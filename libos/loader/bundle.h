// SPDX-License-Identifier: BSD-2-Clause
/*
 * The bundle: the files the machine was booted with, a cpio archive ("newc") in memory. Who reads it trusts
 * nothing in it: every size and name is checked against the archive's end.
 */
#ifndef LIBOS_BUNDLE_H
#define LIBOS_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bundle {
    const uint8_t *bytes;
    size_t size;
};

struct bundle_file {
    const char *name; // ends with a NUL inside the archive
    const uint8_t *bytes;
    size_t size;
    uint32_t mode; // POSIX mode bits as in the archive
};

/*
 * Step through a bundle. *position starts at 0. 1: `file` is filled and *position moved on; 0: the end;
 * -1: the archive is corrupt, *why says how in a sentence.
 */
int bundle_next(const struct bundle *bundle, size_t *position, struct bundle_file *file, const char **why);

// Find a file by name; false, with *why, when it is not there or the archive is corrupt before it.
bool bundle_find(const struct bundle *bundle, const char *name, struct bundle_file *file, const char **why);

/*
 * The bundle this program was started with, mapped read-only at the first use. NULL, with *why, when it
 * has none.
 */
const struct bundle *bundle_own(const char **why);

#endif
