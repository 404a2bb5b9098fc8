// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs started by this one. Everything a child has is handed to it by its parent, out of the
 * parent's own: frames, slices, capabilities. What it has when it ends comes back.
 *
 *     child_build(&child, &options)     space, environment, program loaded, capabilities granted
 *     ... whatever else it shall have: page_give, irq_give, child_grant ...
 *     child_start(&child)               slices handed over, runs
 *     child_wait(&child)                until it ended: its status
 *     child_reap(&child)                takes everything back (child_kill before it, when it runs)
 */
#ifndef LIBOS_CHILD_H
#define LIBOS_CHILD_H

#include <libos/loader/bundle.h>
#include <libos/start/start.h>

#define CHILD_FRAMES      1024         // what a child gets when nothing is said: 4 MiB
#define CHILD_FRAMES_ALL  (~(size_t)0) // all we can spare, but for CHILD_FRAMES_KEPT of our own
#define CHILD_FRAMES_KEPT 128
#define CHILD_ALONE       (~(word_t)0)

struct child_options {
    const char *program; // its name in our bundle
    int argc;            // arguments with the program's name as first; 0: only that
    const char *const *argv;
    const uint8_t *image; // the ELF file when it is not in the bundle; else NULL
    size_t image_size;
    size_t frames; // free frames it gets beyond its program; 0: CHILD_FRAMES, or CHILD_FRAMES_ALL
    word_t harts;  // bit h: give it slices on hart h; 0: on every hart where we have more than one
    size_t slices; // how many on each; 0: one
    bool bundle;   // hand our bundle over with its contents: it is gone for us
    size_t keep;   // with CHILD_FRAMES_ALL: free frames we keep besides
    /*
     * Its part in the machine's memory (share/memory.h): by weight it can get more than it was given, and asked to give
     * some back. 0: SHARE_DEFAULT. CHILD_ALONE: it has what it was given, and can ask nobody for more.
     */
    word_t weight;
    size_t guaranteed; // frames besides its program that it may mark so that no abort takes them; 0: a quarter
};

enum child_state { CHILD_NONE, CHILD_BUILT, CHILD_RUNNING };

struct child {
    enum child_state state;
    env_t env;
    space_t space;
    word_t harts;
    size_t slices;
    bool client; // of the memory service
    size_t guaranteed;
    char label[9];
};

// NULL when it worked, else a sentence that says why not; then nothing of ours is missing.
const char *child_build(struct child *child, const struct child_options *options);
const char *child_start(struct child *child);

// Copy the capability in our slot into the child's slot `to` with these rights, before it starts.
long child_grant(const struct child *child, slot_t slot, slot_t to, word_t rights);

// True when it has ended; then *status is its exit status (128 + 11 after a fault, 128 + 9 when stopped).
bool child_ended(const struct child *child, int *status);

// Wait until it has ended: its status.
int child_wait(const struct child *child);

/*
 * The last words of a child that could not speak for itself: a fault found its exception slot closed, and the
 * kernel left its registers in the save area. Nothing for one that ended otherwise.
 */
void child_report(const struct child *child);

// Stop it. It has ended then.
void child_kill(const struct child *child);

// Take everything back from an ended or unstarted child.
void child_reap(struct child *child);

// All of it: build, start. NULL or a sentence.
const char *child_spawn(struct child *child, const struct child_options *options);

/*
 * A child that is this program once more: the same memory, copied page by page when either side writes to it. It goes
 * on where this function returns: 0 there, the environment here, and 0 with a sentence in *why when it did not work.
 * Of the options frames, harts and slices count. The child is waited for and reaped like any.
 *
 * The child has our program, data, heap, stacks and regions, all our threads, the handlers of exceptions and events, and
 * the slots that every child has. It does not have: other capabilities, a bundle, windows, a cache of mappings, frames
 * that are not ours, pages that are to be kept (VM_KEEP). Until it writes to it, a page is our frame, so it must not
 * outlive us. Not while upcalls are held.
 */
env_t vm_duplicate(struct child *child, const struct child_options *options, const char **why);

// A child as a scheduler sees it (env_info): state, ticks used.
enum env_state child_env_state(const struct child *child);
// It schedules others and runs none of them (rivet/board.h); it comes with the event CHILD.
bool child_stalled(const struct child *child);

#endif
