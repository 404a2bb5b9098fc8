// SPDX-License-Identifier: BSD-2-Clause
/*
 * Building a child, and taking it apart. Whatever fails on the way, child_reap returns what was handed
 * out so far: the kernel's destruction gives frames and slices back to the creator, so no list of them
 * is kept here.
 *
 * What a child costs its parent beyond its own frames: root and record of the space, record, save area
 * and capabilities of the environment, and the page tables.
 */
#include <libos/ipc/ipc.h>
#include <libos/loader/internal.h>
#include <libos/share/memory.h>
#include <libos/vm/frame.h>
#include <libos/vm/internal.h>
#include <string.h>
#include <rivet/board.h>

#define SAVE_RIGHTS (RIGHT_READ | RIGHT_WRITE | BIND_ACCESSED | BIND_DIRTY)
#define OVERHEAD       32 // frames a child costs its parent, generously
#define GUARANTEED_PART 4 // of its frames one in so many
#define WAIT_PIECE_US  100000
#define STATUS_FAULTED 139
#define STATUS_STOPPED 137

const char *space_make(struct child *child)
{
    upcall_hold();
    page_t pages = frame_find(2);
    long error = ERR_NOENT;
    while (pages != FRAME_NONE && (error = sys_space_create(pages, pages + 1).error) == ERR_AGAIN)
        continue;
    upcall_release();
    child->space = error == ERR_OK ? pages : 0;
    return error == ERR_OK ? NULL : "no frames are left for an address space";
}

const char *env_make(struct child *child)
{
    upcall_hold();
    page_t pages = frame_find(3); // record, save area, capabilities
    long error = ERR_NOENT;
    while (pages != FRAME_NONE && (error = sys_env_create(pages, pages + 2, child->space).error) == ERR_AGAIN)
        continue;
    upcall_release();
    child->env = error == ERR_OK ? pages : 0;
    return error == ERR_OK ? NULL : "no frames are left for an environment";
}

const char *frames_give(const struct child *child, size_t frames, page_t *first)
{
    *first = 0;
    while (frames > 0) {
        struct page_run run = frames_move(child, frames);
        if (run.count == 0)
            return "there are not enough free frames to give";
        if (*first == 0)
            *first = run.first;
        frames -= run.count;
    }
    return NULL;
}

static const char *strings_fill(struct start_info *info, const struct child_options *options)
{
    size_t used = 0;
    const char *const *argv = options->argc > 0 ? options->argv : &options->program;

    info->argc = options->argc > 0 ? options->argc : 1;
    for (word_t i = 0; i < info->argc; i++) {
        size_t size = strlen(argv[i]) + 1;
        if (size > START_STRINGS - used)
            return "the arguments are longer than 2048 bytes together";
        memcpy(info->strings + used, argv[i], size);
        used += size;
    }
    return NULL;
}

// The save area: bound in the child's space, and filled with what the child finds when it starts.
static const char *info_fill(const struct child *child, const struct child_options *options,
                             page_t frames_first)
{
    const char *why = NULL;
    word_t window = vm_window_open(1);
    struct start_info *info = (struct start_info *)(window + SAVE_OWN);

    if (!window ||
        vm_bind(child->space, SAVE_ADDRESS, child->env + 1, 1, SAVE_RIGHTS) != ERR_OK ||
        vm_bind(0, window, child->env + 1, 1, RIGHT_READ | RIGHT_WRITE) != ERR_OK) {
        why = "the child's save area could not be mapped";
    } else {
        why = strings_fill(info, options);
        info->magic = START_MAGIC;
        info->console = start_info()->console;
        info->frames_first = frames_first;
        info->bundle = options->bundle ? start_info()->bundle : 0;
        info->bundle_size = options->bundle ? start_info()->bundle_size : 0;
    }
    if (window)
        vm_window_close(window, 1);
    return why;
}

static const char *bundle_give(const struct child *child)
{
    struct page_run pages = bundle_pages();

    bundle_forget();
    for (size_t i = 0; i < pages.count; i++) {
        if (sys_page_give(pages.first + i, 1, child->env).error != ERR_OK)
            return "the bundle's frames could not be given";
        (void)sys_revoke_guarantee(pages.first + i, 1); // refused when it has no guarantee
    }
    start_info()->bundle_size = 0;
    return NULL;
}

void label_set(struct child *child, const char *program)
{
    const char *slash = strrchr(program, '/');
    word_t label = 0;

    strncpy(child->label, slash ? slash + 1 : program, sizeof(child->label) - 1);
    child->label[sizeof(child->label) - 1] = 0;
    memcpy(&label, child->label, strlen(child->label));
    sys_env_set(child->env, ENV_LABEL, label);
}

// The image and its plan; NULL or a sentence. Nothing is made yet.
static const char *image_find(const struct child_options *options, const uint8_t **image,
                              struct elf_plan *plan)
{
    const char *why;
    struct bundle_file file = {.bytes = options->image, .size = options->image_size};

    if (!options->image) {
        const struct bundle *bundle = bundle_own(&why);
        if (!bundle || !bundle_find(bundle, options->program, &file, &why))
            return why;
    }
    *image = file.bytes;
    return elf_read(file.bytes, file.size, plan);
}

/*
 * How many frames the child gets beyond its program; 0 when ours do not suffice, and we can get no more. What it costs us
 * besides stays within CHILD_FRAMES_KEPT or OVERHEAD.
 */
static size_t frames_plan(const struct child_options *options, const struct elf_plan *plan)
{
    size_t wanted = options->frames ? options->frames : CHILD_FRAMES;
    size_t needed = wanted < machine()->ram_count ? wanted + plan->pages + OVERHEAD : machine()->ram_count;
    size_t free = frame_count_some(needed);

    if (wanted < machine()->ram_count)
        while (free < needed && memory_want(needed - free < MEMORY_WANT_MAX ? needed - free : MEMORY_WANT_MAX))
            free = frame_count_some(needed);

    if (wanted == CHILD_FRAMES_ALL) {
        size_t kept = plan->pages + CHILD_FRAMES_KEPT + options->keep;
        return free > kept ? free - kept : 0;
    }
    return wanted <= free && free - wanted >= plan->pages + OVERHEAD ? wanted : 0;
}

void slots_grant(const struct child *child)
{
    (void)child_grant(child, SLOT_CONSOLE, SLOT_CONSOLE, RIGHT_CALL); // no console yet: the child has none
    (void)child_grant(child, SLOT_SELF, SLOT_PARENT, RIGHT_NOTIFY);
}

/*
 * Its part in the machine's memory, before it has any of it. Guaranteed are its program and the bundle, which the loader
 * marks, and a part of its other frames, which it marks itself. Without a service, or when that has no room, it has what
 * we give it; when its guarantee would be more than ours it has none.
 */
void share_settle(struct child *child, const struct child_options *options, size_t pages, size_t frames)
{
    word_t weight = options->weight ? options->weight : SHARE_DEFAULT;
    size_t more = options->guaranteed ? options->guaranteed : frames / GUARANTEED_PART;

    child->guaranteed = pages + (options->bundle ? bundle_pages().count : 0) + more;
    if (weight != CHILD_ALONE) {
        long error = memory_join(child->env, weight, child->guaranteed);
        if (error == ERR_FULL)
            error = memory_join(child->env, weight, child->guaranteed = 0);
        child->client = error == ERR_OK;
        (void)child_grant(child, SLOT_MEMORY, SLOT_MEMORY, RIGHT_CALL); // no service: the child has none
    }
    (void)sys_env_set(child->env, ENV_GUARANTEED, child->guaranteed);
}

static const char *build(struct child *child, const struct child_options *options,
                         const struct elf_plan *plan, const uint8_t *image)
{
    const char *why;
    page_t frames_first;
    size_t frames = frames_plan(options, plan);

    if (frames == 0)
        return "there are not enough free frames";

    if ((why = space_make(child)) || (why = env_make(child)))
        return why;
    label_set(child, options->program);
    share_settle(child, options, plan->pages, frames);
    if ((why = image_load(child, plan, image)))
        return why;
    if ((why = frames_give(child, frames, &frames_first)))
        return why;
    if ((why = info_fill(child, options, frames_first)))
        return why;
    sys_env_set(child->env, ENV_PC, plan->entry);
    slots_grant(child);
    return options->bundle ? bundle_give(child) : NULL;
}

const char *child_build(struct child *child, const struct child_options *options)
{
    const uint8_t *image = NULL;
    struct elf_plan plan;

    *child = (struct child){.harts = options->harts, .slices = options->slices ? options->slices : 1};
    const char *why = image_find(options, &image, &plan);
    if (why)
        return why;
    child->state = CHILD_BUILT;
    why = build(child, options, &plan, image);
    if (why)
        child_reap(child);
    return why;
}

long child_grant(const struct child *child, slot_t slot, slot_t to, word_t rights)
{
    return sys_cap_grant(slot, child->env, to, rights).error;
}

// Hand over slices of one hart, from the back, and keep at least one. How many went.
static size_t slices_give(const struct child *child, word_t hart)
{
    size_t ours = 0, given = 0;

    for (word_t position = 0; position < SLICES_MAX; position++)
        ours += slice_entry(hart, position)->env == self();
    for (word_t position = SLICES_MAX; position-- > 0 && given < child->slices && ours - given > 1;)
        if (slice_entry(hart, position)->env == self())
            given += sys_slice_give(hart, position, child->env).error == ERR_OK;
    return given;
}

const char *child_start(struct child *child)
{
    size_t given = 0;

    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        if (child->harts == 0 || child->harts >> hart & 1)
            given += slices_give(child, hart);
    if (given == 0)
        return "there is no slice to give";
    if (sys_env_start(child->env).error != ERR_OK)
        return "the kernel refused to start the environment";
    child->state = CHILD_RUNNING;
    return NULL;
}

const char *child_spawn(struct child *child, const struct child_options *options)
{
    const char *why = child_build(child, options);
    if (why)
        return why;
    why = child_start(child);
    if (why)
        child_reap(child);
    return why;
}

enum env_state child_env_state(const struct child *child)
{
    return sys_env_info(child->env, ENV_STATE).value;
}

bool child_stalled(const struct child *child)
{
    sysret_t turns = sys_env_info(child->env, ENV_LOST_TURNS);
    return turns.error == ERR_OK && turns.value >= STALL_TURNS;
}

bool child_ended(const struct child *child, int *status)
{
    switch (child_env_state(child)) {
    case ENV_EXITED: *status = sys_env_info(child->env, ENV_STATUS).value & 0xff; return true;
    case ENV_FAULTED: *status = STATUS_FAULTED; return true;
    case ENV_STOPPED: *status = STATUS_STOPPED; return true;
    default: return false;
    }
}

int child_wait(const struct child *child)
{
    int status;

    // Another thread may take the event of this child, so nobody waits for it without end.
    while (!child_ended(child, &status))
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(WAIT_PIECE_US));
    return status;
}

void child_kill(const struct child *child)
{
    while (sys_env_stop(child->env).error == ERR_AGAIN)
        continue; // a hart that runs it was told to let it go
}

// What it got by itself comes to us now, who never asked for it.
void child_reap(struct child *child)
{
    size_t got = child->client ? memory_leave(child->env) : 0;

    if (child->env)
        while (sys_env_destroy(child->env).error == ERR_AGAIN)
            continue;
    if (child->space)
        while (sys_space_destroy(child->space).error == ERR_AGAIN)
            continue;
    vm_left_reap(); // frames that we left to it
    if (got)
        (void)memory_give(got);
    *child = (struct child){0};
}
