// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loads `init`, which archive.c finds and program.c reads; they refuse a file that lies before anything is made.
 * Its tables are made by the same calls that any program uses, with the first environment as the caller.
 */
#include "boot/init.h"

#include "boot/archive.h"
#include "boot/program.h"
#include "kernel.h"
#include "page/page.h"
#include "pte/pte.h"
#include "space/space.h"
#include "trap/hart.h"

#include <string.h>

#define HOTCALL(index, room, verb, errors, text)
#define SYSCALL(index, room, verb, arity, arguments, errors, text) sysret_t sys_##room##_##verb arguments;
#include <rivet/syscall.def>

static word_t frame_cursor; // frames before it were looked at

static page_t frame_next(void)
{
    while (frame_cursor < pages.count && pages.table[frame_cursor].kind != PAGE_FREE)
        frame_cursor++;
    return frame_cursor < pages.count ? pages.first + frame_cursor++ : 0;
}

env_t init_pick(void)
{
    for (; frame_cursor + 1 < pages.count; frame_cursor++)
        if (pages.table[frame_cursor].kind == PAGE_FREE && pages.table[frame_cursor + 1].kind == PAGE_FREE) {
            frame_cursor += 2;
            return pages.first + frame_cursor - 2;
        }
    return 0;
}

// The level-0 table over an address, made when it is missing.
static bool table_make(word_t address)
{
    if (sys_pte_table(0, address, 1, frame_next(), 0).error == ERR_NOENT)
        return false;
    page_t table = frame_next();
    return sys_pte_table(0, address, 0, table, frame_next()).error == ERR_OK;
}

// It is in use from the start, so no access need fault for A or D.
static bool page_map(word_t address, page_t page, word_t rights)
{
    rights |= BIND_ACCESSED | BIND_DIRTY;
    sysret_t answer = sys_pte_map(0, address, page, 1, rights, CAP_NONE);
    if (answer.error == ERR_NOTABLE && table_make(address))
        answer = sys_pte_map(0, address, page, 1, rights, CAP_NONE);
    return answer.error == ERR_OK;
}

// NULL, or why not. What program_read checked is not checked again.
static const char *segment_load(const struct program_segment *segment, const char *file)
{
    word_t end = segment->address + segment->size, file_end = segment->address + segment->file_size;
    for (word_t at = segment->address & ~(PAGE_SIZE - 1ul); at < end; at += PAGE_SIZE) {
        page_t page = frame_next();
        if (page == 0 || sys_page_alloc(page).error != ERR_OK)
            return "there is too little memory for init";
        word_t from = at > segment->address ? at : segment->address;
        word_t to = at + PAGE_SIZE < file_end ? at + PAGE_SIZE : file_end;
        if (from < to)
            memcpy((char *)page_memory(page) + (from - at), file + segment->offset + (from - segment->address), to - from);
        if (!page_map(at, page, segment->rights))
            return "there is too little memory for init";
    }
    return NULL;
}

const char *init_load(env_t name, const char *archive, word_t size, struct env **init)
{
    const char *file;
    struct program program;
    const char *why = archive_find_init(archive, size, &file, &size);
    if (why == NULL)
        why = program_read(file, size, &program);
    if (why != NULL)
        return why;

    enum error error;
    page_t root = frame_next();
    struct space *space = space_make(root, frame_next(), name, &error);
    page_t caps = frame_next();
    if (space == NULL || caps == 0)
        return "there is too little memory for init";
    struct env *env = env_boot(name, caps, space);
    page_frame(name)->detail = 0x74696e69; // "init"
    hart_self()->current = env_boundary(env);
    env->pc = program.entry;
    env->result_error = name;
    env->state = ENV_READY;
    env->slice_harts = (1u << hart_count) - 1;
    *init = env;

    for (uint32_t i = 0; i < program.count && why == NULL; i++)
        why = segment_load(&program.segments[i], file);
    if (why == NULL && !page_map(INIT_SAVE, name + 1, RIGHT_READ | RIGHT_WRITE))
        why = "there is too little memory for init";
    return why;
}
