// SPDX-License-Identifier: BSD-2-Clause
// The table behind the checked call numbers, an expansion of syscall.def.

#include <rivet/page.h>
#include <rivet/types.h>

#define CALL_FIRST 1 // those before are hot: the trap path performs them

#define sys_env_notify trap_env_notify // begins in the trap path, which leaves it to the function of that name if it is unusual

#define HOTCALL(index, room, verb, errors, text)
#define SYSCALL(index, room, verb, arity, arguments, errors, text) sysret_t sys_##room##_##verb arguments;
#include <rivet/syscall.def>
#undef SYSCALL

#define SYSCALL(index, room, verb, arity, arguments, errors, text) \
    [index - CALL_FIRST] = (void (*)(void))sys_##room##_##verb,
void (*const call_table[])(void) = {
#include <rivet/syscall.def>
};
#undef SYSCALL

#define SYSCALL(index, room, verb, arity, arguments, errors, text) +1
_Static_assert(sizeof(call_table) / sizeof(call_table[0]) == 0
#include <rivet/syscall.def>
               , "call numbers have no gaps");
