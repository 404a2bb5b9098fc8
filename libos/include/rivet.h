// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one header of an application: the kernel's own lists (<rivet/...>), then the library OS room by room,
 * lowest first. Nothing in the library is privileged; a program may replace any room at link time, or use
 * none of them (apps/bare.c).
 */
#ifndef RIVET_RIVET_H
#define RIVET_RIVET_H

#include <rivet/cap.h>
#include <rivet/env.h>
#include <rivet/layout.h>
#include <rivet/machine.h>
#include <rivet/page.h>
#include <rivet/revoke.h>
#include <rivet/stlb.h>
#include <rivet/types.h>

// clang-format off
#include <libos/sys/sys.h>         // system calls, tables, time
#include <libos/start/start.h>     // start information, exception and interrupt upcalls
#include <libos/vm/frame.h>        // frames of one's own
#include <libos/vm/vm.h>           // address space, heap, stacks
#include <libos/vm/cache.h>        // a cache of mappings
#include <libos/vm/replace.h>      // replacement policies
#include <libos/vm/pager.h>        // where pages come from and go to
#include <libos/vm/region.h>       // regions with pagers
#include <libos/vm/revoke.h>       // requests for what this program has
#include <libos/ipc/ipc.h>         // protected control transfer, events
#include <libos/share/memory.h>    // more frames, from whoever divides them
#include <libos/loader/bundle.h>   // files the machine was booted with
#include <libos/loader/child.h>    // programs started by this one
#include <libos/ipc/link.h>        // memory between environments
#include <libos/ipc/pipe.h>        // streams of bytes
#include <libos/ipc/notice.h>      // notification words
#include <libos/ipc/give.h>        // pages that move
#include <libos/ipc/stream.h>      // bytes in pages that move, or are copied
#include <libos/ipc/lrpc.h>        // calls of functions in another environment
#include <libos/sched/sched.h>     // scheduler policies
#include <libos/thread/thread.h>   // threads
#include <libos/scheduler/scheduler.h> // environments scheduled by this program
#include <libos/console/console.h> // the console environment's clients
// clang-format on

#endif
