// SPDX-License-Identifier: BSD-2-Clause
/*
 * talk WORD...: two environments that talk in three ways. This one sends its arguments through a pipe to a child,
 * which is the same program; asks it how many there were, by calls of a service (talk.def); and reads what it sends
 * back, letters reversed. docs/ipc.md explains it.
 */
#include <rivet.h>
#include <stdio.h>
#include <string.h>

#define SERVICE      talk
#define SERVICE_FILE <apps/talk.def>
#define SERVICE_CLIENT
#define SERVICE_SERVER
#include <libos/ipc/service.h>

#define TEXT_MAX 1000

static word_t words, letters;

static word_t soon(void)
{
    return time_now() + time_from_us(30000000);
}

sysret_t talk_words_serve(env_t caller, word_t deadline)
{
    (void)caller, (void)deadline;
    return (sysret_t){ERR_OK, words};
}

sysret_t talk_letters_serve(env_t caller, word_t deadline)
{
    (void)caller, (void)deadline;
    return (sysret_t){ERR_OK, letters};
}

// The child: a line comes, counts are kept, the line goes back reversed; then calls are answered for ever.
static int other_half(void)
{
    struct link link;
    char text[TEXT_MAX], back[TEXT_MAX];
    size_t size = 0;
    sysret_t got = {link_open(&link, 0), 1};

    while (got.error == ERR_OK && got.value != 0 && size < sizeof(text)) {
        got = pipe_read(&link, text + size, sizeof(text) - size, soon());
        size += got.value;
    }
    if (got.error != ERR_OK)
        return 1;
    for (size_t i = 0; i < size; i++) {
        back[size - 1 - i] = text[i];
        letters += text[i] != ' ';
        words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    }
    if (pipe_write(&link, back, size, soon()).error != ERR_OK)
        return 1;
    pipe_end(&link);
    lrpc_serve(&talk_service, false, 0, NULL);
}

static long send(struct link *link, int count, char **word)
{
    long error = ERR_OK;

    for (int i = 0; i < count && error == ERR_OK; i++) {
        error = pipe_write(link, word[i], strlen(word[i]), soon()).error;
        if (error == ERR_OK && i + 1 < count)
            error = pipe_write(link, " ", 1, soon()).error;
    }
    pipe_end(link);
    return error;
}

// What the other half says. ERR_OK, or why it does not.
static long listen(struct link *link)
{
    char back[TEXT_MAX + 1];
    size_t size = 0;
    sysret_t got = {ERR_OK, 1};

    while (got.error == ERR_OK && got.value != 0 && size < TEXT_MAX) {
        got = pipe_read(link, back + size, TEXT_MAX - size, soon());
        size += got.value;
    }
    sysret_t of_words = LRPC_PATIENTLY(soon(), talk_words(link->slot, 0));
    sysret_t of_letters = LRPC_PATIENTLY(soon(), talk_letters(link->slot, 0));
    if (got.error != ERR_OK || of_words.error != ERR_OK || of_letters.error != ERR_OK)
        return got.error ? got.error : of_words.error ? of_words.error : of_letters.error;
    printf("%lu words, %lu letters\n%.*s\n", of_words.value, of_letters.value, (int)size, back);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    static const char *const arguments[] = {"talk"};
    struct child child;
    struct link link;

    if (argc == 1)
        return other_half();
    if (strcmp(argv[1], "--help") == 0) {
        printf("talk WORD...: sends words to another environment, which counts them and sends them back.\n");
        return 0;
    }
    const char *why = child_build(&child, &(struct child_options){.program = "talk", .argc = 1, .argv = arguments});
    long error = why ? ERR_OK : link_child(&link, &child, 0, 1, 1);
    if (!why && error == ERR_OK && !(why = child_start(&child))) {
        error = send(&link, argc - 1, argv + 1);
        error = error == ERR_OK ? listen(&link) : error;
        child_kill(&child);
        link_close(&link);
    }
    if (child.state != CHILD_NONE)
        child_reap(&child);
    if (why || error != ERR_OK)
        fprintf(stderr, "talk: %s\n", why ? why : error_text(error));
    return why || error != ERR_OK;
}
