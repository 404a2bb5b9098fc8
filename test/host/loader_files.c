// SPDX-License-Identifier: BSD-2-Clause
// Files for the loaders, and the rules of what they accept; see loader_files.h.
#include "loader_files.h"

#include "boot/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void require(bool holds)
{
    if (!holds)
        abort();
}

Elf64_Ehdr *file_header(struct file *file) { return (Elf64_Ehdr *)file->bytes; }
Elf64_Phdr *file_segment(struct file *file, int index) { return (Elf64_Phdr *)(file_header(file) + 1) + index; }

void file_elf(struct file *file)
{
    const Elf64_Phdr segments[FILE_SEGMENTS] = {
        {PT_LOAD, PF_R | PF_X, 512, 0x10000, 0x10000, 256, 256, 4096},
        {PT_NOTE, PF_R, 512, 0x10000, 0x10000, 16, 16, 4},
        {PT_LOAD, PF_R | PF_W, 768, 0x11000, 0x11000, 128, 0x1234, 4096},
        {PT_LOAD, PF_R | PF_W, 896, 0x13000, 0x13000, 0, 0x2000, 4096},
    };
    memset(file, 0, sizeof(*file));
    *file_header(file) = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = EV_CURRENT, .e_entry = 0x10010,
        .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = FILE_SEGMENTS,
    };
    memcpy(file_segment(file, 0), segments, sizeof(segments));
    file->size = 896;
    for (size_t i = 512; i < file->size; i++)
        file->bytes[i] = (uint8_t)(i + 1);
}

void file_entry(struct file *file, const char *name, const char *contents, size_t size)
{
    size_t name_size = strlen(name) + 1;
    char header[111];

    snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, 0100644, 0, 0, 1,
             0, (unsigned)size, 0, 0, 0, 0, (unsigned)name_size, 0);
    require(file->size + 110 + name_size + size + 6 <= FILE_MAX);
    memcpy(file->bytes + file->size, header, 110);
    memcpy(file->bytes + file->size + 110, name, name_size);
    file->size = (file->size + 110 + name_size + 3) & ~(size_t)3;
    memcpy(file->bytes + file->size, contents, size);
    file->size = (file->size + size + 3) & ~(size_t)3;
}

void file_archive(struct file *file)
{
    memset(file, 0, sizeof(*file));
    file_entry(file, "a", "abcde", 5);
    file_entry(file, "init", "init's bytes", 12);
    file_entry(file, "empty", "", 0);
    file_entry(file, "TRAILER!!!", "", 0);
    file->size += 20;
}

uint8_t *exact_copy(const void *bytes, size_t size, size_t shift, void **memory)
{
    *memory = malloc(size + shift > 0 ? size + shift : 1);
    require(*memory != NULL);
    uint8_t *copy = (uint8_t *)*memory + shift;
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static Elf64_Phdr header_of(const uint8_t *image, size_t index)
{
    Elf64_Ehdr elf;
    Elf64_Phdr header;
    memcpy(&elf, image, sizeof(elf));
    memcpy(&header, image + elf.e_phoff + index * sizeof(header), sizeof(header));
    return header;
}

// The next program header that says something is to be loaded.
static Elf64_Phdr load_next(const uint8_t *image, size_t *index)
{
    Elf64_Phdr header;
    do
        header = header_of(image, (*index)++);
    while (header.p_type != PT_LOAD || header.p_memsz == 0);
    return header;
}

// No more headers that should have been in the plan.
static void load_none(const uint8_t *image, size_t index)
{
    Elf64_Ehdr elf;
    memcpy(&elf, image, sizeof(elf));
    for (; index < elf.e_phnum; index++) {
        Elf64_Phdr header = header_of(image, index);
        require(header.p_type != PT_LOAD || header.p_memsz == 0);
    }
}

static uint64_t rights_of(const Elf64_Phdr *header, uint64_t always)
{
    uint32_t flags = header->p_flags;
    return always | (flags & PF_R ? 2 : 0) | (flags & PF_W ? 4 : 0) | (flags & PF_X ? 8 : 0);
}

static void identity_check(const uint8_t *image, size_t size, uint64_t entry)
{
    Elf64_Ehdr elf;
    require(size >= sizeof(elf));
    memcpy(&elf, image, sizeof(elf));
    require(memcmp(elf.e_ident, "\177ELF\2", 5) == 0 && elf.e_type == ET_EXEC && elf.e_machine == EM_RISCV);
    require(elf.e_entry == entry && entry % 2 == 0);
}

void plan_check(const uint8_t *image, size_t size, const struct elf_plan *plan)
{
    uint64_t behind = ELF_FIRST, pages = 0;
    size_t header = 0;
    bool inside = false;

    identity_check(image, size, plan->entry);
    require(plan->count >= 1 && plan->count <= ELF_SEGMENTS_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        const struct elf_segment *one = &plan->segments[i];
        Elf64_Phdr load = load_next(image, &header);
        require(one->address == load.p_vaddr && one->size == load.p_memsz && one->offset == load.p_offset &&
                one->file_size == load.p_filesz && one->rights == rights_of(&load, 0) && one->rights & 2);
        require(one->address % 4096 == 0 && one->address >= behind);
        require(one->address < ELF_END && one->size > 0 && one->size <= ELF_END - one->address);
        require(one->file_size <= one->size && one->offset <= size && one->file_size <= size - one->offset);
        behind = (one->address + one->size + 4095) & ~4095ul;
        pages += (behind - one->address) / 4096;
        inside |= one->rights & 8 && plan->entry >= one->address && plan->entry < one->address + one->size;
    }
    load_none(image, header);
    require(inside && plan->pages == pages);
}

void program_check(const uint8_t *image, size_t size, const struct program *program)
{
    uint64_t pages = 0;
    size_t header = 0;
    bool inside = false;

    identity_check(image, size, program->entry);
    require(program->count >= 1 && program->count <= PROGRAM_SEGMENTS_MAX);
    for (uint32_t i = 0; i < program->count; i++) {
        const struct program_segment *one = &program->segments[i];
        Elf64_Phdr load = load_next(image, &header);
        require(one->address == load.p_vaddr && one->size == load.p_memsz && one->offset == load.p_offset &&
                one->file_size == load.p_filesz && one->rights == rights_of(&load, 2));
        require(one->address >= 0x1000 && one->address < 0x3ffffff000 && one->size > 0 &&
                one->size <= 0x3ffffff000 - one->address);
        require(one->file_size <= one->size && one->offset <= size && one->file_size <= size - one->offset);
        uint64_t first = one->address >> 12, behind = (one->address + one->size + 4095) >> 12;
        for (uint32_t k = 0; k < i; k++) {
            const struct program_segment *other = &program->segments[k];
            require(behind <= other->address >> 12 || first >= (other->address + other->size + 4095) >> 12);
        }
        pages += behind - first;
        inside |= one->rights & 8 && program->entry >= one->address && program->entry < one->address + one->size;
    }
    load_none(image, header);
    require(inside && pages <= 4096);
}

const char *image_check(const uint8_t *image, size_t size)
{
    struct elf_plan plan;
    struct program program;
    const char *refusal = elf_read(image, size, &plan);
    const char *kernel_refusal = program_read((const char *)image, size, &program);

    if (refusal == NULL)
        plan_check(image, size, &plan);
    if (kernel_refusal == NULL)
        program_check(image, size, &program);
    require(refusal == NULL || strlen(refusal) > 0);
    require(kernel_refusal == NULL || strlen(kernel_refusal) > 0);
    // The library is stricter, except about how many headers and pages there may be.
    if (refusal == NULL && kernel_refusal != NULL) {
        Elf64_Ehdr elf;
        memcpy(&elf, image, sizeof(elf));
        require(plan.pages > PROGRAM_PAGES_MAX || elf.e_phnum > PROGRAM_SEGMENTS_MAX);
    }
    return refusal;
}

static void file_check(const struct bundle *bundle, const struct bundle_file *file)
{
    const uint8_t *end = bundle->bytes + bundle->size, *name = (const uint8_t *)file->name;

    require(name >= bundle->bytes + 110 && name < end && memchr(name, 0, (size_t)(end - name)) != NULL);
    require(file->bytes > name && file->bytes <= end && file->size <= (size_t)(end - file->bytes));
    require((size_t)(file->bytes - bundle->bytes) % 4 == 0);
}

// The kernel looks for init alone; where both find it they find the same.
static void init_check(const struct bundle *bundle)
{
    struct bundle_file file;
    const char *why, *init;
    word_t size;
    const char *refusal = archive_find_init((const char *)bundle->bytes, bundle->size, &init, &size);

    require(refusal == NULL || strlen(refusal) > 0);
    if (refusal != NULL)
        return;
    const uint8_t *bytes = (const uint8_t *)init, *end = bundle->bytes + bundle->size;
    require(bytes >= bundle->bytes + 110 + 5 && bytes <= end && size <= (size_t)(end - bytes));
    if (bundle_find(bundle, "init", &file, &why))
        require(file.bytes == bytes && file.size == size);
}

int archive_check(const uint8_t *bytes, size_t size)
{
    const struct bundle bundle = {bytes, size};
    struct bundle_file file, found;
    const char *why = NULL;
    size_t position = 0, before = 0;
    int result, count = 0;

    init_check(&bundle);
    for (; (result = bundle_next(&bundle, &position, &file, &why)) == 1; before = position) {
        file_check(&bundle, &file);
        require(position >= before + 110 && position <= size && why == NULL);
        require(bundle_find(&bundle, file.name, &found, &why) && strcmp(found.name, file.name) == 0);
        require(found.bytes <= file.bytes); // the first of that name
        count++;
    }
    require(result == 0 || (why != NULL && strlen(why) > 0));
    return result == 0 ? count : -1;
}
