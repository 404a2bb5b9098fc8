// SPDX-License-Identifier: BSD-2-Clause
/*
 * How the figures are taken. rdinstret counts instructions in every mode; under -icount shift=0 it is exact. Each
 * measurement runs a path between two readings, and once more with the trap replaced by a jump; the difference is
 * what the kernel executed. Each is repeated until caches of the kernel's making (a leaf, a hart's first run of a
 * space) are warm, and the least is taken.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <rivet.h>
#include <rivet/board.h>

#define REPEAT 8

static inline word_t instructions_now(void)
{
    word_t now;
    __asm__ volatile("rdinstret %0" : "=r"(now) : : "memory");
    return now;
}

static inline word_t least_of(word_t one, word_t other) { return one < other ? one : other; }

/*
 * One row on standard output. When the program was started with the argument `counts`, on a kernel that counts them,
 * rows are what instruction counts do not show: fences_NAME and satp_NAME, the sfence.vma and writes of satp of the
 * operation that was COUNTED last, divided among `times` operations; rows without them are left out. With the argument `paths`
 * somebody traces what the hart executes between count_begin and count_end: rows are path_NAME, which one of all COUNTED
 * operations is the row's, and times_NAME; what counts nothing may be left out.
 */
extern bool bench_counts, bench_paths;
extern const char *bench_suffix; // behind each name
void bench_start(int argc, char **argv); // looks for these arguments
void row(const char *name, word_t value);
void row_pages(const char *name, word_t value, word_t pages); // value / pages, with two decimals
void row_fences(const char *name, word_t times);               // only fences and writes of satp
void row_counted(const char *name, word_t value, word_t times); // row and row_fences
void count_begin(void);
void count_end(void);
#define COUNTED(expression) ({ count_begin(); __auto_type counted_ = (expression); count_end(); counted_; })

/*
 * Kernel instructions of one call with these arguments; the answer in *answer. Not for calls that give up the
 * hart. The greatest of all calls measured is kept (measure_longest).
 */
word_t measure_call(word_t number, const word_t arguments[6], sysret_t *answer);
#define MEASURE(call, answer, ...) measure_call(CALL_##call, (const word_t[6]){__VA_ARGS__}, answer)
word_t measure_longest(void);
// Ends the program when a call that a benchmark needs was refused.
void must(sysret_t answer, const char *what);

// A program of the bundle beside this one that does what a benchmark needs of a partner (bench/peer.c).
struct child *peer_start(const char *role);
void peer_end(struct child *peer);
/*
 * The same for a child on our board, at `index`, that has no slices: we have the right to donate to it in `slot`. In its SLOT_FREE
 * is the right to notify `other`, 0: nobody.
 */
void peer_schedule(struct child *peer, const char *role, word_t index, slot_t slot, env_t other);
const volatile struct board_entry *bench_board(void); // ... which is mapped

// Each prints its rows.
void bench_call(void);
void bench_exception(void);
void bench_cause(void);
void bench_page(void);
void bench_cap(void);
void bench_pct(void);
void bench_stlb(void);
void bench_slice(void);
void bench_irq(void);
void bench_limits(void);
void bench_decide(void);
void bench_time(void);
void bench_switch(void);
void bench_wake(void);

#endif
