// SPDX-License-Identifier: BSD-2-Clause
// What the trap path leaves to C; see trap.h.

#include "trap.h"

#include "board/board.h"
#include "env/float.h"
#include "hart.h"
#include "irq/irq.h"
#include "kernel.h"
#include "machine/machine.h"
#include "panic.h"
#include "pte/pte.h"
#include "sbi.h"
#include "slice/slice.h"

void trap_deliver(word_t boundary) __attribute__((noreturn));

bool trap_upcall(struct env *env, word_t *regs, word_t cause)
{
    word_t *handler = env_save(env, SAVE_I_HANDLER);
    word_t pc = *handler;
    if (pc == 0)
        return false;
    *handler = 0;
    *env_save(env, SAVE_I_T0) = regs[REG_T0];
    *env_save(env, SAVE_I_T1) = regs[REG_T1];
    *env_save(env, SAVE_I_T2) = regs[REG_T2];
    regs[REG_T0] = cause;
    regs[REG_T1] = regs[REG_PC];
    regs[REG_PC] = pc;
    return true;
}

void trap_interrupt(struct env *env, word_t cause)
{
    struct hart *hart = hart_self();
    if (cause == CAUSE_EXTERN)
        irq_serve(hart);
    if (cause != CAUSE_TIMER) {
        hw_soft_clear(); // first: whoever asks this hart to look, also for a device that was served just now, is seen below
        hw_order();
    }
    float_expel(hart, env);
    quiesce_see(hart); // straight from user mode: nothing of the kernel's is held
    if (cause == CAUSE_TIMER) {
        slice_tick(env);
        return; // with its own upcall
    }
    if (env->stop) { // whoever wants it stopped takes it from here
        slice_preempt(env);
        slice_back(DONATE_STOPPED);
    }
    donate_look(hart, env);
    if (*env_save(env, SAVE_PENDING) != 0)
        trap_upcall(env, env_save(env, SAVE_F_PC), cause);
}

void trap_stopped(word_t boundary, word_t cause, word_t address)
{
    if (boundary == hw_hart())
        panic_trap((const word_t *)(boundary + SAVE_F_PC), cause, address);

    struct env *env = env_at(boundary);
    if (env->self == machine_info->init) { // it owns what nobody else does, and nobody hears of its end
        kernel_log("rivet: init was stopped by an exception: cause %lx, pc %lx, address %lx.\n", cause,
                   *env_save(env, SAVE_F_PC), address);
        sbi_reset(false);
    }
    *env_save(env, SAVE_STOP_CAUSE) = cause;
    *env_save(env, SAVE_STOP_ADDRESS) = address;
    lock_take(&structure_lock);
    if (!board_disband(env)) { // it runs into the same once more, and the next piece is done then
        lock_drop(&structure_lock);
        trap_load(boundary, env_save(env, SAVE_F_PC));
    }
    slice_leave(env, ERR_OK, 0);
    env_halt(env, ENV_FAULTED);
    lock_drop(&structure_lock);
    slice_back(DONATE_STOPPED);
}

void trap_page_fault(struct env *env, word_t cause, word_t address)
{
    if (pte_fault(env->space, address, cause))
        trap_load(env_boundary(env), env_save(env, SAVE_F_PC));
    trap_deliver(env_boundary(env));
}
