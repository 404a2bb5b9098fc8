// SPDX-License-Identifier: BSD-2-Clause
/*
 * A worker of the storm: random calls, each checked against what the kernel's tables say of the frames it
 * named. Its arguments: seed, calls, audit after so many, and the names of its neighbours.
 */
#include "storm.h"

#define THREAD_STACK 8192
#define THREAD_SAVES (ARENA + 0x10000000ul) // where the threads' save areas are bound
#define NAMED        4                      // frames of one call that are checked

struct storm_room room;
static char thread_stacks[STORM_THREADS][THREAD_STACK] __attribute__((aligned(16)));

long storm_pct_call(word_t slot, word_t deadline, word_t first, word_t second); // storm_entry.S

// Something is wrong: leaves word of it, and ends.
static void broken(struct storm *storm, int status, word_t line, const struct storm_call *call, long error)
{
    REPORT_WORD(SAVE_ADDRESS, REPORT_LINE) = line;
    REPORT_WORD(SAVE_ADDRESS, REPORT_CALL) = call->number - CALL_BASE;
    REPORT_WORD(SAVE_ADDRESS, REPORT_ERROR) = (word_t)error;
    REPORT_WORD(SAVE_ADDRESS, REPORT_CALLS) = REPORT_WORD(storm->save, REPORT_CALLS);
    REPORT_WORD(SAVE_ADDRESS, REPORT_DONE) = (word_t)status;
    for (;;) sys_env_exit((word_t)status);
}
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) broken(storm, STORM_BROKEN_CHECK, __LINE__, call, answer.error);                   \
    } while (0)

// Frames that a call names and that were ours, as they were before it.
struct named {
    page_t page;
    struct frame before;
};

static size_t named_take(const struct storm *storm, const struct storm_call *call, struct named named[NAMED])
{
    size_t count = 0;
    for (int i = 0; i < 6 && count < NAMED; i++) {
        const volatile struct frame *frame = frame_entry(call->arguments[i]);
        if (frame != NULL && frame->owner == storm->self)
            named[count++] = (struct named){call->arguments[i], *(const struct frame *)frame};
    }
    return count;
}

static bool is_ours(const struct storm *storm, page_t page)
{
    return frame_entry(page) != NULL && frame_entry(page)->owner == storm->self;
}
static bool is_kind(page_t page, enum page_kind kind)
{
    return frame_entry(page)->kind == kind;
}

// Whoever shares our space may take its tables, its STLB and its ring back; their frames are then free, and still ours.
static bool others_may_free(const struct frame *before)
{
    return before->kind == PAGE_TABLE || before->kind == PAGE_TWIN || before->kind == PAGE_STLB ||
           before->kind == PAGE_RING;
}

// A refused call changed nothing: nobody but we ourselves may change the kind, owner or epoch of what is
// ours.
static void refused_check(struct storm *storm, const struct storm_call *call, sysret_t answer,
                          struct named *named, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const volatile struct frame *after = frame_entry(named[i].page);
        CHECK(after->owner == named[i].before.owner);
        if (others_may_free(&named[i].before)) continue;
        CHECK(after->kind == named[i].before.kind);
        CHECK(after->epoch == named[i].before.epoch);
    }
}

// What was done is there to be seen. Only for frames that were ours before.
static void done_check(struct storm *storm, const struct storm_call *call, sysret_t answer,
                       struct named *named, size_t count)
{
    const word_t *a = call->arguments;
    if (count == 0) return;
    const struct frame *before = &named[0].before;
    const volatile struct frame *after = frame_entry(named[0].page);
    bool first = named[0].page == a[0];
    switch (call->number) {
    case CALL_page_alloc:
        CHECK(!first || (before->kind == PAGE_FREE && after->kind == PAGE_DATA && is_ours(storm, a[0])));
        break;
    case CALL_page_free:
        CHECK(!first ||
              (before->kind == PAGE_DATA && after->kind == PAGE_FREE && after->epoch > before->epoch));
        break;
    case CALL_page_move: CHECK(!first || before->kind == PAGE_FREE); break;
    case CALL_page_give: CHECK(!first || (before->kind == PAGE_DATA && after->epoch > before->epoch)); break;
    case CALL_cap_revoke: CHECK(!first || after->epoch > before->epoch || before->flags & PAGE_DYING); break;
    case CALL_env_create:
        CHECK(!first ||
              (is_kind(a[0], PAGE_ENV) && is_kind(a[0] + 1, PAGE_SAVE) && is_kind(a[1], PAGE_CAPS)));
        CHECK(!first || before->kind == PAGE_FREE);
        break;
    case CALL_env_destroy:
        CHECK(!first ||
              (after->kind == PAGE_FREE && is_kind(a[0] + 1, PAGE_FREE) && after->epoch > before->epoch));
        break;
    case CALL_space_create: CHECK(!first || (is_kind(a[0], PAGE_ROOT) && is_kind(a[1], PAGE_SPACE))); break;
    case CALL_space_destroy: CHECK(!first || (before->kind == PAGE_ROOT && after->kind == PAGE_FREE)); break;
    }
}

// What we believe of our slots: exact while not 0, for nothing of others' comes into a slot that we did not
// open.
static void rights_note(struct storm *storm, const struct storm_call *call)
{
    const word_t *a = call->arguments;
    switch (call->number) {
    case CALL_cap_mint:
        if (a[0] < STORM_SLOTS) storm->rights[a[0]] = (uint16_t)a[2];
        break;
    case CALL_cap_copy:
        if (a[1] < STORM_SLOTS) storm->rights[a[1]] = (uint16_t)a[2];
        break;
    case CALL_cap_open:
    case CALL_cap_drop:
        if (a[0] < STORM_SLOTS) storm->rights[a[0]] = 0;
        break;
    }
}

// Capabilities: never more rights than that they were copied from, and an empty slot is good for nothing.
static void cap_check(struct storm *storm, const struct storm_call *call, sysret_t answer)
{
    const word_t *a = call->arguments;
    bool slot = call->number == CALL_env_notify || call->number == CALL_slice_yield_to || call->number == CALL_slice_donate ||
                call->number == CALL_pct_send || call->number == CALL_pct_call ||
                call->number == CALL_cap_copy || call->number == CALL_cap_grant;
    if (slot && answer.error == ERR_STALE && a[0] < STORM_SLOTS) storm->rights[a[0]] = 0;
    if (answer.error != ERR_OK) return;
    word_t had = slot && a[0] < STORM_SLOTS ? storm->rights[a[0]] : 0;
    switch (call->number) {
    case CALL_cap_copy: CHECK(had == 0 || (a[2] & ~had) == 0); break;
    case CALL_cap_grant: CHECK(had == 0 || (a[3] & ~had) == 0); break;
    case CALL_env_notify: CHECK(had == 0 || had & RIGHT_NOTIFY); break;
    case CALL_slice_donate:
    case CALL_slice_yield_to: CHECK(had == 0 || had & RIGHT_YIELD); break;
    case CALL_pct_call:
    case CALL_pct_send: CHECK(had == 0 || had & RIGHT_CALL); break;
    case CALL_cap_drop: CHECK(sys_env_notify(a[0], STORM_WAKE).error == ERR_STALE); break;
    }
    rights_note(storm, call);
}

static sysret_t perform(struct storm *storm, struct storm_call *call)
{
    const word_t *a = call->arguments;
    switch (call->number) {
    case CALL_pct_call: return (sysret_t){storm_pct_call(a[0], a[1], a[2], storm->self), 0};
    case CALL_env_resume:
        if (!storm->thread) storm_resume(); // threads have no slot for it where the assembly looks
        return (sysret_t){ERR_OK, 0};
    default: break;
    }
    sysret_t answer; // what is done in pieces is mostly finished, and sometimes left in the middle
    do answer = storm_call(call->number, a);
    while (answer.error == ERR_AGAIN && storm_random(storm, 128) != 0);
    return answer;
}

// Events that woke us, or will refuse the next wait, are taken.
static void events_clear(const struct storm *storm)
{
    __atomic_store_n((word_t *)(storm->save + SAVE_PENDING), 0, __ATOMIC_RELAXED);
}

static void call_one(struct storm *storm)
{
    struct storm_call pick, *call = &pick;
    struct named named[NAMED];
    storm_pick(storm, call);
    size_t count = named_take(storm, call, named);
    sysret_t answer = perform(storm, call);
    CHECK(answer.error >= 0 && answer.error < ERRORS);
    if (answer.error == ERR_OK || (call->number == CALL_slice_wait && answer.error == ERR_DEADLINE))
        REPORT_DONE_COUNT(storm->save, call->number)++;
    if (answer.error == ERR_OK)
        done_check(storm, call, answer, named, count);
    else if (answer.error != ERR_AGAIN && answer.error != ERR_DEADLINE && answer.error != ERR_DEAD)
        refused_check(storm, call, answer, named, count);
    cap_check(storm, call, answer);
    if (storm_random(storm, 8) == 0) events_clear(storm);
}

// Memory of the arena, through whatever is bound there: the MMU's walker and the refill take part.
static void touch(struct storm *storm)
{
    word_t address = ARENA + storm_random(storm, 4) * (1ul << 21) + storm_random(storm, 12) * PAGE_SIZE;
    if (storm_random(storm, 2))
        probe_load(address);
    else
        probe_store(address);
}

static void audit(struct storm *storm)
{
    struct storm_call call = {CALL_machine_audit, {0}};
    sysret_t answer;
    do answer = sys_machine_audit();
    while (answer.error == ERR_AGAIN);
    if (answer.error != ERR_OK || answer.value != 0)
        broken(storm, STORM_BROKEN_RULE, answer.value, &call, answer.error);
}

// Three neighbouring free frames of ours for an environment; 0: there are none.
static page_t trio_find(struct storm *storm)
{
    for (size_t look = 0; look < room.pool_count; look++) {
        page_t page = room.pool[storm_random(storm, room.pool_count)];
        size_t free = 0;
        while (free < 3 && is_ours(storm, page + free) && is_kind(page + free, PAGE_FREE)) free++;
        if (free == 3) return page;
    }
    return 0;
}

// A child that runs, with a slice of ours and a capability to it in a slot: what random calls alone seldom
// bring about.
static void child_raise(struct storm *storm)
{
    page_t pages = trio_find(storm);
    slot_t slot = 7 + storm_random(storm, STORM_SLOTS - 7);
    if (pages == 0 || PATIENT(sys_env_create(pages, pages + 2, 0)).error != ERR_OK) return;
    sys_env_set(pages, ENV_PC, (word_t)storm_children[storm_random(storm, storm_children_count)]);
    sys_env_set(pages, ENV_ARG, storm_entries[storm_random(storm, storm_entries_count)]);
    sys_cap_drop(slot);
    storm->rights[slot] = sys_cap_mint(slot, pages, RIGHTS_ENV).error == ERR_OK ? RIGHTS_ENV : 0;
    word_t hart = storm_random(storm, machine()->hart_count), position = storm_random(storm, SLICES_MAX);
    if (storm_slices(storm) > 1 && slice_entry(hart, position)->env == storm->self)
        sys_slice_give(hart, position, pages);
    if (storm_random(storm, 8) != 0) sys_env_start(pages);
}

// A thread: an environment in this space that storms as we do, with frames and a slice of its own.
static void thread_make(struct storm *storm, size_t number)
{
    struct storm *thread = &room.threads[number];
    page_t pages = trio_find(storm);
    if (pages == 0 || PATIENT(sys_env_create(pages, pages + 2, 0)).error != ERR_OK) return;
    word_t save = THREAD_SAVES + number * PAGE_SIZE;
    sys_pte_unmap(0, save, 1);
    sys_pte_map(0, save, pages + 1, 1, RIGHT_READ | RIGHT_WRITE, CAP_NONE);
    thread->random = random_next(&storm->random) | 1;
    thread->self = pages;
    thread->save = save;
    thread->calls = storm->calls / 4;
    thread->check = storm->check;
    thread->thread = true;
    for (size_t slot = 0; slot < STORM_SLOTS; slot++) thread->rights[slot] = 0;
    sys_env_set(pages, ENV_PC, (word_t)storm_thread);
    sys_env_set(pages, ENV_SP, (word_t)thread_stacks[number] + THREAD_STACK);
    sys_env_set(pages, ENV_ARG, (word_t)thread);
    for (int i = 0; i < 8; i++) sys_page_move(room.pool[storm_random(storm, room.pool_count)], 1, pages);
    room.thread_env[number] = pages;
    for (word_t hart = 0; hart < machine()->hart_count; hart++)
        for (word_t position = 0; position < SLICES_MAX; position++)
            if (slice_entry(hart, position)->env == storm->self && storm_slices(storm) > 1 &&
                storm_random(storm, 2)) {
                sys_slice_give(hart, position, pages);
                break;
            }
    sys_env_start(pages);
}

static bool thread_is_over(size_t number)
{
    env_t env = room.thread_env[number];
    return env == 0 || sys_env_info(env, ENV_STATE).error != ERR_OK ||
           sys_env_info(env, ENV_STATE).value >= ENV_EXITED;
}

void storm_run(struct storm *storm)
{
    for (word_t i = 1; i <= storm->calls; i++) {
        REPORT_WORD(storm->save, REPORT_CALLS) = i;
        call_one(storm);
        if (!storm->thread && storm_random(storm, 4) == 0) touch(storm);
        if (!storm->thread && storm_random(storm, 512) == 0) {
            size_t number = storm_random(storm, STORM_THREADS);
            if (thread_is_over(number)) thread_make(storm, number);
        }
        if (storm_random(storm, 64) == 0) child_raise(storm);
        if (i % storm->check == 0) audit(storm);
    }
}

static word_t argument(word_t number)
{
    const char *text = start_info()->strings;
    word_t value = 0;
    for (; number > 0; number--)
        while (*text++ != '\0')
            ;
    for (; *text != '\0'; text++) value = value * 10 + (word_t)(*text - '0');
    return value;
}

// The first run of ours that could be joined; 0: none.
static page_t run_find(void)
{
    page_t first = (machine()->ram_first + SUPER_PAGES - 1) / SUPER_PAGES * SUPER_PAGES;
    for (; first + SUPER_PAGES <= machine()->ram_first + machine()->ram_count; first += SUPER_PAGES) {
        size_t count = 0;
        while (count < SUPER_PAGES && frame_entry(first + count)->owner == self() &&
               is_kind(first + count, PAGE_FREE))
            count++;
        if (count == SUPER_PAGES) return first;
    }
    return 0;
}

// Which frames there are: those we run on and those to play with.
static void room_survey(void)
{
    room.run = run_find();
    for (page_t page = machine()->ram_first; page < machine()->ram_first + machine()->ram_count; page++) {
        if (frame_entry(page)->owner != self() || (room.run != 0 && page - room.run < SUPER_PAGES)) continue;
        if (frame_entry(page)->kind == PAGE_FREE && room.pool_count < STORM_FRAMES)
            room.pool[room.pool_count++] = page;
        else if (frame_entry(page)->kind == PAGE_DATA &&
                 room.vital_count < sizeof(room.vital) / sizeof(room.vital[0]))
            room.vital[room.vital_count++] = page;
    }
}

void attack(void)
{
    static struct storm storm;
    storm.random = argument(1) | 1;
    storm.self = self();
    storm.save = SAVE_ADDRESS;
    storm.calls = argument(2);
    storm.check = argument(3);
    for (slot_t slot = 3; slot < 3 + STORM_PEERS; slot++) storm.rights[slot] = RIGHTS_PEER; // the neighbours
    room.parent = SAVE_WORD(SAVE_CREATOR);
    room.space = SAVE_WORD(SAVE_SPACE);
    for (word_t i = 4; i < start_info()->argc && room.peer_count < STORM_PEERS; i++)
        room.peers[room.peer_count++] = argument(i);
    EXPECT(storm_is_complete());
    room_survey();
    page_t upper = own_free(2); // with a twin, so that superpages can be bound in it
    WORKS(PATIENT(sys_pte_table(0, ARENA, 1, upper, upper + 1)));
    tables_make(THREAD_SAVES);
    WORKS(sys_page_open(room.parent, 1)); // the first gift may come
    storm_run(&storm);
    REPORT_WORD(SAVE_ADDRESS, REPORT_WORKING) = 0;
}
