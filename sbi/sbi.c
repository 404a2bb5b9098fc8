// SPDX-License-Identifier: BSD-2-Clause
// Our client of the firmware; see sbi.h.

#include "sbi.h"

static bool has_time, has_ipi, has_rfence, has_hsm, has_srst, has_dbcn;

sysret_t sbi_call(word_t extension, word_t function, word_t arg0, word_t arg1, word_t arg2, word_t arg3, word_t arg4)
{
    register word_t a0 asm("a0") = arg0;
    register word_t a1 asm("a1") = arg1;
    register word_t a2 asm("a2") = arg2;
    register word_t a3 asm("a3") = arg3;
    register word_t a4 asm("a4") = arg4;
    register word_t a6 asm("a6") = function;
    register word_t a7 asm("a7") = extension;
    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    return (sysret_t){(long)a0, a1};
}

static bool probe(word_t extension)
{
    sysret_t answer = sbi_call(SBI_BASE, 3, extension, 0, 0, 0, 0);
    return answer.error == 0 && answer.value != 0;
}

void sbi_probe(void)
{
    has_time = probe(SBI_TIME);
    has_ipi = probe(SBI_IPI);
    has_rfence = probe(SBI_RFENCE);
    has_hsm = probe(SBI_HSM);
    has_srst = probe(SBI_SRST);
    has_dbcn = probe(SBI_DBCN);
}

bool sbi_has(enum sbi_extension extension)
{
    switch (extension) {
    case SBI_TIME:   return has_time;
    case SBI_IPI:    return has_ipi;
    case SBI_RFENCE: return has_rfence;
    case SBI_HSM:    return has_hsm;
    case SBI_SRST:   return has_srst;
    case SBI_DBCN:   return has_dbcn;
    default:         return probe(extension);
    }
}

void sbi_putchar(char c)
{
    if (has_dbcn)
        sbi_call(SBI_DBCN, 2, (unsigned char)c, 0, 0, 0, 0);
    else
        sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)c, 0, 0, 0, 0);
}

void sbi_set_timer(word_t time)
{
    sbi_call(SBI_TIME, 0, time, 0, 0, 0, 0);
}

// Hart masks have a base, so one call per hart works for any hart id.
void sbi_send_ipi(word_t hart_id)
{
    sbi_call(SBI_IPI, 0, 1, hart_id, 0, 0, 0);
}

long sbi_hart_start(word_t hart_id, word_t address, word_t opaque)
{
    return sbi_call(SBI_HSM, 0, hart_id, address, opaque, 0, 0).error;
}

void sbi_remote_fence(word_t mask, word_t base, word_t start, word_t size, word_t asid)
{
    if (asid == SBI_CODE)
        sbi_call(SBI_RFENCE, 0, mask, base, 0, 0, 0);
    else if (asid == SBI_ALL_ASIDS)
        sbi_call(SBI_RFENCE, 1, mask, base, start, size, 0);
    else
        sbi_call(SBI_RFENCE, 2, mask, base, start, size, asid);
}

void sbi_reset(bool restart)
{
    if (has_srst)
        sbi_call(SBI_SRST, 0, restart ? 1 : 0, 0, 0, 0, 0);
    else if (!restart) // not after SRST: where it knows no way off, this call hangs the hart
        sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0);
}
