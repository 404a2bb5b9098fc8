// SPDX-License-Identifier: BSD-2-Clause
/*
 * The shell, room by room:
 *
 *     shell.c     the prompt, and which command is whose       words.c    a line as words
 *     jobs.c      programs started here, until they ended      report.c   why one was stopped
 *     tables.c    ps, mem, slices: what the kernel's tables say
 */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include <rivet.h>

#include "words.h"

/*
 * Programs. A job is named by the program it runs; numbers are those of the environments, as `ps` shows them.
 */

// Start a program. In the foreground: wait for its end, say how it ended when that is worth a line.
void job_run(const struct words *words);
// The same with a weight: what part of the memory it can have (libos/share/memory.h).
void job_share(const struct words *words);
// The same in the foreground, on this hart, and say what it took.
void job_time(const struct words *words);
// Say which background programs have ended since, and take back what they had.
void jobs_notice(void);
void job_kill(const char *which);
void jobs_kill_all(void);

// Cause, pc, address and registers of an environment of ours that a fault stopped, from its save area.
void report_fault(const char *name, env_t env);

// What the tables say.
void tables_ps(void);
void tables_mem(void);
void tables_slices(void);

#define ENV_LABEL_SIZE 9 // eight characters and a NUL

// The label of an environment, "?" for characters that do not print, "-" when it is none.
void env_label(env_t env, char label[ENV_LABEL_SIZE]);

#endif
