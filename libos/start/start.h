// SPDX-License-Identifier: BSD-2-Clause
/*
 * How a program of this library begins, and how exceptions and interrupts reach it.
 *
 * The loader leaves `struct start_info` in the save area, from SAVE_OWN on. The first program (init) has
 * none: its magic is zero. Capability slots by convention:
 */
#ifndef LIBOS_START_H
#define LIBOS_START_H

#include <libos/start/upcall.h>
#include <libos/sys/sys.h>

enum start_slot {
    SLOT_CONSOLE = 0, // the console, RIGHT_CALL
    SLOT_PARENT = 1,  // the creator, RIGHT_NOTIFY
    SLOT_SELF = 2,    // this environment, all rights, to hand on to others
    SLOT_MEMORY = 3,  // init, RIGHT_CALL: the memory service (share/memory.h)
    SLOT_SCRATCH = 4, // the library's, while a child is built
    SLOT_FREE = 8,    // from here on the program's own
};

#define START_MAGIC   0x7472617473ul // "start"
#define START_STRINGS 2048           // bytes for all arguments with their NULs

struct start_info {
    word_t magic;
    word_t argc;
    env_t console;       // the console's environment, 0: none, write with machine_log
    page_t frames_first; // where to look first for frames of one's own: a hint, the frame table is the truth
    word_t bundle;       // physical address of the files this program may read, 0: none
    word_t bundle_size;  // bytes
    char strings[START_STRINGS]; // argv, each with its NUL
};

static inline struct start_info *start_info(void)
{
    return (struct start_info *)(SAVE_ADDRESS + SAVE_OWN);
}
_Static_assert(SAVE_OWN + sizeof(struct start_info) <= PAGE_SIZE, "the start information fits the save area");

/*
 * The registers of an interrupted program. gp is not among what is restored: by convention the compiler never
 * uses it, and the way back is `jr gp`. x[0] holds the pc.
 */
struct trap_frame {
    word_t x[32];   // pc, x1 to x31
    word_t cause;   // scause; for interrupts the kernel sets the top bit
    word_t address; // stval
};
#define FRAME_PC x[0]
#define FRAME_RA x[1]
#define FRAME_SP x[2]
#define FRAME_S0 x[8]
#define FRAME_A0 x[10]

/*
 * Exceptions. `handler` looks at the frame, may change it, and returns true to go on with it or false
 * when it is not his; then the library's own handling follows: demand paging, floating point on first
 * use, and at last the crash report and exit with CRASH_STATUS. NULL removes the handler. It runs on the
 * upcall stack with interrupt upcalls deferred, and may itself take page faults.
 */
typedef bool (*exception_handler_t)(struct trap_frame *frame);
void exception_handle(exception_handler_t handler);

/*
 * Page faults alone, for programs that protect pages to hear of accesses (a garbage collector, a debugger). `handler` is
 * told the address and the right that the access wanted (enum page_right), and returns true to have the access tried
 * again or false when the page is not its business; then the library's own handling follows. The way to it and back is
 * shorter than that of exception_handle, whose handler, if there is one, is asked first. The rest is as there.
 */
typedef bool (*fault_handler_t)(word_t address, word_t need);
void fault_handle(fault_handler_t handler);

void crash_report(const char *name,
                  const struct trap_frame *frame); // cause and registers, on the error output
#define CRASH_STATUS 139                           // 128 + 11, as a shell reports a segmentation fault

/*
 * Interrupt upcalls. Between upcall_hold and upcall_release (they nest) none comes: the kernel's end of
 * slice waits for its grace time, then switches by itself. upcall_release runs what has come meanwhile.
 * `events_handle` has a function called, with upcalls held, when one of the events is pending: it is
 * told which, and they are taken.
 */
static inline void upcall_hold(void);
static inline void upcall_release(void);
typedef void (*events_handler_t)(word_t events);
void events_handle(word_t events, events_handler_t handler);

// In line, because they surround short work. One base for all words: the compiler would make each one's address anew.
static inline volatile word_t *upcall_words(void)
{
    word_t base = SAVE_ADDRESS;
    __asm__("" : "+r"(base));
    return (volatile word_t *)base;
}

static inline void upcall_hold(void)
{
    volatile word_t *hold = upcall_words() + UPCALL_HOLD / sizeof(word_t);
    *hold = *hold + 1;
    __asm__ volatile("" ::: "memory"); // what is protected stays behind the hold
}

// The slot is open and nothing is pending, unless something came meanwhile or a page fault was handled.
void upcall_release_last(void);
static inline void upcall_release(void)
{
    __asm__ volatile("" ::: "memory");
    volatile word_t *words = upcall_words();
    word_t held = words[UPCALL_HOLD / sizeof(word_t)] - 1;
    words[UPCALL_HOLD / sizeof(word_t)] = held;
    if (__builtin_expect(held != 0, 0))
        return;
    word_t pending = words[SAVE_PENDING / sizeof(word_t)] & words[UPCALL_EVENTS / sizeof(word_t)];
    if (__builtin_expect(words[SAVE_I_HANDLER / sizeof(word_t)] == 0 || pending != 0, 0))
        upcall_release_last();
}

// End the program at once, with nothing written out: the kernel's exit. POSIX's exit() flushes first.
_Noreturn void program_exit(word_t status);

// Argument counted from 0, "" when there are fewer.
const char *program_argument(size_t index);

#endif
