// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the shell asks of whoever started it, by its exit status: only the first environment may reset the
 * machine. Any other status means that the shell itself failed.
 */
#ifndef RIVET_SHELL_H
#define RIVET_SHELL_H

enum shell_status {
    SHELL_POWEROFF = 0, // `poweroff`, `exit`, end of input
    SHELL_REBOOT = 64,  // `reboot`
};

#endif
