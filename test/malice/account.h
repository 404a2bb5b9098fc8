// SPDX-License-Identifier: BSD-2-Clause
/*
 * Accounting: what is ours before hostile programs run must be ours after they were ended, and the kernel's
 * invariants must hold. For the harness and the storm.
 */
#ifndef MALICE_ACCOUNT_H
#define MALICE_ACCOUNT_H

#include <rivet.h>

// How much is ours, as the kernel's tables say.
struct account {
    size_t frames, slices, irqs;
};

struct account account_take(void);
// What is missing or broken since then, as a sentence; NULL: nothing.
const char *account_damage(struct account before);
// What ended children leave behind of their own: environments and spaces, ours now, are destroyed. `kept`
// are not.
void heirs_reap(const struct child *kept, size_t kept_count);
// Where a child was stopped by an exception, for whoever looks into a failure.
void fault_print(const struct child *child);

#endif
