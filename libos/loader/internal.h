// SPDX-License-Identifier: BSD-2-Clause
// Between the files of this room.
#ifndef LIBOS_LOADER_INTERNAL_H
#define LIBOS_LOADER_INTERNAL_H

#include <libos/loader/child.h>
#include <libos/loader/elf.h>

struct page_run {
    page_t first;
    size_t count;
};

// The frames of the bundle this program has, and what to do when they go to somebody else.
struct page_run bundle_pages(void);
void bundle_forget(void);

// image.c: put the program of the plan into an unstarted child. NULL or a sentence.
const char *image_load(const struct child *child, const struct elf_plan *plan, const uint8_t *image);

// child.c: parts of building a child. NULL or a sentence.
const char *space_make(struct child *child);
const char *env_make(struct child *child);
const char *frames_give(const struct child *child, size_t frames, page_t *first);
void label_set(struct child *child, const char *program);
void slots_grant(const struct child *child);
void share_settle(struct child *child, const struct child_options *options, size_t pages, size_t frames);

// Hand a run of at most `most` free frames of ours to a child; count 0: none is left.
struct page_run frames_move(const struct child *child, size_t most);

#endif
