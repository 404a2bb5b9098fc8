// SPDX-License-Identifier: BSD-2-Clause
/*
 * A pager in an environment of its own: answers protected calls for pages (libos/vm/pager_server.h) out of the pager
 * that its arguments name. Its creator has an event when it is ready.
 */
#include <libos/vm/pager_server.h>
#include <rivet.h>
#include <stdio.h>

static void ready(void)
{
    sys_env_notify(SLOT_PARENT, EVENT_PAGER_READY);
}

int main(int argc, char **argv)
{
    const struct pager_ops *ops = argc > 1 ? pager_find(argv[1]) : NULL;

    if (argc < 2 || argc > 3 || !ops) {
        fprintf(stderr, "pager: it wants the name of a pager and perhaps an argument for it; the pagers are");
        for (const struct pager_ops *const *one = pager_table; *one; one++)
            fprintf(stderr, "%s %s", one == pager_table ? "" : ",", (*one)->name);
        fprintf(stderr, ".\n");
        return 2;
    }
    pager_serve(ops, argc > 2 ? argv[2] : NULL, SLOT_FREE, ready);
}
