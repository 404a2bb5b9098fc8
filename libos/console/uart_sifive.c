// SPDX-License-Identifier: BSD-2-Clause
/*
 * SiFive's UART: 32-bit registers, FIFOs of 8 bytes, and interrupts that compare a FIFO's level with a
 * watermark.
 */
#include <libos/console/uart.h>

enum sifive_register {
    TRANSMIT_DATA,
    RECEIVE_DATA,
    TRANSMIT_CONTROL,
    RECEIVE_CONTROL,
    INTERRUPT_ENABLE,
    INTERRUPT_PENDING,
};

#define DATA_NOT_NOW (1u << 31) // transmit: full; receive: empty

#define CONTROL_ENABLE       1u
#define CONTROL_WATERMARK(n) ((uint32_t)(n) << 16)

#define WATERMARK_TRANSMIT 1u // the FIFO holds less than the transmit watermark
#define WATERMARK_RECEIVE  2u // the FIFO holds more than the receive watermark

static void sifive_init(const struct uart *uart)
{
    uart_write(uart, INTERRUPT_ENABLE, 0);
    // Room means an empty FIFO, and one byte received is worth an interrupt.
    uart_write(uart, TRANSMIT_CONTROL, CONTROL_ENABLE | CONTROL_WATERMARK(1));
    uart_write(uart, RECEIVE_CONTROL, CONTROL_ENABLE | CONTROL_WATERMARK(0));
}

static size_t sifive_room(const struct uart *uart)
{
    return uart_read(uart, TRANSMIT_DATA) & DATA_NOT_NOW ? 0 : 1;
}

static void sifive_put(const struct uart *uart, uint8_t byte)
{
    uart_write(uart, TRANSMIT_DATA, byte);
}

// One read both looks and takes.
static int sifive_get(const struct uart *uart)
{
    uint32_t data = uart_read(uart, RECEIVE_DATA);

    return data & DATA_NOT_NOW ? -1 : (int)(data & 0xff);
}

// The chip does not tell when the shift register is empty; an empty FIFO is the closest it says.
static bool sifive_idle(const struct uart *uart)
{
    return uart_read(uart, INTERRUPT_PENDING) & WATERMARK_TRANSMIT;
}

static void sifive_interrupt(const struct uart *uart, bool transmit)
{
    uart_write(uart, INTERRUPT_ENABLE, transmit ? WATERMARK_RECEIVE | WATERMARK_TRANSMIT : WATERMARK_RECEIVE);
}

const struct uart_ops uart_sifive = {
    .name = "sifive-uart0",
    .kind = DEVICE_UART_SIFIVE,
    .init = sifive_init,
    .room = sifive_room,
    .put = sifive_put,
    .get = sifive_get,
    .idle = sifive_idle,
    .interrupt = sifive_interrupt,
};
