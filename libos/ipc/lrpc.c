// SPDX-License-Identifier: BSD-2-Clause
// Serving typed calls; see lrpc.h. What is done at each of them is in lrpc.S.
#include <libos/ipc/lrpc.h>
#include <libos/start/internal.h>

#define GATE_STACK_SIZE 16384

void lrpc_gate(void);  // lrpc.S
void tlrpc_gate(void);

// What the gate finds where its stack begins.
struct gate_context {
    word_t caller_tp, tp, count;
    void (*const *operations)(void);
    word_t caller_s0, unused;
};
_Static_assert(offsetof(struct gate_context, operations) == 24, "lrpc.S says the same");
_Static_assert(sizeof(struct gate_context) % 16 == 0, "what lies below it is aligned as a stack is");

static struct {
    char stack[GATE_STACK_SIZE];
    struct gate_context context;
} gate __attribute__((aligned(16)));

_Noreturn void lrpc_serve(const struct lrpc_service *service, bool trusting, word_t events, pct_notice_t notice)
{
    gate.context.tp = SAVE_WORD(UPCALL_TP);
    gate.context.count = service->count;
    gate.context.operations = service->operations;
    pct_serve_at((word_t)(trusting ? tlrpc_gate : lrpc_gate), (word_t)&gate.context, events, notice);
}
