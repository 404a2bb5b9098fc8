// SPDX-License-Identifier: BSD-2-Clause
// What sys.h offers besides the stubs: boot arguments, names of errors, the kernel's console.
#include <libos/sys/sys.h>
#include <string.h>

bool machine_argument(const char *word)
{
    size_t length = strlen(word);

    for (const char *at = machine()->arguments; *at; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        if (size == 3 && memcmp(at, "run", 3) == 0)
            return false;
        if (size == length && memcmp(at, word, length) == 0)
            return true;
        at += size;
    }
    return false;
}

const char *error_text(long error)
{
    static const char *const texts[] = {
#define ERROR(number, name, text) [number] = #name ": " text,
#include <rivet/error.def>
#undef ERROR
    };
    bool known = error >= 0 && error < (long)(sizeof(texts) / sizeof(texts[0])) && texts[error];
    return known ? texts[error] : "an error that no kernel of this ABI answers";
}

void log_write(const char *text, size_t size)
{
    while (size > 0) {
        size_t count = size < sizeof(word_t) ? size : sizeof(word_t);
        word_t bytes = 0;
        memcpy(&bytes, text, count);
        sys_machine_log(bytes, count);
        text += count;
        size -= count;
    }
}

void log_text(const char *text)
{
    log_write(text, strlen(text));
}
