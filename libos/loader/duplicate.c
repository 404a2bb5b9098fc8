// SPDX-License-Identifier: BSD-2-Clause
/*
 * A child that is this program once more, by copy on write.
 *
 * It is made on the interrupt stack with upcalls held, by upcall_enter, which leaves the caller's registers in the running
 * thread's frame; the child begins by loading that frame. So everything that this file writes while pages lose W lies in
 * the library's own data, which is bound before and after and never copied on write:
 *
 *     the library's data, stacks of upcalls, memory of the structure     copied for the child at once
 *     code, constants                                                     the same frames, read-only for ever
 *     the program's data, heap, stacks, regions                           VM_COPY on both sides
 */
#include <libos/ipc/copy.h>
#include <libos/loader/internal.h>
#include <libos/start/internal.h>
#include <libos/start/program.h>
#include <libos/thread/internal.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <string.h>

// From the linker script.
extern char data_first[], library_first[], library_end[], data_end[], image_end[];
#define IMAGE_FIRST 0x10000ul

static struct {
    struct child child;
    struct child_options options;
    const char *why;
    bool is_child;
    bool data_known; // the program's data is in the structure
    word_t floats[33];
} duplicate;

static const char *const no_frames = "there are not enough free frames for a copy of the program";

// A page of ours, copied into a frame of the child's at the same address.
static const char *page_give_copy(word_t address, word_t rights)
{
    const struct child *child = &duplicate.child;
    struct page_run run = frames_move(child, 1);
    word_t window = vm_window_open(1);
    const char *why = no_frames;

    if (run.count == 1 && window) {
        while (sys_page_alloc(run.first).error == ERR_AGAIN)
            continue;
        if (vm_bind(0, window, run.first, 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK) {
            bytes_copy((uint8_t *)window, (const uint8_t *)address, PAGE_SIZE);
            if (vm_bind(child->space, address, run.first, 1, rights) == ERR_OK)
                why = NULL;
        }
    }
    if (window)
        vm_window_close(window, 1);
    return why;
}

static const char *pages_give_copies(word_t first, word_t end)
{
    const char *why = NULL;
    for (word_t address = first; address < end && !why; address += PAGE_SIZE)
        if (vm_pte(address))
            why = page_give_copy(address, vm_pte_rights(vm_pte(address)));
    return why;
}

// Code and constants: the same frames when they are ours, copies when we are a duplicate ourselves.
static const char *pages_share(word_t first, word_t end)
{
    const char *why = NULL;
    for (word_t address = first; address < end && !why; address += PAGE_SIZE) {
        word_t pte = vm_pte(address);
        if (pte == 0)
            continue;
        long error = vm_bind(duplicate.child.space, address, vm_pte_page(pte), 1, vm_pte_rights(pte));
        if (error == ERR_PERM)
            why = page_give_copy(address, vm_pte_rights(pte));
        else if (error != ERR_OK)
            why = no_frames;
    }
    return why;
}

// The loader mapped the program's data, so the structure does not know it yet.
static bool data_learn(word_t first, word_t end)
{
    for (word_t address = first; address < end; address += PAGE_SIZE) {
        struct vm_mapping mapping = {vm_pte_page(vm_pte(address)), RIGHT_READ | RIGHT_WRITE, 0};
        if (mapping.page && !vm_structure.insert(address, mapping_pack(mapping)))
            return false;
    }
    return true;
}

static bool is_shared(word_t address, struct vm_mapping mapping)
{
    return !(mapping.flags & VM_KEEP) && !vm_cache_holds(address);
}

// From here on the structure says of every page that it is to be copied. The kernel's tables follow.
static const char *copies_mark(void)
{
    for (word_t address = 0; (address = vm_structure.next(address)) < STRUCTURE_END; address += PAGE_SIZE) {
        struct vm_mapping mapping = mapping_unpack(vm_structure.find(address));
        if (!is_shared(address, mapping))
            continue;
        // What we have from our own parent becomes ours first: only its owner can give it on.
        bool foreign = mapping.flags & VM_COPY && frame_entry(mapping.page)->owner != self();
        if (foreign && !vm_copy(address, mapping.rights))
            return no_frames;
        mapping = mapping_unpack(vm_structure.find(address));
        vm_copies += mapping.flags & VM_COPY ? 0 : 1;
        vm_left_add(mapping.page);
        mapping.flags |= VM_COPY;
        vm_structure.insert(address, mapping_pack(mapping));
    }
    return NULL;
}

// Take W from our bindings, a run at a time, and bind the frames in the child.
static const char *copies_bind(void)
{
    for (word_t address = 0; (address = vm_structure.next(address)) < STRUCTURE_END; address += PAGE_SIZE) {
        struct vm_mapping mapping = mapping_unpack(vm_structure.find(address));
        word_t rights = vm_rights_bound(mapping);
        if (!is_shared(address, mapping))
            continue;
        sys_pte_protect(0, address, 1, rights); // refused when it is not bound: then it will be bound as it should
        if (rights & RIGHT_READ && vm_bind(duplicate.child.space, address, mapping.page, 1, rights) != ERR_OK)
            return no_frames;
    }
    return NULL;
}

// The child's first steps, on its interrupt stack, with upcalls held and exceptions open.
static _Noreturn void child_begin(void)
{
    struct trap_frame *frame = (struct trap_frame *)SAVE_WORD(UPCALL_I_FRAME);

    (void)sys_cap_mint(SLOT_SELF, self(), RIGHTS_ENV);
    frame_cursor = 0;
    window_forget_all();
    vm_left_forget();
    cache_forget();
    zeros_forget();
    if (upcall_float_used) {
        sys_env_float(1);
        float_restore(duplicate.floats);
    }
    if (!vm_left_begin())
        program_exit(CRASH_STATUS); // not even one frame
    if (thread_hooks)
        thread_hooks->unusual();
    frame_touch(frame);
    upcall_resume(frame);
}

// The child's save area: what start-up and the loader would have put there.
static const char *save_fill(page_t frames_first)
{
    const struct child *child = &duplicate.child;
    word_t window = vm_window_open(1);
    const char *why = no_frames;

    if (window && vm_bind(child->space, SAVE_ADDRESS, child->env + 1, 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK &&
        vm_bind(0, window, child->env + 1, 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK) {
        struct start_info *info = (struct start_info *)(window + SAVE_OWN);
        memcpy((void *)(window + SAVE_ROOM), (const void *)(SAVE_ADDRESS + SAVE_ROOM), SAVE_F_PC - SAVE_ROOM);
        *info = *start_info();
        info->frames_first = frames_first;
        info->bundle = info->bundle_size = 0;
        *(word_t *)(window + SAVE_X_HANDLER) = (word_t)x_entry;
        why = NULL;
    }
    if (window)
        vm_window_close(window, 1);
    sys_env_set(child->env, ENV_PC, (word_t)child_begin);
    sys_env_set(child->env, ENV_SP, SAVE_WORD(UPCALL_I_LAST));
    return why;
}

// The library's data goes last: what the child finds in it is what is true now.
static const char *memory_duplicate(void)
{
    const char *why;

    if ((why = copies_mark()) || (why = copies_bind()) ||
        (why = pages_share(IMAGE_FIRST, (word_t)data_first)) ||
        (why = pages_share((word_t)data_end, (word_t)image_end)) ||
        (why = pages_give_copies(VM_NODES, VM_WINDOWS)))
        return why;
    duplicate.is_child = true;
    why = pages_give_copies((word_t)library_first, (word_t)library_end);
    duplicate.is_child = false;
    return why;
}

static const char *build(void)
{
    struct child *child = &duplicate.child;
    page_t frames_first;
    const char *why;

    pool_drain(); // no frame of ours is bound twice behind the structure's back
    if (!vm_left_begin())
        return no_frames;
    if (!duplicate.data_known && !(data_learn((word_t)data_first, (word_t)library_first) &&
                                   data_learn((word_t)library_end, (word_t)data_end)))
        return no_frames;
    duplicate.data_known = true;
    if ((why = space_make(child)) || (why = env_make(child)))
        return why;
    label_set(child, program_argument(0));
    size_t frames = duplicate.options.frames ? duplicate.options.frames : CHILD_FRAMES;
    share_settle(child, &duplicate.options, 0, frames);
    if ((why = frames_give(child, frames, &frames_first)) ||
        (why = memory_duplicate()) || (why = save_fill(frames_first)))
        return why;
    slots_grant(child);
    return child_start(child);
}

static struct trap_frame *duplicate_serve(struct trap_frame *frame)
{
    struct child *child = &duplicate.child;

    if (upcall_float_used)
        float_save(duplicate.floats);
    *child = (struct child){.harts = duplicate.options.harts, .slices = duplicate.options.slices ? duplicate.options.slices : 1};
    child->state = CHILD_BUILT;
    duplicate.why = build();
    if (thread_hooks)
        thread_hooks->unusual(); // frames of threads may be copied when they are written to
    if (duplicate.why)
        child_reap(child); // what is marked VM_COPY has one user again, and is not copied
    frame_touch(frame);
    return frame;
}

env_t vm_duplicate(struct child *child, const struct child_options *options, const char **why)
{
    upcall_hold();
    if (SAVE_WORD(UPCALL_HOLD) != 1) {
        upcall_release();
        *why = "a program cannot be duplicated while upcalls are held";
        return 0;
    }
    duplicate.options = options ? *options : (struct child_options){0};
    upcall_enter(duplicate_serve);
    if (duplicate.is_child)
        return 0;
    *why = duplicate.why;
    *child = duplicate.child;
    return duplicate.why ? 0 : child->env;
}
