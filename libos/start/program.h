// SPDX-License-Identifier: BSD-2-Clause
/*
 * What lies on top of start-up: who runs the program, and the storage of its threads.
 */
#ifndef LIBOS_START_PROGRAM_H
#define LIBOS_START_PROGRAM_H

#include <stddef.h>

// Runs main() and ends the program with its result: posix/main.c, or whatever a program links instead.
_Noreturn void program_run(void);

// Thread-local storage: how much each thread needs, and filling such memory in. tp points to its first byte.
#define TLS_ALIGN 64
size_t tls_size(void);
void *tls_make(void *memory);

#endif
