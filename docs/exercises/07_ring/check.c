// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 7: both sides in one environment first, so that this file can be the other side, and lie. Then a copy of
 * this program is the other side of two rings in one page, and says everything back.
 */
#include "../check.h"

#include "ring.h"

#include <string.h>

#define SLOT_PEER  SLOT_FREE       // in both programs: the other one, RIGHT_YIELD
#define SLOT_PAGE  (SLOT_FREE + 1) // the page of the rings
#define OPENED     (1ul << 40)     // the copy has opened its slots
#define TOTAL      65536
#define PIECE_MOST 3000
#define PAUSE_US   200
#define PATIENCE_US 500000
#define STREAM_SEED 7
#define TRIPS      64
#define TRIP_MOST  1500 // instructions for a byte there and back

struct rings {
    struct ring there, back;
};
_Static_assert(sizeof(struct rings) <= PAGE_SIZE, "both rings are in one page");

static struct ring alone;
static uint8_t sent[PIECE_MOST], came[PIECE_MOST + 1];
static uint64_t seed = 1;

static size_t random_below(size_t limit)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (seed >> 33) % limit;
}

// Both sides draw the same pieces. 0: nothing is left.
static size_t piece_next(size_t left)
{
    size_t count = 1 + random_below(PIECE_MOST);
    return count < left ? count : left;
}

static word_t soon(word_t us)
{
    return time_now() + time_from_us(us);
}

// The byte at this place of a stream.
static uint8_t byte_of(size_t place)
{
    return (uint8_t)(place * 31 + place / 256);
}

static bool is_stream(const uint8_t *bytes, size_t count, size_t place)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != byte_of(place + i))
            return false;
    return true;
}

// The counts begin shortly before they wrap.
static void begin_alone(struct ring_end *writer, struct ring_end *reader)
{
    memset(&alone, 0, sizeof(alone));
    *writer = *reader = (struct ring_end){.ring = &alone, .peer = SLOT_PEER, .own = (uint32_t)-5000};
    alone.head = alone.tail = writer->own;
}

static bool moves(struct ring_end *writer, struct ring_end *reader)
{
    for (size_t place = 0; place < 20000;) {
        size_t count = 1 + random_below(RING_BYTES);
        for (size_t i = 0; i < count; i++)
            sent[i] = byte_of(place + i);
        came[count] = 0x5a;
        if (ring_put(writer, sent, count, soon(PAUSE_US)) != ERR_OK ||
            ring_get(reader, came, count, soon(PAUSE_US)) != ERR_OK)
            return false;
        if (!is_stream(came, count, place) || came[count] != 0x5a)
            return false;
        place += count;
    }
    return true;
}

static void alone_check(void)
{
    struct ring_end writer, reader;

    begin_alone(&writer, &reader);
    check(moves(&writer, &reader), "20,000 bytes in pieces up to the ring's size, round its end and round the counts'");
    check(ring_put(&writer, sent, RING_BYTES, soon(PAUSE_US)) == ERR_OK, "a ring takes as many bytes as it has");
    word_t begin = time_now();
    check_equal((word_t)ring_put(&writer, sent, 1, soon(PAUSE_US)), ERR_DEADLINE,
                "one more, and nobody reads: the answer");
    begin_alone(&writer, &reader);
    check_equal((word_t)ring_get(&reader, came, 1, soon(PAUSE_US)), ERR_DEADLINE,
                "nothing is there, and nobody writes: the answer");
    check(time_now() - begin >= time_from_us(2 * PAUSE_US), "both waited until the deadline, and not less");
}

static void lies_check(void)
{
    struct ring_end writer, reader;

    begin_alone(&writer, &reader);
    alone.head += RING_BYTES + 1;
    memset(came, 0x5a, sizeof(came));
    check_equal((word_t)ring_get(&reader, came, 2000, soon(PAUSE_US)), ERR_STATE,
                "a head that is more than a ring ahead: the answer");
    begin_alone(&writer, &reader);
    alone.head -= 1;
    check_equal((word_t)ring_get(&reader, came, 1, soon(PAUSE_US)), ERR_STATE, "a head that is behind: the answer");
    begin_alone(&writer, &reader);
    alone.tail += 1;
    check_equal((word_t)ring_put(&writer, sent, 1, soon(PAUSE_US)), ERR_STATE, "a tail that is ahead: the answer");
    begin_alone(&writer, &reader);
    alone.tail -= RING_BYTES + 1;
    check_equal((word_t)ring_put(&writer, sent, 1, soon(PAUSE_US)), ERR_STATE,
                "a tail that is more than a ring behind: the answer");
    begin_alone(&writer, &reader);
    alone.head += 17; // the reader writes to the writer's word
    uint32_t own = writer.own;
    check(ring_put(&writer, "abc", 3, soon(PAUSE_US)) == ERR_OK && alone.head == own + 3 &&
              alone.bytes[own % RING_BYTES] == 'a', "the reader changes the writer's word, and it changes nothing");
    begin_alone(&writer, &reader);
    alone.head += 3;
    alone.tail += 2; // and the other way round
    check(ring_get(&reader, came, 3, soon(PAUSE_US)) == ERR_OK && alone.tail == reader.own && reader.own == own + 3,
          "the writer changes the reader's word, and it changes nothing");
}

// The copy: says back what comes, until it has been all.
static int echo(page_t page)
{
    word_t window = vm_window_open(1);

    sys_cap_open(SLOT_PEER, SAVE_WORD(SAVE_CREATOR));
    sys_cap_open(SLOT_PAGE, SAVE_WORD(SAVE_CREATOR));
    sys_env_notify(SLOT_PARENT, OPENED);
    while (events_wait(EVENT_BIT(GRANTED), soon(PATIENCE_US)) &&
           sys_cap_copy(SLOT_PAGE, SLOT_PAGE + 1, RIGHT_READ).error != ERR_OK)
        continue;
    struct rings *rings = (struct rings *)window;
    if (vm_bind_shared(0, window, page, 1, RIGHT_READ | RIGHT_WRITE, SLOT_PAGE) != ERR_OK)
        return 1;
    struct ring_end in = {&rings->there, SLOT_PEER, 0}, out = {&rings->back, SLOT_PEER, 0};
    size_t left = TRIPS + TOTAL, count;
    seed = STREAM_SEED;
    while ((count = left > TOTAL ? 1 : piece_next(left)) > 0) {
        if (ring_get(&in, came, count, soon(PATIENCE_US)) != ERR_OK ||
            ring_put(&out, came, count, soon(PATIENCE_US)) != ERR_OK)
            return 2;
        left -= count;
    }
    return 0;
}

static word_t trips(struct ring_end *out, struct ring_end *in)
{
    word_t least = ~0ul;

    for (size_t i = 0; i < TRIPS; i++) {
        uint8_t byte = byte_of(i), back = 0;
        word_t begin = instructions_now();
        if (ring_put(out, &byte, 1, soon(PATIENCE_US)) != ERR_OK ||
            ring_get(in, &back, 1, soon(PATIENCE_US)) != ERR_OK || back != byte)
            return 0;
        word_t spent = instructions_now() - begin;
        least = spent < least ? spent : least;
    }
    return least;
}

// Everything goes there and comes back, in pieces of which many are larger than the ring.
static size_t stream(struct ring_end *out, struct ring_end *in)
{
    size_t place = 0, count;

    for (seed = STREAM_SEED; (count = piece_next(TOTAL - place)) > 0; place += count) {
        for (size_t i = 0; i < count; i++)
            sent[i] = byte_of(place + i);
        if (ring_put(out, sent, count, soon(PATIENCE_US)) != ERR_OK ||
            ring_get(in, came, count, soon(PATIENCE_US)) != ERR_OK || !is_stream(came, count, place))
            break;
    }
    return place;
}

static void together(struct rings *rings, struct child *child)
{
    struct ring_end out = {&rings->there, SLOT_PEER, 0}, in = {&rings->back, SLOT_PEER, 0};
    int status = 1;

    word_t trip = trips(&out, &in);
    if (check(trip != 0, "a byte goes to another environment and comes back, %d times", TRIPS)) {
        check_at_most(trip, TRIP_MOST, "instructions for a byte there and back");
        check_equal(stream(&out, &in), TOTAL, "bytes of %d that went there and came back right", TOTAL);
    }
    for (word_t until = soon(PATIENCE_US); !child_ended(child, &status) && time_now() < until;)
        events_wait(EVENT_BIT(CHILD), soon(1000));
    check(child_ended(child, &status) && status == 0, "the other side saw no error");
    check_equal((word_t)ring_get(&in, came, 1, soon(PAUSE_US)), ERR_DEADLINE,
                "it has ended, and is read from: the answer");
}

int main(void)
{
    struct child child;
    const char *why = NULL;
    word_t window = vm_window_open(1);
    page_t page = frame_alloc();

    alone_check();
    lies_check();
    env_t env = vm_duplicate(&child, &(struct child_options){.frames = 400, .slices = 4}, &why);
    if (env == 0 && !why)
        return echo(page);
    if (!check(env != 0 && window && vm_bind(0, window, page, 1, RIGHT_READ | RIGHT_WRITE) == ERR_OK,
               "a copy of this program is the other side"))
        return check_end();
    sys_cap_mint(SLOT_PEER, env, RIGHT_YIELD);
    sys_cap_mint(SLOT_PAGE, page, RIGHT_READ | RIGHT_WRITE);
    events_wait(OPENED, soon(PATIENCE_US));
    bool granted = sys_cap_grant(SLOT_SELF, env, SLOT_PEER, RIGHT_YIELD).error == ERR_OK &&
                   sys_cap_grant(SLOT_PAGE, env, SLOT_PAGE, RIGHT_READ | RIGHT_WRITE).error == ERR_OK;
    if (check(granted, "it has a capability to this one, and to the page"))
        together((struct rings *)window, &child);
    child_kill(&child);
    child_reap(&child);
    return check_end();
}
