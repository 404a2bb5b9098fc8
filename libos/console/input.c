// SPDX-License-Identifier: BSD-2-Clause
// The input ring: what was typed until the foreground reads it. When nobody reads, what comes last is
// dropped.

#include <libos/console/server.h>

#define CONTROL_C         0x03
#define CONTROL_BACKSLASH 0x1c
#define RECEIVE_MAX       64 // bytes taken from the UART at a time; it interrupts again when it has more

static const struct uart *uart;
static enum console_mode line_mode;
static uint8_t ring[INPUT_ROOM];
static size_t ring_first;
static size_t ring_count;

void input_start(const struct uart *from)
{
    uart = from;
}

size_t input_read(uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    for (; taken < count && ring_count > 0; taken++, ring_count--) {
        bytes[taken] = ring[ring_first];
        ring_first = (ring_first + 1) % INPUT_ROOM;
    }
    return taken;
}

static void input_byte(uint8_t byte)
{
    if (line_mode == CONSOLE_COOKED && byte == CONTROL_C) {
        ring_count = 0;
        client_interrupt();
    } else if (line_mode == CONSOLE_COOKED && byte == CONTROL_BACKSLASH) {
        ring_count = 0;
        client_quit();
    } else if (ring_count < INPUT_ROOM) {
        ring[(ring_first + ring_count++) % INPUT_ROOM] = byte;
    }
}

/*
 * What waits in the ring is taken again, as if it were typed now: a Ctrl-C that came while the shell was still
 * starting a program is meant for that program. Each byte is put back no later than where it was.
 */
void input_mode(enum console_mode mode)
{
    size_t from = ring_first;
    size_t left = ring_count;

    line_mode = mode;
    ring_count = 0;
    for (; left > 0; left--, from = (from + 1) % INPUT_ROOM)
        input_byte(ring[from]);
}

void input_receive(void)
{
    for (int i = 0; i < RECEIVE_MAX; i++) {
        int byte = uart->ops->get(uart);
        if (byte < 0)
            break;
        input_byte((uint8_t)byte);
    }
    if (ring_count > 0)
        client_input_came();
}
