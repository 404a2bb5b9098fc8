// SPDX-License-Identifier: BSD-2-Clause
//
// The watchdog that the firmware may have left running: whoever armed it feeds it no more, so it is stopped.
#ifndef RIVET_BOOT_WATCHDOG_H
#define RIVET_BOOT_WATCHDOG_H

#include "boot/machine.h"

// Stops it if it runs, and says so. For the boot, while the direct map still has everything.
void watchdog_stop(const struct machine *machine);

#endif
