// SPDX-License-Identifier: BSD-2-Clause
// Policies by name, and their parameters; see choose.h.
#include <bench/sched/choose.h>
#include <string.h>

#define PARAMETERS_MAX 256 // of all policies together
#define POLICY(name) &sched_##name,
const struct sched_ops *const choose_policies[] = {
#include <libos/sched/policies.def>
    NULL,
};
#undef POLICY

static struct { uint64_t *value, was; } defaults[PARAMETERS_MAX];
static size_t defaults_count; // 0: nobody has looked yet

// A piece of the user's text.
struct word {
    const char *text;
    size_t length;
};

static void defaults_keep(void)
{
    if (defaults_count > 0)
        return;
    for (const struct sched_ops *const *ops = choose_policies; *ops; ops++)
        for (const struct sched_parameter *one = (*ops)->parameters; one && one->name; one++)
            if (defaults_count < PARAMETERS_MAX) {
                defaults[defaults_count].value = one->value;
                defaults[defaults_count++].was = *one->value;
            }
}

static void defaults_restore(void)
{
    for (size_t i = 0; i < defaults_count; i++)
        *defaults[i].value = defaults[i].was;
}

uint64_t choose_default(const struct sched_parameter *parameter)
{
    defaults_keep();
    for (size_t i = 0; i < defaults_count; i++)
        if (defaults[i].value == parameter->value)
            return defaults[i].was;
    return *parameter->value;
}

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(text, word.text, word.length) == 0;
}

// The error's text: pieces one after the other, cut off where there is no more room.
static void say(char error[CHOOSE_ERROR], const char *text, size_t length)
{
    size_t used = strlen(error), room = CHOOSE_ERROR - 1 - used;

    length = length < room ? length : room;
    memcpy(error + used, text, length);
    error[used + length] = 0;
}

static void say_number(char error[CHOOSE_ERROR], uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    say(error, digits + at, sizeof(digits) - at);
}

#define SAY(error, text)       say(error, text, strlen(text))
#define SAY_WORD(error, word_) say(error, (word_).text, (word_).length)

// False: it is no number, or too great for one.
static bool number_read(struct word word, uint64_t *number)
{
    static const struct { const char *name; uint64_t ns; } units[] = {{"", 1}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
    size_t at = 0;

    for (*number = 0; at < word.length && word.text[at] >= '0' && word.text[at] <= '9'; at++)
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, (uint64_t)(word.text[at] - '0'), number))
            return false;
    if (at == 0)
        return false;
    struct word unit = {word.text + at, word.length - at};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (word_is(unit, units[i].name))
            return !__builtin_mul_overflow(*number, units[i].ns, number);
    return false;
}

static const struct sched_ops *policy_find(struct word name)
{
    for (const struct sched_ops *const *ops = choose_policies; *ops; ops++)
        if (word_is(name, (*ops)->name))
            return *ops;
    return NULL;
}

static const struct sched_parameter *parameter_find(const struct sched_ops *ops, struct word name)
{
    for (const struct sched_parameter *one = ops->parameters; one && one->name; one++)
        if (word_is(name, one->name))
            return one;
    return NULL;
}

static void policy_missing(struct word name, char error[CHOOSE_ERROR])
{
    SAY(error, "there is no policy '");
    SAY_WORD(error, name);
    SAY(error, "'; --list shows those there are");
}

static void parameter_missing(const struct sched_ops *ops, struct word name, char error[CHOOSE_ERROR])
{
    SAY(error, ops->name);
    SAY(error, " has no parameter '");
    SAY_WORD(error, name);
    SAY(error, ops->parameters && ops->parameters->name ? "'; it has" : "'; it has none");
    for (const struct sched_parameter *one = ops->parameters; one && one->name; one++) {
        SAY(error, one == ops->parameters ? " " : ", ");
        SAY(error, one->name);
    }
}

static void value_wrong(const struct sched_parameter *parameter, struct word value, char error[CHOOSE_ERROR])
{
    SAY(error, parameter->name);
    SAY(error, " is a number from ");
    say_number(error, parameter->least);
    SAY(error, " to ");
    say_number(error, parameter->most);
    SAY(error, ", not '");
    SAY_WORD(error, value);
    SAY(error, "'");
}

// One `parameter=value`; with `set` it takes effect.
static bool assignment_read(const struct sched_ops *ops, struct word word, bool set, char error[CHOOSE_ERROR])
{
    const char *equals = memchr(word.text, '=', word.length);
    struct word name = {word.text, equals ? (size_t)(equals - word.text) : word.length};
    struct word value = {word.text + name.length + 1, equals ? word.length - name.length - 1 : 0};
    const struct sched_parameter *parameter = parameter_find(ops, name);
    uint64_t number;

    if (!parameter) {
        parameter_missing(ops, name, error);
        return false;
    }
    if (!number_read(value, &number) || number < parameter->least || number > parameter->most) {
        value_wrong(parameter, value, error);
        return false;
    }
    if (set)
        *parameter->value = number;
    return true;
}

// All of them; false for the first that is wrong.
static bool assignments_read(const struct sched_ops *ops, const char *text, bool set, char error[CHOOSE_ERROR])
{
    for (;;) {
        struct word word = {text, strcspn(text, ",")};
        if (!assignment_read(ops, word, set, error))
            return false;
        if (text[word.length] == 0)
            return true;
        text += word.length + 1;
    }
}

const struct sched_ops *choose_policy(const char *text, char error[CHOOSE_ERROR])
{
    struct word name = {text, strcspn(text, ":")};
    const char *rest = text[name.length] ? text + name.length + 1 : NULL;
    const struct sched_ops *ops = policy_find(name);

    error[0] = 0;
    defaults_keep();
    if (!ops) {
        policy_missing(name, error);
        return NULL;
    }
    if (rest && !assignments_read(ops, rest, false, error))
        return NULL;
    defaults_restore();
    if (rest)
        (void)assignments_read(ops, rest, true, error);
    return ops;
}
