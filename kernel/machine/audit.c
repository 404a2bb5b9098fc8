// SPDX-License-Identifier: BSD-2-Clause
// Checking all rooms at once; see audit.h.

#include "audit.h"

#include "board/board.h"
#include "env/env.h"
#include "irq/irq.h"
#include "kernel.h"
#include "page/page.h"
#include "revoke/revoke.h"
#include "slice/slice.h"
#include "trace/trace.h"
#include "trap/hart.h"

#ifdef RIVET_AUDIT

enum { AUDIT_NONE, AUDIT_RUNS, AUDIT_ENDS };

static uint32_t audit_phase;
static uint32_t harts_parked;

static const struct {
    bool (*holds)(void);
    const char *rule;
} rules[] = {
    {page_invariant, "page: a frame has one living owner, and every binding of it its link"},
    {env_invariant, "env, space, pte, stlb, pct, cap: records, tables, links and capabilities agree"},
    {slice_invariant, "slice: every slice has an owner that knows it"},
    {board_invariant, "board: children, their entries and their schedulers agree"},
    {trace_invariant, "trace: a hart's ring is its owner's frames"},
    {revoke_invariant, "revoke: requests, guaranteed frames and vectors are counted right"},
    {irq_invariant, "irq: a source is enabled if and only if it is bound, to its owner"},
};

// It sleeps rather than spins: where harts share a processor, as in an emulator, the auditor needs it.
void audit_park(void)
{
    if (__atomic_load_n(&audit_phase, __ATOMIC_ACQUIRE) != AUDIT_RUNS)
        return;
    word_t enabled = csr_read(sie);
    csr_write(sie, SIE_SOFT);
    __atomic_fetch_add(&harts_parked, 1, __ATOMIC_ACQ_REL);
    for (;;) {
        csr_clear(sip, SIE_SOFT);
        if (__atomic_load_n(&audit_phase, __ATOMIC_ACQUIRE) != AUDIT_RUNS)
            break;
        asm volatile("wfi");
    }
    __atomic_fetch_sub(&harts_parked, 1, __ATOMIC_ACQ_REL);
    csr_write(sie, enabled);
    csr_set(sip, SIE_SOFT); // who poked this hart meanwhile had a reason of his own
}

void audit_context(void)
{
    struct env *env = env_self();
    if (hart_self()->current != 0)
        kernel_log("in environment %lx, own word %lu\n", env->self, *env_save(env, SAVE_ROOM));
}

static uint32_t others_poke(void)
{
    uint32_t others = 0;
    for (word_t i = 0; i < hart_count; i++)
        if (i != hart_self()->index && __atomic_load_n(&hart_number(i)->online, __ATOMIC_ACQUIRE)) {
            others++;
            hart_poke(i);
        }
    return others;
}

// False when another hart audits already.
static bool harts_stop(void)
{
    uint32_t none = AUDIT_NONE;
    if (!__atomic_compare_exchange_n(&audit_phase, &none, AUDIT_RUNS, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return false;
    uint32_t others = others_poke();
    while (__atomic_load_n(&harts_parked, __ATOMIC_ACQUIRE) != others)
        hw_pause();
    return true;
}

static void harts_go(void)
{
    __atomic_store_n(&audit_phase, AUDIT_ENDS, __ATOMIC_SEQ_CST);
    others_poke();
    while (__atomic_load_n(&harts_parked, __ATOMIC_ACQUIRE) != 0)
        hw_pause();
    __atomic_store_n(&audit_phase, AUDIT_NONE, __ATOMIC_RELEASE);
}

sysret_t sys_machine_audit(void)
{
    if (!harts_stop())
        return again(0);
    word_t broken = 0;
    for (word_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (!rules[i].holds()) {
            kernel_log("rivet: audit: broken: %s\n", rules[i].rule);
            broken++;
        }
    harts_go();
    return done(broken);
}

#else

sysret_t sys_machine_audit(void) { return refuse(ERR_STATE); }

#endif
