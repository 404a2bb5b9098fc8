// SPDX-License-Identifier: BSD-2-Clause
// The library's side of the console's protocol; see console.h.

#include <libos/console/console.h>

#include <libos/ipc/ipc.h>
#include <libos/start/start.h>
#include <string.h>

#define FLUSH_WAIT_US 1000 // between two looks at what has not left yet

static bool is_open;

// One request: the transfer's error, or else the console's.
static long console_ask(word_t message[MESSAGE_WORDS])
{
    long error = pct_call_patient(SLOT_CONSOLE, 0, message);

    return error != ERR_OK ? error : (long)message[0];
}

long console_open(bool interrupt)
{
    word_t message[MESSAGE_WORDS] = {
        CONSOLE_REQUEST(CONSOLE_OPEN, 0, 0),
        EVENT_CONSOLE_INPUT,
        EVENT_CONSOLE_ROOM,
        interrupt ? EVENT_CONSOLE_INTERRUPT : 0,
    };
    long error = console_ask(message);

    if (error != ERR_OK)
        return error;
    // Whoever started us may have left this slot empty.
    error = sys_cap_mint(SLOT_SELF, self(), RIGHTS_ENV).error;
    if (error != ERR_OK && error != ERR_BUSY)
        return error;
    error = sys_cap_grant(SLOT_SELF, message[2], message[1], RIGHT_NOTIFY).error;
    is_open = error == ERR_OK;
    return error;
}

// Waits for a hint. What came before the door was open came unheard, so the first time does not wait.
static long console_wait(word_t events)
{
    if (!is_open)
        return console_open(false);
    (void)events_wait(events, 0);
    return ERR_OK;
}

// As much as fits one transfer. Value: how much was taken.
static sysret_t console_write_some(enum console_stream stream, const uint8_t *bytes, size_t count)
{
    size_t size = count < CONSOLE_WRITE_MAX ? count : CONSOLE_WRITE_MAX;
    word_t message[MESSAGE_WORDS] = {CONSOLE_REQUEST(CONSOLE_WRITE, stream, size)};

    memcpy(&message[1], bytes, size);
    long error = console_ask(message);
    return (sysret_t){error, message[1]};
}

long console_write(enum console_stream stream, const void *bytes, size_t count)
{
    const uint8_t *rest = bytes;

    while (count > 0) {
        sysret_t taken = console_write_some(stream, rest, count);
        if (taken.error == ERR_STALE || taken.error == ERR_DEAD) {
            log_write((const char *)rest, count);
            return ERR_OK;
        }
        if (taken.error != ERR_OK)
            return taken.error;
        rest += taken.value;
        count -= taken.value;
        if (taken.value == 0 && console_wait(EVENT_CONSOLE_ROOM) != ERR_OK)
            (void)sys_slice_yield();
    }
    return ERR_OK;
}

sysret_t console_poll(void *bytes, size_t count)
{
    size_t size = count < CONSOLE_READ_MAX ? count : CONSOLE_READ_MAX;
    word_t message[MESSAGE_WORDS] = {CONSOLE_REQUEST(CONSOLE_READ, 0, size)};
    long error = console_ask(message);

    if (error == ERR_OK)
        memcpy(bytes, &message[2], message[1]);
    return (sysret_t){error, message[1]};
}

sysret_t console_read(void *bytes, size_t count)
{
    for (;;) {
        sysret_t result = console_poll(bytes, count);
        if (result.error != ERR_OK || result.value > 0)
            return result;
        long error = console_wait(EVENT_CONSOLE_INPUT);
        if (error != ERR_OK)
            return (sysret_t){error, 0};
    }
}

static long console_tell(enum console_operation operation, word_t argument, word_t word)
{
    word_t message[MESSAGE_WORDS] = {CONSOLE_REQUEST(operation, argument, 0), word};

    return console_ask(message);
}

long console_leader(env_t env)
{
    return console_tell(CONSOLE_LEADER, 0, env);
}

long console_foreground(env_t env)
{
    return console_tell(CONSOLE_FOREGROUND, 0, env);
}

long console_mode(enum console_mode mode)
{
    return console_tell(CONSOLE_MODE, mode, 0);
}

long console_status(word_t status)
{
    return console_tell(CONSOLE_STATUS, 0, status);
}

long console_flush(void)
{
    for (;;) {
        word_t message[MESSAGE_WORDS] = {CONSOLE_REQUEST(CONSOLE_FLUSH, 0, 0)};
        long error = console_ask(message);
        if (error != ERR_OK || message[1] == 0)
            return error;
        (void)events_wait(0, time_now() + time_from_us(FLUSH_WAIT_US));
    }
}
