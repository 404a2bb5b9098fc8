// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two processes of one program, by turns: one byte, or one wake-up, there and back. Each is measured as SCHED_FIFO, where
 * whoever is woken waits until the other gives way, and as SCHED_OTHER; the lesser counts.
 *
 * pipe_rt         a byte through a pipe, and one back through another
 * pipe_64k        64 KiB through a pipe, from a process that writes them at once to one that reads until it has them
 * pipe_64k_page   the same: these pipes copy, whether or not the receiver wants pages
 * lrpc, tlrpc     a byte there and back through a pair of sockets; a server that is trusted makes no difference
 * pct_roundtrip   a counter (eventfd) raised there and back
 * shm_rt          a word of shared memory changed and woken at (futex), there and back
 */
#include "measure.h"

#define COUNT 100
#define BLOCK 65536

static int there[2], back[2]; // reading end, writing end
static volatile int *words;   // futex_rt's, shared: whose turn it is
static char block[BLOCK];

static void whole_read(int from, char *to, size_t bytes)
{
    for (long count; bytes > 0; bytes -= (size_t)count, to += count)
        count = must(linux_call(READ, from, to, bytes), "reading");
}

static void whole_write(int to, const char *from, size_t bytes)
{
    for (long count; bytes > 0; bytes -= (size_t)count, from += count)
        count = must(linux_call(WRITE, to, from, bytes), "writing");
}

static void pair_close(void)
{
    const int ends[] = {there[0], there[1], back[0], back[1]};
    for (int i = 0; i < 4; i++)
        linux_call(CLOSE, ends[i]);
}

// Measured with a partner, which is ended.
static uint64_t measure_with(long partner, operation_t operation, uint64_t count)
{
    uint64_t cost = measure(operation, count);
    process_end(partner);
    return cost;
}

static uint64_t bytes_rt(uint64_t count, size_t bytes)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        whole_write(there[1], block, bytes);
        whole_read(back[0], block, bytes);
    });
}

static uint64_t byte_rt(uint64_t count) { return bytes_rt(count, 1); }
static uint64_t counter_rt(uint64_t count) { return bytes_rt(count, sizeof(uint64_t)); }

// With a partner that gives back what it gets, of so many bytes.
static uint64_t echo_measure(operation_t operation, size_t bytes)
{
    long partner = process_fork();
    while (partner == 0) {
        whole_read(there[0], block, bytes);
        whole_write(back[1], block, bytes);
    }
    uint64_t cost = measure_with(partner, operation, COUNT);
    pair_close();
    return cost;
}

static void pipes_open(void)
{
    must(linux_call(PIPE2, there), "a pipe");
    must(linux_call(PIPE2, back), "a pipe");
}

static uint64_t pipe_rt(void)
{
    pipes_open();
    return echo_measure(byte_rt, 1);
}

static uint64_t block_read(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++)
        whole_read(back[0], block, BLOCK));
}

static uint64_t pipe_64k(void)
{
    pipes_open();
    long writer = process_fork();
    while (writer == 0)
        whole_write(back[1], block, BLOCK);
    uint64_t cost = measure_with(writer, block_read, 20);
    pair_close();
    return cost;
}

static uint64_t socket_rt(void)
{
    int ends[2];
    must(linux_call(SOCKETPAIR, AF_UNIX, SOCK_STREAM, 0, ends), "a pair of sockets");
    there[1] = back[0] = ends[0];
    there[0] = back[1] = ends[1];
    return echo_measure(byte_rt, 1);
}

static uint64_t eventfd_rt(void)
{
    there[0] = there[1] = (int)must(linux_call(EVENTFD2), "an eventfd");
    back[0] = back[1] = (int)must(linux_call(EVENTFD2), "an eventfd");
    *(uint64_t *)block = 1;
    return echo_measure(counter_rt, sizeof(uint64_t));
}

// Waits until the word is `mine`; makes it `other` and wakes whoever waits for that.
static void turn_wait(int mine, int other)
{
    while (*words != mine)
        linux_call(FUTEX, words, FUTEX_WAIT, other);
}

static void turn_give(int other)
{
    *words = other;
    linux_call(FUTEX, words, FUTEX_WAKE, 1);
}

static uint64_t word_rt(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        turn_give(1);
        turn_wait(0, 1);
    });
}

static uint64_t futex_rt(void)
{
    words = memory_map(PAGE_SIZE, MAP_SHARED);
    *words = 0;
    long partner = process_fork();
    while (partner == 0) {
        turn_wait(1, 0);
        turn_give(0);
    }
    uint64_t cost = measure_with(partner, word_rt, COUNT);
    memory_unmap((void *)words, PAGE_SIZE);
    return cost;
}

static uint64_t least(uint64_t (*cost)(void))
{
    scheduler_set(SCHED_FIFO, 1);
    uint64_t fifo = cost();
    scheduler_set(SCHED_OTHER, 0);
    uint64_t other = cost();
    return fifo < other ? fifo : other;
}

void bench_ipc(void)
{
    row("pipe_rt", least(pipe_rt));
    uint64_t block_cost = least(pipe_64k);
    row("pipe_64k", block_cost);
    row("pipe_64k_page", block_cost);
    uint64_t call_cost = least(socket_rt);
    row("lrpc", call_cost);
    row("tlrpc", call_cost);
    row("pct_roundtrip", least(eventfd_rt));
    row("shm_rt", least(futex_rt));
}
