// SPDX-License-Identifier: BSD-2-Clause
/*
 * shm_rt   a word in shared memory seen by another environment, and its answer by us, with directed yields in between;
 *          the paper's shared memory, there one way
 */
#include "ipc.h"

void partner_shm(struct link *link)
{
    long error = link_wait(link, &link->theirs->words[0], 0, 0);

    for (word_t turn = 1; error == ERR_OK; turn++) {
        link->mine->words[0] = turn;
        error = link_turn(link, &link->theirs->words[0], turn, 0);
    }
}

static word_t round_trip(struct link *link, word_t turn)
{
    word_t begin = instructions_now();

    link->mine->words[0] = turn + 1;
    long error = link_turn(link, &link->theirs->words[0], turn, 0);
    word_t end = instructions_now();
    must((sysret_t){error, 0}, "the partner's word");
    return end - begin;
}

void bench_shm(void)
{
    struct link link;
    struct child *partner = partner_start("shm", &link, 0, 0);
    word_t least = ~0ul;

    for (word_t turn = 0; turn < 2 * REPEAT; turn++) {
        sys_slice_yield(); // a fresh slice
        upcall_hold();
        word_t count = COUNTED(round_trip(&link, turn));
        upcall_release();
        least = least_of(least, count);
    }
    row_counted("shm_rt", least, 1);
    peer_end(partner);
    link_close(&link);
}
