// SPDX-License-Identifier: BSD-2-Clause
/*
 * A recorded day: what tasks do one after the other, and whom each policy picked. Host, threads and environments are led
 * through it, and each of them has to see the same picks (test/host/sched/days_test.c, test/guest/days_test.c). The policies
 * are those whose picks do not depend on how long the work itself takes, to the microsecond.
 *
 * Five tasks, a to e, all of which may run at first, in this order. Whoever runs does what the next character says:
 *
 *     a ... e    this task wakes, if it is blocked
 *     1 ... 9    it works for so many tenths of a millisecond
 *     .          it gives way
 *     !          it blocks, unless it is e
 *
 * At the end, where somebody works, all end. PICKS(policy, "letters") is whom the policy picked until then.
 */
#ifndef TEST_SCHED_DAYS_H
#define TEST_SCHED_DAYS_H

#define DAY_TASKS 5
#define DAY                                             \
    "...2.3.....!..1.!..a.!.b4.!!c.a..!d.b..!!!a.bcd.." \
    "!1!.7!.c..!d!.ab.2.!!..!!.abcd......!!!.dcba..3.." \
    ".5!a.!b.!c.!d.!!!!.abcd.......!.!.!.a.b.c....1.9"

// What they are, by their numbers.
#define DAY_WEIGHT(id)   (1 + (id))
#define DAY_PRIORITY(id) ((int[]){3, 1, 2, 2, 0}[id])
#define DAY_PERIOD(id)   ((int[]){7, 4, 6, 5, 9}[id] * 10000000ul)
#define DAY_DUE(id)      ((1ul << 50) + DAY_PERIOD(id)) // of the only job of each

#endif

#ifdef PICKS
PICKS(round_robin, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(fifo, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(prio, "aaaaaaaaaacdcdcccaacccbeccaaacdcdcbeaaaacddbbcccbdbbaaabeeeeaaaaaaacdbbdaaaaaadaadcdcddbeeaaaaaaaacdccbbaaaaaaaa")
PICKS(prio_inherit, "aaaaaaaaaacdcdcccaacccbeccaaacdcdcbeaaaacddbbcccbdbbaaabeeeeaaaaaaacdbbdaaaaaadaadcdcddbeeaaaaaaaacdccbbaaaaaaaa")
PICKS(mlfq, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(rate_monotonic, "bbbbbbbbbbddddccccaabbaeccccaddbbbdaeaabbbdccaacccadaabbbaeeeeabbbbbbbdcaadbbbbbbddcbbccaddaeeabbbbbbbbddccaaabbbbbbb")
PICKS(edf, "bbbbbbbbbbddddccccaabbaeccccaddbbbdaeaabbbdccaacccadaabbbaeeeeabbbbbbbdcaadbbbbbbddcbbccaddaeeabbbbbbbbddccaaabbbbbbb")
PICKS(work_stealing, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
#endif
