// SPDX-License-Identifier: BSD-2-Clause
/*
 * The JH7110's watchdog is Arm's SP805: control enables the count and the reset that it ends in, and is locked unless
 * the key stands in lock. It resets the machine when it has counted down twice, which nobody here prevents.
 */
#include "boot/watchdog.h"

#include "kernel.h"

#define GATE_OPEN  (1u << 31)
#define CONTROL    0x008
#define LOCK       0xc00
#define LOCK_KEY   0x1acce551u
#define LOCK_AGAIN 1u

static bool is_in_reach(word_t address) { return address < DIRECT_SIZE - PAGE_SIZE; }
static word_t at(word_t address) { return (word_t)direct(address); }

static bool has_clocks(const struct machine_watchdog *watchdog)
{
    for (word_t i = 0; i < MACHINE_WATCHDOG_GATES; i++)
        if (!is_in_reach(watchdog->gates[i]) || !(hw_device_read(at(watchdog->gates[i])) & GATE_OPEN))
            return false;
    return true;
}

void watchdog_stop(const struct machine *machine)
{
    word_t base = machine->watchdog.range.base;
    if (machine->watchdog.range.size == 0 || !is_in_reach(base) || !has_clocks(&machine->watchdog) ||
        hw_device_read(at(base) + CONTROL) == 0)
        return;
    hw_device_write(at(base) + LOCK, LOCK_KEY);
    hw_device_write(at(base) + CONTROL, 0);
    hw_device_write(at(base) + LOCK, LOCK_AGAIN);
    kernel_log("rivet: the watchdog that the firmware started is stopped.\n");
}
