// SPDX-License-Identifier: BSD-2-Clause
// Exercise 4, solved: of each page the word that it consists of, or its place in the store.
#include "pager.h"

#include <libos/vm/contents.h>

#define NOWHERE STORE_PAGES

static struct pager yours = {&pager_yours};
static struct {
    size_t place; // in the store, or NOWHERE: each word is `word`
    word_t word;
} known[PAGER_PAGES];
static bool taken[STORE_PAGES];

static struct pager *yours_open(const char *argument, size_t pages, const char **why)
{
    *why = "a region of this pager has at most 64 pages";
    if (pages > PAGER_PAGES)
        return NULL;
    for (size_t i = 0; i < PAGER_PAGES; i++)
        known[i].place = NOWHERE, known[i].word = 0;
    for (size_t i = 0; i < STORE_PAGES; i++)
        taken[i] = false;
    return &yours;
}

static long yours_in(struct pager *pager, size_t index, void *bytes, bool clear)
{
    volatile word_t *words = bytes;

    if (known[index].place != NOWHERE)
        contents_copy(bytes, store[known[index].place]);
    else if (!clear || known[index].word)
        for (size_t i = 0; i < PAGE_WORDS; i++)
            words[i] = known[index].word;
    return ERR_OK;
}

static bool is_uniform(const word_t *words)
{
    for (size_t i = 1; i < PAGE_WORDS; i++)
        if (words[i] != words[0])
            return false;
    return true;
}

static void yours_forget(struct pager *pager, size_t index)
{
    if (known[index].place != NOWHERE)
        taken[known[index].place] = false;
    known[index].place = NOWHERE, known[index].word = 0;
}

static long yours_out(struct pager *pager, size_t index, const void *bytes)
{
    size_t place = known[index].place;

    if (is_uniform(bytes)) {
        yours_forget(pager, index);
        known[index].word = *(const word_t *)bytes;
        return ERR_OK;
    }
    for (size_t i = 0; place == NOWHERE && i < STORE_PAGES; i++)
        if (!taken[i])
            place = i;
    if (place == NOWHERE)
        return ERR_BUSY;
    taken[place] = true;
    known[index].place = place;
    contents_copy(store[place], bytes);
    return ERR_OK;
}

const struct pager_ops pager_yours = {
    .name = "yours",
    .open = yours_open,
    .in = yours_in,
    .out = yours_out,
    .forget = yours_forget,
};
