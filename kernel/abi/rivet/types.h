// SPDX-License-Identifier: BSD-2-Clause
/*
 * The words that kernel and library share. Every handle is a word-sized name of the thing, never its address.
 */
#ifndef RIVET_TYPES_H
#define RIVET_TYPES_H

#define CALL_BASE 0x5c0 // what t0 carries for call 0: unlikely by accident, and one instruction to load

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t word_t;
typedef uint64_t page_t;  // physical page number
typedef uint64_t env_t;   // page number of the environment's record
typedef uint64_t space_t; // page number of the root table; 0 where "one's own" is meant
typedef uint64_t slot_t;  // index into one's capability page

#define CAP_NONE (~(slot_t)0) // no capability: ownership must suffice

// What every call answers, in a0 and a1, as the SBI does.
typedef struct {
    long error;   // ERR_*
    word_t value; // meaningful when error is ERR_OK or ERR_AGAIN
} sysret_t;

enum error {
#define ERROR(number, name, text) ERR_##name = number,
#include <rivet/error.def>
#undef ERROR
    ERRORS,
};

enum event {
#define EVENT(bit, name, text) EVENT_##name = bit,
#include <rivet/event.def>
#undef EVENT
};
#define EVENT_BIT(name) (1ul << EVENT_##name)
#define EVENTS_OWN      0xffffffff00000000ul // bits whose meaning the binder chooses

enum call {
#define SYSCALL(index, room, verb, arity, arguments, errors, text) CALL_##room##_##verb = CALL_BASE + index,
#define HOTCALL(index, room, verb, errors, text)                   CALL_##room##_##verb = CALL_BASE + index,
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
};

enum call_count {
#define SYSCALL(index, room, verb, arity, arguments, errors, text) +1
#define HOTCALL(index, room, verb, errors, text)                   +1
    CALL_COUNT = 0
#include <rivet/syscall.def>
#undef SYSCALL
#undef HOTCALL
};

// Offsets into the save area (see regs.def); an environment adds its own address of it.
enum save_offset {
#define SAVE(offset, name, text) SAVE_##name = offset,
#include <rivet/regs.def>
#undef SAVE
};
#endif
#endif
