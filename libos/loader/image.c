// SPDX-License-Identifier: BSD-2-Clause
/*
 * Putting a program into a child's address space. Its frames belong to the child from the start; while
 * the child is not started, the kernel lets its creator treat them as its own, so they are filled
 * through a window here and then bound there. No fence.i here: binding code does it, on every hart that may
 * have fetched from the child's space.
 */
#include <libos/ipc/copy.h>
#include <libos/loader/internal.h>
#include <libos/vm/frame.h>
#include <libos/vm/vm.h>

#define WINDOW_PAGES 32
#define FILLED (RIGHT_READ | RIGHT_WRITE | BIND_ACCESSED | BIND_DIRTY) // where A and D fault, it need not

struct page_run frames_move(const struct child *child, size_t most)
{
    struct page_run run = {FRAME_NONE, most < PAGE_BATCH ? most : PAGE_BATCH};

    upcall_hold();
    while (run.count > 0 && (run.first = frame_find(run.count)) == FRAME_NONE)
        run.count /= 2; // memory is in pieces: smaller ones
    sysret_t moved = {ERR_OK, 0};
    if (run.count > 0)
        moved = sys_page_move(run.first, run.count, child->env);
    upcall_release();
    run.count = moved.error == ERR_OK ? moved.value : 0;
    return run;
}

static const char *frames_alloc(struct page_run run)
{
    for (size_t i = 0; i < run.count; i++) {
        long error;
        while ((error = sys_page_alloc(run.first + i).error) == ERR_AGAIN)
            continue;
        if (error != ERR_OK)
            return "the kernel refused a frame for the program";
        (void)sys_revoke_guarantee(run.first + i, 1); // refused when the child has no guarantee
    }
    return NULL;
}

// Copy what the file holds for the pages from `done` on. Frames come cleared, so zeros need no copy.
static const char *run_fill(struct page_run run, const struct elf_segment *segment, uint64_t done,
                            const uint8_t *image)
{
    uint64_t bytes = segment->file_size > done ? segment->file_size - done : 0;
    if (bytes > run.count * PAGE_SIZE)
        bytes = run.count * PAGE_SIZE;
    if (bytes == 0)
        return NULL;

    word_t window = vm_window_open(run.count);
    if (!window || vm_bind(0, window, run.first, run.count, FILLED) != ERR_OK)
        return "the program's frames could not be mapped to be filled";
    bytes_copy((uint8_t *)window, image + segment->offset + done, bytes);
    vm_window_close(window, run.count);
    return NULL;
}

static const char *segment_load(const struct child *child, const struct elf_segment *segment,
                                const uint8_t *image)
{
    uint64_t done = 0;

    while (done < segment->size) {
        size_t pages = (segment->size - done + PAGE_SIZE - 1) / PAGE_SIZE;
        struct page_run run = frames_move(child, pages < WINDOW_PAGES ? pages : WINDOW_PAGES);
        if (run.count == 0)
            return "there are not enough free frames for the program";
        const char *why = frames_alloc(run);
        if (!why)
            why = run_fill(run, segment, done, image);
        if (why)
            return why;
        word_t flags = BIND_ACCESSED | (segment->rights & RIGHT_WRITE ? BIND_DIRTY : 0);
        word_t rights = segment->rights | flags;
        if (vm_bind(child->space, segment->address + done, run.first, run.count, rights) != ERR_OK)
            return "the program could not be mapped into its space";
        done += run.count * PAGE_SIZE;
    }
    return NULL;
}

const char *image_load(const struct child *child, const struct elf_plan *plan, const uint8_t *image)
{
    for (size_t i = 0; i < plan->count; i++) {
        const char *why = segment_load(child, &plan->segments[i], image);
        if (why)
            return why;
    }
    return NULL;
}
