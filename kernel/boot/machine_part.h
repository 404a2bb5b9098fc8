// SPDX-License-Identifier: BSD-2-Clause
//
// The parts of machine_read(), one per subject. Each returns NULL, or the sentence that machine_read()
// returns. They run in the order in which they stand here; each uses what the ones before it filled.
#ifndef RIVET_BOOT_MACHINE_PART_H
#define RIVET_BOOT_MACHINE_PART_H

#include "bus.h"
#include "fdt.h"
#include "machine.h"

const char *machine_memory_read(struct machine *m, const struct fdt *tree); // memory, reserved
const char *machine_harts_read(struct machine *m, const struct fdt *tree); // harts, timebase
const char *machine_plic_read(struct machine *m, const struct fdt *tree); // the PLIC, contexts of the harts
const char *machine_devices_read(struct machine *m, const struct fdt *tree); // devices, console
void machine_watchdog_read(struct machine *m, const struct bus_walk *walk); // the watchdog, should this node be one

bool machine_isa_parse(const char *isa, uint32_t *flags); // of riscv,isa; false unless it begins with rv64
uint32_t machine_isa_named(const char *name, size_t length); // one extension; 0 when the kernel does not ask

#endif
