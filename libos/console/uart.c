// SPDX-License-Identifier: BSD-2-Clause
// Choosing a driver, and reaching registers the way the device wants it. See uart.h.

#include <libos/console/uart.h>

static const struct uart_ops *const uart_drivers[] = {
    &uart_ns16550,
    &uart_dw,
    &uart_sifive,
};

uint32_t uart_read(const struct uart *uart, unsigned number)
{
    volatile uint8_t *address = uart->registers + ((size_t)number << uart->reg_shift);

    switch (uart->io_width) {
    case 4:  return *(volatile uint32_t *)address;
    case 2:  return *(volatile uint16_t *)address;
    default: return *address;
    }
}

void uart_write(const struct uart *uart, unsigned number, uint32_t value)
{
    volatile uint8_t *address = uart->registers + ((size_t)number << uart->reg_shift);

    switch (uart->io_width) {
    case 4:  *(volatile uint32_t *)address = value; break;
    case 2:  *(volatile uint16_t *)address = (uint16_t)value; break;
    default: *address = (uint8_t)value;
    }
}

bool uart_open(struct uart *uart, const struct device_info *device, word_t page)
{
    for (size_t i = 0; i < sizeof(uart_drivers) / sizeof(uart_drivers[0]); i++) {
        if (uart_drivers[i]->kind != device->kind)
            continue;
        uart->ops = uart_drivers[i];
        uart->registers = (volatile uint8_t *)(page + device->offset);
        uart->reg_shift = device->reg_shift;
        uart->io_width = device->io_width;
        uart->ops->init(uart);
        return true;
    }
    return false;
}
