// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory service: programs that compete for frames end at their weights, one that does not listen loses frames and
 * nobody else does, one that lies or dies harms nobody; and after each test every frame is accounted for. The program is
 * its own child: its first argument then says what to do.
 */
#include "guest.h"
#include <stdlib.h>

#define BATCH       256
#define QUIET       (1ul << 45) // a child's word to its parent: it was refused, or is ready
#define END         (1ul << 46) // the parent's word to a child: look at what you have, and end
#define SLOT_CHILD  (SLOT_FREE + 1)
#define PATIENT_US  60000000
#define KEPT_CHECK  64 // frames of a child that it writes to and looks at, at the end
#define HEAP        ((volatile word_t *)checked)

// An honest client loses nothing by force, unless the machine stands still for so long that the deadline passes: where time
// is the host's, it does now and then, and nothing is said about it.
static size_t late_most = ~0ul;

static char checked[KEPT_CHECK * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

// ---------------------------------------------------------------- clients

// Data in frames that are mapped nowhere: what a client holds, and can give without a loss.
static bool is_spare(page_t page)
{
    const volatile struct frame *frame = frame_entry(page);
    return frame->owner == self() && frame->kind == PAGE_DATA && frame->bindings == 0;
}

// An honest answer: spare frames are freed, and what is free goes to who asks.
static void answer(word_t events)
{
    env_t by = (env_t)SAVE_WORD(SAVE_REVOKE_BY);
    page_t end = machine()->ram_first + machine()->ram_count;

    (void)events;
    for (page_t page = machine()->ram_first; by && page < end && SAVE_WORD(SAVE_REVOKE_LEFT) > 0; page++) {
        if (is_spare(page))
            (void)sys_page_free(page);
        if (frame_entry(page)->owner == self() && frame_entry(page)->kind == PAGE_FREE)
            (void)sys_page_move(page, 1, by);
    }
}

static void deaf(word_t events)
{
    (void)events;
}

static void fill(void)
{
    for (size_t i = 0; i < sizeof(checked) / sizeof(word_t); i++)
        HEAP[i] = i ^ 0x5eed;
}

static int check(void)
{
    for (size_t i = 0; i < sizeof(checked) / sizeof(word_t); i++)
        if (HEAP[i] != (i ^ 0x5eed))
            return 1;
    return 0;
}

// Takes whatever it can get, for ever: says QUIET each time it is refused.
static int hungry(bool listens)
{
    events_handle(EVENT_BIT(REVOKE), listens ? answer : deaf);
    fill();
    for (;;) {
        while (frame_own() != FRAME_NONE)
            continue;
        if (!memory_want(BATCH)) {
            (void)sys_env_notify(SLOT_PARENT, QUIET);
            if (events_wait(END, time_now() + time_from_us(20000)))
                return check();
        }
    }
}

// Takes whatever it can get as runs that go only whole, and does not listen.
static int runs(void)
{
    size_t joined = 0;

    fill();
    events_handle(EVENT_BIT(REVOKE), deaf);
    while (memory_want(MEMORY_WANT_MAX))
        continue;
    page_t end = machine()->ram_first + machine()->ram_count;
    for (page_t page = machine()->ram_first & ~(SUPER_PAGES - 1ul); page < end; page += SUPER_PAGES) {
        long error;
        while ((error = sys_page_join(page).error) == ERR_AGAIN)
            continue;
        joined += error == ERR_OK;
    }
    CHECK(joined >= 4);
    CHECK(revoke_guarantee(&joined, sizeof(joined)) == 1); // this stack: when less than a run is wanted it would go first
    (void)sys_env_notify(SLOT_PARENT, QUIET);
    (void)events_wait(END, 0);
    return guest_end() + check();
}

// Asks for everything once, and takes nothing of it: whoever carries the demand out gets no thanks.
static int asker(void)
{
    word_t message[MESSAGE_WORDS] = {MEMORY_WANT, MEMORY_WANT_MAX};

    (void)sys_page_open((env_t)machine()->init, MEMORY_WANT_MAX);
    (void)pct_call_patient(SLOT_MEMORY, 0, message);
    (void)sys_env_notify(SLOT_PARENT, QUIET);
    return message[0] == ERR_OK ? 0 : 1;
}

static long ask(word_t operation, word_t one, word_t other, word_t third)
{
    word_t message[MESSAGE_WORDS] = {operation, one, other, third};
    long error = pct_call_patient(SLOT_MEMORY, 0, message);

    for (int i = 2; i < MESSAGE_WORDS && message[0] != ERR_OK; i++)
        CHECK_EQUAL(message[i], 0);
    return error != ERR_OK ? error : (long)message[0];
}

// Every lie that the protocol has room for.
static int liar(void)
{
    env_t init = (env_t)machine()->init, parent = (env_t)SAVE_WORD(SAVE_CREATOR);

    CHECK_EQUAL(ask(0, 1, 1, 1), ERR_NOENT);
    CHECK_EQUAL(ask(~0ul, 1, 1, 1), ERR_NOENT);
    CHECK_EQUAL(ask(MEMORY_WANT, 0, 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_WANT, MEMORY_WANT_MAX + 1, 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_WANT, ~0ul, 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_GIVE, 0, 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_GIVE, ~0ul, 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_GIVE, 1000, 0, 0), ERR_OK); // and then gives nothing
    const env_t strangers[] = {init, parent, self(), start_info()->console, 0, ~0ul, machine()->ram_first, self() + 1};
    for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++) {
        long error = ask(MEMORY_JOIN, strangers[i], 100, 0);
        CHECK(error == ERR_PERM || error == ERR_NOENT);
        error = ask(MEMORY_LEAVE, strangers[i], 0, 0);
        CHECK(error == ERR_PERM || error == ERR_NOENT);
    }
    CHECK_EQUAL(ask(MEMORY_JOIN, self(), 0, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_JOIN, self(), SHARE_MOST + 1, 0), ERR_RANGE);
    CHECK_EQUAL(ask(MEMORY_LOOK, SHARE_CLIENTS, 0, 0), ERR_RANGE);
    return guest_end();
}

static int child_main(const char *what)
{
    if (strcmp(what, "hungry") == 0)
        return hungry(true);
    if (strcmp(what, "deaf") == 0)
        return hungry(false);
    if (strcmp(what, "runs") == 0)
        return runs();
    if (strcmp(what, "asker") == 0)
        return asker();
    if (strcmp(what, "liar") == 0)
        return liar();
    if (strcmp(what, "alone") == 0)
        return memory_want(1) || ask(MEMORY_WANT, 1, 0, 0) != ERR_STALE;
    if (strcmp(what, "stranger") == 0) // it may call, and is nobody's client
        return ask(MEMORY_WANT, 1, 0, 0) != ERR_PERM || ask(MEMORY_GIVE, 1, 0, 0) != ERR_PERM;
    return 99;
}

// ---------------------------------------------------------------- the parent

static size_t owned(env_t env)
{
    size_t count = 0;
    for (page_t i = 0; i < machine()->ram_count; i++)
        count += frame_entry(machine()->ram_first + i)->owner == env;
    return count;
}

static void start(struct child *child, const char *what, word_t weight, size_t guaranteed)
{
    const char *argv[] = {program_argument(0), what};
    const struct child_options options = {
        .program = argv[0], .argc = 2, .argv = argv, .frames = 256, .weight = weight, .guaranteed = guaranteed};
    const char *why = child_spawn(child, &options);

    CHECK_TEXT(why ? why : "started", "started");
}

// The service's line on a child; its number, or SHARE_CLIENTS.
static size_t look(const struct child *child, struct memory_client *client)
{
    size_t stock;

    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (memory_look(i, client, &stock) && client->env == child->env)
            return i;
    *client = (struct memory_client){0};
    return SHARE_CLIENTS;
}

static void quiet_wait(void)
{
    (void)events_take(QUIET);
    CHECK(events_wait(QUIET, time_now() + time_from_us(PATIENT_US)) == QUIET);
}

// Tell a child to end: its status says whether it has what it had.
static void end(struct child *child)
{
    int status;

    CHECK_EQUAL(sys_cap_mint(SLOT_CHILD, child->env, RIGHT_NOTIFY).error, ERR_OK);
    (void)sys_env_notify(SLOT_CHILD, END);
    (void)sys_cap_drop(SLOT_CHILD);
    while (!child_ended(child, &status))
        (void)events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(10000));
    CHECK_EQUAL(status, 0);
    child_reap(child);
}

static bool near(size_t is, size_t should)
{
    return is <= should + BATCH && should <= is + BATCH;
}

// Get what is ours by our own weight, as any client does.
static void claim(void)
{
    while (memory_want(BATCH))
        continue;
}

// Until nobody gets anything any more.
static void settle_wait(void)
{
    struct memory_client client;
    size_t stock, sum = 0, last = 0, same = 0;

    for (int i = 0; i < 2000 && same < 10; i++, last = sum, sum = 0) {
        claim();
        quiet_wait();
        for (size_t j = 0; j < SHARE_CLIENTS; j++)
            if (memory_look(j, &client, &stock))
                sum = sum * 31 + client.owned;
        same = sum == last ? same + 1 : 0;
    }
    CHECK(same == 10);
}

// Two that want everything, with weights 2:1.
static void compete_test(void)
{
    struct child one, other;
    struct memory_client first, second;

    start(&one, "hungry", 200, 0);
    settle_wait(); // it has all that it can have
    CHECK(look(&one, &first) < SHARE_CLIENTS);
    CHECK(near(first.owned, first.share));
    start(&other, "hungry", 100, 0);
    settle_wait();
    CHECK(look(&one, &first) < SHARE_CLIENTS);
    CHECK(look(&other, &second) < SHARE_CLIENTS);
    CHECK(first.weight / 2 == second.weight);
    CHECK(near(first.share, 2 * second.share));
    CHECK(near(first.owned, first.share));
    CHECK(near(second.owned, second.share));
    CHECK_EQUAL(first.owned, owned(one.env));
    end(&one);
    end(&other);
}

// A deaf one has everything; two honest ones come. It loses what is above its share, they lose nothing by force.
static void deaf_test(void)
{
    struct child deaf, early, late;
    struct memory_client client;

    start(&early, "hungry", 100, 0);
    quiet_wait();
    start(&deaf, "deaf", 400, 0);
    settle_wait();
    CHECK(look(&deaf, &client) < SHARE_CLIENTS);
    CHECK(near(client.owned, client.share));
    start(&late, "hungry", 400, 0);
    settle_wait();
    look(&deaf, &client);
    CHECK(client.taken > BATCH);
    CHECK(near(client.owned, client.share));
    look(&late, &client);
    CHECK(near(client.owned, client.share));
    CHECK(client.taken <= late_most);
    look(&early, &client);
    CHECK(client.taken <= late_most);
    end(&late);
    end(&early);
    end(&deaf); // its program, its stacks and the pages it checks were never taken: free and spare frames go first
}

// Frames of a run are no hiding place: a deaf one whose frames are joined loses runs, whole.
static void runs_test(void)
{
    struct child hoards, late;
    struct memory_client client;

    start(&hoards, "runs", 400, 0);
    quiet_wait();
    size_t had = owned(hoards.env);
    start(&late, "hungry", 400, 0);
    settle_wait();
    look(&hoards, &client);
    CHECK(client.taken >= SUPER_PAGES);
    CHECK(client.owned < had && client.owned >= client.share);
    CHECK(client.owned < client.share + SUPER_PAGES);
    end(&late);
    end(&hoards);
}

// One that is asked, and killed meanwhile; one that asks, and is killed meanwhile.
static void death_test(void)
{
    struct child deaf, asks;

    start(&deaf, "deaf", 400, 0);
    quiet_wait();
    for (int i = 0; i < 3; i++) {
        (void)events_take(QUIET);
        start(&asks, "asker", 400, 0);
        CHECK(events_wait(QUIET, time_now() + time_from_us(PATIENT_US)) == QUIET);
        child_kill(&asks);
        child_reap(&asks);
    }
    start(&asks, "hungry", 400, 0);
    events_wait(0, time_now() + time_from_us(50000));
    child_kill(&deaf);
    child_reap(&deaf);
    quiet_wait();
    end(&asks);
}

static void lies_test(void)
{
    struct child child;

    start(&child, "liar", 100, 0);
    CHECK_EQUAL(child_wait(&child), 0);
    child_reap(&child);
    start(&child, "alone", CHILD_ALONE, 0);
    CHECK_EQUAL(child_wait(&child), 0);
    child_reap(&child);
}

// A child of a client that nobody made one.
static void stranger_test(void)
{
    const char *argv[] = {program_argument(0), "stranger"};
    struct child child;

    const char *why = child_build(&child, &(struct child_options){.program = argv[0], .argc = 2, .argv = argv,
                                                                 .frames = 64, .weight = CHILD_ALONE});
    CHECK_TEXT(why ? why : "built", "built");
    CHECK_EQUAL(child_grant(&child, SLOT_MEMORY, SLOT_MEMORY, RIGHT_CALL), ERR_OK);
    CHECK(child_start(&child) == NULL);
    CHECK_EQUAL(child_wait(&child), 0);
    child_reap(&child);
}

/*
 * A parent that hands init the capability of another child, so that the first cannot be asked for anything: when it comes
 * to force, the first is struck off and gets nothing any more.
 */
static void forged_test(void)
{
    struct child hoards, shield, wants;
    struct memory_client client;
    word_t message[MESSAGE_WORDS];

    start(&shield, "deaf", 1, 0);
    start(&hoards, "deaf", 400, 0);
    memcpy(message, (word_t[MESSAGE_WORDS]){MEMORY_JOIN, hoards.env, 400, 0}, sizeof(message));
    CHECK_EQUAL(pct_call_patient(SLOT_MEMORY, 0, message), ERR_OK);
    CHECK_EQUAL(message[0], ERR_OK);
    CHECK_EQUAL(sys_cap_mint(SLOT_CHILD, shield.env, RIGHT_REVOKE | RIGHT_NOTIFY).error, ERR_OK);
    CHECK_EQUAL(sys_cap_grant(SLOT_CHILD, (env_t)machine()->init, message[1], RIGHT_REVOKE | RIGHT_NOTIFY).error, ERR_OK);
    (void)sys_cap_drop(SLOT_CHILD);
    settle_wait();
    size_t had = owned(hoards.env), shield_had = owned(shield.env);
    start(&wants, "hungry", 400, 0);
    settle_wait();
    look(&hoards, &client);
    CHECK_EQUAL(client.weight, 0);
    CHECK_EQUAL(owned(hoards.env), had); // out of reach, but it never gets more
    CHECK(owned(shield.env) <= shield_had + BATCH);
    end(&wants);
    end(&hoards);
    end(&shield);
}

// Weights and guarantees of a parent's children are within its own.
static void family_test(void)
{
    struct child child;
    struct memory_client client, own;

    start(&child, "hungry", 300, 200);
    quiet_wait();
    CHECK(look(&child, &client) < SHARE_CLIENTS);
    CHECK(client.guaranteed > 200 && client.guaranteed < 256 + 200); // its program, besides
    CHECK(look(&(struct child){.env = self()}, &own) < SHARE_CLIENTS);
    CHECK(client.weight / 12 == own.weight || client.weight / 12 == own.weight + 1 || client.weight / 12 + 1 == own.weight);
    CHECK_EQUAL(memory_join(child.env, 25, own.guaranteed + 1), ERR_FULL);
    CHECK_EQUAL(memory_join(child.env, 25, own.guaranteed), ERR_OK);
    CHECK(look(&child, &client) < SHARE_CLIENTS);
    CHECK_EQUAL(client.guaranteed, own.guaranteed);
    CHECK_EQUAL(memory_join(child.env, 25, 100), ERR_OK);
    struct child was = child;
    end(&child);
    CHECK_EQUAL(look(&was, &client), SHARE_CLIENTS);
}

// With the policy that asks nobody: the stock, and then nothing.
static void minimal_test(void)
{
    struct child child;
    struct memory_client client;
    size_t stock = 0, before = 0;

    CHECK(memory_look(0, &client, &before));
    CHECK(before >= 2000);
    start(&child, "hungry", 100, 0);
    quiet_wait();
    CHECK(memory_look(0, &client, &stock));
    CHECK_EQUAL(stock, 0);
    CHECK(owned(child.env) >= before);
    end(&child);
    CHECK(memory_look(0, &client, &stock)); // what it got came back when it was reaped
    CHECK_EQUAL(stock, before);
}

// How many invariants a kernel built for tests finds broken; 0 in others, which do not look.
static word_t audit(void)
{
    sysret_t answer;

    while ((answer = sys_machine_audit()).error == ERR_AGAIN)
        continue;
    return answer.error == ERR_OK ? answer.value : 0;
}

int main(int argc, char **argv)
{
    // A policy that asks for no more than is missing, as maximal does, never gets at runs.
    bool maximal = argc > 1 && strcmp(argv[1], "maximal") == 0;
    bool all = argc == 1, exact = maximal || (argc > 1 && strcmp(argv[1], "exact") == 0);

    if (exact) // time is counted in instructions
        late_most = 0;
    else if (!all && strcmp(argv[1], "minimal") != 0)
        return child_main(argv[1]);

    void (*const tests[])(void) = {compete_test, deaf_test, runs_test, death_test, lies_test, stranger_test, forged_test, family_test};
    void (*const minimal[])(void) = {minimal_test, lies_test, stranger_test};
    struct child first;

    events_handle(EVENT_BIT(REVOKE), answer);
    start(&first, "alone", CHILD_ALONE, 0); // tables for windows are made once and stay
    child_wait(&first);
    child_reap(&first);

    size_t frames = owned(self()) + owned((env_t)machine()->init);
    for (size_t i = 0; i < (all || exact ? sizeof(tests) : sizeof(minimal)) / sizeof(*tests); i++) {
        if (maximal && tests[i] == runs_test)
            continue;
        all || exact ? tests[i]() : minimal[i]();
        CHECK_EQUAL(owned(self()) + owned((env_t)machine()->init), frames);
        CHECK_EQUAL(audit(), 0);
    }
    return guest_end();
}
