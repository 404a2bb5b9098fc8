// SPDX-License-Identifier: BSD-2-Clause
/*
 * irq   from the program to its handler when a device interrupts that is bound to it: the real-time clock's alarm
 *       (goldfish RTC), whose registers and interrupt this program owns
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#define REGISTERS 0x3f30000000ul
#define EVENT     (1ul << 40)
#define ALARM_NS  200000
#define CAUSE     0x8000000000000009ul // a device

enum { TIME_LOW = 0x00, TIME_HIGH = 0x04, ALARM_LOW = 0x08, ALARM_HIGH = 0x0c, IRQ_ENABLED = 0x10, CLEAR_INTERRUPT = 0x1c };

word_t stretch_interrupt(word_t cause);

static uint32_t rtc_read(unsigned offset) { return *(volatile uint32_t *)(REGISTERS + offset); }
static void rtc_write(unsigned offset, uint32_t value) { *(volatile uint32_t *)(REGISTERS + offset) = value; }

static const struct device_info *rtc_find(void)
{
    for (uint32_t i = 0; i < machine()->device_count; i++)
        if (machine()->devices[i].kind == DEVICE_RTC)
            return &machine()->devices[i];
    fprintf(stderr, "bench: this machine has no real-time clock to interrupt with\n");
    exit(1);
}

void bench_irq(void)
{
    const struct device_info *rtc = rtc_find();
    must((sysret_t){vm_bind(0, REGISTERS, rtc->page, 1, RIGHT_READ | RIGHT_WRITE), 0}, "the clock's registers");
    must(sys_irq_bind(rtc->irq, EVENT), "its interrupt");
    rtc_write(IRQ_ENABLED, 1);
    word_t least = ~0ul;
    for (int i = 0; i < REPEAT; i++) {
        upcall_hold();
        sys_slice_yield();
        word_t now = rtc_read(TIME_LOW);
        word_t alarm = (now | (word_t)rtc_read(TIME_HIGH) << 32) + ALARM_NS;
        rtc_write(ALARM_HIGH, (uint32_t)(alarm >> 32));
        rtc_write(ALARM_LOW, (uint32_t)alarm);
        word_t cost = COUNTED(stretch_interrupt(CAUSE));
        if (events_take(EVENT) == 0 || cost == ~0ul) {
            fprintf(stderr, "bench: something else interrupted before the clock did\n");
            exit(1);
        }
        rtc_write(CLEAR_INTERRUPT, 1);
        must(sys_irq_complete(rtc->irq), "irq_complete");
        upcall_release();
        least = least_of(least, cost);
    }
    row_counted("irq", least, 1);
    must(sys_irq_bind(rtc->irq, 0), "unbinding it");
    vm_unbind(0, REGISTERS, 1);
}
