// SPDX-License-Identifier: BSD-2-Clause
/*
 * The other side of benchmarks that need two environments. Its argument says what it does:
 *   gate    accepts transfers, answers each with the counter's value at its protected entry
 *   yield   gives every slice it gets to its creator
 *   board   the same, and it is a scheduler
 *   back    hands back what it is given, or the rest of its slice
 *   notify  posts an event to whoever its SLOT_FREE leads to, again and again
 *   wait    waits for that event, again and again
 *   revoke  as yield, and its repossession vector has backing frames for what is taken from it
 */
#include <rivet.h>
#include <rivet/revoke.h>
#include <stdio.h>
#include <string.h>

#define PEER_EVENT (1ul << 40) // of `notify` (wake.S) and `wait`

void gate_pct(void);
void yield_forever(slot_t slot);
void hand_back(void) __attribute__((noreturn));
void notify_forever(void) __attribute__((noreturn));

static char stack[1024] __attribute__((aligned(16)));

#define BACKINGS 32

void request_handler(void);

// A run of free frames of ours; 0: there is none.
static page_t frames_find(size_t count)
{
    size_t run = 0;
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        run = frame_entry(page)->owner == self() && frame_entry(page)->kind == PAGE_FREE ? run + 1 : 0;
        if (run == count)
            return page - count + 1;
    }
    return 0;
}

static void be_asked(void)
{
    page_t frames = frames_find(BACKINGS + 1);
    word_t window = vm_window_open(1);
    while (sys_revoke_vector(frames).error == ERR_AGAIN)
        continue;
    if (window == 0 || vm_bind(0, window, frames, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
        return;
    struct repossession *vector = (struct repossession *)window;
    for (size_t i = 0; i < BACKINGS; i++) {
        while (sys_page_alloc(frames + 1 + i).error == ERR_AGAIN)
            continue;
        vector->losses[i].backing = (uint32_t)(frames + 1 + i);
    }
    SAVE_WORD(SAVE_S_BEGIN) = (word_t)request_handler;
    SAVE_WORD(0xf8) = 1; // ready (revoke.S)
    yield_forever(SLOT_FREE);
}

static void be_scheduler(void)
{
    while (sys_board_bind(frames_find(1)).error == ERR_AGAIN)
        continue;
    yield_forever(SLOT_FREE);
}

static void wait_forever(void)
{
    for (;;) {
        (void)events_take(PEER_EVENT);
        sys_slice_wait(PEER_EVENT, 0);
    }
}

int main(int argc, char **argv)
{
    upcall_hold(); // ends of slices are the kernel's business here
    if (argc == 2 && strcmp(argv[1], "gate") == 0)
        sys_pct_accept((word_t)gate_pct, (word_t)(stack + sizeof(stack)), 0);
    if (argc == 2 && strcmp(argv[1], "yield") == 0)
        yield_forever(SLOT_FREE);
    if (argc == 2 && strcmp(argv[1], "back") == 0)
        hand_back();
    if (argc == 2 && strcmp(argv[1], "notify") == 0)
        notify_forever();
    if (argc == 2 && strcmp(argv[1], "wait") == 0)
        wait_forever();
    if (argc == 2 && strcmp(argv[1], "revoke") == 0)
        be_asked();
    if (argc == 2 && strcmp(argv[1], "board") == 0)
        be_scheduler();
    fprintf(stderr, "bench_peer: started by a benchmark, with `gate`, `yield`, `board`, `back`, `notify`, `wait` or `revoke`\n");
    return 1;
}
