// SPDX-License-Identifier: BSD-2-Clause
/*
 * The terminal as read(0) sees it. A person's line is echoed, can be corrected with Backspace and Ctrl-U, and
 * is read when it is complete; Ctrl-D ends it, or, on an empty line, the input. On a framed line nobody
 * types: bytes are read as they come, and Ctrl-D is the end.
 */
#ifndef LIBOS_TERMINAL_H
#define LIBOS_TERMINAL_H

#include <sys/types.h>

// As read() does: how many bytes, 0 at the end of input, -1 and errno.
ssize_t terminal_read(void *bytes, size_t count);

#endif
