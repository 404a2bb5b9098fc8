// SPDX-License-Identifier: BSD-2-Clause
/*
 * A recorded day: what tasks do one after the other, and whom each policy picked. The host's driver, the simulator's engine,
 * threads and environments are led through it, and each of them has to see the same picks (test/host/sched/days_test.c,
 * test/host/sched_engine_day_test.c, test/guest/days_test.c). Time is the day's own (day_clock.h).
 *
 * Five tasks, a to e, all of which may run at first, in this order. Whoever runs does what the next character says:
 *
 *     a ... e    this task wakes, if it is blocked
 *     1 ... 9    it works for so many milliseconds, and gives way if its turn is over then
 *     .          it gives way
 *     !          it blocks, unless it is e
 *
 * At the end, where somebody works, all end. PICKS(policy, "letters") is whom the policy picked until then: what
 * `sched_days_test print` of the host's tests says.
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
#define DAY_BUDGET(id)   (DAY_PERIOD(id) / 8)
#define DAY_GROUP(id)    (1 + (id) % 2)
#define DAY_WORK(digit)  ((uint64_t)((digit) - '0') * 1000000)
#define DAY_DUE(id)      ((1ul << 50) + DAY_PERIOD(id)) // of the only job of each

#endif

#ifdef PICKS
PICKS(round_robin, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(fifo, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(prio, "aaaaaaaaaacdcdcccaacccbeccaaacdcdcbeaaaacddbbcccbdbbaaabeeeeaaaaaaacdbbdaaaaaadaadcdcddbeeaaaaaaaacdccbbaaaaaaaa")
PICKS(prio_inherit, "aaaaaaaaaacdcdcccaacccbeccaaacdcdcbeaaaacddbbcccbdbbaaabeeeeaaaaaaacdbbdaaaaaadaadcdcddbeeaaaaaaaacdccbbaaaaaaaa")
PICKS(mlfq, "abcdeabcdeabcdeabdeadbacacadabdaeaabcdabaebcccedbeaaabeeeeacdacdacdebdcadcdcdebacebaddceaddddddddebcaeceacbeac")
PICKS(lottery, "ddddddddddcccceeeeeeccecdceecedcccceeeeeeeceeecceecceeebdbddedeeedbbebbeeeeeeeebeb")
PICKS(stride, "eeeeedddddeeeeeeeececccedddeeddceebccbddddbeeeeddddddcbeeddcccbbdbddedeebbbbbbbddeeeebbbbbe")
PICKS(sfq, "abcdeabcabcacacccaccbdeeaeadebadebaaaaedeadeeeeadeadeadeadaddccecedeecdecdecdedeeeececec")
PICKS(bvt, "aaaaaaaaaabbbbcccaaccbbcdccaaaccbbbcdeaaaabccddcccdeeaaabeeeeaaaaaaabcddcbaaaaaabaabbccddeeaaaaaaaabbccddaaaaaaaa")
PICKS(cfs, "eeeeddeeeeeeeeceeeeeddecccceddddeecccdeebeecccedeebbbbeeeecccccccdbeedccddddbecebeceeebbbbbbbceceeebbbbbec")
PICKS(eevdf, "eeeedcccccceeebeeeeebdbaccccaddbbbdaeabcdddcbbeeeeeedeeeedddddddeedddeeeecaaddecceddeeacddddddddccaaeeaaacccccc")
PICKS(edf, "bbbbbbbbbbddddccccaabbaeccccaddbbbdaeaabbbdccaacccadaabbbaeeeeabbbbbbbdcaadbbbbbbddcbbccaddaeeabbbbbbbbddccaaabbbbbbb")
PICKS(cbs, "bbbbbddddddccccaaaabbbeccccaddddabeaacdddcbabbcccbdbbabbeeeebdddddddcbeeddddddcbbebbecceeebbbbbbbbcceeeebbbbbbcc")
PICKS(rate_monotonic, "bbbbbbbbbbddddccccaabbaeccccaddbbbdaeaabbbdccaacccadaabbbaeeeeabbbbbbbdcaadbbbbbbddcbbccaddaeeabbbbbbbbddccaaabbbbbbb")
PICKS(srpt, "bbbbbbbbbbddddccccaabbaeccccaddbbbdaeaabbbdccaacccadaabbbaeeeeabbbbbbbdcaadbbbbbbddcbbccaddaeeabbbbbbbbddccaaabbbbbbb")
PICKS(work_stealing, "abcdeabcdeabcdeabdeadbecbaecdabecaebdcaedcaebdcebeacdbeacdbeacdbeacbedceabdceabdcebcaebca")
PICKS(shinjuku, "abcdeabcdeabcdeacdeadeaebaeceacedcbedaebcdaecdecdeabcdecdeabcdeabcedabcedabeacedceabdceabdcebcaebcae")
PICKS(gang, "aaaaaaaaaacccceeeeebbdaaaacccceeeeeeeeeeaaceeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee")
PICKS(stride_over_edf, "ccccbcccccaaaaeeeaaeebdeccccaaaaeaacccabbeeccceeaaaeeeeacccccccaeeccccccbddccaccaaeeaccccccccaaeeeaaacccccb")
#endif
