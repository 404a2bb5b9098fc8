// SPDX-License-Identifier: BSD-2-Clause
/*
 * pte: Sv39 page tables, and the bindings pinned in them.
 *
 *   root --> level 1 (1 GiB each) --> level 0 (2 MiB each) --> frame
 *
 * A level-0 table with a twin holds bindings: entry i of the twin is the link pair of entry i of the table.
 * A level-0 table without one is a cache of the space's STLB: each of its entries is derived from an entry
 * there, and the table can be taken back at any time.
 *
 * A level-1 table with a twin may hold superpages: entries that bind a joined run of 512 frames as a whole.
 *
 * Invariants
 *   (1) An entry of a table with a twin is 0, or its frame's list has the link pair beside it.
 *   (2) An entry of a table without a twin is 0, or the STLB binds the same frame at the same address.
 *   (3) An entry's rights are never more than those it was bound with (bits 8 and 9 keep W and X).
 *   (4) Whoever lost a right has lost it on every hart when the call returns. Whoever gained one has it on the hart of the
 *       call: others may remember that an entry was not valid, and fault once more (a bind that finds it bound, BUSY,
 *       makes the hart forget that). Entries above the leaves are the exception: all harts see new ones.
 *   (5) Tables and twins are writable for nobody but the kernel.
 *   (6) Where walkers set A and D, no write of the kernel's to a live entry loses a bit that one sets meanwhile:
 *       rights are changed by an atomic exclusive or, and they change only under the space's lock.
 *   (7) Where accesses are hidden (pte_hides), an entry without A has no V, and one without D no W: its hidden W is
 *       PTE_HIDDEN_W. Entries of an STLB are not hidden, only their leaves.
 */
#ifndef KERNEL_PTE_H
#define KERNEL_PTE_H

#include "space/space.h"

#define PTE_V 0x001ul
#define PTE_R 0x002ul
#define PTE_W 0x004ul
#define PTE_X 0x008ul
#define PTE_U 0x010ul
#define PTE_G 0x020ul
#define PTE_A 0x040ul
#define PTE_D 0x080ul
#define PTE_MAY_W 0x100ul // bound with W
#define PTE_MAY_X 0x200ul // bound with X
#define PTE_HIDDEN_W PTE_G // ours are never global
#define PTE_RIGHTS (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK  0xffffffffffful

#define PTE_BREAK_BATCH 64 // bindings one piece of a revocation breaks

// In a level-1 table: a superpage, not a table.
static inline bool pte_is_super(pte_t pte) { return pte & PTE_U; }
static inline page_t pte_page(pte_t pte) { return pte >> PTE_PPN_SHIFT & PTE_PPN_MASK; }
static inline bool pte_is_live(pte_t pte) { return pte != 0; }

/*
 * Frames of tables and twins say in `detail` where they belong: to a root, and to a region (address / 2 MiB, of the first
 * entry). In 32 bits each, the lower half first:
 *   twin                   table, root
 *   table that has a twin  twin, region
 *   table that has none    region | DETAIL_REGION, root
 */
#define DETAIL_REGION 0x80000000ul
static inline page_t detail_partner(uint64_t detail) { return detail & DETAIL_REGION ? 0 : detail & 0xffffffff; }
static inline space_t detail_root(uint64_t detail) { return detail >> 32; } // of a twin
static inline uint64_t detail_make(word_t low, word_t high) { return low | high << 32; }
// The root of the tree that a table belongs to; 0 when the frame is none any more.
space_t pte_root(const struct frame *table);

// Where an address's level-0 entry stands; slot NULL: no table there.
struct pte_place {
    pte_t *slot;
    struct link *link; // NULL: the table is a cache of the STLB
};
struct pte_place pte_walk(const struct space *space, word_t address);
// The same, remembering the table. With the space's lock held.
struct pte_place pte_place(struct space *space, word_t address);

bool pte_range_is_valid(word_t address, size_t count);
bool pte_rights_are_valid(word_t rights);
// ... and can something be bound with them? An entry has room to remember W and X; R it must always have had.
bool pte_rights_can_bind(word_t rights);
// What stands beside the rights of a binding: A and D from the start, or cleared. Rights that bind are never 0.
#define PTE_FLAGS (PTE_A | PTE_D)
_Static_assert(BIND_ACCESSED == PTE_A && BIND_DIRTY == PTE_D && CLEAR_ACCESSED == PTE_A && CLEAR_DIRTY == PTE_D, "the same bits");
static inline pte_t pte_make(page_t page, word_t rights)
{
    return page << PTE_PPN_SHIFT | PTE_U | PTE_V | rights | (rights & (RIGHT_WRITE | RIGHT_EXECUTE)) << 6;
}

/*
 * A debug switch (boot argument `no_ad`), for machines that set A and D by themselves: entries are stored such that
 * an access which would set a bit faults instead, as on machines that leave it to the kernel. Then no walker ever
 * changes an entry. For QEMU, whose TLB heeds no G.
 */
extern bool pte_hides;
pte_t pte_hidden(pte_t pte);
pte_t pte_seen(pte_t pte);
// An entry as it stands in a table, from what it means, and the opposite.
static inline pte_t pte_stored(pte_t pte) { return __builtin_expect(pte_hides, 0) ? pte_hidden(pte) : pte; }
static inline pte_t pte_meant(pte_t pte) { return __builtin_expect(pte_hides, 0) ? pte_seen(pte) : pte; }

/*
 * May `self` bind this frame with these rights, by ownership or by the capability in its slot?
 * With the frame locked.
 */
enum error pte_may_bind(struct frame *frame, word_t rights, slot_t slot);

// The range calls in general; the calls themselves are in one.c.
sysret_t pte_map_range(space_t name, word_t address, page_t page, size_t count, word_t rights, slot_t slot);
sysret_t pte_protect_range(space_t name, word_t address, size_t count, word_t rights);
sysret_t pte_unmap_range(space_t name, word_t address, size_t count);
// A superpage (super.c): the same with count SUPER_PAGES.
sysret_t pte_map_super(space_t name, word_t address, page_t page, word_t rights, slot_t slot);
sysret_t pte_protect_super(space_t name, word_t address, word_t rights);
sysret_t pte_unmap_super(space_t name, word_t address);
// The level-1 entry of an address and its link; slot NULL: no table, link NULL: it has no twin.
struct pte_place pte_place_super(const struct space *space, word_t address);

// The entry with other rights, and without the flags beside them; 0 when it was bound with fewer.
static inline pte_t pte_with(pte_t pte, word_t change)
{
    word_t may = RIGHT_READ | (pte >> 6 & RIGHT_WRITE) | (pte >> 6 & RIGHT_EXECUTE);
    word_t rights = change & PTE_RIGHTS;
    if (rights & ~may)
        return 0;
    return (pte & ~(PTE_V | PTE_RIGHTS | (change & PTE_FLAGS))) | rights | (rights != 0 ? PTE_V : 0);
}

// From one value of a live entry, as it was read, to another; what a walker sets meanwhile stays set. Space locked.
static inline void pte_change(pte_t *slot, pte_t from, pte_t to) { __atomic_fetch_xor(slot, from ^ to, __ATOMIC_RELAXED); }

// Would the entry, as it is meant, allow the access that faulted for this cause?
bool pte_allows(pte_t pte, word_t cause);
// The flags that this access sets.
static inline pte_t pte_noted(word_t cause) { return PTE_A | (cause == 15 ? PTE_D : 0); }
/*
 * The kernel's part in a page fault that is not the application's: a binding allows the access, but A or D is missing
 * on a machine that leaves them to us, or the leaf of a cached binding, or this hart's TLB is behind. True: try again.
 */
bool pte_fault(struct space *space, word_t address, word_t cause);

/*
 * Breaks bindings of a frame, wherever they are, up to the shootdown's budget; true when none is left. Structure lock
 * held, no other.
 *
 * Harts may reach the frame until shootdown_send. So the frame is dying (page_die), from before the first call until
 * after the last send: neither a dying frame nor one of a kernel object's kind is bound, freed, given away or used.
 */
bool pte_break_into(struct frame *frame, struct shootdown *shootdown);
// The same with the fence. pte_break_locked: the frame is locked, and unlocked by this.
bool pte_break(struct frame *frame, long budget);
bool pte_break_locked(struct frame *frame, long budget);
// Is a frame that dies bound nowhere, and nobody remembers that it was? Breaks bindings if not: the next piece asks again.
bool pte_unbound(struct frame *frame, struct shootdown *shootdown);
/*
 * Takes a page table of `from`'s from whoever uses it: out of its tree, then its bindings, a piece at a time. Then it is a
 * free frame of `to`'s, and so is its twin if that is `from`'s, too. BUSY: of level 1, and not empty; KIND: it is no table
 * any more. Structure lock held. What is begun stays out of the tree; pte_taken_finish ends it for its owner.
 */
enum error pte_take(page_t page, env_t from, env_t to);
// Goes on with what is out of the tree already; true when nothing is left. With the space's lock.
bool pte_taken_finish(struct space *space, env_t from, env_t to);
bool pte_table_is_empty(const pte_t *table);
// Takes a dying space's tables apart, a piece at a time; true when done.
bool pte_dismantle(struct space *space, word_t budget, struct shootdown *shootdown);

bool pte_invariant(const struct space *space);

#endif
