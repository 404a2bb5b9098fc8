// SPDX-License-Identifier: BSD-2-Clause
/*
 * The group `stride`: Figure 3 of the exokernel paper, a stride scheduler that is a program like any other. It has three
 * environments with 3, 2 and 1 tickets on its board, and gives a quantum of its own time at a time to the one whose pass is
 * least; that is all of it (schedule_one), and the kernel knows of no ticket. The environments only count.
 *
 * stride_T_Q        how far the one with T tickets has counted after Q quanta, in thousands
 * stride_permille   the greatest distance of any of them from its ideal share, at any time, in thousandths of a quantum
 * fences_stride_quantum, satp_stride_quantum   from the choice to the end of the quantum
 */
#include "measure.h"

#include <libos/scheduler/scheduler.h>
#include <stdio.h>
#include <string.h>

#define TASKS      3
#define QUANTA     100
#define SHOWN      10
#define QUANTUM_US 500
#define STRIDE     (1 << 20) // of one ticket: divided among several
#define STACK      1024

static struct task {
    word_t tickets, pass;
    env_t env;
} tasks[TASKS] = {{.tickets = 3}, {.tickets = 2}, {.tickets = 1}};

static volatile word_t counts[TASKS];
static char stacks[TASKS][STACK] __attribute__((aligned(16)));
static const volatile struct board_entry *board;
static word_t error_most; // in thousandths of a quantum

static void count_up(word_t id)
{
    for (;;)
        counts[id]++;
}

// The least pass runs for a quantum. Of equal ones the first does.
static word_t schedule_one(void)
{
    word_t least = 0;
    for (word_t i = 1; i < TASKS; i++)
        if (tasks[i].pass < tasks[least].pass)
            least = i;
    tasks[least].pass += STRIDE / tasks[least].tickets;
    sys_slice_yield(); // a fresh slice, of which the quantum is a part
    sysret_t answer = sys_slice_donate(SLOT_FREE + least, time_now() + time_from_us(QUANTUM_US), 0, board[least + 1].word);
    must((sysret_t){answer.error == ERR_OK && answer.value == DONATE_USED ? ERR_OK : ERR_STATE, 0}, "a quantum");
    return least;
}

static void board_make(void)
{
    page_t page = frame_find(1);
    word_t window = vm_window_open(1);
    sysret_t answer;
    while ((answer = sys_board_bind(page)).error == ERR_AGAIN)
        continue;
    must(answer, "a board");
    must((sysret_t){window == 0 ? ERR_FULL : vm_bind(0, window, page, 1, RIGHT_READ), 0}, "mapping it");
    board = (const volatile struct board_entry *)window;
}

static void tasks_make(void)
{
    for (word_t i = 0; i < TASKS; i++) {
        tasks[i].env = worker_create(count_up, i, (word_t)stacks[i] + STACK);
        must((sysret_t){tasks[i].env ? ERR_OK : ERR_FULL, 0}, "an environment");
        must(sys_cap_mint(SLOT_FREE + i, tasks[i].env, RIGHT_YIELD), "a capability to it");
        must(sys_board_join(tasks[i].env, CAP_NONE, i + 1), "a place on the board");
        must(sys_env_start(tasks[i].env), "starting it");
    }
}

// Each one's ideal is its part of all that was counted. `quanta`: so many have been.
static void errors_note(word_t quanta)
{
    word_t all = counts[0] + counts[1] + counts[2], tickets = tasks[0].tickets + tasks[1].tickets + tasks[2].tickets;
    for (word_t i = 0; i < TASKS; i++) {
        word_t ideal = all * tasks[i].tickets / tickets;
        word_t error = (counts[i] > ideal ? counts[i] - ideal : ideal - counts[i]) * 1000 * quanta / all;
        error_most = error > error_most ? error : error_most;
    }
}

static void counts_show(word_t quanta)
{
    for (word_t i = 0; i < TASKS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "stride_%lu_%lu", tasks[i].tickets, quanta);
        row(name, counts[i] / 1000);
    }
}

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    memset(stacks, 0, sizeof(stacks)); // an environment without a library brings no page
    upcall_hold();
    board_make();
    tasks_make();
    for (word_t quanta = 1; quanta <= QUANTA; quanta++) {
        (void)COUNTED(schedule_one());
        errors_note(quanta);
        if (quanta % SHOWN == 0)
            counts_show(quanta);
    }
    row("stride_permille", error_most);
    row_fences("stride_quantum", 1);
    for (word_t i = 0; i < TASKS; i++) {
        while (sys_env_stop(tasks[i].env).error == ERR_AGAIN)
            continue;
        worker_destroy(tasks[i].env);
    }
    upcall_release();
    return 0;
}
