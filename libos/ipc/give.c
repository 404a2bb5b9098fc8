// SPDX-License-Identifier: BSD-2-Clause
/*
 * Giving pages; see give.h. What went is one word, `gift`: how many gifts there were, the first page, and how many.
 * The other side answers with the same word in `received` when it has them, so one gift is under way at a time.
 */
#include <libos/ipc/give.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

#define GIFTS_OPEN 16 // a power of two
#define RIGHTS (RIGHT_READ | RIGHT_WRITE | BIND_ACCESSED | BIND_DIRTY)

static inline word_t gift_word(word_t before, size_t first, size_t count)
{
    return ((before >> 16) + 1) << 16 | first << 8 | count;
}

// Bits of pages; none when they leave the pool.
static inline uint64_t run_bits(const struct link *link, size_t first, size_t count)
{
    bool fits = count != 0 && first < link->pool_count && count <= link->pool_count - first;
    return fits ? ((1ul << count) - 1) << first : 0;
}

// The frequent case in one call; the general one when a page table is missing, or more than a piece is wanted.
static long pages_bind(word_t address, page_t page, size_t count)
{
    sysret_t bound = sys_pte_map(0, address, page, count, RIGHTS, CAP_NONE);

    if (bound.error == ERR_OK && bound.value == count)
        return ERR_OK;
    size_t done = bound.error == ERR_OK ? bound.value : 0;
    long error = vm_bind(0, address + done * PAGE_SIZE, page + done, count - done, RIGHTS);
    if (error != ERR_OK)
        vm_unbind(0, address, done);
    return error;
}

// For so many gifts that it need not be done at each. What comes beyond the pool is nobody's loss but the giver's.
long give_allow(struct link *link)
{
    return sys_page_open(link->env, GIFTS_OPEN * link->pool_count).error;
}

long give_make(struct link *link, word_t address, size_t count)
{
    size_t made = 0;

    if (count == 0 || count > GIVE_MAX)
        return ERR_RANGE;
    if (link->pool_count != 0)
        return ERR_STATE;
    upcall_hold();
    page_t first = frame_find(count);
    long error = first == FRAME_NONE ? ERR_NOENT : ERR_OK;
    while (error == ERR_OK && made < count)
        if ((error = sys_page_alloc(first + made).error) == ERR_OK)
            made++;
        else if (error == ERR_AGAIN)
            error = ERR_OK;
    upcall_release();
    if (error == ERR_OK)
        error = pages_bind(address, first, count);
    if (error != ERR_OK) {
        while (made > 0)
            frame_free(first + --made);
        return error;
    }
    link->pool_first = first;
    link->pool_count = count;
    link->held = (1ul << count) - 1;
    link->mine->pool_first = first;
    link->mine->gift = gift_word(0, 0, 0); // the first, which is to be met
    __atomic_thread_fence(__ATOMIC_RELEASE);
    link->mine->pool_count = count;
    link_wake(link);
    return give_allow(link);
}

sysret_t give_meet(struct link *link, word_t deadline)
{
    long error = link_wait(link, &link->theirs->pool_count, 0, deadline);

    if (error != ERR_OK)
        return (sysret_t){error, 0};
    if (link->pool_count != 0)
        return (sysret_t){ERR_STATE, 0};
    word_t first = link->theirs->pool_first, count = link->theirs->pool_count;
    if (count > GIVE_MAX)
        return (sysret_t){ERR_RANGE, 0};
    for (word_t i = 0; i < count; i++) // whatever it says later: none of these is ours by another way
        if (frame_entry(first + i) == NULL || frame_entry(first + i)->owner != link->env)
            return (sysret_t){ERR_RANGE, 0};
    link->pool_first = first;
    link->pool_count = count;
    link->held = 0;
    error = give_allow(link);
    link->mine->received = gift_word(0, 0, 0);
    link_wake(link);
    return (sysret_t){error, count};
}

sysret_t give_send(struct link *link, word_t address, size_t first, size_t count, word_t deadline)
{
    word_t before = link->mine->gift, at = address + first * PAGE_SIZE;
    uint64_t run = run_bits(link, first, count);

    if (run == 0 || (link->held & run) != run)
        return (sysret_t){ERR_STATE, 0};
    while (link->theirs->received != before) { // what went before is not taken yet
        long error = link_wait(link, &link->theirs->received, link->theirs->received, deadline);
        if (error != ERR_OK)
            return (sysret_t){error, 0};
    }
    if (__builtin_expect(sys_pte_unmap(0, at, count).value != count, 0))
        vm_unbind(0, at, count); // the rest of it
    sysret_t gone = sys_page_give(link->pool_first + first, count, link->env);
    size_t given = gone.error == ERR_OK ? gone.value : 0;
    if (__builtin_expect(given != count, 0) && // the other side closed its places meanwhile
        pages_bind(at + given * PAGE_SIZE, link->pool_first + first + given, count - given) != ERR_OK)
        return (sysret_t){ERR_NOENT, given};
    if (given == 0)
        return (sysret_t){gone.error, 0};
    link->held &= ~run_bits(link, first, given);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    link->mine->gift = gift_word(before, first, given);
    link_wake(link);
    return (sysret_t){given == count ? ERR_OK : ERR_CLOSED, given};
}

sysret_t give_receive(struct link *link, word_t address, word_t deadline)
{
    word_t before = link->mine->received;
    long error = link_wait(link, &link->theirs->gift, before, deadline);

    if (error != ERR_OK)
        return (sysret_t){error, 0};
    word_t gift = link->theirs->gift; // once: what it says later does not count
    size_t first = gift >> 8 & 0xff, count = gift & 0xff;
    uint64_t run = run_bits(link, first, count);
    if (run == 0 || (link->held & run) != 0 || gift != gift_word(before, first, count))
        return (sysret_t){link->gone ? ERR_DEAD : ERR_RANGE, 0};
    error = pages_bind(address + first * PAGE_SIZE, link->pool_first + first, count); // refuses what did not come
    if (error != ERR_OK)
        return (sysret_t){error == ERR_PERM ? ERR_RANGE : error, 0};
    link->held |= run;
    if (__builtin_expect((gift >> 16) % GIFTS_OPEN == 0, 0))
        error = give_allow(link);
    link->mine->received = gift;
    link_wake(link);
    return (sysret_t){error, first << 8 | count};
}
