// SPDX-License-Identifier: BSD-2-Clause
#ifndef LIBOS_POSIX_STDIO_H
#define LIBOS_POSIX_STDIO_H

// Write out what stdout and stderr hold. Weak where it is called: programs without stdio hold nothing.
void stdio_flush(void);

#endif
