// SPDX-License-Identifier: BSD-2-Clause
/*
 * Our client of the firmware, after the RISC-V SBI specification 1.0: typed wrappers around the one ecall
 * from S-mode. Extensions are probed once; where a newer one is missing, the older stands in.
 */
#ifndef SBI_SBI_H
#define SBI_SBI_H

#include <rivet/types.h>

enum sbi_extension {
    SBI_LEGACY_PUTCHAR = 0x01,
    SBI_LEGACY_SHUTDOWN = 0x08,
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464e43,
    SBI_HSM = 0x48534d,
    SBI_SRST = 0x53525354,
    SBI_DBCN = 0x4442434e,
};

sysret_t sbi_call(word_t extension, word_t function, word_t a0, word_t a1, word_t a2, word_t a3, word_t a4);

// Which of the extensions we use are there. Called once, before the others.
void sbi_probe(void);
bool sbi_has(enum sbi_extension extension);

void sbi_putchar(char c);
void sbi_set_timer(word_t time);
void sbi_send_ipi(word_t hart_id);
// Starts a stopped hart at a physical address, in S-mode with the MMU off; a0 = its id, a1 = opaque.
long sbi_hart_start(word_t hart_id, word_t address, word_t opaque);
/*
 * Remote sfence.vma on the harts with these ids, bit 0 of the mask being hart `base`: of size bytes from start in one
 * ASID, or all of it when size is ~0. With SBI_ALL_ASIDS it is every address space. With SBI_CODE it is a fence.i.
 */
#define SBI_ALL_ASIDS (~0ul)
#define SBI_CODE      (~1ul)
void sbi_remote_fence(word_t mask, word_t base, word_t start, word_t size, word_t asid);
// Power off (restart = false) or restart the machine; returns only when the firmware cannot.
void sbi_reset(bool restart);

#endif
