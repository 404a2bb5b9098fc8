// SPDX-License-Identifier: BSD-2-Clause
/*
 * The group `ipc`: what the library's ways to talk to another environment cost, with all that both programs and the
 * kernel do. The paper's table of them has pipes, shared memory with directed yields, and RPC with (lrpc) and without
 * (tlrpc) the registers that a function keeps being saved. The partner is this program again, started with its role
 * as argument.
 */
#include "ipc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(struct link *link);
} roles[] = {{"pipe", partner_pipe}, {"stream", partner_stream}, {"shm", partner_shm},
           {"give", partner_give}, {"serve", partner_serve}, {"serve_trusting", partner_serve_trusting}};

static void end_for(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

struct child *partner_start(const char *role, struct link *link, size_t out, size_t in)
{
    static struct child partner;
    const char *const arguments[] = {"bench_ipc", role};
    const char *why = child_build(&partner, &(struct child_options){.program = "bench_ipc", .argc = 2, .argv = arguments});

    if (why != NULL)
        end_for("the partner cannot be started", why);
    long error = link_child(link, &partner, 0, out, in);
    if (error != ERR_OK)
        end_for("no link to the partner", error_text(error));
    if ((why = child_start(&partner)) != NULL)
        end_for("the partner cannot be started", why);
    return &partner;
}

int main(int argc, char **argv)
{
    struct link link;

    for (size_t i = 0; argc == 2 && i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(argv[1], roles[i].name) == 0 && link_open(&link, 0) == ERR_OK) {
            upcall_hold(); // ends of slices are the kernel's business here
            roles[i].run(&link);
            return 1;
        }
    bench_start(argc, argv);
    bench_pipe();
    bench_shm();
    bench_lrpc();
    bench_give();
    return 0;
}
