// SPDX-License-Identifier: BSD-2-Clause
//
// The device tree reader's navigation: nodes, properties, values. fdt.h has the contract, fdt.c the checks.
#include "fdt_token.h"

size_t fdt_text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

bool fdt_text_is(const char *text, size_t length, const char *other)
{
    for (size_t i = 0; i < length; i++)
        if (other[i] == '\0' || text[i] != other[i])
            return false;
    return other[length] == '\0';
}

void fdt_walk_start(struct fdt_walk *walk, const struct fdt *tree)
{
    walk->tree = tree;
    walk->next = tree->structure;
    walk->levels = 0;
}

bool fdt_walk_next(struct fdt_walk *walk)
{
    struct fdt_token token;

    for (; fdt_token_read(walk->tree, walk->next, &token); walk->next = token.next) {
        if (token.kind == FDT_TOKEN_END)
            return false;
        if (token.kind == FDT_TOKEN_END_NODE) {
            if (walk->levels == 0)
                return false;
            walk->levels--;
        } else if (token.kind == FDT_TOKEN_BEGIN) {
            if (walk->levels == FDT_DEPTH_MAX)
                return false;
            walk->path[walk->levels++] = token.at;
            walk->next = token.next;
            return true;
        }
    }
    return false;
}

const char *fdt_node_name(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_token token;
    return fdt_token_read(tree, node, &token) && token.kind == FDT_TOKEN_BEGIN ? token.name : "?";
}

fdt_node_t fdt_child_first(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_token token;

    if (!fdt_token_read(tree, node, &token) || token.kind != FDT_TOKEN_BEGIN)
        return FDT_NONE;
    do {
        if (!fdt_token_read(tree, token.next, &token))
            return FDT_NONE;
    } while (token.kind == FDT_TOKEN_VALUE);
    return token.kind == FDT_TOKEN_BEGIN ? token.at : FDT_NONE;
}

fdt_node_t fdt_child_next(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_token token = {.next = node};
    uint32_t open = 0;

    do {
        if (!fdt_token_read(tree, token.next, &token) || token.kind == FDT_TOKEN_END)
            return FDT_NONE;
        if (token.kind == FDT_TOKEN_BEGIN)
            open++;
        else if (token.kind == FDT_TOKEN_END_NODE)
            open--;
    } while (open > 0);

    return fdt_token_read(tree, token.next, &token) && token.kind == FDT_TOKEN_BEGIN ? token.at : FDT_NONE;
}

static bool text_contains(const char *text, size_t length, char byte)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == byte)
            return true;
    return false;
}

// Whether `text` begins with `length` bytes of `start`; both may hold no NUL before that.
static bool text_begins(const char *text, const char *start, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0' || text[i] != start[i])
            return false;
    return true;
}

fdt_node_t fdt_child(const struct fdt *tree, fdt_node_t node, const char *name, size_t length)
{
    bool has_unit = text_contains(name, length, '@');

    for (node = fdt_child_first(tree, node); node != FDT_NONE; node = fdt_child_next(tree, node)) {
        const char *found = fdt_node_name(tree, node);
        if (text_begins(found, name, length) &&
            (found[length] == '\0' || (found[length] == '@' && !has_unit)))
            return node;
    }
    return FDT_NONE;
}

fdt_node_t fdt_path(const struct fdt *tree, const char *path, size_t length)
{
    struct fdt_token root;

    if (length == 0 || path[0] != '/' || !fdt_token_read(tree, tree->structure, &root))
        return FDT_NONE;

    fdt_node_t node = root.at;
    for (size_t i = 0; i < length && node != FDT_NONE;) {
        size_t end = i;
        while (end < length && path[end] != '/')
            end++;
        if (end > i)
            node = fdt_child(tree, node, path + i, end - i);
        i = end + 1;
    }
    return node;
}

// The property whose token is the next one at `at`, if it is a property.
static bool value_at(const struct fdt *tree, uint32_t at, struct fdt_value *value)
{
    struct fdt_token token;

    if (!fdt_token_read(tree, at, &token) || token.kind != FDT_TOKEN_VALUE)
        return false;
    *value = (struct fdt_value){token.name, token.bytes, token.length, token.next};
    return true;
}

bool fdt_value_first(const struct fdt *tree, fdt_node_t node, struct fdt_value *value)
{
    struct fdt_token token;

    if (!fdt_token_read(tree, node, &token) || token.kind != FDT_TOKEN_BEGIN)
        return false;
    return value_at(tree, token.next, value);
}

bool fdt_value_next(const struct fdt *tree, struct fdt_value *value)
{
    return value_at(tree, value->next, value);
}

bool fdt_value_named(const struct fdt *tree, fdt_node_t node, const char *name, size_t length,
                     struct fdt_value *value)
{
    bool found = fdt_value_first(tree, node, value);
    while (found && !fdt_text_is(name, length, value->name))
        found = fdt_value_next(tree, value);
    return found;
}

bool fdt_value(const struct fdt *tree, fdt_node_t node, const char *name, struct fdt_value *value)
{
    return fdt_value_named(tree, node, name, fdt_text_length(name), value);
}

bool fdt_number(const struct fdt_value *value, uint64_t *number)
{
    uint32_t cursor = 0;
    if (value->length != 4 && value->length != 8)
        return false;
    return fdt_cells(value, &cursor, value->length / 4, number);
}

bool fdt_cells(const struct fdt_value *value, uint32_t *cursor, uint32_t cells, uint64_t *number)
{
    if (cells > 2 || *cursor > value->length / 4 || cells > value->length / 4 - *cursor)
        return false;

    const uint8_t *at = value->bytes + (size_t)*cursor * 4;
    *number = cells == 0 ? 0 : cells == 1 ? fdt_load32(at) : fdt_load64(at);
    *cursor += cells;
    return true;
}

const char *fdt_text(const struct fdt_value *value)
{
    if (value->length == 0 || value->bytes[value->length - 1] != '\0')
        return NULL;
    return (const char *)value->bytes;
}

const char *fdt_text_next(const struct fdt_value *value, const char *text)
{
    const char *end = (const char *)value->bytes + value->length;

    text += fdt_text_length(text) + 1;
    return text < end ? text : NULL;
}

bool fdt_has_text(const struct fdt *tree, fdt_node_t node, const char *name, const char *text)
{
    struct fdt_value value;

    if (!fdt_value(tree, node, name, &value))
        return false;
    for (const char *entry = fdt_text(&value); entry != NULL; entry = fdt_text_next(&value, entry))
        if (fdt_text_is(text, fdt_text_length(text), entry))
            return true;
    return false;
}
