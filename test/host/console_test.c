// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console environment with a kernel and a UART of ours around it: what clients may ask and what they
 * get, that a flood stays within its share, and what leaves on the line, byte by byte.
 */
#include <libos/console/server.h>
#include <libos/ipc/ipc.h>
#include <libos/start/start.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define CONSOLE 7ul // the environments' names
#define INIT    8ul
#define ENVS    1024
#define FOREVER (~(size_t)0)

// The UART: what it sent, how much more it takes, what was typed.
static char sent[1 << 16];
static size_t sent_count;
static size_t wire_room;
static const char *typed = "";
static bool wants_room_interrupt;

static void fake_init(const struct uart *uart) { (void)uart; }
static size_t fake_room(const struct uart *uart) { (void)uart; return wire_room < 15 ? wire_room : 15; }
static int fake_get(const struct uart *uart) { (void)uart; return *typed != '\0' ? *typed++ : -1; }
static bool fake_idle(const struct uart *uart) { (void)uart; return wire_room > 0; }

static void fake_put(const struct uart *uart, uint8_t byte)
{
    (void)uart;
    assert_true(wire_room > 0); // never more than it said it takes
    assert_true(sent_count < sizeof(sent));
    wire_room -= wire_room != FOREVER;
    sent[sent_count++] = (char)byte;
}

static void fake_interrupt(const struct uart *uart, bool transmit)
{
    (void)uart;
    wants_room_interrupt = transmit;
}

bool uart_open(struct uart *uart, const struct device_info *device, word_t page)
{
    static const struct uart_ops ops = {
        .name = "fake", .init = fake_init, .room = fake_room, .put = fake_put,
        .get = fake_get, .idle = fake_idle, .interrupt = fake_interrupt,
    };

    (void)device, (void)page;
    uart->ops = &ops;
    return true;
}

// The kernel: slots of the console's, events of everybody, who is gone.
static env_t opened_for[CAPS_MAX];
static env_t granted[CAPS_MAX];
static word_t pending[ENVS];
static bool gone[ENVS];
static jmp_buf serving;
static pct_serve_t serve;
static pct_notice_t notice;

static sysret_t answer(long error) { return (sysret_t){error, 0}; }

sysret_t sys_cap_drop(slot_t slot)
{
    assert_true(slot < CAPS_MAX);
    opened_for[slot] = granted[slot] = 0;
    return answer(ERR_OK);
}

sysret_t sys_cap_open(slot_t slot, env_t from)
{
    assert_true(slot < CAPS_MAX && slot >= SLOT_FREE);
    if (gone[from])
        return answer(ERR_NOENT);
    opened_for[slot] = from;
    return answer(ERR_OK);
}

sysret_t sys_env_notify(slot_t slot, word_t events)
{
    assert_true(slot < CAPS_MAX && (events & ~EVENTS_OWN) == 0);
    if (granted[slot] == 0 || gone[granted[slot]])
        return answer(ERR_STALE);
    pending[granted[slot]] |= events;
    return answer(ERR_OK);
}

sysret_t sys_env_info(env_t env, word_t what)
{
    assert_int_equal(what, ENV_STATE);
    return gone[env] ? (sysret_t){ERR_OK, ENV_EXITED} : (sysret_t){ERR_OK, ENV_READY};
}

sysret_t sys_irq_bind(word_t source, word_t events) { (void)source, (void)events; return answer(ERR_OK); }
sysret_t sys_irq_complete(word_t source) { assert_int_equal(source, 10); return answer(ERR_OK); }

void pct_serve(pct_serve_t with, word_t events, pct_notice_t on)
{
    assert_true(events != 0);
    serve = with;
    notice = on;
    longjmp(serving, 1);
}

// A fresh console as far as its clients can tell: those of the last test are gone, the line is empty.
static env_t next_env = INIT + 1;

static void begin(bool framed)
{
    static const struct device_info device = {.irq = 10};
    struct console_setup setup = {.device = &device, .framed = framed, .name = CONSOLE, .creator = INIT};

    for (env_t env = INIT + 1; env < next_env; env++)
        gone[env] = true;
    memset(pending, 0, sizeof(pending));
    wire_room = FOREVER;
    if (serve != NULL) {
        typed = "";
        while (wants_room_interrupt)
            notice(0);
    }
    if (setjmp(serving) == 0)
        fail_msg("%s", console_serve(&setup));
    sent_count = 0;
}

static env_t env_new(void)
{
    assert_true(next_env < ENVS);
    return next_env++;
}

static sysret_t ask(env_t caller, word_t request, const void *data, size_t size,
                    word_t message[MESSAGE_WORDS])
{
    memset(message, 0, MESSAGE_WORDS * sizeof(word_t));
    message[0] = request;
    memcpy(&message[1], data, size);
    serve(caller, message);
    return (sysret_t){(long)message[0], message[1]};
}

static sysret_t tell(env_t caller, word_t request, word_t word)
{
    word_t message[MESSAGE_WORDS];

    return ask(caller, request, &word, sizeof(word), message);
}

static size_t say(env_t caller, enum console_stream stream, const char *text)
{
    word_t message[MESSAGE_WORDS];
    size_t size = strlen(text);
    sysret_t result = ask(caller, CONSOLE_REQUEST(CONSOLE_WRITE, stream, size), text, size, message);

    assert_int_equal(result.error, ERR_OK);
    return result.value;
}

#define EVENT_INPUT     (1ul << 40)
#define EVENT_ROOM      (1ul << 41)
#define EVENT_INTERRUPT (1ul << 42)

static void door_open(env_t env, word_t interrupt)
{
    word_t message[MESSAGE_WORDS];
    word_t events[] = {EVENT_INPUT, EVENT_ROOM, interrupt};
    sysret_t result = ask(env, CONSOLE_REQUEST(CONSOLE_OPEN, 0, 0), events, sizeof(events), message);

    assert_int_equal(result.error, ERR_OK);
    assert_int_equal(message[2], CONSOLE);
    assert_int_equal(opened_for[result.value], env);
    granted[result.value] = env;
}

static word_t events_of(env_t env)
{
    word_t events = pending[env];

    pending[env] = 0;
    return events;
}

static void type(const char *keys)
{
    typed = keys;
    while (*typed != '\0')
        notice(0);
}

static void expect_read(env_t env, size_t most, const char *text)
{
    word_t message[MESSAGE_WORDS];
    sysret_t result = ask(env, CONSOLE_REQUEST(CONSOLE_READ, 0, most), "", 0, message);

    assert_int_equal(result.error, ERR_OK);
    assert_int_equal(result.value, strlen(text));
    assert_memory_equal(&message[2], text, strlen(text));
}

#define EXPECT_SENT(bytes)                                    \
    do {                                                      \
        assert_int_equal(sent_count, sizeof(bytes) - 1);      \
        assert_memory_equal(sent, bytes, sizeof(bytes) - 1);  \
        sent_count = 0;                                       \
    } while (0)

static void test_plain(void **state)
{
    (void)state;
    begin(false);
    env_t env = env_new();
    assert_int_equal(say(env, CONSOLE_OUT, "Hello\nyou\n"), 10);
    assert_int_equal(say(env, CONSOLE_ERROR, "\x10"), 1);
    EXPECT_SENT("Hello\r\nyou\r\n\x10");
    assert_int_equal(tell(INIT, CONSOLE_REQUEST(CONSOLE_STATUS, 0, 0), 3).error, ERR_OK);
    EXPECT_SENT("");
}

static void test_framed(void **state)
{
    (void)state;
    begin(true);
    env_t env = env_new();
    say(env, CONSOLE_OUT, "out\n");
    EXPECT_SENT("\x10" "1out\n");
    say(env, CONSOLE_ERROR, "error\n");
    EXPECT_SENT("\x10" "2error\n");
    say(env, CONSOLE_OUT, "a\x10z");
    EXPECT_SENT("\x10" "1a\x10\x10z");
    say(env, CONSOLE_OUT, "more");
    EXPECT_SENT("more");
    const word_t statuses[] = {0, 9, 10, 139, 200, 255};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        char frame[16];
        assert_int_equal(tell(INIT, CONSOLE_REQUEST(CONSOLE_STATUS, 0, 0), statuses[i]).error, ERR_OK);
        snprintf(frame, sizeof(frame), "\x10x%d\n", (int)statuses[i]);
        assert_int_equal(sent_count, strlen(frame));
        assert_memory_equal(sent, frame, strlen(frame));
        sent_count = 0;
    }
}

// Marks and escapes stay whole wherever the UART stops taking, and the status leaves behind what was written.
static void test_framed_pieces(void **state)
{
    (void)state;
    begin(true);
    env_t env = env_new();
    wire_room = 0;
    say(env, CONSOLE_OUT, "a\x10");
    say(env, CONSOLE_ERROR, "b");
    assert_int_equal(tell(INIT, CONSOLE_REQUEST(CONSOLE_STATUS, 0, 0), 42).error, ERR_OK);
    assert_true(tell(env, CONSOLE_REQUEST(CONSOLE_FLUSH, 0, 0), 0).value > 0);
    for (int i = 0; i < 64; i++) {
        wire_room = 1;
        notice(0);
    }
    EXPECT_SENT("\x10" "1a\x10\x10" "\x10" "2b" "\x10" "x42\n");
    wire_room = FOREVER;
    assert_int_equal(tell(env, CONSOLE_REQUEST(CONSOLE_FLUSH, 0, 0), 0).value, 0);
}

static void test_refusals(void **state)
{
    static const struct {
        word_t request, word;
        long error;
    } refused[] = {
        {CONSOLE_REQUEST(0, 0, 0), 0, ERR_NOENT},
        {CONSOLE_REQUEST(CONSOLE_FLUSH + 1, 0, 0), 0, ERR_NOENT},
        {CONSOLE_REQUEST(CONSOLE_WRITE, 0, 1), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_WRITE, 3, 1), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_WRITE, CONSOLE_OUT, 0), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_WRITE, CONSOLE_OUT, CONSOLE_WRITE_MAX + 1), 0, ERR_RANGE},
        {~0xfful | CONSOLE_WRITE, 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_READ, 0, 0), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_READ, 0, CONSOLE_READ_MAX + 1), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_OPEN, 0, 0), 1, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_LEADER, 0, 0), 9, ERR_PERM},
        {CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), 9, ERR_PERM},
        {CONSOLE_REQUEST(CONSOLE_MODE, CONSOLE_RAW, 0), 0, ERR_STATE},
        {CONSOLE_REQUEST(CONSOLE_MODE, CONSOLE_RAW + 1, 0), 0, ERR_RANGE},
        {CONSOLE_REQUEST(CONSOLE_STATUS, 0, 0), 0, ERR_PERM},
    };

    (void)state;
    begin(true);
    env_t env = env_new();
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(tell(env, refused[i].request, refused[i].word).error, refused[i].error);
    assert_int_equal(tell(INIT, CONSOLE_REQUEST(CONSOLE_STATUS, 0, 0), 256).error, ERR_RANGE);
    EXPECT_SENT("");
    expect_read(INIT, 1, ""); // it is still the foreground, as its creator was at the beginning
    type("x");
    expect_read(env, 1, "");
    expect_read(INIT, 1, "x");
}

// Nothing of the console's own, and nothing of another client's, comes back in the registers of an answer.
static void test_answers_are_clean(void **state)
{
    (void)state;
    begin(false);
    word_t message[MESSAGE_WORDS];
    memset(message, 0xff, sizeof(message));
    message[0] = CONSOLE_REQUEST(CONSOLE_FLUSH, 0, 0);
    serve(env_new(), message);
    for (int i = 1; i < MESSAGE_WORDS; i++)
        assert_int_equal(message[i], 0);
}

static void test_shares(void **state)
{
    char piece[CONSOLE_WRITE_MAX + 1] = "";

    (void)state;
    memset(piece, 'p', CONSOLE_WRITE_MAX);
    begin(false);
    wire_room = 0;
    env_t flooder = env_new();
    door_open(flooder, 0);
    size_t total = 0;
    for (int i = 0; i < 100; i++)
        total += say(flooder, CONSOLE_OUT, piece);
    assert_int_equal(total, OUTPUT_SHARE);
    assert_int_equal(events_of(flooder), 0);

    // Everybody else's share is untouched, one by one until no record is left.
    env_t others[CLIENTS];
    for (int i = 1; i < CLIENTS; i++) {
        others[i] = i == 1 ? INIT : env_new(); // who had a record before
        for (total = 0; total < OUTPUT_SHARE;) {
            size_t taken = say(others[i], CONSOLE_OUT, piece);
            assert_true(taken > 0);
            total += taken;
        }
        assert_int_equal(say(others[i], CONSOLE_OUT, "x"), 0);
    }
    env_t late = env_new();
    assert_int_equal(tell(late, CONSOLE_REQUEST(CONSOLE_WRITE, CONSOLE_OUT, 1), 'x').error, ERR_BUSY);

    // The dead make room for others, but not for their own debts: those count until they are paid.
    gone[others[2]] = true;
    assert_int_equal(say(late, CONSOLE_OUT, "x"), 0);

    wire_room = OUTPUT_SHARE / 2 - 1;
    notice(0);
    assert_int_equal(events_of(flooder), 0);
    wire_room = 1;
    notice(0);
    assert_int_equal(events_of(flooder), EVENT_ROOM);
    wire_room = FOREVER;
    while (wants_room_interrupt)
        notice(0);
    assert_int_equal(sent_count, CLIENTS * OUTPUT_SHARE);
    assert_int_equal(events_of(flooder), 0); // once
    assert_int_equal(say(late, CONSOLE_OUT, "x"), 1);
}

static void test_order(void **state)
{
    (void)state;
    begin(false);
    env_t one = env_new(), two = env_new();
    wire_room = 0;
    say(one, CONSOLE_OUT, "1");
    say(two, CONSOLE_OUT, "2");
    say(one, CONSOLE_ERROR, "3");
    say(two, CONSOLE_OUT, "4");
    gone[two] = true;
    wire_room = FOREVER;
    notice(0);
    EXPECT_SENT("1234");
}

static void test_input(void **state)
{
    (void)state;
    begin(false);
    env_t shell = env_new(), program = env_new();
    door_open(shell, EVENT_INTERRUPT);
    door_open(program, 0);
    assert_int_equal(tell(INIT, CONSOLE_REQUEST(CONSOLE_LEADER, 0, 0), shell).error, ERR_OK);
    assert_int_equal(tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), program).error, ERR_OK);
    (void)events_of(program);

    type("hello");
    assert_int_equal(events_of(program), EVENT_INPUT);
    assert_int_equal(events_of(shell), 0);
    expect_read(shell, CONSOLE_READ_MAX, "");
    expect_read(program, 3, "hel");
    // What is left is the next one's, who hears of it.
    assert_int_equal(tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), shell).error, ERR_OK);
    assert_int_equal(events_of(shell), EVENT_INPUT);
    expect_read(program, 1, "");
    expect_read(shell, CONSOLE_READ_MAX, "lo");
}

static void test_input_overflow(void **state)
{
    static char keys[2 * INPUT_ROOM];

    (void)state;
    begin(false);
    memset(keys, 'k', sizeof(keys) - 1);
    type(keys);
    size_t total = 0;
    word_t message[MESSAGE_WORDS];
    for (sysret_t result = {0, 1}; result.value > 0; total += result.value)
        result = ask(INIT, CONSOLE_REQUEST(CONSOLE_READ, 0, CONSOLE_READ_MAX), "", 0, message);
    assert_int_equal(total, INPUT_ROOM);
}

static void test_interrupt(void **state)
{
    (void)state;
    begin(false);
    env_t shell = env_new(), program = env_new();
    door_open(shell, EVENT_INTERRUPT);
    tell(INIT, CONSOLE_REQUEST(CONSOLE_LEADER, 0, 0), shell);
    tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), program);

    // The program did not ask for it: the leader hears of it, and what was typed before is dropped.
    type("abc\x03z");
    assert_int_equal(events_of(shell), EVENT_INTERRUPT);
    expect_read(program, CONSOLE_READ_MAX, "z");

    door_open(program, EVENT_INTERRUPT);
    type("\x03");
    assert_int_equal(events_of(program), EVENT_INTERRUPT);
    assert_int_equal(events_of(shell), 0);
    type("\x1c");
    assert_int_equal(events_of(program), 0);
    assert_int_equal(events_of(shell), EVENT_INTERRUPT);

    assert_int_equal(tell(program, CONSOLE_REQUEST(CONSOLE_MODE, CONSOLE_RAW, 0), 0).error, ERR_OK);
    type("\x03\x1c");
    assert_int_equal(events_of(program), EVENT_INPUT);
    assert_int_equal(events_of(shell), 0);
    expect_read(program, CONSOLE_READ_MAX, "\x03\x1c");

    // One that came while the shell was starting the program, and therefore as a key.
    tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), shell);
    assert_int_equal(tell(shell, CONSOLE_REQUEST(CONSOLE_MODE, CONSOLE_RAW, 0), 0).error, ERR_OK);
    type("ab\x03z");
    (void)events_of(shell);
    assert_int_equal(events_of(program), 0);
    tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), program);
    assert_true(events_of(program) & EVENT_INTERRUPT);
    expect_read(program, CONSOLE_READ_MAX, "z");

    // A program that died in raw mode with its door open leaves neither behind, even to the heir of its name.
    gone[program] = true;
    tell(shell, CONSOLE_REQUEST(CONSOLE_FOREGROUND, 0, 0), program);
    type("\x03");
    assert_int_equal(events_of(shell), EVENT_INTERRUPT);
}

// Whatever the registers hold: an answer, and no client gets more than its share.
static void test_storm(void **state)
{
    uint64_t random = 1;
    env_t envs[48];

    (void)state;
    begin(true);
    for (size_t i = 0; i < 48; i++)
        envs[i] = env_new();
    for (int i = 0; i < 200000; i++) {
        word_t message[MESSAGE_WORDS];
        for (int word = 0; word < MESSAGE_WORDS; word++) {
            random = random * 6364136223846793005ul + 1442695040888963407ul;
            message[word] = random >> (random >> 60);
        }
        if (i % 2)
            message[0] = CONSOLE_REQUEST(random >> 40 & 15, random >> 44 & 3, random >> 46 & 63);
        wire_room = random >> 50 & 31;
        sent_count = 0;
        env_t caller = envs[(random >> 33) % 48];
        gone[caller] = false;
        serve(caller, message);
        assert_true(message[0] <= ERR_MACHINE);
        gone[envs[(random >> 38) % 48]] = true;
        if (i % 3 == 0)
            notice(0);
    }
    sent_count = 0;
    wire_room = FOREVER;
    for (int i = 0; wants_room_interrupt; i++) {
        assert_true(i < CLIENTS * OUTPUT_SHARE);
        sent_count = 0;
        notice(0);
    }
    assert_int_equal(tell(envs[0], CONSOLE_REQUEST(CONSOLE_FLUSH, 0, 0), 0).value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_framed),
        cmocka_unit_test(test_framed_pieces),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_answers_are_clean),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_input_overflow),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_storm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
