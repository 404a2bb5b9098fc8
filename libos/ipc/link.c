// SPDX-License-Identifier: BSD-2-Clause
// Waiting for the other side of a link, and what becomes of its memory; see link.h. link_make.c makes links.
#include <libos/ipc/internal.h>
#include <libos/ipc/ipc.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>

#define SPIN_MAX     400   // looks at a word that somebody on another hart is about to change
#define SLEEP_US     20000 // then we look whether the other side is alive: nobody tells us

struct link *volatile links[LINKS_MAX];

/*
 * A page of a link is bound no more: its owner took it back, or was taken apart. Zeros of our own take its place, so
 * whoever reads there at this moment goes on, finds nothing sensible, and then sees `gone`.
 */
bool link_fault(word_t address, word_t need)
{
    struct link *link = links[(address - VM_LINKS) / LINK_SPAN];
    word_t rights = address % LINK_SPAN < LINK_THEIRS ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;

    if (!link || (need & ~rights))
        return vm_refuse("no page of a link allows this access");
    page_t page = vm_frame(true);
    if (page == FRAME_NONE)
        return vm_refuse("no free frame is left");
    link->gone = true;
    link->way = LINK_SLEEPS; // whoever waits looks at `gone`
    long error = vm_bind(0, address & ~(PAGE_SIZE - 1), page, 1, rights);
    if (error != ERR_OK)
        frame_free(page);
    return error == ERR_OK || error == ERR_BUSY;
}

// Its name may be another's by now; the capability knows.
static bool is_dead(const struct link *link)
{
    sysret_t state = sys_env_info(link->env, ENV_STATE);
    return link->gone || sys_env_notify(link->slot, 0).error == ERR_STALE || state.error != ERR_OK ||
           state.value >= ENV_EXITED;
}

static bool changes_soon(const volatile word_t *word, word_t seen)
{
    for (int i = 0; i < SPIN_MAX && machine()->hart_count > 1; i++)
        if (*word != seen)
            return true;
    return false;
}

static void link_sleep(struct link *link, const volatile word_t *word, word_t seen, word_t deadline)
{
    word_t until = time_now() + time_from_us(SLEEP_US);

    link->mine->asleep = 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // the other side writes before it looks
    if (*word == seen)
        events_wait(EVENT_LINK, deadline != 0 && deadline < until ? deadline : until);
    link->mine->asleep = 0;
}

// A part of our time, whatever becomes of it; ERR_BUSY: it could not be given.
static long time_donate(const struct link *link, word_t deadline)
{
    word_t until = time_now() + time_from_us(LINK_DONATION_US);
    return sys_slice_donate(link->slot, deadline != 0 && deadline < until ? deadline : until, 0, 0).error;
}

long link_patience(struct link *link, const volatile word_t *word, word_t seen, long error, word_t deadline)
{
    if (link->way == LINK_DONATES)
        error = time_donate(link, deadline);
    else if (link->way == LINK_RETURNS)
        sys_slice_yield();
    if (*word != seen)
        return ERR_OK;
    if (deadline != 0 && time_now() >= deadline)
        return ERR_DEADLINE;
    if (error == ERR_OK && !link->gone)
        return ERR_OK;
    if (is_dead(link)) // what it wrote before counts
        return *word != seen ? ERR_OK : ERR_DEAD;
    if (!changes_soon(word, seen))
        link_sleep(link, word, seen, deadline);
    return ERR_OK;
}

void link_wake_up(struct link *link)
{
    (void)sys_env_notify(link->slot, EVENT_LINK); // refused: nobody is there to be woken
}
