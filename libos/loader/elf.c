// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading ELF64 files for RISC-V. The file is an attacker's: no offset, size, count or address in it is
 * used before it was compared with the file's end and the address space's, in a form that cannot
 * overflow. After elf_read every field of the plan can be used without a check.
 */
#include <libos/loader/elf.h>
#include <string.h>

#define PAGE            4096ul
#define MACHINE_RISCV   243
#define TYPE_EXECUTABLE 2
#define SEGMENT_LOAD    1
#define HEADERS_MAX     32

enum { ELF_X = 1, ELF_W = 2, ELF_R = 4 };

struct elf_header {
    uint8_t magic[4];
    uint8_t class, data, version, abi, padding[8];
    uint16_t type, machine;
    uint32_t version_again;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};
_Static_assert(sizeof(struct elf_header) == 64, "the header of ELF64 has 64 bytes");

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, size, alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "a program header of ELF64 has 56 bytes");

static const char *header_check(const struct elf_header *header, size_t size)
{
    if (memcmp(header->magic, "\177ELF", 4) != 0)
        return "it is no ELF file";
    if (header->class != 2 || header->data != 1 || header->machine != MACHINE_RISCV)
        return "it is not for a 64-bit little-endian RISC-V machine";
    if (header->type != TYPE_EXECUTABLE)
        return "it is not an executable linked at fixed addresses";
    if (header->program_header_size != sizeof(struct elf_program_header))
        return "its program headers have a wrong size";
    if (header->program_header_count == 0 || header->program_header_count > HEADERS_MAX)
        return "it has no program headers, or too many";
    if (header->program_headers > size ||
        size - header->program_headers < header->program_header_count * sizeof(struct elf_program_header))
        return "its program headers lie outside the file";
    return NULL;
}

static const char *segment_check(const struct elf_program_header *header, size_t size)
{
    if (header->offset > size || size - header->offset < header->file_size)
        return "a segment lies outside the file";
    if (header->file_size > header->size)
        return "a segment is larger in the file than in memory";
    if (header->address % PAGE != 0)
        return "a segment does not begin on a page";
    if (header->alignment & (header->alignment - 1))
        return "a segment's alignment is no power of two";
    if (header->address < ELF_FIRST || header->address >= ELF_END || ELF_END - header->address < header->size)
        return "a segment lies outside the range for programs";
    if (!(header->flags & ELF_R))
        return "a segment cannot be read";
    return NULL;
}

static uint64_t rights_of(uint32_t flags)
{
    return (flags & ELF_R ? 2 : 0) | (flags & ELF_W ? 4 : 0) | (flags & ELF_X ? 8 : 0);
}

static uint64_t pages_of(const struct elf_segment *segment)
{
    return (segment->size + PAGE - 1) / PAGE;
}

static const char *segment_add(struct elf_plan *plan, const struct elf_program_header *header)
{
    if (plan->count == ELF_SEGMENTS_MAX)
        return "it has too many segments";

    struct elf_segment *segment = &plan->segments[plan->count];
    *segment = (struct elf_segment){
        .address = header->address,
        .size = header->size,
        .offset = header->offset,
        .file_size = header->file_size,
        .rights = rights_of(header->flags),
    };
    if (plan->count > 0) {
        const struct elf_segment *last = segment - 1;
        if (segment->address < last->address + pages_of(last) * PAGE)
            return "its segments overlap, or are not in order";
    }
    plan->count++;
    plan->pages += pages_of(segment);
    return NULL;
}

static const char *entry_check(const struct elf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        bool inside = plan->entry >= segment->address && plan->entry - segment->address < segment->size;
        if (inside && segment->rights & 8 && plan->entry % 2 == 0)
            return NULL;
    }
    return "its entry point is in no executable segment";
}

const char *elf_read(const uint8_t *image, size_t size, struct elf_plan *plan)
{
    struct elf_header header;

    memset(plan, 0, sizeof(*plan));
    if (size < sizeof(header))
        return "it is too short for an ELF file";
    memcpy(&header, image, sizeof(header)); // the file need not be aligned in memory
    const char *why = header_check(&header, size);
    if (why)
        return why;

    plan->entry = header.entry;
    for (size_t i = 0; i < header.program_header_count; i++) {
        struct elf_program_header segment;
        memcpy(&segment, image + header.program_headers + i * sizeof(segment), sizeof(segment));
        if (segment.type != SEGMENT_LOAD || segment.size == 0)
            continue;
        why = segment_check(&segment, size);
        if (!why)
            why = segment_add(plan, &segment);
        if (why)
            return why;
    }
    return entry_check(plan);
}
