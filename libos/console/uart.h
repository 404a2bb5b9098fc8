// SPDX-License-Identifier: BSD-2-Clause
/*
 * UARTs at user level: one `struct uart_ops` per kind of device the machine description can name. A driver is
 * one file and one line in uart.c. Firmware has set speed and format; no driver changes them.
 */
#ifndef LIBOS_UART_H
#define LIBOS_UART_H

#include <rivet/machine.h>

struct uart {
    const struct uart_ops *ops;
    volatile uint8_t *registers; // where the program mapped the first one
    uint32_t reg_shift;          // registers are 2^reg_shift bytes apart
    uint32_t io_width;           // bytes of one access: 1, 2 or 4
};

struct uart_ops {
    const char *name;
    uint32_t kind; // enum device_kind
    // Mandatory.
    void (*init)(const struct uart *uart);              // ready to send and receive, all interrupts off
    size_t (*room)(const struct uart *uart);            // how many bytes it takes at once now
    void (*put)(const struct uart *uart, uint8_t byte); // send one of these
    int (*get)(const struct uart *uart);                // a received byte, -1: none
    bool (*idle)(const struct uart *uart);              // all that was sent is on the line
    void (*interrupt)(const struct uart *uart, bool transmit); // on for what is received, maybe for room too
    // NULL: an interrupt ends by itself when its reason does.
    void (*settle)(const struct uart *uart); // called first when an interrupt is served
};

extern const struct uart_ops uart_ns16550;
extern const struct uart_ops uart_dw;
extern const struct uart_ops uart_sifive;

// The 16550's registers and what the variants share.
extern void ns16550_init(const struct uart *uart);
extern size_t ns16550_room(const struct uart *uart);
extern void ns16550_put(const struct uart *uart, uint8_t byte);
extern int ns16550_get(const struct uart *uart);
extern bool ns16550_idle(const struct uart *uart);
extern void ns16550_interrupt(const struct uart *uart, bool transmit);

// A register by its number, with the distance and width this UART wants.
uint32_t uart_read(const struct uart *uart, unsigned number);
void uart_write(const struct uart *uart, unsigned number, uint32_t value);

// Fill in a UART whose registers' page is mapped at `page`, and make it ready. False: no driver for this
// kind.
bool uart_open(struct uart *uart, const struct device_info *device, word_t page);

#endif
