// SPDX-License-Identifier: BSD-2-Clause
// Damaged programs; see damage.h.
#include "damage.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t lies[] = {0,
                                1,
                                7,
                                0xfff,
                                0x1000,
                                0x7fffffff,
                                0x80000000,
                                0xffffffff,
                                0x4000000000,
                                0x3ffffff000,
                                1ul << 62,
                                1ul << 63,
                                ~0ul,
                                ~0ul << 12,
                                0xffffffff80000000,
                                0xffffffc080200000};
#define LIES (sizeof(lies) / sizeof(lies[0]))

#define FIELD(type, name)                                                                                    \
    {                                                                                                        \
        offsetof(type, name), sizeof(((type *)0)->name)                                                      \
    }
static const struct {
    size_t offset, size;
} header_fields[] = {FIELD(Elf64_Ehdr, e_entry),     FIELD(Elf64_Ehdr, e_phoff),   FIELD(Elf64_Ehdr, e_phnum),
                     FIELD(Elf64_Ehdr, e_phentsize), FIELD(Elf64_Ehdr, e_machine), FIELD(Elf64_Ehdr, e_type)},
  segment_fields[] = {FIELD(Elf64_Phdr, p_offset), FIELD(Elf64_Phdr, p_vaddr), FIELD(Elf64_Phdr, p_filesz),
                      FIELD(Elf64_Phdr, p_memsz), FIELD(Elf64_Phdr, p_type)};
#define HEADER_FIELDS  (sizeof(header_fields) / sizeof(header_fields[0]))
#define SEGMENT_FIELDS (sizeof(segment_fields) / sizeof(segment_fields[0]))

uint8_t *damage_make(const uint8_t *image, size_t *size, int number)
{
    uint8_t *copy = malloc(*size);
    Elf64_Ehdr header;
    size_t n = (size_t)number;

    if (!copy) return NULL;
    memcpy(copy, image, *size);
    memcpy(&header, image, sizeof(header));
    if (n < 64) {
        *size = n < DAMAGES_FATAL ? n * 4 : *size * (n - 31) / 34; // truncated: in its headers, then anywhere
    } else if ((n -= 64) < LIES * HEADER_FIELDS) {
        memcpy(copy + header_fields[n / LIES].offset, &lies[n % LIES], header_fields[n / LIES].size);
    } else {
        n -= LIES * HEADER_FIELDS;
        size_t field = n / LIES % SEGMENT_FIELDS;
        memcpy(copy + header.e_phoff + segment_fields[field].offset, &lies[n % LIES],
               segment_fields[field].size);
    }
    return copy;
}

void damage_free(uint8_t *image)
{
    free(image);
}
