// SPDX-License-Identifier: BSD-2-Clause
/*
 * A link: memory between two environments, and the way to give each other time. Pipes (pipe.h), notification words
 * (notice.h) and shared memory of a program's own (below) lie on it.
 *
 *     this side                                the other side
 *     mine    writes  <- struct link_page ->   theirs   reads
 *     out     writes  <- pages behind it  ->   in       reads
 *     theirs  reads   <- struct link_page ->   mine     writes
 *     in      reads   <- pages behind it  ->   out      writes
 *
 * Neither side can write what is the other's, and neither believes what it reads there: that is enough for two that
 * do not trust each other. What the other side can do at worst is to say nothing, or nonsense.
 *
 * Each side owns the frames that it writes. When they go, with their owner or because it takes them back, the kernel
 * breaks the bindings here: the library puts pages of zeros in their place, and remembers that the other side is
 * gone (ERR_DEAD).
 *
 * Whoever builds two environments links them, before they start: a program and its child, or two of its children.
 */
#ifndef LIBOS_IPC_LINK_H
#define LIBOS_IPC_LINK_H

#include <libos/loader/child.h>
#include <libos/sys/sys.h>

#define LINKS_MAX      16
#define LINK_DATA_MAX  32                       // pages of one side, besides the first; a power of two, or none
#define LINK_SLOT(n)   ((slot_t)(CAPS_MAX - 1 - (n))) // the other side, RIGHTS_PEER
#define EVENT_LINK     (1ul << 60)              // something changed that somebody sleeps for
#define LINK_WORDS     448

// The first page of each side. Written by its side, read by the other.
struct link_page {
    word_t magic, env, pages; // as the link was made: whose side it is, how many pages it has behind this one
    word_t asleep;            // wants EVENT_LINK when something changes
    word_t head, tail;        // the pipes' counters: of what this side wrote and read
    word_t posted, taken;     // the notification words'
    word_t pool_first, pool_count, gift, received; // pages that move, see give.h
    word_t reserved[52];
    word_t words[LINK_WORDS]; // the program's: shared memory
};
_Static_assert(sizeof(struct link_page) == PAGE_SIZE, "a page");

/*
 * What this side does while it waits for the other:
 *
 *   LINK_YIELDS    gives it the rest of the slice, and trusts it to come back. The shortest
 *   LINK_DONATES   gives it a bounded part (LINK_DONATION_US) of the slice: whatever the other side does, the time ends
 *   LINK_RETURNS   runs on the time that the other side donates, and hands it back
 *   LINK_SLEEPS    gives it nothing
 */
enum link_way { LINK_YIELDS, LINK_DONATES, LINK_RETURNS, LINK_SLEEPS };
#define LINK_DONATION_US 1000

struct link {
    volatile struct link_page *mine;
    const volatile struct link_page *theirs;
    uint8_t *out;         // our pages, whose size is out_size: a power of two, or 0
    const uint8_t *in;
    size_t out_size, in_size;
    slot_t slot;          // the other side
    env_t env;
    enum link_way way;
    volatile bool gone;   // its memory is: set in a page fault
    size_t number;
    page_t pool_first;    // frames that move through it (give.h), how many, and a bit for each that is here
    size_t pool_count;
    uint64_t held;
};

/*
 * Link ourselves with a child that was built and not started; there it is link `number`. We get `out` pages to write
 * besides the first, and it gets `in`. ERR_OK; RANGE: no such number or number of pages; BUSY: too many links; NOENT:
 * no frames; or what the kernel refused.
 */
long link_child(struct link *link, const struct child *child, size_t number, size_t out, size_t in);

// The same between two children: `one` gets `out` pages to write, `other` gets `in`.
long link_children(const struct child *one, size_t number_one, const struct child *other, size_t number_other,
                   size_t out, size_t in);

// In a child: link `number` as its parent made it. NOENT: it made none, or not a sound one.
long link_open(struct link *link, size_t number);

// The end of it: frames of ours are taken back, and gone for the other side, too.
void link_close(struct link *link);

/*
 * Shared memory: the words of mine->words are ours to write, those of theirs->words the other side's. link_wake, after
 * something was written: the other side may sleep. link_wait returns when *word, one of theirs, is no longer `seen`;
 * until then the other side has our time, according to link->way. DEADLINE: `deadline` (absolute, 0: none) passed
 * first. DEAD: the other side stopped, was destroyed, or took its memory back. link_turn is both, for who takes
 * turns: the answer cannot be there yet.
 */
static inline void link_wake(struct link *link);
static inline long link_turn(struct link *link, const volatile word_t *word, word_t seen, word_t deadline);
static inline long link_wait(struct link *link, const volatile word_t *word, word_t seen, word_t deadline);

/*
 * The rest of our slice to the environment in a slot, in line: of all registers the compiler keeps only those that it
 * needs, where the function in sys.h keeps all that a caller may rely on.
 */
static inline long link_yield(slot_t slot)
{
    register word_t a0 __asm__("a0") = slot;
    register word_t a1 __asm__("a1");
    __asm__ volatile("addi sp, sp, -16\n\t"
                     "sd s0, 0(sp)\n\t"
                     "sd tp, 8(sp)\n\t"
                     "lla ra, 1f\n\t"
                     "li t0, %[call]\n\t"
                     "ecall\n" // returns to ra
                     "1:\n\t"
                     "ld s0, 0(sp)\n\t"
                     "ld tp, 8(sp)\n\t"
                     "addi sp, sp, 16"
                     : "+r"(a0), "=r"(a1)
                     : [call] "i"(CALL_BASE - 3)
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6", "a7", "s1", "s2", "s3",
                       "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory");
    return (long)a0;
}

// What to do when the other side did not want our time, or is not to have all of it. ERR_OK: look again.
long link_patience(struct link *link, const volatile word_t *word, word_t seen, long error, word_t deadline);
void link_wake_up(struct link *link);

static inline void link_wake(struct link *link)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); // it says that it sleeps before it looks; we write before we look
    if (__builtin_expect(link->theirs->asleep != 0, 0))
        link_wake_up(link);
}

// Give the other side time, at least once, until *word is no longer `seen`.
static inline long link_pass(struct link *link, const volatile word_t *word, word_t seen, word_t deadline)
{
    do {
        long error = ERR_AGAIN;
        if (__builtin_expect(link->way == LINK_YIELDS, 1))
            error = link_yield(link->slot);
        if (__builtin_expect(error != ERR_OK || (deadline != 0 && time_now() >= deadline), 0) &&
            (error = link_patience(link, word, seen, error, deadline)) != ERR_OK)
            return error;
    } while (*word == seen);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return ERR_OK;
}

static inline long link_turn(struct link *link, const volatile word_t *word, word_t seen, word_t deadline)
{
    link_wake(link);
    return link_pass(link, word, seen, deadline);
}

static inline long link_wait(struct link *link, const volatile word_t *word, word_t seen, word_t deadline)
{
    if (*word == seen)
        return link_pass(link, word, seen, deadline);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return ERR_OK;
}

#endif
