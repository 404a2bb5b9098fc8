// SPDX-License-Identifier: BSD-2-Clause
/*
 * Notification words: 64 bits that one side of a link sets and the other takes, with a wake-up for who sleeps. Each
 * side writes one word: a bit is set when the word of who posts (`posted`) and the word of who takes (`taken`) differ
 * in it. So no call is made but to wake somebody, nothing that is posted is lost, and a lie is nothing but bits.
 *
 * What was written to the link before notice_post is seen after notice_take. A bit that is still set when it is
 * posted once more is taken once.
 */
#ifndef LIBOS_IPC_NOTICE_H
#define LIBOS_IPC_NOTICE_H

#include <libos/ipc/link.h>

static inline void notice_post(struct link *link, word_t bits)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // who takes a bit writes `taken` before it looks at what the bit is about
    word_t set = link->mine->posted ^ link->theirs->taken;
    link->mine->posted ^= bits & ~set;
    link_wake(link);
}

// The bits that are set; they are not any more.
static inline word_t notice_take(struct link *link)
{
    word_t posted = link->theirs->posted, bits = posted ^ link->mine->taken;
    link->mine->taken = posted;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return bits;
}

// The same, and when none is set it waits, with the errors of link_wait.
static inline sysret_t notice_wait(struct link *link, word_t deadline)
{
    long error = link_wait(link, &link->theirs->posted, link->mine->taken, deadline);
    return (sysret_t){error, error == ERR_OK ? notice_take(link) : 0};
}

#endif
