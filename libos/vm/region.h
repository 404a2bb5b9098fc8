// SPDX-License-Identifier: BSD-2-Clause
/*
 * Regions: runs of the address space whose pages come from a pager (pager.h) when they are touched. A region holds a
 * limited number of frames (more only while no page can leave); when a fault wants one more, its replacement policy (replace.h) names the page that
 * leaves, and the pager takes that page if it was written. Whether it was is read from the D bit of this program's own
 * page table, and what was used from the A bits, so only clearing A costs calls.
 *
 *     VM_REGIONS   | what the library keeps per page | the pages | the next region ...
 *
 * The idea is that of mmap with an external pager (Mach, SunOS), with everything on this side of the kernel.
 */
#ifndef LIBOS_REGION_H
#define LIBOS_REGION_H

#include <libos/sys/sys.h>
#include <libos/vm/pager.h>
#include <libos/vm/replace.h>

#define VM_REGIONS     0x2000000000ul
#define VM_REGIONS_END 0x3000000000ul
#define REGIONS_MAX    32
#define REGION_LEAST   2 // frames below which no region goes: an access may need two pages at once

struct region_options {
    size_t pages;
    word_t rights;                    // enum page_right; 0: read and write
    const struct pager_ops *pager;    // NULL: zeros
    const char *argument;             // the pager's
    const struct replace_ops *policy; // NULL: clock
    size_t limit;                     // frames it may hold; 0: as many as there are
};

struct region_counts {
    size_t resident; // pages that are here now
    size_t faults;   // pages that came, so far
    size_t evicted;  // pages that left because a frame was wanted
    size_t written;  // pages that the pager took, because they were written
};

struct region;

// A new region, or NULL with a sentence in *why. Destroying it returns its frames; contents are not saved.
struct region *region_create(const struct region_options *options, const char **why);
void region_destroy(struct region *region);

// The first byte of its pages. The region of an address, NULL: none.
void *region_base(const struct region *region);
struct region *region_of(const void *address);
struct region_counts region_counts(const struct region *region);

/*
 * Change the limit; 0: as many frames as there are. Pages leave until it is kept: false when some could not, because
 * no pager takes them.
 */
bool region_limit(struct region *region, size_t frames);

// Another policy from now on. Ages start anew.
void region_policy(struct region *region, const struct replace_ops *policy);

/*
 * Say when the pages of a range are needed next, for the policy `told`: REPLACE_NOW, any time on a clock of the
 * program's, REPLACE_NEVER. The range is cut to the region.
 */
void region_tell(struct region *region, const void *address, size_t size, uint64_t when);

// Keep pages from leaving by replacement, or let them. Those that are not here are kept once they come.
void region_hold(struct region *region, const void *address, size_t size, bool hold);

// The contents of whole pages of a range are not needed any more: they go without being saved.
void region_discard(struct region *region, const void *address, size_t size);

// Give the pager every page that was written, and keep them here. ERR_OK, or its first refusal.
long region_sync(struct region *region);

/*
 * Make up to `count` frames of ours free by taking pages away from regions, the largest first, each as its policy
 * says. How many became free. For whoever needs frames: frame_alloc calls it when there is none left, and so does the
 * answer to a revocation.
 */
size_t region_reclaim(size_t count);
page_t region_reclaim_one(void); // the frame that became free, FRAME_NONE: no page could leave

#endif
