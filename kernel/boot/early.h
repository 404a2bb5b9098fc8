// SPDX-License-Identifier: BSD-2-Clause
// What the first page tables leave to boot.c.
#ifndef KERNEL_EARLY_H
#define KERNEL_EARLY_H

#include "space/space.h"

#define EARLY_ENTRIES 512

extern pte_t early_root[EARLY_ENTRIES];
extern word_t boot_satp;

// The image was loaded here (physical); the answer is what satp wants.
word_t early_map(word_t load);

#endif
