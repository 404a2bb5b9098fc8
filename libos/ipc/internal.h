// SPDX-License-Identifier: BSD-2-Clause
// Between the files of this room: where links lie. Link n has LINK_SPAN from VM_LINKS + n * LINK_SPAN on: our pages,
// then theirs.
#ifndef LIBOS_IPC_INTERNAL_H
#define LIBOS_IPC_INTERNAL_H

#include <libos/ipc/link.h>
#include <libos/vm/vm.h>

#define LINK_SPAN   0x80000ul
#define LINK_THEIRS (LINK_SPAN / 2)
#define LINK_MAGIC  0x6b6e696cul // "link"
_Static_assert((LINK_DATA_MAX + 1) * PAGE_SIZE <= LINK_THEIRS, "a side fits its half");
_Static_assert(VM_LINKS + LINKS_MAX * LINK_SPAN <= VM_LEFT, "links end where the next region begins");

extern struct link *volatile links[LINKS_MAX]; // those that this program has open; looked at in page faults

#endif
