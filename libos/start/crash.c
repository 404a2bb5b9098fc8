// SPDX-License-Identifier: BSD-2-Clause
/*
 * The last words of a program: what happened, where, the registers, and who called whom, with names from
 * the table that the build puts into each program (no host is needed to read them).
 *
 *     hello: stopped by a page fault on a store, at pc 0x10a42, address 0x8
 *
 * The report is made by the crashing program itself, so it uses little: a line at a time from a buffer
 * here, no printf and no heap. When even that faults, the exception stack ends and the kernel stops the
 * program.
 */
#include <libos/console/console.h>
#include <libos/posix/stdio.h>
#include <libos/start/internal.h>
#include <libos/vm/vm.h>
#include <string.h>

#define DEPTH_MAX 32

#pragma weak stdio_flush

static char line[160];
static size_t line_length;

static void add(const char *text)
{
    while (*text && line_length < sizeof(line) - 1)
        line[line_length++] = *text++;
}

static void add_hex(word_t value, int digits)
{
    char text[19] = "0x";
    for (int i = 0; i < digits; i++)
        text[2 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
    text[2 + digits] = 0;
    add(text);
}

static void add_address(word_t value)
{
    int digits = 1;
    while (digits < 16 && value >> 4 * digits)
        digits++;
    add_hex(value, digits);
}

static void end_line(void)
{
    line[line_length++] = '\n';
    console_write(CONSOLE_ERROR, line, line_length);
    line_length = 0;
}

static const char *cause_name(word_t cause)
{
    static const char *const names[] = {
        [CAUSE_FETCH_ALIGN] = "a misaligned jump",    [CAUSE_FETCH_ACCESS] = "a jump to no memory",
        [CAUSE_ILLEGAL] = "an illegal instruction",   [CAUSE_BREAKPOINT] = "a breakpoint",
        [CAUSE_LOAD_ALIGN] = "a misaligned load",     [CAUSE_LOAD_ACCESS] = "a load from no memory",
        [CAUSE_STORE_ALIGN] = "a misaligned store",   [CAUSE_STORE_ACCESS] = "a store to no memory",
        [CAUSE_CALL] = "an ecall that is no call",    [CAUSE_FETCH_PAGE] = "a page fault on a jump",
        [CAUSE_LOAD_PAGE] = "a page fault on a load", [CAUSE_STORE_PAGE] = "a page fault on a store",
    };
    return cause < sizeof(names) / sizeof(names[0]) && names[cause] ? names[cause] : "an unknown exception";
}

static void report_head(const char *name, const struct trap_frame *frame)
{
    add(name);
    add(": stopped by ");
    add(cause_name(frame->cause));
    add(", cause ");
    add_address(frame->cause);
    add(", pc ");
    add_address(frame->FRAME_PC);
    add(", address ");
    add_address(frame->address);
    end_line();
}

static void report_registers(const struct trap_frame *frame)
{
    static const char names[32][4] = {"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
                                      "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                      "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (int i = 1; i < 32; i++) {
        if (i == 3)
            continue; // gp is nobody's
        add(strlen(names[i]) == 2 ? "   " : "  ");
        add(names[i]);
        add(" ");
        add_hex(frame->x[i], 16);
        if (i % 4 == 0 || i == 31)
            end_line();
    }
}

static void report_place(word_t address)
{
    word_t start;
    const char *name = symbol_find(address, &start);

    add("  at ");
    add_address(address);
    if (name) {
        add(" ");
        add(name);
        add("+");
        add_address(address - start);
    }
    end_line();
}

// Whether a frame of a function can lie there: in a stack of ours, whose pages up to `above` were
// touched already.
static bool is_frame(word_t pointer, word_t above)
{
    return pointer % 8 == 0 && pointer > above && pointer - above <= STACK_SIZE;
}

/*
 * Functions compiled with -fno-omit-frame-pointer keep the caller's s0 at s0 - 16 and the return address
 * at s0 - 8; one that calls nothing has no return address to keep, and the caller's s0 is at s0 - 8. The
 * chain goes strictly upward from sp within one stack, so a damaged one ends instead of leading astray.
 *
 * Where the program stopped, ra says who called when it is not what the frame keeps, nor left by a call
 * that the function itself made before.
 */
static void report_backtrace(const struct trap_frame *frame)
{
    word_t start, caller_start, pointer = frame->FRAME_S0, above = frame->FRAME_SP;

    report_place(frame->FRAME_PC);
    const char *here = symbol_find(frame->FRAME_PC, &start);
    const char *caller = symbol_find(frame->FRAME_RA, &caller_start);
    word_t kept = is_frame(pointer, above) ? *(const word_t *)(pointer - 8) : 0;
    if (caller && caller != here && frame->FRAME_RA != kept)
        report_place(frame->FRAME_RA - 4); // the call is before the address it returns to
    if (is_frame(kept, pointer)) {
        above = pointer;
        pointer = kept;
    }
    for (int depth = 0; depth < DEPTH_MAX && is_frame(pointer, above); depth++) {
        word_t address = *(const word_t *)(pointer - 8);
        if (address == 0)
            return;
        report_place(address - 4);
        above = pointer;
        pointer = *(const word_t *)(pointer - 16);
    }
}

void crash_report(const char *name, const struct trap_frame *frame)
{
    report_head(name, frame);
    report_registers(frame);
}

_Noreturn void crash(const struct trap_frame *frame)
{
    static bool crashing;

    if (crashing) // the report itself crashed
        program_exit(CRASH_STATUS);
    crashing = true;
    if (stdio_flush)
        stdio_flush(); // what the program said before comes first
    report_head(program_argument(0), frame);
    if (frame->cause >= CAUSE_FETCH_PAGE) {
        add("  ");
        add(vm_why());
        end_line();
    }
    report_registers(frame);
    report_backtrace(frame);
    program_exit(CRASH_STATUS);
}
