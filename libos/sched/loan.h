// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who waits for whom, for policies that heed locks: a task that waits lends what it has to the lock's owner, to one at
 * a time, and an owner knows all of its lenders. What is lent is the policy's to say; here is only the graph:
 *
 *     lender --owner--> task --owner--> task        an owner may wait, too, and so lend on
 *     lender --owner----^
 *
 * A lender is in no queue, so its links are those of its owner's lenders, and it must have none before it is queued
 * again. While a task is in this graph, two of its words are the graph's. Everything is O(1).
 */
#ifndef LIBOS_SCHED_LOAN_H
#define LIBOS_SCHED_LOAN_H

#include <libos/sched/sched.h>

// Words: whom it lends to; the first of those that lend to it.
enum { SCHED_LOAN_OWNER = SCHED_WORDS - 3, SCHED_LOAN_LENDERS = SCHED_WORDS - 2 };

// It lends to nobody, and nobody to it.
static inline void sched_loan_clear(struct sched_task *task)
{
    task->word[SCHED_LOAN_OWNER] = task->word[SCHED_LOAN_LENDERS] = 0;
}

// NULL: it lends to nobody.
static inline struct sched_task *sched_loan_owner(const struct sched_task *lender)
{
    return (struct sched_task *)lender->word[SCHED_LOAN_OWNER];
}

// The first of those that lend to it, NULL: nobody does. The others follow by `next`.
static inline struct sched_task *sched_loan_lenders(const struct sched_task *owner)
{
    return (struct sched_task *)owner->word[SCHED_LOAN_LENDERS];
}

// Who lends to nobody lends to this owner from now on.
static inline void sched_loan_begin(struct sched_task *lender, struct sched_task *owner)
{
    lender->word[SCHED_LOAN_OWNER] = (uint64_t)owner;
    lender->previous = NULL;
    lender->next = sched_loan_lenders(owner);
    if (lender->next)
        lender->next->previous = lender;
    owner->word[SCHED_LOAN_LENDERS] = (uint64_t)lender;
}

// It lends to nobody any more. Returns whom it lent to, or NULL.
static inline struct sched_task *sched_loan_end(struct sched_task *lender)
{
    struct sched_task *owner = sched_loan_owner(lender);

    if (!owner)
        return NULL;
    if (lender->next)
        lender->next->previous = lender->previous;
    if (lender->previous)
        lender->previous->next = lender->next;
    else
        owner->word[SCHED_LOAN_LENDERS] = (uint64_t)lender->next;
    lender->word[SCHED_LOAN_OWNER] = 0;
    return owner;
}

#endif
