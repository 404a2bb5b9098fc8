// SPDX-License-Identifier: BSD-2-Clause
// The model of a TLB; see tlb.h.

#include "tlb.h"

#include "fake.h"

#include "page/page.h"
#include "pte/pte.h"
#include "space/space.h"

#include <stdio.h>
#include <string.h>

#define RWX (PTE_R | PTE_W | PTE_X)

bool tlb_sets_bits = true;

static word_t tag_of(word_t address, int level) { return address >> (PAGE_SHIFT + 9 * level); }
static bool is_leaf(const struct tlb_entry *entry) { return entry->level == 0 || entry->pte & RWX; }

static struct tlb_entry *tlb_lookup(struct tlb *tlb, word_t asid, word_t address, int level, bool leaf)
{
    for (word_t i = 0; i < tlb->count; i++) {
        struct tlb_entry *entry = &tlb->entries[i];
        if (entry->root != 0 && entry->asid == asid && entry->level == level && is_leaf(entry) == leaf &&
            entry->tag == tag_of(address, level))
            return entry;
    }
    return NULL;
}

static void tlb_fill(struct tlb *tlb, word_t satp, word_t address, int level, pte_t pte)
{
    word_t i = 0;
    while (i < tlb->count && tlb->entries[i].root != 0)
        i++;
    if (i == TLB_ENTRIES)
        i = tag_of(address, level) % TLB_ENTRIES; // even the largest TLB is full some day
    else if (i == tlb->count)
        tlb->count++;
    const struct frame *frame = page_frame(pte_page(pte));
    tlb->entries[i] = (struct tlb_entry){
        .root = pte_page(satp << PTE_PPN_SHIFT),
        .asid = satp >> SATP_ASID_SHIFT & SATP_ASID_MASK,
        .tag = tag_of(address, level),
        .pte = pte,
        .owner = frame != NULL ? frame->owner : 0,
        .level = (uint8_t)level,
    };
}

static bool pte_permits(pte_t pte, word_t cause)
{
    word_t right = cause == 12 ? PTE_X : cause == 15 ? PTE_W : PTE_R;
    return pte & PTE_V && pte & PTE_U && pte & right;
}

// Reads the tables, from the lowest level for which an upper entry is known. NULL: it met an invalid entry.
static pte_t *tlb_walk(struct tlb *tlb, word_t satp, word_t address, int *level)
{
    word_t asid = satp >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    page_t table = pte_page(satp << PTE_PPN_SHIFT);
    *level = 2;
    for (int known = 1; known <= 2; known++) {
        const struct tlb_entry *upper = tlb_lookup(tlb, asid, address, known, false);
        if (upper != NULL && upper->pte & PTE_V) {
            table = pte_page(upper->pte);
            *level = known - 1;
            break;
        }
        if (upper != NULL)
            return NULL; // an entry that was invalid when it was read, and nobody said otherwise
    }
    for (;; --*level) {
        pte_t *entry = (pte_t *)page_memory(table) + (address >> (PAGE_SHIFT + 9 * *level) & 511);
        if (*level == 0 || *entry & RWX)
            return entry;
        tlb_fill(tlb, satp, address, *level, *entry);
        if (!(*entry & PTE_V))
            return NULL;
        table = pte_page(*entry);
    }
}

enum tlb_answer tlb_access(struct tlb *tlb, word_t satp, word_t address, word_t cause, page_t *page)
{
    word_t asid = satp >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    struct tlb_entry *known = tlb_lookup(tlb, asid, address, 0, true);
    if (known == NULL)
        known = tlb_lookup(tlb, asid, address, 1, true);
    if (known != NULL && known->root != pte_page(satp << PTE_PPN_SHIFT))
        fake_fail("a hart used a translation of another space");
    const pte_t wanted = PTE_A | (cause == 15 ? PTE_D : 0); // without, what a TLB knows is of no use
    if (known == NULL || (pte_permits(known->pte, cause) && (known->pte & wanted) != wanted)) {
        int level;
        pte_t *entry = tlb_walk(tlb, satp, address, &level);
        if (entry == NULL)
            return TLB_FAULT;
        if (pte_permits(*entry, cause)) {
            if ((*entry & wanted) != wanted && !tlb_sets_bits)
                return TLB_FAULT;
            if ((*entry & wanted) != wanted && pte_hides)
                fake_fail("a walker sets a bit that the kernel should have hidden from it");
            *entry |= wanted;
        }
        tlb_fill(tlb, satp, address, level, *entry);
        if (!pte_permits(*entry, cause))
            return TLB_FAULT;
        *page = pte_page(*entry) + (level == 1 ? address >> PAGE_SHIFT & 511 : 0);
        return TLB_OK;
    }
    if (!pte_permits(known->pte, cause))
        return TLB_FAULT;
    *page = pte_page(known->pte) + (known->level == 1 ? address >> PAGE_SHIFT & 511 : 0);
    return TLB_OK;
}

void tlb_fence_all(struct tlb *tlb) { memset(tlb, 0, sizeof(*tlb)); }

void tlb_fence_asid(struct tlb *tlb, word_t asid)
{
    for (word_t i = 0; i < tlb->count; i++)
        if (tlb->entries[i].asid == asid)
            tlb->entries[i].root = 0;
}

void tlb_fence_range(struct tlb *tlb, word_t address, word_t size, word_t asid)
{
    for (word_t i = 0; i < tlb->count; i++) {
        struct tlb_entry *entry = &tlb->entries[i];
        word_t start = entry->tag << (PAGE_SHIFT + 9 * entry->level);
        word_t span = (word_t)PAGE_SIZE << 9 * entry->level;
        if (entry->asid == asid && is_leaf(entry) && start < address + size && address < start + span)
            entry->root = 0;
    }
}

static pte_t tables_say(space_t root, word_t address, int level)
{
    const pte_t *table = page_memory(root);
    for (int at = 2;; at--) {
        pte_t pte = table[address >> (PAGE_SHIFT + 9 * at) & 511];
        if (at == level || !(pte & PTE_V) || pte & RWX)
            return at == level || pte & RWX ? pte : 0;
        table = page_memory(pte_page(pte));
    }
}

static const char *entry_wrong(const struct tlb_entry *entry)
{
    if (!(entry->pte & PTE_V))
        return NULL; // it grants nothing
    const struct space *space = space_named(entry->root);
    if (space == NULL)
        return "a TLB knows a space that is gone";
    if (space->asid != entry->asid)
        return "a TLB knows a space under an ASID it does not have";
    pte_t now = tables_say(entry->root, entry->tag << (PAGE_SHIFT + 9 * entry->level), entry->level);
    if (!(now & PTE_V) || pte_page(now) != pte_page(entry->pte))
        return is_leaf(entry) ? "a TLB maps what the tables do not map"
                              : "a TLB points to a table that is none any more";
    if (!is_leaf(entry))
        return NULL;
    if (entry->pte & ~now & RWX)
        return "a TLB gives a right that the tables no longer give";
    if (entry->pte & ~now & PTE_D)
        return "a TLB will not note a write: the tables lost the dirty bit";
    const struct frame *frame = page_frame(pte_page(entry->pte));
    bool memory =
        frame != NULL && (frame->kind == PAGE_DATA || frame->kind == PAGE_DEVICE || frame->kind == PAGE_FREE);
    if (frame == NULL || (memory && frame->bindings == 0))
        return "a TLB maps a frame that nothing binds";
    if (memory && frame->owner != entry->owner)
        return "a TLB maps a frame that changed hands";
    return NULL;
}

const char *tlb_wrong(const struct tlb *tlb)
{
    for (word_t i = 0; i < tlb->count; i++)
        if (tlb->entries[i].root != 0) {
            const char *wrong = entry_wrong(&tlb->entries[i]);
            if (wrong != NULL)
                return wrong;
        }
    return NULL;
}
