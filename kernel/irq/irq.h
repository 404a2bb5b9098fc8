// SPDX-License-Identifier: BSD-2-Clause
/*
 * irq: PLIC sources, each owned by one environment and bound to event bits of it.
 *
 *   bound --fires: claimed by a hart, event posted--> claimed --complete, at the same hart's context--> bound
 *
 * A claimed source cannot fire again until it is completed, so nothing is ever masked.
 *
 * Invariants
 *   (1) A source is enabled at the PLIC if and only if it is bound.
 *   (2) boundary is the owner's, while bound; else that of no environment.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "env/env.h"
#include "trap/hart.h"

struct irq {
    word_t boundary; // assembly: offset 0; of the bound environment
    word_t events;   // assembly: offset 8
    uint64_t hart;   // assembly: offset 16; boundary of the hart that claimed it, 0: not claimed
    word_t spare_;
};

void irq_boot(word_t plic, word_t sources, struct irq_info *info, env_t init);
void irq_boot_hart(struct hart *hart);
// An external interrupt that the assembly path did not serve: claims and posts what is pending.
void irq_serve(struct hart *hart);
// What an environment that is being destroyed owns goes to its creator, unbound.
void irq_disown(struct env *env, struct env *heir);

// Takes a source from its owner: it is completed, unbound, and somebody else's.
enum error irq_take(word_t source, struct env *from, struct env *to);

bool irq_invariant(void);

#endif
