// SPDX-License-Identifier: BSD-2-Clause
/*
 * fork and waitpid, on top of vm_duplicate. A process is named by its environment. The child gets a quarter of our free
 * frames; it has no bundle, so it opens no files, and must not outlive us.
 */
#include <errno.h>
#include <libos/ipc/ipc.h>
#include <libos/loader/child.h>
#include <libos/vm/frame.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX  16
#define WAIT_PIECE_US 100000

static struct child children[CHILDREN_MAX]; // env 0: nobody

static struct child *child_of(pid_t process)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++)
        if (children[i].env == (env_t)process)
            return &children[i];
    return NULL;
}

pid_t fork(void)
{
    struct child *child = child_of(0);
    struct child_options options = {.frames = frame_count_free() / 4};
    const char *why = NULL;

    if (!child) {
        errno = EAGAIN;
        return -1;
    }
    env_t env = vm_duplicate(child, &options, &why);
    if (env == 0 && why == NULL) { // the child: these are its parent's
        for (size_t i = 0; i < CHILDREN_MAX; i++)
            children[i] = (struct child){0};
        return 0;
    }
    if (env == 0)
        errno = ENOMEM;
    return env ? (pid_t)env : -1;
}

// One that ended, of those that were asked about.
static struct child *ended(pid_t process, bool *any, int *status)
{
    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        struct child *child = &children[i];
        if (child->env == 0 || (process > 0 && child->env != (env_t)process))
            continue;
        *any = true;
        if (child_ended(child, status))
            return child;
    }
    return NULL;
}

pid_t waitpid(pid_t process, int *status, int options)
{
    for (;;) {
        bool any = false;
        int result = 0;
        struct child *child = ended(process, &any, &result);
        if (child) {
            pid_t name = (pid_t)child->env;
            if (status)
                *status = result << 8;
            child_reap(child);
            return name;
        }
        if (!any)
            errno = ECHILD;
        if (!any || options & WNOHANG)
            return any ? 0 : -1;
        events_wait(EVENT_BIT(CHILD), time_now() + time_from_us(WAIT_PIECE_US));
    }
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}
