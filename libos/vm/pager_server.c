// SPDX-License-Identifier: BSD-2-Clause
/*
 * The serving side of pages from another environment, see pager_server.h. A client is whom the kernel vouches for as
 * the caller, so nobody reads another's pages; it names pages by number only, and a number is checked here.
 */
#include <libos/ipc/ipc.h>
#include <libos/start/start.h>
#include <libos/vm/pager_server.h>
#include <libos/vm/vm.h>

struct client {
    env_t env; // 0: nobody
    struct pager *pager;
    size_t pages;
    word_t window; // where the shared frame is bound; 0: not yet
};

static struct client clients[PAGER_CLIENTS_MAX];
static const struct pager_ops *server_ops;
static const char *server_argument;
static slot_t server_slots;

static slot_t slot_of(const struct client *client)
{
    return server_slots + (slot_t)(client - clients);
}

static void client_end(struct client *client)
{
    if (client->window)
        vm_window_close(client->window, 1);
    if (client->pager->ops->close)
        client->pager->ops->close(client->pager);
    sys_cap_drop(slot_of(client));
    *client = (struct client){0};
}

static struct client *client_find(env_t env)
{
    for (struct client *client = clients; client < clients + PAGER_CLIENTS_MAX; client++)
        if (client->env == env)
            return client;
    return NULL;
}

static bool client_is_gone(const struct client *client)
{
    sysret_t state = sys_env_info(client->env, ENV_STATE);
    return state.error != ERR_OK || state.value >= ENV_EXITED;
}

// An entry for somebody new: one that nobody has, or whose client is no more.
static struct client *client_make(void)
{
    struct client *client = client_find(0);

    for (size_t i = 0; !client && i < PAGER_CLIENTS_MAX; i++)
        if (client_is_gone(&clients[i]))
            client_end(client = &clients[i]);
    return client;
}

static long serve_open(env_t caller, word_t message[MESSAGE_WORDS])
{
    const char *why;
    struct client *client = client_find(caller);

    if (client)
        client_end(client);
    if (!(client = client_make()))
        return ERR_BUSY;
    struct pager *pager = server_ops->open(server_argument, message[1], &why);
    if (!pager)
        return ERR_NOENT;
    *client = (struct client){.env = caller, .pager = pager, .pages = message[1]};
    long error = sys_cap_open(slot_of(client), caller).error;
    if (error != ERR_OK) {
        client_end(client);
        return error;
    }
    message[1] = self();
    message[2] = slot_of(client);
    return ERR_OK;
}

static long serve_share(struct client *client, page_t page)
{
    const word_t rights = RIGHT_READ | RIGHT_WRITE;

    if (client->window)
        return ERR_STATE;
    word_t window = vm_window_open(1);
    if (!window)
        return ERR_BUSY;
    long error = vm_bind_shared(0, window, page, 1, rights, slot_of(client));
    if (error != ERR_OK) {
        vm_window_close(window, 1);
        return error;
    }
    client->window = window;
    return ERR_OK;
}

static long serve_page(const struct client *client, word_t request, size_t index)
{
    struct pager *pager = client->pager;

    if (index >= client->pages)
        return ERR_RANGE;
    if (request == PAGER_FORGET) {
        if (pager->ops->forget)
            pager->ops->forget(pager, index);
        return ERR_OK;
    }
    if (!client->window)
        return ERR_STATE;
    if (request == PAGER_IN)
        return pager->ops->in(pager, index, (void *)client->window, false);
    return pager->ops->out ? pager->ops->out(pager, index, (const void *)client->window) : ERR_STATE;
}

static void serve(env_t caller, word_t message[MESSAGE_WORDS])
{
    struct client *client = client_find(caller);

    if (message[0] == PAGER_OPEN)
        message[0] = (word_t)serve_open(caller, message);
    else if (!client)
        message[0] = ERR_STATE;
    else if (message[0] == PAGER_SHARE)
        message[0] = (word_t)serve_share(client, message[1]);
    else if (message[0] >= PAGER_IN && message[0] <= PAGER_FORGET)
        message[0] = (word_t)serve_page(client, message[0], message[1]);
    else if (message[0] == PAGER_CLOSE)
        client_end(client), message[0] = ERR_OK;
    else
        message[0] = ERR_RANGE;
}

_Noreturn void pager_serve(const struct pager_ops *ops, const char *argument, uint64_t slots, void (*ready)(void))
{
    server_ops = ops;
    server_argument = argument;
    server_slots = slots;
    if (ready)
        ready();
    pct_serve(serve, 0, NULL);
}
