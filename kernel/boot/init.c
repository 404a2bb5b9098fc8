// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loads `init`: an ELF file in a cpio archive (newc). Its tables are made by the same calls that any program
 * uses, with the first environment as the caller.
 */
#include "boot/init.h"

#include "kernel.h"
#include "page/page.h"
#include "pte/pte.h"
#include "space/space.h"
#include "trap/hart.h"

#include <elf.h>
#include <string.h>

#define HOTCALL(index, room, verb, errors, text)
#define SYSCALL(index, room, verb, arity, arguments, errors, text) sysret_t sys_##room##_##verb arguments;
#include <rivet/syscall.def>

#define CPIO_HEADER   110
#define CPIO_FILESIZE 54
#define CPIO_NAMESIZE 94
#define SEGMENTS_MAX  16
#define INIT_PAGES_MAX 4096 // pages of all segments

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

// Eight hexadecimal digits; false when one is not.
static bool cpio_number(const char *digits, word_t *value)
{
    *value = 0;
    for (int i = 0; i < 8; i++) {
        char c = digits[i];
        word_t digit = c >= '0' && c <= '9' ? (word_t)(c - '0') : c >= 'a' && c <= 'f' ? (word_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (word_t)(c - 'A' + 10) : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

static bool text_equals(const char *one, word_t length, const char *other)
{
    word_t i = 0;
    while (i < length && other[i] != '\0' && one[i] == other[i])
        i++;
    return i == length && other[i] == '\0';
}

// Finds a file; NULL, or why there is none.
static const char *cpio_find(const char *archive, word_t size, const char *name, const char **file, word_t *file_size)
{
    for (word_t at = 0; at + CPIO_HEADER <= size;) {
        const char *header = archive + at;
        word_t name_size;
        if (!text_equals(header, 6, "070701") || !cpio_number(header + CPIO_FILESIZE, file_size) ||
            !cpio_number(header + CPIO_NAMESIZE, &name_size))
            return "the initrd is not a cpio archive, or is corrupt";
        word_t data = (at + CPIO_HEADER + name_size + 3) & ~3ul;
        if (name_size == 0 || data > size || *file_size > size - data)
            return "the initrd is truncated";
        if (text_equals(header + CPIO_HEADER, name_size - 1, name)) {
            *file = archive + data;
            return NULL;
        }
        if (text_equals(header + CPIO_HEADER, name_size - 1, "TRAILER!!!"))
            break;
        at = (data + *file_size + 3) & ~3ul;
    }
    return "the initrd holds no program named init";
}

// The level-0 table over an address, made when it is missing.
static bool table_make(word_t address)
{
    if (sys_pte_table(0, address, 1, frame_next(), 0).error == ERR_NOENT)
        return false;
    page_t table = frame_next();
    return sys_pte_table(0, address, 0, table, frame_next()).error == ERR_OK;
}

static bool page_map(word_t address, page_t page, word_t rights)
{
    sysret_t answer = sys_pte_map(0, address, page, 1, rights, CAP_NONE);
    if (answer.error == ERR_NOTABLE && table_make(address))
        answer = sys_pte_map(0, address, page, 1, rights, CAP_NONE);
    return answer.error == ERR_OK;
}

static const char *segment_load(const Elf64_Phdr *segment, const char *file, word_t size, word_t *pages)
{
    if (segment->p_offset > size || segment->p_filesz > size - segment->p_offset || segment->p_filesz > segment->p_memsz)
        return "init's ELF file is truncated or lies about its segments";
    if (!pte_range_is_valid(segment->p_vaddr & ~(PAGE_SIZE - 1ul), 1) || segment->p_memsz > INIT_PAGES_MAX * PAGE_SIZE)
        return "init's ELF file has a segment where no program can be";
    word_t rights = RIGHT_READ | (segment->p_flags & PF_W ? RIGHT_WRITE : 0) | (segment->p_flags & PF_X ? RIGHT_EXECUTE : 0);
    word_t end = segment->p_vaddr + segment->p_memsz, file_end = segment->p_vaddr + segment->p_filesz;
    for (word_t at = segment->p_vaddr & ~(PAGE_SIZE - 1ul); at < end; at += PAGE_SIZE) {
        page_t page = frame_next();
        if (++*pages > INIT_PAGES_MAX || page == 0 || sys_page_alloc(page).error != ERR_OK)
            return "there is too little memory for init";
        char *to = page_memory(page);
        for (word_t byte = 0; byte < PAGE_SIZE; byte++)
            if (at + byte >= segment->p_vaddr && at + byte < file_end)
                to[byte] = file[segment->p_offset + (at + byte - segment->p_vaddr)];
        if (!page_map(at, page, rights))
            return "init's ELF file has segments that share a page";
    }
    return NULL;
}

static const char *elf_check(const Elf64_Ehdr *elf, word_t size)
{
    if (size < sizeof(*elf) || !text_equals((const char *)elf->e_ident, 4, "\177ELF"))
        return "init is not an ELF file";
    if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_RISCV || elf->e_type != ET_EXEC)
        return "init is not a 64-bit RISC-V program";
    if (elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phnum > SEGMENTS_MAX ||
        elf->e_phoff > size || elf->e_phnum * sizeof(Elf64_Phdr) > size - elf->e_phoff)
        return "init's ELF file is truncated or lies about its segments";
    return NULL;
}

const char *init_load(env_t name, const char *archive, word_t size, struct env **init)
{
    const char *file;
    const char *why = cpio_find(archive, size, "init", &file, &size);
    if (why != NULL)
        return why;
    Elf64_Ehdr elf = {0}; // a copy: files in an archive are aligned to 4 bytes only
    memcpy(&elf, file, size < sizeof(elf) ? size : sizeof(elf));
    if ((why = elf_check(&elf, size)) != NULL)
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
    env->pc = elf.e_entry;
    env->result_error = name;
    env->state = ENV_READY;
    env->slice_harts = (1u << hart_count) - 1;
    *init = env;

    word_t pages = 0;
    for (int i = 0; i < elf.e_phnum && why == NULL; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, file + elf.e_phoff + (word_t)i * sizeof(segment), sizeof(segment));
        if (segment.p_type == PT_LOAD && segment.p_memsz != 0)
            why = segment_load(&segment, file, size, &pages);
    }
    if (why == NULL && !page_map(INIT_SAVE, name + 1, RIGHT_READ | RIGHT_WRITE))
        why = "there is too little memory for init";
    return why;
}
