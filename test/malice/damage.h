// SPDX-License-Identifier: BSD-2-Clause
/*
 * Damaged programs: number n of a good ELF file is truncated, or lies in one field of its headers. The same
 * number is the same damage.
 */
#ifndef MALICE_DAMAGE_H
#define MALICE_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

#define DAMAGES       256
#define DAMAGES_FATAL 32 // those before it end inside the headers: nobody may load them

// The damaged copy, whose size is written back; NULL: no memory.
uint8_t *damage_make(const uint8_t *image, size_t *size, int number);
void damage_free(uint8_t *image);

#endif
