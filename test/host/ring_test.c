// SPDX-License-Identifier: BSD-2-Clause
/*
 * The arithmetic of rings (libos/ipc/ring.h) against a model that counts, where counters wrap, where sides have
 * closed, and with every kind of lie; and the copying of bytes (libos/ipc/copy.h) at every offset.
 */
#include <libos/ipc/copy.h>
#include <libos/ipc/ring.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define SIZE 64

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

// Counters that keep the invariant: what is in the ring is what was written and not read.
static void counts(void **state)
{
    (void)state;
    const uint64_t begins[] = {0, 1, SIZE - 1, 1ul << 32, RING_CLOSED - SIZE, RING_CLOSED - 1};

    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        for (size_t filled = 0; filled <= SIZE; filled++) {
            uint64_t tail = begins[i], head = (tail + filled) & ~RING_CLOSED;
            assert_int_equal(ring_filled(head, tail, SIZE), filled);
            assert_int_equal(ring_room(head, tail, SIZE), SIZE - filled);
            assert_int_equal(ring_filled(head | RING_CLOSED, tail, SIZE), filled);
            assert_int_equal(ring_room(head, tail | RING_CLOSED, SIZE), SIZE - filled);
        }
}

// The short forms say the same or nothing, and nothing when a side has closed.
static void counts_plainly(void **state)
{
    (void)state;
    for (size_t filled = 0; filled <= SIZE; filled++) {
        uint64_t tail = 1000, head = tail + filled;
        assert_int_equal(ring_filled_plainly(head, tail, SIZE), filled);
        assert_int_equal(ring_room_plainly(head, tail, SIZE), SIZE - filled);
        assert_int_equal(ring_filled_plainly(head | RING_CLOSED, tail, SIZE), 0);
        assert_int_equal(ring_room_plainly(head, tail | RING_CLOSED, SIZE), 0);
        assert_int_equal(ring_filled_plainly(head, tail | RING_CLOSED, SIZE), 0);
        assert_int_equal(ring_room_plainly(head | RING_CLOSED, tail, SIZE), 0);
    }
}

// The other side's counter says anything. Whatever is believed of it stays within the ring.
static void lies(void **state)
{
    (void)state;
    const uint64_t own = 5000;
    const uint64_t told[] = {0, 1, own - 1, own + SIZE + 1, own - SIZE - 1, own + 2 * SIZE, RING_CLOSED - 1,
                             RING_CLOSED >> 1, own + (1ul << 32), own - (1ul << 32)};

    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        for (uint64_t closed = 0; closed <= 1; closed++) {
            uint64_t head = told[i] | closed << 63;
            assert_true(ring_filled(head, own, SIZE) == RING_LIES);
            assert_int_equal(ring_filled_plainly(head, own, SIZE), 0);
        }
    for (int i = 0; i < 1000000; i++) {
        uint64_t mine = random_next() >> (random_next() % 64) & ~RING_CLOSED, other = random_next() >> (random_next() % 64);
        size_t filled = ring_filled(other, mine, SIZE), room = ring_room(mine, other, SIZE);
        assert_true(filled == RING_LIES || (filled <= SIZE && ((mine + filled) & ~RING_CLOSED) == (other & ~RING_CLOSED)));
        assert_true(room == RING_LIES || room <= SIZE);
        assert_true(ring_filled_plainly(other, mine, SIZE) <= SIZE && ring_room_plainly(mine, other, SIZE) <= SIZE);
        size_t run = ring_run(mine, filled == RING_LIES ? SIZE : filled, SIZE);
        assert_true(ring_place(mine, SIZE) + run <= SIZE);
    }
}

// Without pages there is no ring: nothing can be read or written.
static void no_ring(void **state)
{
    (void)state;
    assert_int_equal(ring_filled(7, 7, 0), 0);
    assert_int_equal(ring_room(7, 7, 0), 0);
    assert_true(ring_filled(8, 7, 0) == RING_LIES);
    assert_int_equal(ring_room_plainly(7, 7, 0), 0);
    assert_int_equal(ring_filled_plainly(8, 7, 0), 0);
}

// A stream of bytes through a ring in pieces of any size.
static void stream(void **state)
{
    (void)state;
    uint8_t ring[SIZE];
    uint64_t head = RING_CLOSED - 300, tail = head, written = 0, read = 0; // near the end of the count, which never comes

    while (read < 250) {
        size_t piece = random_next() % (SIZE + 1), room = ring_room(head, tail, SIZE);
        for (size_t i = 0; i < piece && i < room && written < 250; i++)
            ring[ring_place(head++, SIZE)] = (uint8_t)written++;
        size_t filled = ring_filled(head, tail, SIZE), run = ring_run(tail, filled, SIZE);
        for (size_t i = 0; i < run; i++)
            assert_int_equal(ring[ring_place(tail, SIZE)], (uint8_t)read++), tail++;
    }
    assert_int_equal(written, read);
}

#define COPY_MOST 200

static void copies(void **state)
{
    (void)state;
    uint8_t from[COPY_MOST + 64] __attribute__((aligned(64))), to[COPY_MOST + 64] __attribute__((aligned(64)));

    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)random_next();
    for (size_t source = 8; source < 24; source++)
        for (size_t place = 8; place < 24; place++)
            for (size_t size = 0; size <= COPY_MOST; size++) {
                memset(to, 0xa5, sizeof(to));
                bytes_copy(to + place, from + source, size);
                assert_memory_equal(to + place, from + source, size);
                for (size_t i = 0; i < sizeof(to); i++)
                    assert_true((i >= place && i < place + size) || to[i] == 0xa5);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(counts_plainly), cmocka_unit_test(lies),
        cmocka_unit_test(no_ring), cmocka_unit_test(stream), cmocka_unit_test(copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
