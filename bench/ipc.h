// SPDX-License-Identifier: BSD-2-Clause
// The group `ipc`: each file prints its rows, and has the partner's side of them.
#ifndef BENCH_IPC_H
#define BENCH_IPC_H

#include "measure.h"

// This program once more, in the role of that name, linked with us (there it is link 0) and started.
struct child *partner_start(const char *role, struct link *link, size_t out, size_t in);

void bench_pipe(void);
void partner_pipe(struct link *link);
void partner_stream(struct link *link);
void bench_shm(void);
void partner_shm(struct link *link);
void bench_lrpc(void);
void bench_give(void);
void partner_give(struct link *link);
void partner_serve(struct link *link);
void partner_serve_trusting(struct link *link);

#endif
