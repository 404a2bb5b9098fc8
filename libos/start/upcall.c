// SPDX-License-Identifier: BSD-2-Clause
/*
 * The C half of the upcalls: what is done about an exception, an interrupt, the end of a slice.
 *
 * Exceptions arrive here on the exception stack, interrupts on the interrupt stack; both stacks lie in
 * .bss, which the loader pins, so the way to a page-fault handler never takes a page fault. Invariants:
 *   (1) while UPCALL_HOLD is above 0, no thread is switched and no handler of events runs
 *   (2) a frame on the exception stack is copied to the running thread's before anything else can fault
 */
#include <libos/ipc/ipc.h>
#include <libos/start/internal.h>
#include <libos/vm/vm.h>

_Static_assert(offsetof(struct trap_frame, cause) == FRAME_CAUSE, "assembly and C agree on the frame");
_Static_assert(offsetof(struct trap_frame, address) == FRAME_ADDRESS, "assembly and C agree on the frame");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "assembly and C agree on the frame");
_Static_assert(UPCALL_ENDS + 8 <= SAVE_F_PC, "the library's words fit the application's room");

#define OUR_EVENTS (EVENT_BIT(SLICE_END) | EVENT_BIT(SWITCHED))

static char exception_stack[UPCALL_STACK_SIZE] __attribute__((aligned(UPCALL_STACK_SIZE)));
char interrupt_stack[UPCALL_STACK_SIZE] __attribute__((aligned(UPCALL_STACK_SIZE)));

struct trap_frame main_frame; // of the program's first thread

static exception_handler_t exception_handler;
static fault_handler_t fault_handler;
/*
 * Who is asked about a page fault before all registers are saved: the program's handler, or else the room vm. Functions
 * that do not look at the frame are called with it all the same.
 */
static upcall_fault_t fault_base = (upcall_fault_t)(void (*)(void))vm_fault;
static upcall_fault_t fault_first; // what UPCALL_FAULT says
static events_handler_t events_handler, library_handler;
static word_t program_events, library_events, waited_events;
const struct thread_hooks *thread_hooks;

static bool fault_later(word_t address, word_t need, struct trap_frame *frame)
{
    (void)address, (void)need, (void)frame;
    return false;
}

// A handler of exceptions comes before one of faults, and wants all registers.
static void fault_choose(void)
{
    fault_first = exception_handler ? fault_later
                  : fault_handler   ? (upcall_fault_t)(void (*)(void))fault_handler
                                    : fault_base;
    SAVE_WORD(UPCALL_FAULT) = (word_t)fault_first;
}

void upcall_fault_base(upcall_fault_t base)
{
    fault_base = base;
    fault_choose();
}

void exception_handle(exception_handler_t handler)
{
    exception_handler = handler;
    fault_choose();
}

void fault_handle(fault_handler_t handler)
{
    fault_handler = handler;
    fault_choose();
}

// Upcalls are held.
void upcall_events_choose(void)
{
    word_t ours = thread_hooks ? OUR_EVENTS | EVENT_BIT(ALARM) : OUR_EVENTS;
    SAVE_WORD(UPCALL_EVENTS) = program_events | library_events | waited_events | ours;
}

void events_handle(word_t events, events_handler_t handler)
{
    upcall_hold();
    events_handler = handler;
    program_events = handler ? events : 0;
    upcall_events_choose();
    upcall_release();
}

// Upcalls are held.
void upcall_library(word_t events, events_handler_t handler)
{
    library_handler = handler;
    library_events = events;
    upcall_events_choose();
}

void upcall_waited(word_t events)
{
    waited_events = events;
    upcall_events_choose();
}

// Something may have to be served. Until that is known upcalls are held, and the slot is closed.
void upcall_release_last(void)
{
    SAVE_WORD(UPCALL_HOLD) = 1;
    SAVE_WORD(SAVE_I_HANDLER) = 0;
    for (;;) {
        if (SAVE_WORD(SAVE_PENDING) & SAVE_WORD(UPCALL_EVENTS)) {
            upcall_enter(upcall_interrupt); // takes the last hold off
            return;
        }
        SAVE_WORD(UPCALL_HOLD) = 0;
        SAVE_WORD(SAVE_I_HANDLER) = (word_t)i_entry;
        // What came before the slot was open is in the word and brings no upcall: look once more.
        if (!(SAVE_WORD(SAVE_PENDING) & SAVE_WORD(UPCALL_EVENTS)))
            return;
        SAVE_WORD(UPCALL_HOLD) = 1;
    }
}

// The right that an access wanted which ended in a page fault; 0: it was another exception.
static inline word_t right_wanted(word_t cause)
{
    return cause < 16 ? RIGHTS_WANTED >> cause * 4 & 15 : 0;
}
_Static_assert(RIGHTS_WANTED == ((word_t)RIGHT_EXECUTE << 4 * CAUSE_FETCH_PAGE | (word_t)RIGHT_READ << 4 * CAUSE_LOAD_PAGE |
                                 (word_t)RIGHT_WRITE << 4 * CAUSE_STORE_PAGE), "a digit for each cause");

// A page fault that nobody took who was asked first.
static bool fault_rest(word_t address, word_t need, struct trap_frame *frame)
{
    if (exception_handler && fault_handler && fault_handler(address, need))
        return true;
    return fault_first != fault_base && fault_base(address, need, frame);
}

/*
 * The floating-point unit is off until the first instruction that uses it, which is then illegal.
 * Turning it on is asked once; an illegal instruction after that is one.
 */
static bool float_on_first_use(word_t cause)
{
    static bool on;

    if (cause != CAUSE_ILLEGAL || on)
        return false;
    on = sys_env_float(1).error == ERR_OK;
    upcall_float_used = on;
    if (thread_hooks)
        thread_hooks->unusual();
    return on;
}
bool upcall_float_used;

// From upcall.S with every register in the frame, which may be changed. Returns to go on with it.
void upcall_exception(struct trap_frame *frame)
{
    word_t right = right_wanted(frame->cause);
    if (exception_handler && exception_handler(frame))
        return;
    if (right && fault_rest(frame->address, right, frame))
        return;
    if (float_on_first_use(frame->cause))
        return;
    if (SAVE_WORD(UPCALL_HOLD) & HOLD_DECIDING)
        upcall_abandon(1);
    if (thread_hooks && thread_hooks->crashed && thread_hooks->crashed(frame))
        return;
    crash(frame);
}

// From upcall.S.
_Noreturn void upcall_abandoned(word_t faulted)
{
    thread_hooks->abandoned(faulted);
    __builtin_unreachable();
}

word_t upcall_events(void)
{
    return program_events | library_events;
}

void upcall_events_serve(void)
{
    upcall_hold();
    word_t events = upcall_events() ? events_take(upcall_events()) : 0;
    if (events & program_events)
        events_handler(events & program_events);
    if (events & ~program_events)
        library_handler(events & ~program_events);
    upcall_release();
}

// From upcall.S with upcalls held: the frame to go on with, which is another thread's when that is switched.
struct trap_frame *upcall_interrupt(struct trap_frame *frame)
{
    struct trap_frame *running = (struct trap_frame *)SAVE_WORD(UPCALL_I_FRAME);

    if (frame != running)
        *running = *frame; // invariant (2)

    upcall_events_serve();
    if (thread_hooks)
        return thread_hooks->interrupt(running, events_take(OUR_EVENTS | EVENT_BIT(ALARM)));
    // With SWITCHED the kernel gave the hart to others meanwhile, and this is the next slice already.
    if (events_take(OUR_EVENTS) == EVENT_BIT(SLICE_END))
        sys_slice_yield();
    return running;
}

// Open both slots. Before this an exception stops the program and slices end without its help.
void upcall_start(void)
{
    SAVE_WORD(UPCALL_X_FRAME) = (word_t)exception_stack + UPCALL_STACK_SIZE - 16 - FRAME_SIZE;
    SAVE_WORD(UPCALL_X_ENTRY) = (word_t)x_entry;
    SAVE_WORD(UPCALL_I_ENTRY) = (word_t)i_entry;
    SAVE_WORD(UPCALL_RIGHTS) = RIGHTS_WANTED;
    fault_choose();
    SAVE_WORD(UPCALL_I_LAST) = (word_t)interrupt_stack + UPCALL_STACK_SIZE - 16;
    SAVE_WORD(UPCALL_I_FRAME) = (word_t)&main_frame;
    main_frame.x[4] = SAVE_WORD(UPCALL_TP);
    SAVE_WORD(UPCALL_EVENTS) = OUR_EVENTS;
    SAVE_WORD(UPCALL_HOLD) = 1;
    SAVE_WORD(SAVE_X_HANDLER) = (word_t)x_entry;
}
