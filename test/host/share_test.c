// SPDX-License-Identifier: BSD-2-Clause
/*
 * The memory policies of libos/share, and the broker that drives them, on a model of a machine: clients that answer
 * requests, answer late or in part, or never; clients that come and go, also while they are asked or served. What always
 * holds is checked after every step: no frame is lost or made, and nobody falls below its guarantee by force.
 */
#include <libos/share/broker.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> // needs the headers above

#define STEPS 60000

static uint64_t seed;

static uint64_t random_below(uint64_t end)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % end;
}

// ---------------------------------------------------------------- the machine

enum manner { HONEST, LATE, PARTLY, DEAF, REFUSES, MANNERS };

// A client's frames are its free ones, those that hold data, and those that are mapped, in this order in `rank`.
static struct model {
    uint64_t relative;
    size_t parent;
    size_t guaranteed;
    size_t frames[3]; // by rank
    size_t hidden;    // in children that are no clients
    enum manner manner;
    bool closed;     // it takes no frames: it is about to go
    size_t wanted_back; // what it is asked for and has not given
    uint64_t deadline;
    size_t forced;   // lost by force in all
    size_t asked;    // requests that came to it
} models[SHARE_CLIENTS];

static size_t stock, total;
static uint64_t now;
static struct broker broker;

static size_t owned(size_t client)
{
    return models[client].frames[0] + models[client].frames[1] + models[client].frames[2];
}

static size_t judged(size_t client)
{
    return owned(client) + models[client].hidden;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// So many frames leave a client, those of the lowest rank first.
static void lose(size_t client, size_t count)
{
    for (int rank = 0; rank < 3; rank++) {
        size_t some = least(count, models[client].frames[rank]);
        models[client].frames[rank] -= some;
        count -= some;
        stock += some;
    }
    assert_int_equal(count, 0);
}

static void give_back(size_t client, size_t count)
{
    count = least(count, least(models[client].wanted_back, owned(client)));
    models[client].wanted_back -= count;
    lose(client, count);
}

static uint64_t world_now(void)
{
    return now;
}

static void world_look(struct broker *of)
{
    size_t parents[SHARE_CLIENTS];
    uint64_t relative[SHARE_CLIENTS], weights[SHARE_CLIENTS];

    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        parents[i] = models[i].parent;
        relative[i] = models[i].relative;
    }
    share_weights(parents, relative, weights);
    for (size_t i = 0; i < SHARE_CLIENTS; i++) {
        of->pool.client[i].weight = weights[i];
        of->pool.client[i].guaranteed = models[i].guaranteed;
        of->pool.client[i].owned = judged(i);
        of->pool.client[i].held = owned(i);
    }
    of->pool.stock = stock;
}

static size_t world_give(size_t client, size_t count)
{
    assert_true(count > 0 && count <= stock);
    assert_true(models[client].relative > 0);
    if (models[client].closed)
        return 0;
    stock -= count;
    models[client].frames[random_below(3)] += count;
    return count;
}

static bool world_ask(size_t client, size_t count, uint64_t deadline)
{
    struct model *model = &models[client];

    assert_true(model->relative > 0);
    assert_int_equal(model->wanted_back, 0); // one request at a time
    assert_true(count > 0 && owned(client) - count >= model->guaranteed);
    if (model->manner == REFUSES)
        return false;
    model->asked++;
    model->wanted_back = count;
    model->deadline = deadline;
    if (model->manner == HONEST)
        give_back(client, count);
    if (model->manner == PARTLY)
        give_back(client, random_below(count + 1));
    return true;
}

static void world_withdraw(size_t client)
{
    models[client].wanted_back = 0;
}

static size_t world_take(size_t client, size_t count, unsigned (*rank)(const struct share_frame *frame))
{
    struct model *model = &models[client];
    size_t before = owned(client);

    assert_true(now >= model->deadline);
    assert_true(count > 0 && count <= BROKER_PIECE);
    assert_int_equal(rank(&(struct share_frame){1, true, 0}), 0); // free ones first, whatever the policy
    if (model->wanted_back == 0)
        return BROKER_OVER;
    count = least(count, model->wanted_back);
    give_back(client, count);
    model->forced += before - owned(client);
    return before - owned(client);
}

static const struct broker_world world = {world_now, world_look, world_give, world_ask, world_withdraw, world_take};

static void machine_start(const struct share_ops *ops, size_t frames)
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (models[i].relative && broker.ops)
            broker_leave(&broker, i);
    memset(models, 0, sizeof(models));
    stock = total = frames;
    now = 1000;
    broker_start(&broker, ops, &world);
}

static void client_come(size_t client, uint64_t weight, size_t guaranteed, enum manner manner)
{
    models[client] = (struct model){weight, SHARE_NOBODY, guaranteed, {0}, 0, manner, false, 0, 0, 0, 0};
    broker_join(&broker, client);
}

// What it had goes to whoever created it: here, to nobody in particular.
static void client_go(size_t client)
{
    broker_leave(&broker, client);
    assert_int_equal(models[client].wanted_back, 0); // nothing is asked of the dead
    stock += judged(client);
    models[client] = (struct model){0};
}

static void accounts_check(void)
{
    size_t sum = stock;

    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        sum += judged(i);
    assert_int_equal(sum, total);
}

// A client asks until it has what it wants or is told that this is all. How much it got.
static size_t want(size_t client, size_t wanted)
{
    size_t before = owned(client), rounds = 0;

    for (;;) {
        size_t had = owned(client);
        struct broker_answer answer = broker_want(&broker, client, wanted);
        accounts_check();
        assert_true(answer.came <= owned(client));
        assert_true(had <= owned(client));
        if (owned(client) - before >= wanted || answer.again_us == 0)
            return owned(client) - before;
        assert_true(answer.again_us > now);
        assert_true(++rounds < 1000);
        now = answer.again_us;
        for (size_t i = 0; i < SHARE_CLIENTS; i++)
            if (models[i].manner == LATE && models[i].wanted_back && now + 1 >= models[i].deadline)
                give_back(i, models[i].wanted_back);
    }
}

// ---------------------------------------------------------------- arithmetic

static void test_weights(void **state)
{
    size_t parent[SHARE_CLIENTS] = {0};
    uint64_t relative[SHARE_CLIENTS] = {0}, weights[SHARE_CLIENTS];

    (void)state;
    // A session (0) with two children of weights 200 and 100, and a grandchild (3) of the first.
    relative[0] = SHARE_DEFAULT, parent[0] = SHARE_NOBODY;
    relative[1] = 200, parent[1] = 0;
    relative[2] = 100, parent[2] = 0;
    share_weights(parent, relative, weights);
    assert_int_equal(weights[1] / 2, weights[2]);
    assert_int_equal(weights[0], SHARE_WHOLE * 25 / 325);
    assert_int_equal(weights[4], 0);
    uint64_t first = weights[1], second = weights[2];
    // What a child says of its own children is nobody else's business.
    relative[3] = SHARE_MOST, parent[3] = 1;
    share_weights(parent, relative, weights);
    assert_int_equal(weights[2], second);
    assert_true(weights[1] + weights[3] <= first && weights[1] + weights[3] + 2 >= first);
    assert_true(weights[3] > 100 * weights[1]);
    // Who goes in a circle is somebody, and the computation ends.
    parent[1] = 3;
    share_weights(parent, relative, weights);
    assert_true(weights[1] > 0 && weights[3] > 0);
}

static void test_shares(void **state)
{
    struct share_pool pool = {.stock = 100};
    size_t shares[SHARE_CLIENTS];

    (void)state;
    share_shares(&pool, shares);
    assert_int_equal(shares[0], 0);
    pool.client[3] = (struct share_client){.weight = 2, .owned = 500};
    pool.client[7] = (struct share_client){.weight = 1, .owned = 300};
    share_shares(&pool, shares);
    assert_int_equal(shares[3], 600);
    assert_int_equal(shares[7], 300);
    pool.client[7].guaranteed = 450; // more than its part: the other divides the rest
    share_shares(&pool, shares);
    assert_int_equal(shares[3], 450);
    assert_int_equal(shares[7], 450);
    pool.client[3].guaranteed = 1000; // more than there is
    share_shares(&pool, shares);
    assert_int_equal(shares[3], 1000);
    assert_int_equal(shares[7], 450);
    pool.client[3].guaranteed = 0;
    pool.client[9] = (struct share_client){.weight = 1, .guaranteed = 10};
    share_shares(&pool, shares);
    assert_int_equal(shares[7], 450);
    assert_int_equal(shares[3] + shares[9], 450);
}

static void test_shares_random(void **state)
{
    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct share_pool pool = {.stock = random_below(5000)};
        size_t shares[SHARE_CLIENTS], sum = 0, there = pool.stock, guaranteed = 0, clients = 0;
        for (size_t i = 0; i < SHARE_CLIENTS; i++) {
            if (random_below(4))
                continue;
            pool.client[i] = (struct share_client){.weight = 1 + random_below(SHARE_WHOLE),
                                                   .guaranteed = random_below(3) ? 0 : random_below(800),
                                                   .owned = random_below(1000)};
            clients++;
            there += pool.client[i].owned;
            guaranteed += pool.client[i].guaranteed;
        }
        share_shares(&pool, shares);
        for (size_t i = 0; i < SHARE_CLIENTS; i++) {
            assert_true(pool.client[i].weight || shares[i] == 0);
            assert_true(shares[i] >= pool.client[i].guaranteed);
            sum += shares[i];
        }
        if (guaranteed <= there && clients > 0)
            assert_true(sum <= there && sum + clients > there); // but for what rounding down leaves
    }
}

// ---------------------------------------------------------------- the policies

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; share_table[i]; i++) {
        assert_non_null(share_table[i]->name);
        assert_non_null(share_table[i]->decide);
        assert_ptr_equal(share_find(share_table[i]->name), share_table[i]);
        assert_true(i == 0 || strcmp(share_table[i - 1]->name, share_table[i]->name) < 0);
    }
    assert_null(share_find("nothing"));
    // The two ends: one has what it must, one has everything.
    assert_ptr_equal(share_find("minimal"), &share_minimal);
    assert_true(!share_minimal.join && !share_minimal.leave && !share_minimal.answered && !share_minimal.rank);
    assert_true(share_maximal.join && share_maximal.leave && share_maximal.answered && share_maximal.rank);
}

// Two that want everything, with weights 2:1: they end at 2:1 within a batch, in whatever order they begin.
static void compete(const struct share_ops *ops, enum manner manner, size_t first)
{
    const size_t batch = 64;

    machine_start(ops, 3000);
    client_come(0, 200, 100, manner);
    client_come(1, 100, 100, manner);
    while (want(first, batch) == batch) // the first takes all there is
        continue;
    assert_true(stock < batch);
    for (int round = 0; round < 200; round++) {
        (void)want(round % 2, batch);
        accounts_check();
    }
    assert_true(owned(0) + batch >= 2000 && owned(0) <= 2000 + batch);
    assert_true(owned(1) + batch >= 1000 && owned(1) <= 1000 + batch);
    // And then it is quiet: whoever asks is refused, and nobody loses anything.
    size_t one = owned(0), other = owned(1), asked = models[0].asked + models[1].asked;
    for (int round = 0; round < 20; round++)
        (void)want(round % 2, batch);
    assert_true(owned(0) - one <= batch && owned(1) - other <= batch);
    assert_true(models[0].asked + models[1].asked <= asked + 2);
}

static void test_compete(void **state)
{
    (void)state;
    for (enum manner manner = HONEST; manner <= DEAF; manner++)
        for (size_t first = 0; first < 2; first++) {
            compete(&share_proportional, manner, first);
            compete(&share_maximal, manner, first);
        }
}

// The one furthest above its share gives first, and nobody else is asked as long as that suffices.
static void test_furthest(void **state)
{
    (void)state;
    machine_start(&share_proportional, 4000);
    for (size_t i = 0; i < 4; i++)
        client_come(i, 100, 0, HONEST);
    assert_int_equal(want(0, 1200), 1200);
    assert_int_equal(want(1, 1500), 1500);
    assert_int_equal(want(2, 1300), 1300);
    assert_int_equal(want(3, 200), 200);
    assert_int_equal(owned(1), 1000); // all that it had above its share: less than a run
    assert_int_equal(stock, 300);
    assert_true(models[1].asked == 1 && models[0].asked == 0 && models[2].asked == 0);
    assert_int_equal(want(3, 3000), 800); // its share, and not a frame more
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(owned(i), 1000);
    assert_int_equal(want(3, 1), 0);
}

// One that does not listen loses what it was asked for, and nobody else does; a request that is answered costs nobody more.
static void test_deaf(void **state)
{
    (void)state;
    machine_start(&share_proportional, 3000);
    client_come(0, 100, 50, DEAF);
    client_come(1, 100, 50, HONEST);
    client_come(2, 100, 50, HONEST);
    (void)want(0, 1800);
    (void)want(1, 1200);
    uint64_t began = now;
    assert_int_equal(want(2, 700), 700);
    assert_true(now - began >= SHARE_PATIENCE_US); // not before
    assert_int_equal(models[0].forced, 700);
    assert_int_equal(models[1].forced, 0);
    assert_int_equal(owned(1), 1200);
    assert_int_equal(want(2, 1000), 300);
    assert_int_equal(models[1].forced, 0);
    assert_int_equal(owned(0), 1000);
    assert_int_equal(owned(1), 1000);
}

// However much is demanded, and by whomever, nobody is pressed below its guarantee.
static void test_guarantee(void **state)
{
    (void)state;
    machine_start(&share_proportional, 1000);
    client_come(0, 1, 400, DEAF);
    client_come(1, 9999, 0, HONEST);
    (void)want(0, 1000);
    (void)want(1, ~(size_t)0 / 2);
    assert_int_equal(owned(0), 400);
    assert_int_equal(owned(1), 600);
}

/*
 * One that hides frames in children that nobody can ask: it is judged by them and gets nothing more, is not asked for what
 * it does not hold, and does not stand in the way of those who can give.
 */
static void test_hides(void **state)
{
    (void)state;
    machine_start(&share_proportional, 3000);
    for (size_t i = 0; i < 3; i++)
        client_come(i, 100, 10, HONEST);
    (void)want(0, 1700);
    (void)want(1, 1300);
    models[0].hidden = owned(0) - 5;
    memset(models[0].frames, 0, sizeof(models[0].frames));
    models[0].frames[2] = 5;
    assert_int_equal(want(2, 1000), 300);
    assert_int_equal(owned(0), 5);
    assert_int_equal(models[0].asked, 0);
    assert_int_equal(want(0, 1), 0);
}

static void test_minimal(void **state)
{
    (void)state;
    machine_start(&share_minimal, 1000);
    client_come(0, 1, 0, HONEST);
    client_come(1, 10000, 900, HONEST);
    assert_int_equal(want(0, 900), 900);
    assert_int_equal(want(1, 900), 100);
    assert_int_equal(want(1, 900), 0);
    assert_int_equal(models[0].asked, 0);
}

static void test_maximal(void **state)
{
    (void)state;
    machine_start(&share_maximal, 1000);
    client_come(0, 100, 0, DEAF);
    client_come(1, 100, 300, HONEST);
    assert_int_equal(want(0, 2000), 992); // four frames a client are for those below their guarantee
    assert_int_equal(want(1, 8), 8);
    uint64_t began = now;
    assert_int_equal(want(1, 100), 100); // from a deaf one, who has all the time ...
    assert_int_equal(now - began >= SHARE_PATIENCE_US, true);
    began = now;
    assert_int_equal(want(1, 100), 100);
    assert_true(now - began >= SHARE_PATIENCE_US / 2 && now - began < SHARE_PATIENCE_US); // ... and then half
    models[0].manner = HONEST;
    assert_int_equal(want(1, 50), 50);
    models[0].manner = DEAF;
    began = now;
    assert_int_equal(want(1, 50), 50);
    assert_true(now - began >= SHARE_PATIENCE_US); // forgiven
    struct share_frame frame = {.bindings = 2};
    assert_int_equal(share_maximal.rank(&frame), SHARE_RANKS - 1);
    frame.bindings = 1;
    assert_int_equal(share_maximal.rank(&frame), 2);
    // Everybody above its share is asked.
    machine_start(&share_maximal, 3000);
    for (size_t i = 0; i < 3; i++)
        client_come(i, 100, 0, HONEST);
    (void)want(0, 1500);
    (void)want(1, 1400);
    (void)want(2, 500);
    assert_true(models[0].asked > 0 && models[1].asked > 0);
}

// ---------------------------------------------------------------- the broker

// A policy that wishes for what is wrong in every way.
static void wild_decide(struct share_pool *pool, size_t client, size_t wanted, struct share_plan *plan)
{
    plan->give = random_below(3) ? ~(size_t)0 : wanted + random_below(100);
    plan->count = random_below(3) ? SHARE_ASKS : 1000;
    for (size_t i = 0; i < SHARE_ASKS; i++) {
        plan->ask[i].client = random_below(8) ? random_below(SHARE_CLIENTS) : random_below(2) ? client : ~(size_t)0;
        plan->ask[i].frames = random_below(3) ? random_below(pool->stock + 500) : ~(size_t)0;
        plan->ask[i].patience_us = random_below(50000);
    }
}

static const struct share_ops wild = {.name = "wild", .decide = wild_decide};

static void test_dies_while_served(void **state)
{
    (void)state;
    machine_start(&share_proportional, 1000);
    client_come(0, 100, 0, DEAF);
    client_come(1, 100, 0, HONEST);
    client_come(2, 100, 0, HONEST);
    (void)want(0, 1000);
    struct broker_answer answer = broker_want(&broker, 1, 200);
    assert_true(answer.coming == 200 && answer.again_us > now);
    // Somebody else has to wait until that one's demand is over ...
    struct broker_answer other = broker_want(&broker, 2, 100);
    assert_true(other.came == 0 && other.coming == 0 && other.again_us > now);
    client_go(1); // ... which it is at once when that one goes: nothing is asked for any more.
    assert_int_equal(models[0].wanted_back, 0);
    assert_int_equal(want(2, 100), 100);
    // One that goes while it is asked: whoever waits for it gets what it left, or nothing, but an answer.
    client_come(1, 100, 0, HONEST);
    (void)want(0, stock); // what more was taken than was missing
    answer = broker_want(&broker, 1, 100);
    assert_true(answer.coming > 0);
    client_go(0);
    assert_int_equal(want(1, 100), 100);
    // One that has no places open any more: the frames stay in the stock, and the demand is over.
    client_come(0, 100, 0, DEAF);
    (void)want(0, 1000);
    answer = broker_want(&broker, 1, 100);
    assert_true(answer.coming > 0);
    models[1].closed = true;
    now = answer.again_us;
    broker_step(&broker);
    assert_int_equal(broker.client, SHARE_NOBODY);
    assert_true(stock > 0);
    accounts_check();
}

// One that demands and never comes again: the others' calls carry it out.
static void test_silent_demand(void **state)
{
    (void)state;
    machine_start(&share_proportional, 900);
    for (size_t i = 0; i < 3; i++)
        client_come(i, 100, 0, DEAF);
    (void)want(0, 900);
    (void)broker_want(&broker, 1, 250);
    assert_int_equal(want(2, 300), 300);
    assert_int_equal(owned(1), 250);
}

static void random_step(size_t weights_most)
{
    size_t client = random_below(12);
    struct model *model = &models[client];

    if (model->relative == 0) {
        client_come(client, 1 + random_below(weights_most), random_below(total / 12), random_below(MANNERS));
        return;
    }
    switch (random_below(12)) {
    case 0:
        client_go(client);
        break;
    case 1:
        model->closed = !model->closed;
        break;
    case 2:
        model->manner = random_below(MANNERS);
        break;
    case 3: // gives some back unasked
        if (model->wanted_back == 0)
            lose(client, random_below(owned(client) + 1));
        break;
    case 4: { // a parent hands on what it has, past the broker
        size_t to = random_below(12), some = random_below(model->frames[0] + 1);
        if (models[to].relative)
            model->frames[0] -= some, models[to].frames[0] += some;
        break;
    }
    case 5:
        now += random_below(200000);
        broker_step(&broker);
        break;
    case 6: { // it hides some, or takes some back
        size_t some = random_below(model->frames[0] + model->hidden + 1);
        model->hidden += model->frames[0];
        model->frames[0] = some;
        model->hidden -= some;
        break;
    }
    case 7:
        give_back(client, random_below(model->wanted_back + 1));
        break;
    default:
        (void)broker_want(&broker, client, random_below(20) ? 1 + random_below(300) : ~(size_t)0);
        now += random_below(30000);
    }
}

// What holds between steps, however it came to be.
static void invariants_check(void)
{
    size_t asked = 0;

    accounts_check();
    assert_true(broker.client == SHARE_NOBODY || (broker.missing > 0 && models[broker.client].relative > 0));
    for (size_t i = 0; i < broker.ask_count; i++)
        asked += broker.ask[i].open;
    assert_true((broker.client == SHARE_NOBODY) == (asked == 0));
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (models[i].wanted_back)
            assert_true(broker.client != SHARE_NOBODY && i != broker.client);
}

static void storm(const struct share_ops *ops)
{
    size_t before[SHARE_CLIENTS], forced[SHARE_CLIENTS];

    machine_start(ops, 1000 + random_below(5000));
    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < SHARE_CLIENTS; i++) {
            before[i] = owned(i);
            forced[i] = models[i].forced;
        }
        random_step(step % 2 ? 3 : SHARE_MOST);
        invariants_check();
        for (size_t i = 0; i < SHARE_CLIENTS; i++)
            if (models[i].forced > forced[i]) // by force, and only down to the guarantee
                assert_true(owned(i) >= least(before[i], models[i].guaranteed));
    }
}

static void test_storm(void **state)
{
    (void)state;
    for (size_t i = 0; share_table[i]; i++)
        storm(share_table[i]);
    storm(&wild);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),   cmocka_unit_test(test_shares),  cmocka_unit_test(test_shares_random),
        cmocka_unit_test(test_table),     cmocka_unit_test(test_compete), cmocka_unit_test(test_furthest),
        cmocka_unit_test(test_deaf),      cmocka_unit_test(test_guarantee), cmocka_unit_test(test_minimal),
        cmocka_unit_test(test_hides),
        cmocka_unit_test(test_maximal),   cmocka_unit_test(test_dies_while_served), cmocka_unit_test(test_silent_demand),
        cmocka_unit_test(test_storm),
    };

    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20260102;
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
