// SPDX-License-Identifier: BSD-2-Clause
//
// The device tree reader's checks; fdt.h says what it owns and what holds after fdt_open().
//
// Every look at the structure block goes through fdt_token_read(), which checks all it touches each time. So
// the navigation in fdt_node.c needs no checks of its own: on a tree that did not pass here it merely stops.
#include "fdt_token.h"

enum {
    HEADER_MAGIC = 0, // byte offsets in the header
    HEADER_SIZE = 4,
    HEADER_STRUCTURE = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVE = 16,
    HEADER_VERSION = 20,
    HEADER_COMPATIBLE = 24,
    HEADER_STRINGS_SIZE = 32,
    HEADER_STRUCTURE_SIZE = 36,
    HEADER_BYTES = 40,

    VERSION = 17,
    RESERVE_BYTES = 16, // one pair
};

#define MAGIC 0xd00dfeedu

// Where the token ends whose last byte is before `end`: the next multiple of four. 64 bits, so nothing wraps.
static bool token_close(const struct fdt *tree, struct fdt_token *token, uint64_t end)
{
    end = (end + 3) & ~(uint64_t)3;
    if (end > tree->structure_end)
        return false;
    token->next = (uint32_t)end;
    return true;
}

static bool token_read_begin(const struct fdt *tree, struct fdt_token *token)
{
    uint32_t end = token->at + 4;
    while (end < tree->structure_end && tree->blob[end] != '\0')
        end++; // a name without an end leaves no room for its NUL, which token_close() sees
    token->name = (const char *)tree->blob + token->at + 4;
    return token_close(tree, token, (uint64_t)end + 1);
}

static bool token_read_value(const struct fdt *tree, struct fdt_token *token)
{
    if (tree->structure_end - token->at < 12)
        return false;

    uint32_t name = fdt_load32(tree->blob + token->at + 8);
    if (name >= tree->strings_end - tree->strings)
        return false;

    token->length = fdt_load32(tree->blob + token->at + 4);
    token->name = (const char *)tree->blob + tree->strings + name; // ends: fdt_open saw the block's last NUL
    token->bytes = tree->blob + token->at + 12;
    return token_close(tree, token, (uint64_t)token->at + 12 + token->length);
}

bool fdt_token_read(const struct fdt *tree, uint32_t at, struct fdt_token *token)
{
    do {
        if (at > tree->structure_end || tree->structure_end - at < 4)
            return false;
        token->at = at;
        token->kind = fdt_load32(tree->blob + at);
        token->next = at += 4;
    } while (token->kind == FDT_TOKEN_NOP);

    switch (token->kind) {
    case FDT_TOKEN_BEGIN:    return token_read_begin(tree, token);
    case FDT_TOKEN_VALUE:    return token_read_value(tree, token);
    case FDT_TOKEN_END_NODE: return true;
    case FDT_TOKEN_END:      return true;
    default:                 return false;
    }
}

// Whether [offset, offset + length) lies behind the header and inside the blob.
static bool block_is_inside(const struct fdt *tree, uint32_t offset, uint32_t length)
{
    return offset >= HEADER_BYTES && offset <= tree->size && length <= tree->size - offset;
}

static const char *reserve_check(const struct fdt *tree)
{
    for (uint32_t at = tree->reserve; block_is_inside(tree, at, RESERVE_BYTES); at += RESERVE_BYTES)
        if (fdt_load64(tree->blob + at) == 0 && fdt_load64(tree->blob + at + 8) == 0)
            return NULL;
    return "the device tree's list of reserved memory has no end";
}

// One pass over all tokens, each at least four bytes long, so it ends.
static const char *structure_check(const struct fdt *tree)
{
    struct fdt_token token;
    uint32_t depth = 0;
    bool has_root = false, before_children = false;

    for (uint32_t at = tree->structure;; at = token.next) {
        if (!fdt_token_read(tree, at, &token))
            return "the device tree's structure is cut short or damaged";

        switch (token.kind) {
        case FDT_TOKEN_BEGIN:
            if (depth == 0 && has_root)
                return "the device tree has more than one root";
            if (depth == 0 && token.name[0] != '\0')
                return "the device tree's root has a name";
            if (depth == FDT_DEPTH_MAX)
                return "the device tree is nested too deeply";
            depth++;
            has_root = before_children = true;
            break;
        case FDT_TOKEN_VALUE:
            if (!before_children)
                return "the device tree has a property outside of a node or behind a child";
            break;
        case FDT_TOKEN_END_NODE:
            if (depth == 0)
                return "the device tree closes a node that it did not open";
            depth--;
            before_children = false;
            break;
        default:
            return has_root && depth == 0 ? NULL : "the device tree ends inside a node";
        }
    }
}

const char *fdt_open(struct fdt *tree, const void *blob, size_t max)
{
    const uint8_t *header = blob;

    if (blob == NULL || max < HEADER_BYTES)
        return "there is no device tree";
    if (fdt_load32(header + HEADER_MAGIC) != MAGIC)
        return "the device tree does not begin with its magic number";
    tree->blob = header;
    tree->size = fdt_load32(header + HEADER_SIZE);
    if (tree->size < HEADER_BYTES)
        return "the device tree is smaller than its own header";
    if (tree->size > max || tree->size > INT32_MAX)
        return "the device tree is larger than the kernel reads";
    if (fdt_load32(header + HEADER_VERSION) < VERSION || fdt_load32(header + HEADER_COMPATIBLE) > VERSION)
        return "the device tree is of a version that the kernel cannot read";

    uint32_t structure_size = fdt_load32(header + HEADER_STRUCTURE_SIZE);
    tree->structure = fdt_load32(header + HEADER_STRUCTURE);
    if (!block_is_inside(tree, tree->structure, structure_size) || tree->structure % 4 != 0)
        return "the device tree's structure lies outside of it";
    tree->structure_end = tree->structure + structure_size;

    uint32_t strings_size = fdt_load32(header + HEADER_STRINGS_SIZE);
    tree->strings = fdt_load32(header + HEADER_STRINGS);
    if (!block_is_inside(tree, tree->strings, strings_size))
        return "the device tree's strings lie outside of it";
    tree->strings_end = tree->strings + strings_size;
    if (strings_size > 0 && header[tree->strings_end - 1] != '\0')
        return "the device tree's strings have no end";

    tree->reserve = fdt_load32(header + HEADER_RESERVE);
    if (tree->reserve % 8 != 0)
        return "the device tree's list of reserved memory is not aligned";
    const char *refusal = reserve_check(tree);
    return refusal != NULL ? refusal : structure_check(tree);
}

bool fdt_reserve(const struct fdt *tree, uint32_t index, uint64_t *address, uint64_t *size)
{
    if (index >= tree->size / RESERVE_BYTES)
        return false;
    uint32_t at = tree->reserve + index * RESERVE_BYTES;
    if (!block_is_inside(tree, at, RESERVE_BYTES))
        return false;
    *address = fdt_load64(tree->blob + at);
    *size = fdt_load64(tree->blob + at + 8);
    return *address != 0 || *size != 0;
}
