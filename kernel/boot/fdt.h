// SPDX-License-Identifier: BSD-2-Clause
//
// A read-only reader of flattened device trees (Devicetree Specification v0.4, chapter 5; blob version 17).
//
// The blob is input from outside, so nothing in it is believed: fdt_open() reads it once from end to end, and
// a tree that it accepted can be walked without further errors. The reader allocates nothing, does not
// recurse, writes only to what the caller hands in, and loads single bytes, so the blob may lie anywhere.
//
// After fdt_open() has returned NULL:
//   (1) every access stays inside [blob, blob + size), and size is at most the caller's `max`;
//   (2) nodes are nested at most FDT_DEPTH_MAX deep, and there is exactly one root;
//   (3) the properties of a node come before its children;
//   (4) every name (node or property) ends in a NUL inside the blob. Values need not: ask fdt_text().
//
//     blob + 0            header (40 bytes, big endian like everything here)
//          + reserve      pairs of 64-bit (address, size), ended by a pair of zeros
//          + structure    tokens: BEGIN_NODE name, PROP length name-offset value, END_NODE, NOP, END
//          + strings      the names of the properties
#ifndef RIVET_BOOT_FDT_H
#define RIVET_BOOT_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FDT_DEPTH_MAX = 16, // the root is one level; the boards we know need seven
};

// A node is named by the byte offset of its BEGIN_NODE token from the start of the blob.
typedef uint32_t fdt_node_t;
#define FDT_NONE UINT32_MAX

// All offsets are in bytes from the start of the blob.
struct fdt {
    const uint8_t *blob;
    uint32_t size;
    uint32_t reserve;
    uint32_t structure, structure_end;
    uint32_t strings, strings_end;
};

// One property of a node. `bytes` points into the blob and holds `length` bytes.
struct fdt_value {
    const char *name;
    const uint8_t *bytes;
    uint32_t length;
    uint32_t next; // where the search for the node's next property goes on
};

// A position in a walk over all nodes: path[0] is the root, path[depth] the present node.
struct fdt_walk {
    const struct fdt *tree;
    uint32_t next;
    uint32_t levels; // nodes that are open, depth + 1
    fdt_node_t path[FDT_DEPTH_MAX];
};

// Checks the blob and makes it readable. `max`: how many bytes at `blob` may be read. Returns NULL, or one
// sentence that names the problem; then `tree` must not be used.
const char *fdt_open(struct fdt *tree, const void *blob, size_t max);

// The index-th pair of the reserve block. False past the last one.
bool fdt_reserve(const struct fdt *tree, uint32_t index, uint64_t *address, uint64_t *size);

// All nodes in the order of the blob, parents before children. The first fdt_walk_next() arrives at the root.
void fdt_walk_start(struct fdt_walk *walk, const struct fdt *tree);
bool fdt_walk_next(struct fdt_walk *walk);
static inline uint32_t fdt_walk_depth(const struct fdt_walk *walk) { return walk->levels - 1; }
static inline fdt_node_t fdt_walk_node(const struct fdt_walk *walk) { return walk->path[walk->levels - 1]; }

// The node's name with its unit address; the root's is "". "?" when `node` names no node.
const char *fdt_node_name(const struct fdt *tree, fdt_node_t node);

// The first child, and the next one with the same parent. FDT_NONE when there is none.
fdt_node_t fdt_child_first(const struct fdt *tree, fdt_node_t node);
fdt_node_t fdt_child_next(const struct fdt *tree, fdt_node_t node);

// The child of that name (`length` bytes), where "serial" also finds "serial@10000000".
fdt_node_t fdt_child(const struct fdt *tree, fdt_node_t node, const char *name, size_t length);

// The node at an absolute path of `length` bytes. "/" is the root.
fdt_node_t fdt_path(const struct fdt *tree, const char *path, size_t length);

// A node's properties in order. After a true, fdt_value_next() goes on from `value`.
bool fdt_value_first(const struct fdt *tree, fdt_node_t node, struct fdt_value *value);
bool fdt_value_next(const struct fdt *tree, struct fdt_value *value);

// The property of that name; the first one, should there be several.
bool fdt_value(const struct fdt *tree, fdt_node_t node, const char *name, struct fdt_value *value);
bool fdt_value_named(const struct fdt *tree, fdt_node_t node, const char *name, size_t length,
                     struct fdt_value *value);

// The value as one number of 4 or 8 bytes. False when its length is another.
bool fdt_number(const struct fdt_value *value, uint64_t *number);

// Reads a number of `cells` (0 to 2) 32-bit cells at cell `*cursor`, and moves the cursor behind it. False,
// and nothing moved, when the value ends before or there are too many cells. No cells are the number 0.
bool fdt_cells(const struct fdt_value *value, uint32_t *cursor, uint32_t cells, uint64_t *number);

// The value as text: NULL unless its last byte is a NUL. The next text of a list, or NULL past the last one.
const char *fdt_text(const struct fdt_value *value);
const char *fdt_text_next(const struct fdt_value *value, const char *text);

// Whether the property is a list of texts and one of them is `text`. False when there is no such property.
bool fdt_has_text(const struct fdt *tree, fdt_node_t node, const char *name, const char *text);

// Whether two texts are the same, the first of them given by its length. (The kernel has no libc.)
size_t fdt_text_length(const char *text);
bool fdt_text_is(const char *text, size_t length, const char *other);

#endif
