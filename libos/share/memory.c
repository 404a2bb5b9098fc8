// SPDX-License-Identifier: BSD-2-Clause
// The library's side of the memory service; see memory.h.
#include <libos/ipc/ipc.h>
#include <libos/share/memory.h>
#include <libos/start/internal.h>
#include <libos/vm/frame.h>

#define TRIES_MAX 1000 // times that we ask again: others may stand in line before us

static bool nobody; // there is no service, or not for us

// One request: the transfer's error, or else the service's.
static long memory_ask(word_t message[MESSAGE_WORDS])
{
    long error = nobody ? ERR_STALE : pct_call_patient(SLOT_MEMORY, 0, message);

    nobody = nobody || error == ERR_STALE || error == ERR_DEAD || error == ERR_PERM;
    return error != ERR_OK ? error : (long)message[0];
}

/*
 * Mostly in the middle of a page fault, with upcalls held. The program's handler of events runs all the same: who waits for
 * frames can be asked for some, and would seem deaf.
 */
static void given_wait(word_t until)
{
    (void)sys_slice_wait(EVENT_BIT(GIVEN) | upcall_events(), until);
    (void)events_take(EVENT_BIT(GIVEN));
    upcall_events_serve();
}

bool memory_want(size_t count)
{
    env_t init = (env_t)machine()->init;

    if (nobody)
        return false;
    size_t before = frame_count_free();
    bool ended = false; // what we asked for earlier, and have seen: only the next answer is about what we ask for now
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        word_t message[MESSAGE_WORDS] = {MEMORY_WANT, count};
        // Each time anew: what an earlier demand still brings takes up places, and too few of them get nothing.
        if (sys_page_open(init, count).error != ERR_OK || memory_ask(message) != ERR_OK)
            return false;
        if (message[1] == 0 && message[3] != 0)
            given_wait(message[3]);
        if (frame_count_free() > before)
            return true;
        if (message[3] == 0 && ended)
            return false;
        ended = ended || message[3] == 0;
    }
    return false;
}

size_t memory_give(size_t count)
{
    word_t message[MESSAGE_WORDS] = {MEMORY_GIVE, count};
    size_t given = 0;

    if (count == 0 || memory_ask(message) != ERR_OK)
        return 0;
    upcall_hold();
    for (size_t run = PAGE_BATCH; run > 0 && given < message[1];) {
        size_t piece = message[1] - given < run ? message[1] - given : run;
        page_t first = frame_find(piece);
        sysret_t moved = {ERR_NOENT, 0};
        if (first != FRAME_NONE)
            moved = sys_page_move(first, piece, (env_t)machine()->init);
        else
            run = piece / 2; // what is free lies in pieces
        if (moved.error == ERR_CLOSED)
            break; // somebody else's places are open now
        given += moved.error == ERR_OK ? moved.value : 0;
    }
    upcall_release();
    return given;
}

long memory_join(env_t child, word_t weight, size_t guaranteed)
{
    word_t message[MESSAGE_WORDS] = {MEMORY_JOIN, child, weight, guaranteed};
    long error = memory_ask(message);

    if (error != ERR_OK)
        return error;
    error = sys_cap_mint(SLOT_SCRATCH, child, RIGHT_REVOKE | RIGHT_NOTIFY).error;
    if (error != ERR_OK)
        return error;
    error = sys_cap_grant(SLOT_SCRATCH, (env_t)machine()->init, message[1], RIGHT_REVOKE | RIGHT_NOTIFY).error;
    (void)sys_cap_drop(SLOT_SCRATCH);
    return error;
}

size_t memory_leave(env_t child)
{
    word_t message[MESSAGE_WORDS] = {MEMORY_LEAVE, child};

    return memory_ask(message) == ERR_OK ? message[1] : 0;
}

bool memory_look(size_t index, struct memory_client *client, size_t *stock)
{
    word_t message[MESSAGE_WORDS] = {MEMORY_LOOK, index};

    if (memory_ask(message) != ERR_OK)
        return false;
    *stock = message[1];
    *client = (struct memory_client){message[2], message[3], message[4], message[5], message[6], message[7]};
    return true;
}
