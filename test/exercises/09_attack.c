// SPDX-License-Identifier: BSD-2-Clause
// Exercise 9, solved.
#include "attack.h"

#define SLOT_EMPTY 40
#define HERE       0x100000ul // an address of our own where nothing is, although a page table covers it

static char stack[16384] __attribute__((aligned(16), used));
static word_t refused;

__attribute__((naked, used)) void _start(void)
{
    __asm__("la sp, stack + 16384\n"
            "j attack_main\n");
}

static void attempt(sysret_t answer)
{
    refused += answer.error == ERR_PERM || answer.error == ERR_STALE || answer.error == ERR_CLOSED;
}

// Whether a byte can be loaded from there. When not, the exception comes to the label below, and the slot is closed
// again.
__attribute__((naked, noinline, unused)) static bool probe(word_t address)
{
    __asm__("li t3, 0x3ffffff000\n" // the save area; its first word is the exception slot
            "la t4, 1f\n"
            "sd t4, 0(t3)\n"
            "lb t5, (a0)\n"
            "sd zero, 0(t3)\n"
            "li a0, 1\n"
            "ret\n"
            "1: li a0, 0\n"
            "ret\n");
}

static page_t frame_of(env_t owner, int kind)
{
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++)
        if (frame_entry(page)->owner == owner && frame_entry(page)->kind == kind)
            return page;
    return 0;
}

static void memory(env_t victim, page_t secret, page_t free)
{
    attempt(sys_page_alloc(free));
    attempt(sys_page_free(secret));
    attempt(sys_page_give(secret, 1, self()));
    attempt(sys_page_move(free, 1, self()));
    attempt(sys_pte_map(0, HERE, secret, 1, RIGHT_READ, CAP_NONE));
    attempt(sys_pte_map(0, HERE, secret, 1, RIGHT_READ, SLOT_EMPTY));
    attempt(sys_pte_unmap(frame_of(victim, PAGE_ROOT), HERE, 1));
    attempt(sys_cap_mint(SLOT_EMPTY, secret, RIGHT_READ));
    attempt(sys_cap_mint(SLOT_EMPTY, victim, RIGHT_CALL));
    attempt(sys_cap_copy(SLOT_EMPTY, SLOT_EMPTY + 1, RIGHT_READ));
    attempt(sys_cap_revoke(secret));
}

static void others(env_t victim)
{
    attempt(sys_env_stop(victim));
    attempt(sys_env_destroy(victim));
    attempt(sys_env_set(victim, ENV_PC, HERE));
    attempt(sys_env_notify(SLOT_EMPTY, ~0ul << 32));
    attempt(sys_space_destroy(frame_of(victim, PAGE_ROOT)));
    attempt(sys_pct_send(SLOT_EMPTY, 1));
    attempt(sys_machine_reset(0));
    for (word_t position = 0; position < SLICES_MAX; position++)
        if (slice_entry(0, position)->env == victim)
            attempt(sys_slice_give(0, position, self()));
    for (word_t source = 1; source < IRQS_MAX; source++)
        if (irq_entry(source)->owner && irq_entry(source)->owner != self())
            attempt(sys_irq_give(source, self()));
}

__attribute__((used)) void attack_main(void)
{
    env_t victim = SAVE_WORD(SAVE_CREATOR);
    page_t secret = frame_of(victim, PAGE_DATA);

    memory(victim, secret, frame_of(victim, PAGE_FREE));
    others(victim);
    bool read = probe(DIRECT_BASE + secret * PAGE_SIZE) | probe(IMAGE_BASE) | probe(HERE);
    sys_env_exit(read ? 0 : refused);
}
