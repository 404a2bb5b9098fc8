// SPDX-License-Identifier: BSD-2-Clause
// How the figures are taken; see measure.h.

#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

word_t stretch_call(const word_t arguments[6], word_t number, sysret_t *answer);
word_t stretch_call_jump(const word_t arguments[6], word_t number, sysret_t *answer);

static word_t longest;
bool bench_counts, bench_paths;
const char *bench_suffix = "";
static word_t fences, satps; // of the operation counted last
static word_t operations;    // counted so far

void bench_start(int argc, char **argv)
{
    bench_counts = argc == 2 && strcmp(argv[1], "counts") == 0;
    bench_paths = argc == 2 && strcmp(argv[1], "paths") == 0;
    if (bench_counts && machine()->satp_writes == 0) {
        fprintf(stderr, "bench: this kernel does not count fences\n");
        exit(1);
    }
}

void row(const char *name, word_t value)
{
    if (!bench_counts && !bench_paths)
        printf("%s%s\t%lu\n", name, bench_suffix, value);
}

void row_fences(const char *name, word_t times)
{
    if (bench_counts)
        printf("fences_%s\t%lu\nsatp_%s\t%lu\n", name, fences / times, name, satps / times);
    if (bench_paths)
        printf("path_%s%s\t%lu\ntimes_%s%s\t%lu\n", name, bench_suffix, operations, name, bench_suffix, times);
}

void row_counted(const char *name, word_t value, word_t times)
{
    row(name, value);
    row_fences(name, times);
}

void row_pages(const char *name, word_t value, word_t pages)
{
    if (!bench_counts && !bench_paths)
        printf("%s%s\t%lu.%02lu\n", name, bench_suffix, value / pages, value % pages * 100 / pages);
}

// Never inline: whoever traces a program knows them by their addresses.
__attribute__((noinline)) void count_begin(void)
{
    fences = *(volatile const uint64_t *)&machine()->fences;
    satps = *(volatile const uint64_t *)&machine()->satp_writes;
}

__attribute__((noinline)) void count_end(void)
{
    fences = *(volatile const uint64_t *)&machine()->fences - fences;
    satps = *(volatile const uint64_t *)&machine()->satp_writes - satps;
    operations++;
}

word_t measure_call(word_t number, const word_t arguments[6], sysret_t *answer)
{
    sysret_t ignored;
    word_t program = stretch_call_jump(arguments, number, &ignored);
    word_t kernel = COUNTED(stretch_call(arguments, number, answer)) - program;
    if (kernel > longest)
        longest = kernel;
    return kernel;
}

word_t measure_longest(void)
{
    return longest;
}

void must(sysret_t answer, const char *what)
{
    if (answer.error == ERR_OK)
        return;
    fprintf(stderr, "bench: %s was refused: %s\n", what, error_text(answer.error));
    exit(1);
}

struct child *peer_start(const char *role)
{
    static struct child peer;
    const char *const arguments[] = {"bench_peer", role};
    const char *why = child_build(&peer, &(struct child_options){.program = "bench_peer", .argc = 2, .argv = arguments});
    if (why == NULL) {
        must(sys_cap_mint(SLOT_FREE, self(), RIGHT_YIELD | RIGHT_NOTIFY), "a capability to ourselves");
        must((sysret_t){child_grant(&peer, SLOT_FREE, SLOT_FREE, RIGHT_YIELD | RIGHT_NOTIFY), 0}, "a grant to the partner");
        must(sys_cap_drop(SLOT_FREE), "dropping it");
        why = child_start(&peer);
    }
    if (why != NULL) {
        fprintf(stderr, "bench: the partner cannot be started: %s\n", why);
        exit(1);
    }
    return &peer;
}

void peer_end(struct child *peer)
{
    child_kill(peer);
    child_reap(peer);
}
