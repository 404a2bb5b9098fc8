// SPDX-License-Identifier: BSD-2-Clause
/*
 * Synopsys DesignWare: a 16550 with one interrupt more. Writing the line control register while the line is
 * busy raises "busy detect" (identification 7), which ends only when the status register behind the 16550's
 * is read. We never write that register, but the firmware may have.
 */
#include <libos/console/uart.h>

#define INTERRUPT_IDENTIFICATION 2
#define UART_STATUS              31 // at byte 0x7c

#define IDENTIFICATION_MASK 0x0f
#define BUSY_DETECT         0x07

static void dw_settle(const struct uart *uart)
{
    if ((uart_read(uart, INTERRUPT_IDENTIFICATION) & IDENTIFICATION_MASK) == BUSY_DETECT)
        (void)uart_read(uart, UART_STATUS);
}

static void dw_init(const struct uart *uart)
{
    ns16550_init(uart);
    dw_settle(uart);
}

const struct uart_ops uart_dw = {
    .name = "dw-apb-uart",
    .kind = DEVICE_UART_DW,
    .init = dw_init,
    .room = ns16550_room,
    .put = ns16550_put,
    .get = ns16550_get,
    .idle = ns16550_idle,
    .interrupt = ns16550_interrupt,
    .settle = dw_settle,
};
