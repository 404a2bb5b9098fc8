// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames of one's own. No list is kept: the kernel's frame table says what is ours and free, and looking
 * costs no call. A frame that was found stays free until a call takes it, so two lookups without a use
 * between them may answer the same; callers hold upcalls from the lookup to the use.
 */
#ifndef LIBOS_FRAME_H
#define LIBOS_FRAME_H

#include <libos/sys/sys.h>

#define FRAME_NONE 0ul

// First page of `count` neighbouring free frames of ours, FRAME_NONE when there is no such run.
page_t frame_find(size_t count);

// Where the next lookup begins. Probably a free frame of ours, so who needs one may just try it; it may be no frame at all.
extern page_t frame_cursor;

// A free frame of ours, made usable (cleared, kind DATA); FRAME_NONE when none is left.
page_t frame_own(void);

// The same, but when none is left the memory service is asked for more (share/memory.h).
page_t frame_alloc(void);

// The opposite: the frame must not be mapped any more. Whether it is free now; false when it was before, or is not ours.
bool frame_free(page_t page);

// How many free frames are ours; as far as `most`, and no further: the whole table is long.
size_t frame_count_free(void);
size_t frame_count_some(size_t most);

#endif
