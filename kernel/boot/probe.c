// SPDX-License-Identifier: BSD-2-Clause
#include "boot/probe.h"

#include "boot/early.h"
#include "hw/hw.h"
#include "sbi.h"

#define TRIES        16
#define LEAF         (PTE_V | PTE_R | PTE_W | PTE_G)
#define LI_A0(value) (0x513u | (value) << 20)
#define RET          0x8067u

// One try: whether it ended in an exception, for which the vector stands behind it that long; and what it took.
#define TRY(excepted, took, instruction, ...)                                                              \
    do {                                                                                                   \
        word_t vector_, begin_;                                                                            \
        excepted = 1;                                                                                      \
        asm volatile("la %1, 1f; csrrw %1, stvec, %1; csrr %2, instret; " instruction "; li %0, 0; .balign 4; " \
                     "1: csrr %3, instret; csrw stvec, %1"                                                 \
                     : "+r"(excepted), "=&r"(vector_), "=&r"(begin_), "=&r"(took) : __VA_ARGS__ : "memory"); \
        took -= begin_;                                                                                    \
    } while (0)

word_t probe_asid_bits(void)
{
    csr_write(satp, boot_satp | SATP_ASID_MASK << SATP_ASID_SHIFT); // write ones and look
    word_t kept = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    csr_write(satp, boot_satp);
    hw_fence_space(0);
    word_t bits = 0;
    for (; kept != 0; kept >>= 1)
        bits++;
    return bits;
}

// An exception in S-mode sets SPP, and the ways out go to user mode.
static void excepted_forget(void) { csr_clear(sstatus, SSTATUS_SPP); }

bool probe_walker_bits(pte_t *entry, word_t at, word_t page)
{
    word_t loads, stores, took;
    *entry = page << PTE_PPN_SHIFT | LEAF;
    hw_fence_space(0);
    TRY(loads, took, "ld zero, (%4)", "r"(at));
    TRY(stores, took, "sd zero, (%4)", "r"(at));
    bool sets = !loads && !stores && (__atomic_load_n(entry, __ATOMIC_RELAXED) & (PTE_A | PTE_D)) == (PTE_A | PTE_D);
    *entry = 0;
    hw_fence_space(0);
    excepted_forget();
    return sets;
}

bool probe_fetches_stores(pte_t *entry, word_t at, word_t page)
{
    volatile uint32_t *code = (volatile uint32_t *)at;
    word_t (*run)(void) = (word_t (*)(void))at;
    *entry = page << PTE_PPN_SHIFT | LEAF | PTE_X | PTE_A | PTE_D;
    hw_fence_space(0);
    code[0] = LI_A0(1u);
    code[1] = RET;
    hw_fence_code();
    run(); // from here on it is in the cache
    code[0] = LI_A0(2u);
    asm volatile("fence rw, rw" : : : "memory");
    bool fetched = run() == 2;
    hw_fence_code();
    code[0] = code[1] = 0;
    *entry = 0;
    hw_fence_space(0);
    return fetched;
}

// What a call of the firmware that does nothing takes.
static word_t firmware_takes(void)
{
    word_t least = ~0ul;
    for (int i = 0; i < TRIES; i++) {
        word_t begin = csr_read(instret);
        sbi_call(SBI_BASE, 0, 0, 0, 0, 0, 0);
        word_t took = csr_read(instret) - begin;
        least = took < least ? took : least;
    }
    return least;
}

// What an instruction does, by its shortest try.
#define PROBE(instruction, ...)                                                                            \
    do {                                                                                                   \
        word_t excepted, took, least = ~0ul;                                                               \
        for (int i = 0; i < TRIES; i++) {                                                                  \
            TRY(excepted, took, instruction, __VA_ARGS__);                                                 \
            least = took < least ? took : least;                                                           \
        }                                                                                                  \
        excepted_forget();                                                                                 \
        return (excepted ? PROBE_EXCEPTION : 0) | (least >= firmware_takes() / 2 ? PROBE_FIRMWARE : 0);    \
    } while (0)

uint32_t probe_time(void) { PROBE("rdtime zero", "r"(0)); }
uint32_t probe_misaligned(void)
{
    static const uint64_t words[2];
    PROBE("ld zero, 1(%4)", "r"(words));
}
uint32_t probe_illegal(void) { PROBE("unimp", "r"(0)); }
