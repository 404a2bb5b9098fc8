// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading a workload file: a function for each keyword of workload.def, and at the end what only the whole file tells.
 */
#include <bench/sched/reader.h>
#include <libos/sched/sched.h>

#include <string.h>

const char *const workload_feature_name[] = {
#define FEATURE(name, text) #name,
#include <bench/sched/workload.def>
#undef FEATURE
};

const char *const workload_metric_name[] = {
#define METRIC(name, text) #name,
#include <bench/sched/workload.def>
#undef METRIC
};

// Pieces that several keywords have

static struct workload_class *class_now(struct reader *reader)
{
    return &reader->workload->class[reader->workload->classes - 1];
}

static void text_copy(char *to, size_t size, struct word from)
{
    size_t length = from.length < size - 1 ? from.length : size - 1;
    memcpy(to, from.at, length);
    to[length] = '\0';
}

static void name_read(struct reader *reader, char name[WORKLOAD_NAME], const char *what)
{
    struct word word = reader_word(reader);

    for (size_t i = 0; i < word.length; i++)
        if (!(word.at[i] >= 'a' && word.at[i] <= 'z') && !(word.at[i] >= '0' && word.at[i] <= '9') && word.at[i] != '_')
            reader_expected(reader, what, word);
    if (word.length == 0 || word.length >= WORKLOAD_NAME)
        reader_expected(reader, what, word);
    text_copy(name, WORKLOAD_NAME, word);
}

static void sentence_read(struct reader *reader, char *to)
{
    struct word word = reader_rest(reader);

    if (word.length == 0)
        reader_expected(reader, "a sentence", word);
    if (word.length >= WORKLOAD_TEXT)
        reader_expected(reader, "a sentence of at most 159 characters", word);
    text_copy(to, WORKLOAD_TEXT, word);
}

static struct workload_lengths lengths_read(struct reader *reader)
{
    struct workload_lengths lengths = {.kind = LENGTH_CONSTANT};
    struct word word = reader_peek(reader);

    if (word.length == 0 || (word.at[0] >= '0' && word.at[0] <= '9')) {
        lengths.a = reader_time_scaled(reader);
        return lengths;
    }
    (void)reader_word(reader);
    if (false) {}
#define LENGTH(name, enumerator, arguments, text) else if (word_is(word, #name)) lengths.kind = LENGTH_##enumerator;
#include <bench/sched/workload.def>
#undef LENGTH
    else
        reader_expected(reader, "a time or the name of a distribution", word);
    lengths.a = reader_time_scaled(reader);
    if (lengths.kind == LENGTH_LOGNORMAL)
        lengths.thousandths = (uint32_t)reader_thousandths(reader);
    if (lengths.kind == LENGTH_BIMODAL)
        lengths.thousandths = reader_percent(reader);
    if (lengths.kind == LENGTH_BIMODAL && lengths.thousandths > 1000)
        reader_expected(reader, "a probability of at most 100%", word);
    if (lengths.kind == LENGTH_UNIFORM || lengths.kind == LENGTH_LOGUNIFORM || lengths.kind == LENGTH_BIMODAL)
        lengths.b = reader_time_scaled(reader);
    if ((lengths.kind == LENGTH_UNIFORM || lengths.kind == LENGTH_LOGUNIFORM) && lengths.b.number < lengths.a.number)
        reader_expected(reader, "the shorter time before the longer one", word);
    if (lengths.kind == LENGTH_LOGUNIFORM && lengths.a.number == 0)
        reader_expected(reader, "a time above 0", word);
    return lengths;
}

static struct workload_phase *phase_add(struct reader *reader, enum workload_action action)
{
    struct workload *workload = reader->workload;
    struct workload_class *class = class_now(reader);

    if (workload->phases == WORKLOAD_PHASES_MAX) {
        reader_refuse(reader, reader->line, "there are more than 512 phases", "");
        return &workload->phase[0];
    }
    if (class->phases == 0)
        class->first_phase = workload->phases;
    class->phases++;
    struct workload_phase *phase = &workload->phase[workload->phases++];
    *phase = (struct workload_phase){.action = action};
    return phase;
}

static uint32_t lock_read(struct reader *reader)
{
    struct workload *workload = reader->workload;
    char name[WORKLOAD_NAME];

    name_read(reader, name, "a lock's name");
    for (uint32_t i = 0; i < workload->locks; i++)
        if (strcmp(workload->lock[i], name) == 0)
            return i;
    if (workload->locks == WORKLOAD_LOCKS_MAX) {
        reader_refuse(reader, reader->line, "there are more than 32 locks", "");
        return 0;
    }
    memcpy(workload->lock[workload->locks], name, sizeof(name));
    return workload->locks++;
}

// The top of the file

static void top_text(struct reader *reader) { sentence_read(reader, reader->workload->text); }
static void top_load(struct reader *reader) { sentence_read(reader, reader->workload->load_text); }

static void names_read(struct reader *reader, const char *const names[], uint32_t count, uint32_t *mask, const char *what)
{
    struct word word = reader_word(reader);

    if (word.length == 0)
        reader_expected(reader, what, word);
    for (; word.length > 0; word = reader_word(reader)) {
        uint32_t i = 0;
        while (i < count && !word_is(word, names[i]))
            i++;
        if (i == count)
            reader_expected(reader, what, word);
        else
            *mask |= 1u << i;
    }
}

static void top_suits(struct reader *reader)
{
    if (word_is(reader_peek(reader), "any"))
        (void)reader_word(reader);
    else
        names_read(reader, workload_feature_name, WORKLOAD_FEATURES, &reader->workload->suits, "'any' or a feature of policies");
}

static void top_metrics(struct reader *reader)
{
    names_read(reader, workload_metric_name, WORKLOAD_METRICS, &reader->workload->metrics, "the name of a metric");
}

static void top_loads(struct reader *reader)
{
    struct workload *workload = reader->workload;

    workload->loads_count = 0;
    do {
        struct word word = reader_peek(reader);
        uint64_t load = reader_thousandths(reader);
        if (workload->loads_count == WORKLOAD_LOADS_MAX || load == 0 || load > 1000000)
            reader_expected(reader, "at most 16 loads, from 0.001 to 1000", word);
        else
            workload->loads[workload->loads_count++] = (uint32_t)load;
    } while (reader_peek(reader).length > 0 && !reader->wrong);
}

static void top_duration(struct reader *reader)
{
    struct word word = reader_peek(reader);

    reader->workload->duration = reader_time(reader);
    if (reader->workload->duration < 1000000 || reader->workload->duration > 1000000000000ul)
        reader_expected(reader, "a duration from 1ms to 1000s", word);
}

// Classes come later: they are looked for when the file is over.
static void top_focus(struct reader *reader)
{
    if (reader_rest(reader).length == 0)
        reader_expected(reader, "a class", (struct word){reader->at, 0});
}

static void top_class(struct reader *reader)
{
    struct workload *workload = reader->workload;

    if (workload->classes == WORKLOAD_CLASSES_MAX) {
        reader_refuse(reader, reader->line, "there are more than 128 classes", "");
        return;
    }
    struct workload_class *class = &workload->class[workload->classes++];
    *class = (struct workload_class){.count = {1, SCALE_NOT}, .weight = 1, .harts = ~0ul, .line = reader->line};
    name_read(reader, class->name, "a class's name of small letters, digits and _");
    for (uint32_t i = 0; i + 1 < workload->classes; i++)
        if (strcmp(workload->class[i].name, class->name) == 0)
            reader_refuse(reader, reader->line, "there is another class ", class->name);
}

// Of a class

static void class_count(struct reader *reader) { class_now(reader)->count = reader_count(reader, 1, 1024); }
static void class_weight(struct reader *reader) { class_now(reader)->weight = (uint32_t)reader_number(reader, 1, 10000); }
static void class_priority(struct reader *reader) { class_now(reader)->priority = (int32_t)reader_signed(reader); }
static void class_group(struct reader *reader) { class_now(reader)->group = (uint32_t)reader_number(reader, 1, 1000); }
static void class_gang(struct reader *reader) { class_now(reader)->gang = (uint32_t)reader_number(reader, 1, 64); }
static void class_until(struct reader *reader) { class_now(reader)->until = reader_time(reader); }
static void class_sleep(struct reader *reader) { phase_add(reader, PHASE_SLEEP)->lengths = lengths_read(reader); }
static void class_lock(struct reader *reader) { phase_add(reader, PHASE_LOCK)->lock = lock_read(reader); }
static void class_unlock(struct reader *reader) { phase_add(reader, PHASE_UNLOCK)->lock = lock_read(reader); }
static void class_barrier(struct reader *reader) { (void)phase_add(reader, PHASE_BARRIER); }
static void class_yield(struct reader *reader) { (void)phase_add(reader, PHASE_YIELD); }

static void class_start(struct reader *reader)
{
    class_now(reader)->start = lengths_read(reader);
    class_now(reader)->started = true;
}

// FIRST-LAST,...
static void class_harts(struct reader *reader)
{
    struct word word = reader_word(reader), rest = word;
    uint64_t mask = 0;

    while (rest.length > 0) {
        uint64_t first, last;
        bool good = decimal_read(rest, 0, &first, &rest);
        last = first;
        if (good && rest.length > 0 && rest.at[0] == '-')
            good = decimal_read((struct word){rest.at + 1, rest.length - 1}, 0, &last, &rest);
        if (!good || first > last || last >= SCHED_HARTS_MAX || (rest.length > 0 && rest.at[0] != ','))
            break;
        mask |= (last == 63 ? ~0ul : (1ul << (last + 1)) - 1) & ~((1ul << first) - 1);
        if (rest.length == 1)
            break; // nothing behind the comma
        if (rest.length > 0)
            rest = (struct word){rest.at + 1, rest.length - 1};
    }
    if (mask == 0 || rest.length > 0)
        reader_expected(reader, "harts from 0 to 63, like 0-3,6", word);
    class_now(reader)->harts = mask;
}

static void class_arrival(struct reader *reader)
{
    struct workload_class *class = class_now(reader);
    struct word word = reader_word(reader);

    if (false) {}
#define ARRIVAL(name, enumerator, arguments, text) else if (word_is(word, #name)) class->arrival = ARRIVAL_##enumerator;
#include <bench/sched/workload.def>
#undef ARRIVAL
    else
        reader_expected(reader, "how jobs arrive: always, once, after, every, periodic, demand, listed or closed", word);
    if (class->arrival == ARRIVAL_DEMAND)
        class->demand = reader_thousandths_scaled(reader);
    if (class->arrival == ARRIVAL_AFTER || class->arrival == ARRIVAL_EVERY || class->arrival == ARRIVAL_PERIODIC) {
        word = reader_peek(reader);
        class->gap = lengths_read(reader);
        if (class->gap.a.number == 0 && class->arrival != ARRIVAL_AFTER)
            reader_expected(reader, "a time above 0", word);
    }
}

static bool pair_read(struct reader *reader)
{
    struct word word = reader_peek(reader);
    const char *colon = word.length ? memchr(word.at, ':', word.length) : NULL;
    const char *end = word.at + word.length, *real_end = reader->end;

    if (!colon) {
        reader_expected(reader, "a pair of times, like 1.5ms:200us", word);
        return false;
    }
    reader->end = colon;
    (void)reader_time(reader);
    reader->at = colon + 1;
    reader->end = end;
    (void)reader_time(reader);
    reader->end = real_end;
    return !reader->wrong;
}

// The list is read again burst by burst: between its lines are empty ones and comments at most.
static bool bursts_go_on(const struct reader *reader, const struct workload_class *class)
{
    struct reader between = {.at = reader->workload->source + class->bursts_end, .end = reader->at};
    struct word word = {0};

    while (word.length == 0 && reader_line(&between))
        word = reader_peek(&between);
    return word.at + word.length == reader->at;
}

static void class_bursts(struct reader *reader)
{
    struct workload_class *class = class_now(reader);
    const char *source = reader->workload->source;

    if (class->bursts_count == 0)
        class->bursts = (size_t)(reader->at - source);
    else if (!bursts_go_on(reader, class))
        reader_refuse(reader, reader->line, "the lines of bursts of a class follow each other", "");
    do
        class->bursts_count += pair_read(reader);
    while (!reader->wrong && reader_peek(reader).length > 0);
    class->bursts_end = (size_t)(reader->at - source);
}

static bool is_percent(struct word word)
{
    return word.length > 0 && word.at[word.length - 1] == '%';
}

static void class_deadline(struct reader *reader)
{
    struct workload_class *class = class_now(reader);

    if (is_percent(reader_peek(reader)))
        class->deadline_percent = reader_percent(reader);
    else
        class->deadline = reader_time_scaled(reader);
}

static void class_budget(struct reader *reader)
{
    struct workload_class *class = class_now(reader);

    if (is_percent(reader_peek(reader)))
        class->budget_percent = reader_percent(reader);
    else
        class->budget = reader_time_scaled(reader);
}

static void class_compute(struct reader *reader)
{
    struct workload_phase *phase = phase_add(reader, PHASE_COMPUTE);
    struct word word = reader_peek(reader);

    if (word_is(word, "forever")) {
        (void)reader_word(reader);
        phase->lengths.a.number = WORKLOAD_FOREVER;
    } else if (word_is(word, "uunifast")) {
        (void)reader_word(reader);
        phase->lengths.kind = LENGTH_UUNIFAST;
        phase->lengths.a = reader_thousandths_scaled(reader);
    } else {
        phase->lengths = lengths_read(reader);
    }
}

// Lines

struct keyword {
    const char *name;
    void (*read)(struct reader *reader);
    bool of_class;
};

static const struct keyword keywords[] = {
#define SECTION_top false
#define SECTION_class true
#define KEYWORD(section, name, arguments, text) {#name, section##_##name, SECTION_##section},
#include <bench/sched/workload.def>
#undef KEYWORD
};

static void line_read(struct reader *reader)
{
    struct word word = reader_word(reader);

    if (word.length == 0)
        return;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        const struct keyword *keyword = &keywords[i];
        if (!word_is(word, keyword->name))
            continue;
        if (keyword->of_class && reader->workload->classes == 0)
            reader_refuse(reader, reader->line, "a class has to begin before ", keyword->name);
        else if (!keyword->of_class && reader->workload->classes > 0 && keyword->read != top_class)
            reader_refuse(reader, reader->line, "what is said of the whole workload comes before its first class, as does ",
                          keyword->name);
        else
            keyword->read(reader);
        if (reader_peek(reader).length > 0)
            reader_expected(reader, "the end of the line", reader_peek(reader));
        return;
    }
    reader_expected(reader, "a keyword of workloads", word);
}

// What only the whole file tells

static void locks_check(struct reader *reader, const struct workload_class *class)
{
    const struct workload *workload = reader->workload;
    uint32_t held = 0;

    for (uint32_t i = 0; i < class->phases; i++) {
        const struct workload_phase *phase = &workload->phase[class->first_phase + i];
        uint32_t bit = phase->action == PHASE_LOCK || phase->action == PHASE_UNLOCK ? 1u << phase->lock : 0;
        if (phase->action == PHASE_LOCK && held & bit)
            reader_refuse(reader, class->line, "its jobs take twice the lock ", workload->lock[phase->lock]);
        if (phase->action == PHASE_UNLOCK && !(held & bit))
            reader_refuse(reader, class->line, "its jobs give back without having it the lock ", workload->lock[phase->lock]);
        held = phase->action == PHASE_LOCK ? held | bit : held & ~bit;
        if (phase->lengths.a.number == WORKLOAD_FOREVER && (i + 1 < class->phases || held))
            reader_refuse(reader, class->line, "nothing comes behind 'compute forever', in class ", class->name);
    }
    if (held)
        reader_refuse(reader, class->line, "its jobs end with a lock in hand, those of class ", class->name);
}

static void class_check(struct reader *reader, const struct workload_class *class)
{
    bool listed = class->arrival == ARRIVAL_LISTED || class->arrival == ARRIVAL_CLOSED;
    bool computes = listed;

    if (listed && class->bursts_count == 0)
        reader_refuse(reader, class->line, "jobs that are listed need bursts, in class ", class->name);
    if (!listed && class->bursts_count > 0)
        reader_refuse(reader, class->line, "bursts are for arrival listed or closed, not in class ", class->name);
    if (listed && class->phases > 0)
        reader_refuse(reader, class->line, "what jobs do is in their bursts, in class ", class->name);
    for (uint32_t i = 0; i < class->phases; i++) {
        const struct workload_phase *phase = &reader->workload->phase[class->first_phase + i];
        computes |= phase->action == PHASE_COMPUTE;
        if (phase->lengths.kind == LENGTH_UUNIFAST && class->arrival != ARRIVAL_PERIODIC)
            reader_refuse(reader, class->line, "uunifast needs 'arrival periodic', in class ", class->name);
    }
    if (!computes)
        reader_refuse(reader, class->line, "its jobs compute nothing, those of class ", class->name);
    if (class->deadline_percent && class->arrival != ARRIVAL_PERIODIC && class->arrival != ARRIVAL_EVERY)
        reader_refuse(reader, class->line, "a deadline in percent needs a period, in class ", class->name);
    if (class->gang && class->count.scale == SCALE_NOT && class->count.number % class->gang != 0)
        reader_refuse(reader, class->line, "its tasks do not come out even in gangs, those of class ", class->name);
    locks_check(reader, class);
}

static void focus_find(struct reader *reader, struct word word)
{
    struct workload *workload = reader->workload;

    for (uint32_t i = 0; i < workload->classes; i++)
        if (word_is(word, workload->class[i].name)) {
            workload->focus[i / 32] |= 1u << i % 32;
            return;
        }
    reader_expected(reader, "a class of this file", word);
}

static void focus_check(struct reader *reader)
{
    reader->at = reader->workload->source;
    reader->line = 1;
    do {
        if (!word_is(reader_word(reader), "focus"))
            continue;
        while (!reader->wrong && reader_peek(reader).length > 0)
            focus_find(reader, reader_word(reader));
    } while (!reader->wrong && reader_line(reader));
}

static void file_name(char name[WORKLOAD_NAME], const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file, *dot = strrchr(base, '.');
    text_copy(name, WORKLOAD_NAME, (struct word){base, dot && dot > base ? (size_t)(dot - base) : strlen(base)});
}

bool workload_parse(struct workload *workload, const char *file, const char *text, size_t length)
{
    struct reader reader = {.workload = workload, .file = file, .at = text, .end = text + length, .line = 1};

    memset(workload, 0, sizeof(*workload));
    workload->source = text;
    workload->source_length = length;
    workload->duration = 1000000000;
    workload->loads[0] = 1000;
    workload->loads_count = 1;
    file_name(workload->name, file);
    do
        line_read(&reader);
    while (!reader.wrong && reader_line(&reader));
    if (workload->classes == 0)
        reader_refuse(&reader, reader.line, "there is no class of tasks", "");
    if (workload->text[0] == '\0')
        reader_refuse(&reader, 1, "a workload says in a line 'text' what it is", "");
    for (uint32_t i = 0; i < workload->classes; i++)
        class_check(&reader, &workload->class[i]);
    focus_check(&reader);
    return !reader.wrong;
}

// For those who use it

uint64_t workload_value_at(struct workload_value value, uint32_t load)
{
    unsigned __int128 scaled = value.number;

    if (value.number == WORKLOAD_FOREVER || value.scale == SCALE_NOT)
        return value.number;
    scaled = value.scale == SCALE_TIMES_LOAD ? scaled * load / 1000 : scaled * 1000 / load;
    return scaled >> 63 ? 1ul << 63 : (uint64_t)scaled;
}

uint32_t workload_load_of(const char *text)
{
    struct word word = {text, strlen(text)}, rest;
    uint64_t thousandths;

    if (!decimal_read(word, 3, &thousandths, &rest) || rest.length > 0 || thousandths > 1000000)
        return 0;
    return (uint32_t)thousandths;
}

bool workload_burst(const struct workload *workload, size_t *at, size_t end, uint64_t *first, uint64_t *second)
{
    struct reader reader = {.at = workload->source + *at, .end = workload->source + end, .wrong = true}; // says nothing

    for (;;) {
        struct word word = reader_peek(&reader);
        if (word.length == 0 && !reader_line(&reader))
            return false;
        if (word.length == 0)
            continue;
        if (!word_is(word, "bursts"))
            break;
        (void)reader_word(&reader);
    }
    struct word pair = reader_word(&reader);
    const char *colon = memchr(pair.at, ':', pair.length), *behind = reader.at;
    reader.at = pair.at;
    reader.end = colon;
    *first = reader_time(&reader);
    reader.at = colon + 1;
    reader.end = pair.at + pair.length;
    *second = reader_time(&reader);
    *at = (size_t)(behind - workload->source);
    return true;
}
