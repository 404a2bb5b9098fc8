// SPDX-License-Identifier: BSD-2-Clause
// Reading init's ELF file; see program.h.
#include "boot/program.h"

#include <rivet/page.h>

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static word_t page_first(const struct program_segment *segment) { return segment->address / PAGE_SIZE; }

static word_t page_end(const struct program_segment *segment)
{
    return (segment->address + segment->size + PAGE_SIZE - 1) / PAGE_SIZE;
}

static const char *header_check(const Elf64_Ehdr *elf, word_t size)
{
    if (size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
        return "init is not an ELF file";
    if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_ident[EI_DATA] != ELFDATA2LSB ||
        elf->e_machine != EM_RISCV || elf->e_type != ET_EXEC)
        return "init is not a 64-bit RISC-V program";
    if (elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phnum > PROGRAM_SEGMENTS_MAX || elf->e_phoff > size ||
        elf->e_phnum * sizeof(Elf64_Phdr) > size - elf->e_phoff)
        return "init's ELF file is truncated or lies about its segments";
    return NULL;
}

static const char *segment_check(const Elf64_Phdr *segment, word_t size)
{
    if (segment->p_offset > size || segment->p_filesz > size - segment->p_offset ||
        segment->p_filesz > segment->p_memsz)
        return "init's ELF file is truncated or lies about its segments";
    if (segment->p_vaddr < USER_FIRST || segment->p_vaddr >= PROGRAM_END ||
        segment->p_memsz > PROGRAM_END - segment->p_vaddr)
        return "init's ELF file has a segment where no program can be";
    return NULL;
}

static const char *segment_add(struct program *program, const Elf64_Phdr *header, word_t *pages)
{
    struct program_segment *segment = &program->segments[program->count];
    *segment = (struct program_segment){header->p_vaddr, header->p_memsz, header->p_offset, header->p_filesz,
                                        RIGHT_READ | (header->p_flags & PF_W ? RIGHT_WRITE : 0) |
                                            (header->p_flags & PF_X ? RIGHT_EXECUTE : 0)};
    for (const struct program_segment *other = program->segments; other < segment; other++)
        if (page_first(segment) < page_end(other) && page_first(other) < page_end(segment))
            return "init's ELF file has segments that share a page";
    *pages += page_end(segment) - page_first(segment);
    if (*pages > PROGRAM_PAGES_MAX)
        return "init's program is larger than 16 MiB";
    program->count++;
    return NULL;
}

static bool entry_is_code(const struct program *program)
{
    for (uint32_t i = 0; i < program->count; i++) {
        const struct program_segment *segment = &program->segments[i];
        if (segment->rights & RIGHT_EXECUTE && program->entry >= segment->address &&
            program->entry - segment->address < segment->size)
            return program->entry % 2 == 0;
    }
    return false;
}

const char *program_read(const char *file, word_t size, struct program *program)
{
    Elf64_Ehdr elf = {0}; // a copy: files in an archive are aligned to 4 bytes only
    memcpy(&elf, file, size < sizeof(elf) ? size : sizeof(elf));
    const char *why = header_check(&elf, size);
    word_t pages = 0;

    program->entry = elf.e_entry;
    program->count = 0;
    for (int i = 0; why == NULL && i < elf.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, file + elf.e_phoff + (word_t)i * sizeof(segment), sizeof(segment));
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
            continue;
        why = segment_check(&segment, size);
        if (why == NULL)
            why = segment_add(program, &segment, &pages);
    }
    if (why == NULL && !entry_is_code(program))
        why = "init's entry point is not in its code";
    return why;
}
