// SPDX-License-Identifier: BSD-2-Clause
//
// What fdt.c (checks) and fdt_node.c (navigates) share: one look at the structure block. Nobody else uses it.
#ifndef RIVET_BOOT_FDT_TOKEN_H
#define RIVET_BOOT_FDT_TOKEN_H

#include "fdt.h"

enum {
    FDT_TOKEN_BEGIN = 1,
    FDT_TOKEN_END_NODE = 2,
    FDT_TOKEN_VALUE = 3,
    FDT_TOKEN_NOP = 4,
    FDT_TOKEN_END = 9,
};

struct fdt_token {
    uint32_t kind;
    uint32_t at;   // its own offset: NOPs before it are skipped
    uint32_t next; // the offset behind it
    const char *name;
    const uint8_t *bytes; // of a value
    uint32_t length;
};

// The token at `at`, a multiple of four that is at most structure_end. False: it is cut short, or unknown.
bool fdt_token_read(const struct fdt *tree, uint32_t at, struct fdt_token *token);

static inline uint32_t fdt_load32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t fdt_load64(const uint8_t *at)
{
    return (uint64_t)fdt_load32(at) << 32 | fdt_load32(at + 4);
}

#endif
