// SPDX-License-Identifier: BSD-2-Clause
/*
 * pipe_64k_page   64 KiB given to another environment: sixteen pages unbound here, their frames the other's, and
 * bound there,
 *                 until the other says that it has them. No byte is copied
 */
#include "ipc.h"

#define PAGES 16
#define TURN  0 // word of the link

// Receives, says so, and gives them back when it is asked for them.
void partner_give(struct link *link)
{
    word_t window = vm_window_open(PAGES);

    if (window == 0 || give_meet(link, 0).error != ERR_OK)
        return;
    for (word_t turn = 1;; turn++) {
        sysret_t came = give_receive(link, window, 0);
        link->mine->words[TURN] = came.error == ERR_OK && *(volatile word_t *)window == turn ? turn : ~0ul;
        if (link_turn(link, &link->theirs->words[TURN], turn - 1, 0) != ERR_OK || give_send(link, window, 0, PAGES, 0).error != ERR_OK)
            return;
    }
}

static word_t give_count(struct link *link, word_t window, word_t turn)
{
    word_t begin = instructions_now();
    sysret_t went = give_send(link, window, 0, PAGES, 0);
    long error = link_wait(link, &link->theirs->words[TURN], turn - 1, 0);
    word_t end = instructions_now();
    must(went, "give_send");
    must((sysret_t){error, 0}, "the other's answer");
    must((sysret_t){link->theirs->words[TURN] == turn ? ERR_OK : ERR_STATE, 0}, "the other's page");
    return end - begin;
}

void bench_give(void)
{
    struct link link;
    struct child *partner = partner_start("give", &link, 0, 0);
    word_t window = vm_window_open(PAGES), least = ~0ul;

    must((sysret_t){window ? give_make(&link, window, PAGES) : ERR_NOENT, 0}, "give_make");
    for (word_t turn = 1; turn <= REPEAT; turn++) {
        *(volatile word_t *)window = turn;
        sys_slice_yield();
        upcall_hold();
        word_t count = COUNTED(give_count(&link, window, turn));
        upcall_release();
        least = least_of(least, count);
        link.mine->words[TURN] = turn;
        link_wake(&link);
        must(give_receive(&link, window, 0), "give_receive");
    }
    row_counted("pipe_64k_page", least, 1);
    peer_end(partner);
    vm_window_close(window, PAGES);
    link_close(&link);
}
