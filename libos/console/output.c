// SPDX-License-Identifier: BSD-2-Clause
/*
 * The output ring: what clients wrote, in the order they wrote it, until the UART takes it.
 *
 * (1) ring_count is the sum of all clients' `owed`.
 * (2) No client owes more than its share, and the ring has room for all shares: it is never full for a client
 *     that keeps within its own.
 * Bytes enter as they were written; marks, escapes and "\r" are added on the way out, by way of `staged`.
 */
#include <libos/console/server.h>

#include <assert.h>

#define RING_ROOM     (CLIENTS * OUTPUT_SHARE)
#define STREAM_STATUS 0   // an entry whose byte is the status of the run
#define STREAM_NONE   255 // no mark was sent yet
#define STAGED_MAX    8   // an entry becomes at most a mark and a status: DLE x 2 5 5 \n
#define TRANSMIT_MAX  256 // bytes given to the UART at a time, so that no request takes long

struct entry {
    uint8_t byte;
    uint8_t stream;
    uint8_t client;
};

static const struct uart *uart;
static bool is_framed;

static struct entry ring[RING_ROOM];
static size_t ring_first;
static size_t ring_count;
static size_t owed[CLIENTS];
static bool is_starved[CLIENTS]; // it wrote more than it had room for, and waits to try again

static uint8_t staged[STAGED_MAX];
static size_t staged_first;
static size_t staged_count;
static uint8_t marked; // the stream whose mark was sent last

void output_start(const struct uart *to, bool framed)
{
    uart = to;
    is_framed = framed;
    marked = STREAM_NONE;
    uart->ops->interrupt(uart, false);
}

static void ring_put(size_t client, uint8_t stream, uint8_t byte)
{
    assert(ring_count < RING_ROOM && "the ring has room for all shares");
    ring[(ring_first + ring_count++) % RING_ROOM] = (struct entry){byte, stream, (uint8_t)client};
    owed[client]++;
}

static struct entry ring_take(void)
{
    struct entry entry = ring[ring_first];

    ring_first = (ring_first + 1) % RING_ROOM;
    ring_count--;
    owed[entry.client]--;
    return entry;
}

size_t output_write(size_t client, enum console_stream stream, const uint8_t *bytes, size_t count)
{
    size_t room = OUTPUT_SHARE - owed[client];
    size_t taken = count < room ? count : room;

    for (size_t i = 0; i < taken; i++)
        ring_put(client, (uint8_t)stream, bytes[i]);
    is_starved[client] = taken < count;
    return taken;
}

bool output_status(size_t client, uint8_t status)
{
    if (!is_framed)
        return true;
    if (owed[client] == OUTPUT_SHARE)
        return false;
    ring_put(client, STREAM_STATUS, status);
    return true;
}

static bool output_is_pending(void)
{
    return ring_count > 0 || staged_first < staged_count;
}

size_t output_left(void)
{
    return ring_count + (staged_count - staged_first) + (uart->ops->idle(uart) ? 0 : 1);
}

static void stage(uint8_t byte)
{
    assert(staged_count < STAGED_MAX && "what one entry becomes fits");
    staged[staged_count++] = byte;
}

static void stage_status(uint8_t status)
{
    stage(CONSOLE_DLE);
    stage('x');
    if (status >= 100)
        stage('0' + status / 100);
    if (status >= 10)
        stage('0' + status / 10 % 10);
    stage('0' + status % 10);
    stage('\n');
}

static void stage_framed(struct entry entry)
{
    if (entry.stream == STREAM_STATUS) {
        stage_status(entry.byte);
        return;
    }
    if (entry.stream != marked) {
        stage(CONSOLE_DLE);
        stage('0' + entry.stream);
        marked = entry.stream;
    }
    if (entry.byte == CONSOLE_DLE)
        stage(CONSOLE_DLE);
    stage(entry.byte);
}

// Takes the next entry off the ring, as the bytes it becomes.
static void stage_next(void)
{
    struct entry entry = ring_take();

    staged_first = staged_count = 0;
    if (is_framed) {
        stage_framed(entry);
    } else {
        if (entry.byte == '\n')
            stage('\r');
        stage(entry.byte);
    }
}

// Lets clients try again that have got half their share back. Half, so that they do not come for each byte.
static void output_feed_starved(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (is_starved[i] && owed[i] <= OUTPUT_SHARE / 2) {
            is_starved[i] = false;
            client_room_came(i);
        }
    }
}

void output_transmit(void)
{
    size_t room = 0;

    for (size_t bytes = 0; bytes < TRANSMIT_MAX && output_is_pending(); bytes++, room--) {
        if (room == 0)
            room = uart->ops->room(uart);
        if (room == 0)
            break;
        if (staged_first == staged_count)
            stage_next();
        uart->ops->put(uart, staged[staged_first++]);
    }
    uart->ops->interrupt(uart, output_is_pending());
    output_feed_starved();
}
