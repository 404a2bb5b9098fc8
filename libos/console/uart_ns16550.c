// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 16550: eight registers, two FIFOs of 16 bytes. Its functions also serve the variants that differ in
 * little.
 */
#include <libos/console/uart.h>

enum ns16550_register {
    DATA = 0,             // read: received byte; write: byte to send
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,     // write only
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
};

#define ENABLE_RECEIVED 0x01
#define ENABLE_ROOM     0x02

#define FIFO_ENABLE 0x01 // and the receiver interrupts from the first byte on

#define MODEM_READY     0x03 // DTR and RTS
#define MODEM_INTERRUPT 0x08 // OUT2: lets the interrupt out of the chip where it is wired that way

#define STATUS_RECEIVED 0x01
#define STATUS_ROOM     0x20 // the transmit FIFO is empty
#define STATUS_IDLE     0x40 // and so is the shift register

// One place less than the FIFO has: the firmware shares the line and may put a byte in after we looked.
#define FIFO_ROOM 15

void ns16550_init(const struct uart *uart)
{
    uart_write(uart, INTERRUPT_ENABLE, 0);
    uart_write(uart, FIFO_CONTROL, FIFO_ENABLE);
    uart_write(uart, MODEM_CONTROL, MODEM_READY | MODEM_INTERRUPT);
}

size_t ns16550_room(const struct uart *uart)
{
    return uart_read(uart, LINE_STATUS) & STATUS_ROOM ? FIFO_ROOM : 0;
}

void ns16550_put(const struct uart *uart, uint8_t byte)
{
    uart_write(uart, DATA, byte);
}

int ns16550_get(const struct uart *uart)
{
    return uart_read(uart, LINE_STATUS) & STATUS_RECEIVED ? (int)(uart_read(uart, DATA) & 0xff) : -1;
}

bool ns16550_idle(const struct uart *uart)
{
    return uart_read(uart, LINE_STATUS) & STATUS_IDLE;
}

void ns16550_interrupt(const struct uart *uart, bool transmit)
{
    uart_write(uart, INTERRUPT_ENABLE, transmit ? ENABLE_RECEIVED | ENABLE_ROOM : ENABLE_RECEIVED);
}

const struct uart_ops uart_ns16550 = {
    .name = "ns16550",
    .kind = DEVICE_UART_NS16550,
    .init = ns16550_init,
    .room = ns16550_room,
    .put = ns16550_put,
    .get = ns16550_get,
    .idle = ns16550_idle,
    .interrupt = ns16550_interrupt,
};
