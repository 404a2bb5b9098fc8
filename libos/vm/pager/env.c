// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pages from another environment by protected calls (pager_server.h): the server runs at once, on this program's time,
 * and a page crosses through one shared frame. A server that is gone, or does not answer in time, has no contents.
 */
#include <libos/ipc/ipc.h>
#include <libos/vm/frame.h>
#include <libos/vm/contents.h>
#include <libos/vm/pager_server.h>
#include <libos/vm/vm.h>
#include <stdlib.h>

#define PATIENCE_US 10000000

struct env_pager {
    struct pager pager; // first
    slot_t slot;
    page_t frame;  // shared with the server
    word_t window; // where it is mapped here
};

// A request; its answer's error, and its values in *first and *second.
static long ask(const struct env_pager *env, enum pager_request request, word_t *first, word_t *second)
{
    word_t message[MESSAGE_WORDS] = {request, *first, *second};
    long error = pct_call_patient(env->slot, time_now() + time_from_us(PATIENCE_US), message);

    if (error == ERR_OK)
        error = (long)message[0];
    *first = message[1];
    *second = message[2];
    return error;
}

static long ask_page(const struct env_pager *env, enum pager_request request, word_t index)
{
    word_t unused = 0;
    return ask(env, request, &index, &unused);
}

static void env_close(struct pager *pager)
{
    struct env_pager *env = (struct env_pager *)pager;

    ask_page(env, PAGER_CLOSE, 0);
    if (env->window)
        vm_window_close(env->window, 1);
    if (env->frame != FRAME_NONE)
        frame_free(env->frame); // after its last binding: the server's ended with PAGER_CLOSE
    free(env);
}

// The shared frame: allocated, mapped here, and a capability to it granted into the server's slot.
static const char *share(struct env_pager *env, env_t server, slot_t to)
{
    const word_t rights = RIGHT_READ | RIGHT_WRITE;

    if ((env->frame = frame_alloc()) == FRAME_NONE || !(env->window = vm_window_open(1)) ||
        vm_bind(0, env->window, env->frame, 1, rights) != ERR_OK)
        return "there is no frame to share with the pager's environment";
    for (slot_t slot = CAPS_MAX; slot-- > 0;) { // any slot of ours, for a moment
        if (sys_cap_mint(slot, env->frame, rights).error != ERR_OK)
            continue;
        long error = sys_cap_grant(slot, server, to, rights).error;
        sys_cap_drop(slot);
        return error == ERR_OK && ask_page(env, PAGER_SHARE, env->frame) == ERR_OK
                   ? NULL
                   : "the pager's environment could not share a frame";
    }
    return "there is no empty capability slot";
}

static struct pager *env_open(const char *argument, size_t pages, const char **why)
{
    char *end = NULL;
    word_t server = pages, to = 0;
    struct env_pager *env = malloc(sizeof(*env));

    *why = "there is no memory for the pager";
    if (!env)
        return NULL;
    *env = (struct env_pager){.pager = {&pager_env}, .frame = FRAME_NONE};
    env->slot = argument ? strtoul(argument, &end, 10) : 0;
    *why = "the pager env wants the number of a capability slot";
    if (end && end != argument && *end == 0 && env->slot < CAPS_MAX) {
        *why = "there is no pager behind that capability";
        if (ask(env, PAGER_OPEN, &server, &to) == ERR_OK && !(*why = share(env, server, to)))
            return &env->pager;
    }
    env_close(&env->pager);
    return NULL;
}

static long env_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    const struct env_pager *env = (const struct env_pager *)pager;
    long error = ask_page(env, PAGER_IN, index);

    (void)clear;
    if (error == ERR_OK)
        contents_copy(bytes, (const void *)env->window);
    return error;
}

static long env_out(struct pager *pager, size_t index, const void *bytes)
{
    const struct env_pager *env = (const struct env_pager *)pager;

    contents_copy((void *)env->window, bytes);
    return ask_page(env, PAGER_OUT, index);
}

static void env_forget(struct pager *pager, size_t index)
{
    ask_page((const struct env_pager *)pager, PAGER_FORGET, index);
}

const struct pager_ops pager_env = {
    .name = "env",
    .open = env_open,
    .in = env_in,
    .out = env_out,
    .forget = env_forget,
    .close = env_close,
};
