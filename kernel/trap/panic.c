// SPDX-License-Identifier: BSD-2-Clause
// The log and the last words; see panic.h. A backtrace follows frame pointers within this hart's stack.

#include "panic.h"

#include "hart.h"
#include "kernel.h"
#include "machine/audit.h"
#include "machine/machine.h"
#include "sbi.h"

#include <stdarg.h>

#define LINE_MAX      160
#define BACKTRACE_MAX 16

// Made by tools/symbols.py: count, bytes of strings, entries sorted by address, strings.
struct symbol {
    uint64_t address;
    uint32_t name;
    uint32_t size;
};
extern const struct {
    uint32_t count;
    uint32_t strings_size;
    struct symbol symbols[];
} rivet_symbols;

extern char image_text[], image_text_end[];

struct line {
    char text[LINE_MAX];
    size_t length;
};

static void line_char(struct line *line, char c)
{
    if (line->length < LINE_MAX)
        line->text[line->length++] = c;
}

static void line_number(struct line *line, word_t value, unsigned base)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0)
        line_char(line, digits[--count]);
}

// Knows %s, %lu, %lx and %%.
void kernel_log(const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;
    va_start(arguments, format);
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            line_char(&line, *c);
        } else if (*++c == 's') {
            for (const char *s = va_arg(arguments, const char *); *s != '\0'; s++)
                line_char(&line, *s);
        } else if (*c == 'l') {
            line_number(&line, va_arg(arguments, word_t), *++c == 'x' ? 16 : 10);
        } else {
            line_char(&line, *c);
        }
    }
    va_end(arguments);
    machine_puts(line.text, line.length);
}

static void log_place(word_t pc)
{
    const struct symbol *found = NULL;
    for (uint32_t i = 0; i < rivet_symbols.count && rivet_symbols.symbols[i].address <= pc; i++)
        found = &rivet_symbols.symbols[i];
    const char *strings = (const char *)&rivet_symbols.symbols[rivet_symbols.count];
    if (found == NULL)
        kernel_log("  %lx\n", pc);
    else
        kernel_log("  %lx %s+%lx\n", pc, strings + found->name, pc - found->address);
}

static bool is_text(word_t pc) { return pc >= (word_t)image_text && pc < (word_t)image_text_end; }

static void log_backtrace(word_t frame)
{
    word_t top = hw_hart() - HART_STACK_TOP;
    word_t bottom = top - sizeof(((struct hart_memory *)0)->stack) - PAGE_SIZE / 2;
    for (int depth = 0; depth < BACKTRACE_MAX && frame > bottom + 16 && frame <= top && frame % 8 == 0; depth++) {
        word_t pc = ((word_t *)frame)[-1];
        if (!is_text(pc))
            break;
        log_place(pc);
        frame = ((word_t *)frame)[-2];
    }
}

static void stop(void)
{
    audit_context();
    sbi_reset(false);
    for (;;)
        asm volatile("wfi");
}

void kernel_panic(const char *why)
{
    kernel_log("rivet: panic: %s\nbacktrace:\n", why);
    log_backtrace((word_t)__builtin_frame_address(0));
    stop();
    __builtin_unreachable();
}

void panic_trap(const word_t *regs, word_t cause, word_t address)
{
    kernel_log("rivet: panic: the kernel faulted: cause %lx, pc %lx, address %lx\n", cause, regs[0], address);
    for (unsigned long i = 1; i < 32; i++)
        kernel_log("  x%lu %lx%s", i, regs[i], i % 4 == 3 ? "\n" : "");
    kernel_log("backtrace:\n");
    log_place(regs[0]);
    log_backtrace(regs[8]);
    stop();
    __builtin_unreachable();
}
