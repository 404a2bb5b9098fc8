// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finds `init` in the initrd: a cpio archive ("newc", as `cpio -H newc` writes it) in memory. Whoever packed it
 * is not trusted: every size in it is compared with the archive's end before it is used. Plain computing on
 * bytes, so it runs on a host as well.
 */
#ifndef KERNEL_ARCHIVE_H
#define KERNEL_ARCHIVE_H

#include <rivet/types.h>

// NULL, and where the first file of that name lies; or a sentence that says why there is none.
const char *archive_find_init(const char *archive, word_t size, const char **file, word_t *file_size);

#endif
