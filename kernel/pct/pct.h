// SPDX-License-Identifier: BSD-2-Clause
/*
 * pct: protected control transfer.
 *
 *   accepting --claimed by one caller's swap--> entered --return--> accepting
 *
 * The fast path is in kernel/trap/entry.S; here is what it leaves out: another hart ran the callee last,
 * a deadline, floating point, refusals, the death of either side.
 *
 * A caller waits with claim 0 until its callee returns to it; its slices run the end of its chain of calls.
 * Only the recorded caller can be returned to, and only once: whoever swaps `caller` for 0 has it. From the moment both
 * links are there until they are gone again the caller is not the hart's that runs the callee: its wait may end at any time.
 */
#ifndef KERNEL_PCT_H
#define KERNEL_PCT_H

#include "env/env.h"

/*
 * The environment (its boundary, 0: none) that waits in a call for this one's return. Another hart may end the call at
 * any time: one look, one answer.
 */
word_t pct_caller(const struct env *env);
/*
 * `caller`, which waits in a call, may be left by the hart that remembers its space: from here on the return to it leads
 * through C. False when it does not wait, or its callee returns to it at this moment.
 */
bool pct_detach(struct env *caller);
bool pct_is_detached(const struct env *caller);

// The environment at the end of the chain of calls that starts at `env`. Calls whose deadline passed are undone.
struct env *pct_chain_end(struct env *env);
// The outermost of the calls that lead to `env` and waited too long is undone: that caller may run. NULL: none did.
struct env *pct_expire(struct env *env);
// `env` stops: its caller learns that it died, its callee that nobody waits.
void pct_unlink(struct env *env);
// Undoes the call of a waiting caller; false when its callee returns to it at this moment.
bool pct_abandon(struct env *caller);
// The way back from an environment that runs leads through C: its caller may not be left by another hart meanwhile.
void pct_return_slowly(struct env *callee);

bool pct_invariant(const struct env *env);

#endif
