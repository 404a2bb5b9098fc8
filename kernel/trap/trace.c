// SPDX-License-Identifier: BSD-2-Clause
// Tracing; see trace.h. One line per event: the environment's label, what happened, and how it was answered.

#include "trace.h"

#include "cap/cap.h"
#include "hart.h"
#include "kernel.h"
#include "page/page.h"
#include "slice/slice.h"
#include "trace/trace.h"
#include "trap.h"

#define LABEL_MAX 8

extern sysret_t (*const call_table[])(word_t, word_t, word_t, word_t, word_t, word_t);

static bool enabled;
static word_t only; // the label that is shown, 0: all

static const char *call_name(long index)
{
    switch (index) {
#define SYSCALL(number, room, verb, arity, arguments, errors, text) case number: return #room "_" #verb;
#define HOTCALL(number, room, verb, errors, text)                   case number: return #room "_" #verb;
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
    default: return NULL;
    }
}

static int call_arity(long index)
{
    switch (index) {
#define SYSCALL(number, room, verb, arity, arguments, errors, text) case number: return arity;
#define HOTCALL(number, room, verb, errors, text)
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
    default: return 1;
    }
}

static const char *error_name(long error)
{
    switch (error) {
#define ERROR(number, name, text) case number: return #name;
#include <rivet/error.def>
#undef ERROR
    default: return "?";
    }
}

static bool word_at(const char *text, const char *word)
{
    while (*word != '\0' && *text == *word)
        text++, word++;
    return *word == '\0' && (*text == ' ' || *text == '\0');
}

bool trace_boot(const char *arguments)
{
    for (const char *at = arguments; *at != '\0'; at++) {
        if (at != arguments && at[-1] != ' ')
            continue;
        if (word_at(at, "trace"))
            enabled = true;
        if (word_at(at, "events"))
            trace_allow();
        if (word_at(at, "run") && at[3] == ' ') {
            at += 4;
            for (int i = 0; i < LABEL_MAX && at[i] != ' ' && at[i] != '\0'; i++)
                only |= (word_t)(unsigned char)at[i] << 8 * i;
            break;
        }
    }
    return enabled || trace_is_allowed();
}

static bool is_shown(const struct env *env)
{
    return enabled && (only == 0 || page_frame(env->self)->detail == only);
}

static const char *cause_name(word_t cause)
{
    switch (cause) {
    case 0:            return "misaligned fetch";
    case 1:            return "fetch access fault";
    case 2:            return "illegal instruction";
    case 3:            return "breakpoint";
    case 4:            return "misaligned load";
    case 5:            return "load access fault";
    case 6:            return "misaligned store";
    case 7:            return "store access fault";
    case 8:            return "call that is not the kernel's";
    case 12:           return "fetch page fault";
    case 13:           return "load page fault";
    case 15:           return "store page fault";
    case CAUSE_SOFT:   return "event";
    case CAUSE_TIMER:  return "end of slice";
    case CAUSE_EXTERN: return "device interrupt";
    default:           return "unknown cause";
    }
}

// "label: ", for the beginning of a line.
static const char *label(const struct env *env, char text[LABEL_MAX + 1])
{
    word_t name = page_frame(env->self)->detail;
    for (int i = 0; i <= LABEL_MAX; i++)
        text[i] = i < LABEL_MAX ? (char)(name >> 8 * i) : '\0';
    return text;
}

static void log_call(const struct env *env, long index, const word_t *regs)
{
    char text[LABEL_MAX + 1];
    const word_t *a = &regs[REG_A0];
    const char *name = call_name(index);
    switch (call_arity(index)) {
    case 0: kernel_log("%s: %s()", label(env, text), name); break;
    case 1: kernel_log("%s: %s(%lx)", label(env, text), name, a[0]); break;
    case 2: kernel_log("%s: %s(%lx, %lx)", label(env, text), name, a[0], a[1]); break;
    case 3: kernel_log("%s: %s(%lx, %lx, %lx)", label(env, text), name, a[0], a[1], a[2]); break;
    case 4: kernel_log("%s: %s(%lx, %lx, %lx, %lx)", label(env, text), name, a[0], a[1], a[2], a[3]); break;
    case 5: kernel_log("%s: %s(%lx, %lx, %lx, %lx, %lx)", label(env, text), name, a[0], a[1], a[2], a[3], a[4]); break;
    default:
        kernel_log("%s: %s(%lx, %lx, %lx, %lx, %lx, %lx)", label(env, text), name, a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

static void log_answer(sysret_t answer)
{
    kernel_log(" = %s %lx\n", error_name(answer.error), answer.value);
}

bool trace_is_call(long index) { return call_name(index) != NULL; }

#define SYSCALL(number, room, verb, arity, arguments, errors, text)
#define HOTCALL(number, room, verb, errors, text) +1
_Static_assert(0
#include <rivet/syscall.def>
               == 7, "trace_perform knows each call that the trap path performs");
#undef SYSCALL
#undef HOTCALL

// The environment goes on behind the call as the trap path would have it.
sysret_t trace_perform(struct env *env, long index, word_t *regs)
{
    extern sysret_t sys_revoke_request(slot_t slot, word_t kind, size_t count, word_t deadline);
    extern sysret_t sys_env_notify(slot_t slot, word_t events);
    const word_t *a = &regs[REG_A0];
    hw_set_return_pc(regs[REG_RA]);
    env->sp = regs[REG_SP];
    switch (index + CALL_BASE) {
    case CALL_pct_call:       trap_pct_call(env);
    case CALL_pct_return:     trap_pct_return(env);
    case CALL_env_null:       return done(0);
    case CALL_slice_yield_to: return sys_slice_yield_to(a[0]);
    case CALL_slice_yield:    return sys_slice_yield();
    case CALL_slice_donate:   return sys_slice_donate(a[0], a[1], a[2], a[3]);
    case CALL_revoke_request: return sys_revoke_request(a[0], a[1], a[2], a[3]);
    case CALL_env_notify:     return sys_env_notify(a[0], a[1]);
    default:                  return call_table[index - 1](a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

/*
 * The call, performed from here. A call that gives up the hart answers later; its line says so.
 */
static void trace_call(struct env *env, long index, word_t *regs)
{
    log_call(env, index, regs);
    if (index == CALL_pct_call - CALL_BASE)
        kernel_log(" in slot %lx", regs[REG_T2]);
    kernel_log("\n");
    sysret_t answer = trace_perform(env, index, regs);
    char text[LABEL_MAX + 1];
    kernel_log("%s:   %s", label(env, text), call_name(index));
    log_answer(answer);
    regs[REG_A0] = (word_t)answer.error;
    regs[REG_A1] = answer.value;
    regs[REG_PC] = regs[REG_RA];
    trap_load(env_boundary(env), regs);
}

void trace_trap(struct env *env, word_t cause, word_t address)
{
    if (!is_shown(env)) {
        trace_watch(env, cause);
        return;
    }
    word_t *regs = env_save(env, SAVE_F_PC);
    char text[LABEL_MAX + 1];
    long index = (long)(regs[REG_T0] - CALL_BASE);
    if (cause == 8 && call_name(index) != NULL) {
        trace_call(env, index, regs);
        return;
    }
    bool interrupt = cause & CAUSE_INTERRUPT;
    word_t handler = *env_save(env, interrupt ? SAVE_I_HANDLER : SAVE_X_HANDLER);
    kernel_log("%s: %s at %lx", label(env, text), cause_name(cause), regs[REG_PC]);
    if (!interrupt)
        kernel_log(", address %lx", address);
    if (handler != 0)
        kernel_log(": upcall to %lx\n", handler);
    else
        kernel_log(interrupt ? ": deferred\n" : ": its slot is closed\n");
}

void trace_refused(const struct env *env, enum error error)
{
    trace_event(hart_self(), TRACE_RETURN, env, (word_t)error);
    if (!is_shown(env))
        return;
    char text[LABEL_MAX + 1];
    kernel_log("%s:   pct_call = %s\n", label(env, text), error_name(error));
}
