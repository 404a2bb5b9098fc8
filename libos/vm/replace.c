// SPDX-License-Identifier: BSD-2-Clause
// The ring of a set, the policies' table, and what several policies share.
#include <libos/vm/replace.h>
#include <string.h>

#define AGE_NOW (1ul << 63)

const struct replace_ops *replace_find(const char *name)
{
    for (const struct replace_ops *const *ops = replace_table; *ops; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}

void replace_begin(struct replace_set *set, const struct replace_ops *ops,
                   bool (*used)(struct replace_set *set, struct replace_page *page))
{
    *set = (struct replace_set){.ops = ops, .used = used};
    set->ring.next = set->ring.previous = &set->ring;
}

void replace_add(struct replace_set *set, struct replace_page *page)
{
    page->next = &set->ring;
    page->previous = set->ring.previous;
    page->previous->next = page;
    set->ring.previous = page;
    if (set->ops->enter)
        set->ops->enter(set, page);
}

void replace_remove(struct replace_set *set, struct replace_page *page)
{
    if (set->ops->leave)
        set->ops->leave(set, page);
    page->previous->next = page->next;
    page->next->previous = page->previous;
    page->next = page->previous = NULL;
}

// Whoever comes was just touched.
void replace_age_enter(struct replace_set *set, struct replace_page *page)
{
    (void)set;
    page->word = AGE_NOW;
}

void replace_age_tick(struct replace_set *set)
{
    for (struct replace_page *page = REPLACE_FIRST(set); page; page = replace_next(set, page))
        page->word = page->word >> 1 | (set->used(set, page) ? AGE_NOW : 0);
}
