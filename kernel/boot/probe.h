// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this machine does by itself, found out by trying: device trees say less than is so, or more. For the boot hart, before
 * any other runs, with interrupts off; an exception on the way is caught here and changes nothing.
 *
 * Whether something goes by way of the firmware can be seen in S-mode only by what it takes: at least half of what a call of
 * the firmware that does nothing takes, while what the processor does itself is a few instructions or cycles. Each is
 * tried some times, and the shortest counts.
 */
#ifndef RIVET_BOOT_PROBE_H
#define RIVET_BOOT_PROBE_H

#include "pte/pte.h"

#define PROBE_EXCEPTION 1u // it ends in an exception
#define PROBE_FIRMWARE  2u // the firmware takes part

// How many ASID bits the MMU keeps.
word_t probe_asid_bits(void);
// Whether the MMU sets A and D. `entry` is the leaf of the address `at`, for the probe to change and to leave at 0.
bool probe_walker_bits(pte_t *entry, word_t at, word_t page);
// Whether an instruction that was stored is fetched without fence.i; the page's first words are lost.
bool probe_fetches_stores(pte_t *entry, word_t at, word_t page);
// What happens, in the bits above: where the time is read, at a misaligned load, at an illegal instruction.
uint32_t probe_time(void);
uint32_t probe_misaligned(void);
uint32_t probe_illegal(void);

#endif
