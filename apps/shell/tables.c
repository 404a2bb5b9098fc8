// SPDX-License-Identifier: BSD-2-Clause
/*
 * What runs and who owns what, read from the tables that the kernel maps for everybody. Nothing here needs a
 * right, and nothing is locked: a table may change while it is read, and then a sum is off by what changed.
 */
#include "shell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNERS_MAX 256

static const char *const kind_names[PAGE_KINDS] = {
    [PAGE_NONE] = "reserved", [PAGE_FREE] = "free",   [PAGE_DATA] = "data",   [PAGE_DEVICE] = "device",
    [PAGE_ENV] = "env",       [PAGE_SAVE] = "save",   [PAGE_CAPS] = "caps",   [PAGE_ROOT] = "root",
    [PAGE_SPACE] = "space",   [PAGE_TABLE] = "table", [PAGE_TWIN] = "twin",   [PAGE_STLB] = "stlb", [PAGE_RING] = "ring", [PAGE_BOARD] = "board",
};

static const char *const state_names[] = {
    [ENV_NEW] = "new",         [ENV_READY] = "ready",   [ENV_ACCEPTING] = "accepting",
    [ENV_CALLING] = "calling", [ENV_WAITING] = "waits", [ENV_EXITED] = "exited",
    [ENV_FAULTED] = "faulted", [ENV_STOPPED] = "stopped", [ENV_DYING] = "dying",
};

// What an owner has: how many frames of each kind. Owner 0 is nobody: the kernel's own.
struct owner {
    env_t env;
    uint64_t frames[PAGE_KINDS];
};

struct owners {
    size_t count;
    size_t last; // where the previous frame's owner was found; neighbours often have the same
    uint64_t left_out;
    struct owner owner[OWNERS_MAX];
};

void env_label(env_t env, char label[ENV_LABEL_SIZE])
{
    const volatile struct frame *frame = frame_entry(env);
    uint64_t detail = frame != NULL && frame->kind == PAGE_ENV ? frame->detail : 0;
    size_t length = 0;

    // Nobody creates the first environment, so nobody named it.
    if (detail == 0) {
        strcpy(label, env == machine()->init ? "init" : "-");
        return;
    }
    for (; length + 1 < ENV_LABEL_SIZE && detail != 0; detail >>= 8) {
        char byte = (char)(detail & 0xff);
        label[length++] = byte > ' ' && byte < 0x7f ? byte : '?';
    }
    label[length] = '\0';
}

static struct owner *owner_of(struct owners *owners, env_t env)
{
    if (owners->last < owners->count && owners->owner[owners->last].env == env)
        return &owners->owner[owners->last];
    for (size_t i = 0; i < owners->count; i++) {
        if (owners->owner[i].env == env) {
            owners->last = i;
            return &owners->owner[i];
        }
    }
    if (owners->count == OWNERS_MAX)
        return NULL;
    owners->last = owners->count;
    owners->owner[owners->count] = (struct owner){.env = env};
    return &owners->owner[owners->count++];
}

// One pass over the frame table: every environment has an entry, in the order of names, also one that owns
// nothing.
static struct owners *owners_count(void)
{
    struct owners *owners = calloc(1, sizeof(*owners));

    if (owners == NULL) {
        printf("There is no memory left to count with.\n");
        return NULL;
    }
    const struct machine_info *info = machine();
    for (page_t page = info->ram_first; page < info->ram_first + info->ram_count; page++) {
        const volatile struct frame *frame = frame_entry(page);
        if (frame->kind == PAGE_ENV)
            (void)owner_of(owners, page);
        struct owner *owner = owner_of(owners, frame->owner);
        if (owner == NULL)
            owners->left_out++;
        else if (frame->kind < PAGE_KINDS)
            owner->frames[frame->kind]++;
    }
    return owners;
}

static uint64_t owner_total(const struct owner *owner)
{
    uint64_t total = 0;

    for (int kind = 0; kind < PAGE_KINDS; kind++)
        total += owner->frames[kind];
    return total;
}

static void owners_free(struct owners *owners)
{
    if (owners->left_out > 0)
        printf("and %" PRIu64 " frames of owners beyond the first %d\n", owners->left_out, OWNERS_MAX);
    free(owners);
}

static void ps_line(const struct owner *owner)
{
    char label[ENV_LABEL_SIZE], hart[8] = "-";
    sysret_t state = sys_env_info(owner->env, ENV_STATE);
    sysret_t running = sys_env_info(owner->env, ENV_HART);
    uint64_t ms = sys_env_info(owner->env, ENV_TICKS).value * 1000 / machine()->timebase_hz;

    if (state.error != ERR_OK || state.value >= sizeof(state_names) / sizeof(state_names[0]))
        return; // gone since
    const char *name = state_names[state.value];
    if (running.error == ERR_OK && running.value < HARTS_MAX) {
        snprintf(hart, sizeof(hart), "%d", (int)running.value);
        name = state.value == ENV_READY ? "runs" : name;
    }
    env_label(owner->env, label);
    printf("%6" PRIx64 "  %-8s  %-9s  %4s", owner->env, label, name, hart);
    printf("  %7" PRIu64 "  %4" PRIu64 ".%03" PRIu64 "\n", owner_total(owner), ms / 1000, ms % 1000);
}

void tables_ps(void)
{
    struct owners *owners = owners_count();

    if (owners == NULL)
        return;
    printf("    ID  NAME      STATE      HART   FRAMES   TIME (s)\n");
    for (size_t i = 0; i < owners->count; i++)
        if (owners->owner[i].env != 0)
            ps_line(&owners->owner[i]);
    owners_free(owners);
}

// What the memory service says of its clients.
static struct memory_client clients[SHARE_CLIENTS];
static size_t stock;

static void clients_look(void)
{
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (!memory_look(i, &clients[i], &stock))
            clients[i].env = 0;
}

// What an environment is entitled to, "-" when that is nothing.
static void share_text(env_t env, char text[24])
{
    strcpy(text, "-");
    for (size_t i = 0; i < SHARE_CLIENTS; i++)
        if (env != 0 && clients[i].env == env)
            snprintf(text, 24, "%zu", clients[i].share);
}

static void mem_line(const struct owner *owner)
{
    char label[ENV_LABEL_SIZE], share[24];
    uint64_t total = owner_total(owner);

    env_label(owner->env, label);
    share_text(owner->env, share);
    printf("%-8s  %8" PRIu64 "  %8" PRIu64 "  %8s ", owner->env == 0 ? "nobody" : label, total,
           total * (PAGE_SIZE / 1024), share);
    for (int kind = 0; kind < PAGE_KINDS; kind++)
        if (owner->frames[kind] > 0)
            printf(" %" PRIu64 " %s", owner->frames[kind], kind_names[kind]);
    printf("\n");
}

void tables_mem(void)
{
    struct owners *owners = owners_count();

    if (owners == NULL)
        return;
    clients_look();
    printf("OWNER       FRAMES       KiB     SHARE  OF THESE\n");
    for (size_t i = 0; i < owners->count; i++)
        mem_line(&owners->owner[i]);
    owners_free(owners);
}

// The positions from `first` on that have the same owner as it: the one behind the last of them.
static word_t slices_run(word_t hart, word_t first)
{
    word_t end = first;

    while (end < SLICES_MAX && slice_entry(hart, end)->env == slice_entry(hart, first)->env)
        end++;
    return end;
}

void tables_slices(void)
{
    char label[ENV_LABEL_SIZE];
    const struct machine_info *info = machine();

    printf("A slice is %" PRIu64 " us; each hart goes round its %d positions.\n",
           info->slice_ticks * 1000000 / info->timebase_hz, SLICES_MAX);
    for (word_t hart = 0; hart < info->hart_count; hart++) {
        printf("hart %d:", (int)hart);
        for (word_t first = 0, end; first < SLICES_MAX; first = end) {
            end = slices_run(hart, first);
            env_label(slice_entry(hart, first)->env, label);
            if (end - first == 1)
                printf("  %d %s", (int)first, label);
            else
                printf("  %d-%d %s", (int)first, (int)end - 1, label);
        }
        printf("\n");
    }
}
