// SPDX-License-Identifier: BSD-2-Clause
// Both readers of ELF files, the library's and the kernel's for init: what a correct file comes to, each refusal
// with its sentence, every length, every field of every header with lies in it. The first argument is a folder with
// programs as they were built, which may be absent.
#include "loader_files.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h> // needs the headers above

static const char *programs;
static struct file file;

static const char *library_reads(size_t size, struct elf_plan *plan)
{
    void *memory;
    const char *why = elf_read(exact_copy(file.bytes, size, 0, &memory), size, plan);
    free(memory);
    return why ? why : "read";
}

static const char *kernel_reads(size_t size, struct program *program)
{
    void *memory;
    const char *why = program_read((char *)exact_copy(file.bytes, size, 0, &memory), size, program);
    free(memory);
    return why ? why : "read";
}

static void test_correct(void **state)
{
    struct elf_plan plan;
    struct program program;
    const struct elf_segment wanted[] = {
        {0x10000, 256, 512, 256, 2 | 8}, {0x11000, 0x1234, 768, 128, 2 | 4}, {0x13000, 0x2000, 896, 0, 2 | 4}};
    (void)state;

    file_elf(&file);
    assert_string_equal(library_reads(file.size, &plan), "read");
    assert_int_equal(plan.entry, 0x10010);
    assert_int_equal(plan.count, 3);
    assert_int_equal(plan.pages, 1 + 2 + 2);
    assert_memory_equal(plan.segments, wanted, sizeof(wanted));

    assert_string_equal(kernel_reads(file.size, &program), "read");
    assert_int_equal(program.entry, 0x10010);
    assert_int_equal(program.count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(program.segments[i].address, wanted[i].address);
        assert_int_equal(program.segments[i].size, wanted[i].size);
        assert_int_equal(program.segments[i].offset, wanted[i].offset);
        assert_int_equal(program.segments[i].file_size, wanted[i].file_size);
        assert_int_equal(program.segments[i].rights, wanted[i].rights);
    }
}

static void test_unaligned(void **state)
{
    (void)state;
    file_elf(&file);
    for (size_t shift = 0; shift < 8; shift++) {
        void *memory;
        assert_null(image_check(exact_copy(file.bytes, file.size, shift, &memory), file.size));
        free(memory);
    }
}

// A file with so many segments of one page each, `step` bytes apart.
static void many(int count, uint64_t size, uint64_t step)
{
    file_elf(&file);
    file_header(&file)->e_phnum = (uint16_t)count;
    for (int i = 0; i < count; i++)
        *file_segment(&file, i) = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x10000 + i * step, 0, 0, size, 4096};
    file.size = FILE_MAX;
}

#define HEADER     file_header(&file)
#define SEGMENT(i) file_segment(&file, i)

// What `damage` does to a correct file is answered with exactly this sentence.
#define ANSWER(reads, read_to, damage, sentence)                         \
    do {                                                                 \
        file_elf(&file);                                                 \
        damage;                                                          \
        assert_string_equal(reads(file.size, &(read_to){0}), sentence);  \
    } while (0)
#define LIBRARY(damage, sentence) ANSWER(library_reads, struct elf_plan, damage, sentence)
#define KERNEL(damage, sentence)  ANSWER(kernel_reads, struct program, damage, sentence)

static void test_library_header(void **state)
{
    (void)state;
    LIBRARY(file.size = 0, "it is too short for an ELF file");
    LIBRARY(file.size = 63, "it is too short for an ELF file");
    LIBRARY(file.bytes[3]++, "it is no ELF file");
    LIBRARY(HEADER->e_ident[EI_CLASS] = ELFCLASS32, "it is not for a 64-bit little-endian RISC-V machine");
    LIBRARY(HEADER->e_ident[EI_DATA] = ELFDATA2MSB, "it is not for a 64-bit little-endian RISC-V machine");
    LIBRARY(HEADER->e_machine = EM_X86_64, "it is not for a 64-bit little-endian RISC-V machine");
    LIBRARY(HEADER->e_type = ET_DYN, "it is not an executable linked at fixed addresses");
    LIBRARY(HEADER->e_phentsize = 55, "its program headers have a wrong size");
    LIBRARY(HEADER->e_phnum = 0, "it has no program headers, or too many");
    LIBRARY(HEADER->e_phnum = 33, "it has no program headers, or too many");
    LIBRARY(HEADER->e_phoff = file.size + 1, "its program headers lie outside the file");
    LIBRARY(HEADER->e_phoff = file.size - FILE_SEGMENTS * sizeof(Elf64_Phdr) + 1,
            "its program headers lie outside the file");
    LIBRARY(HEADER->e_phoff = ~0ul - 10, "its program headers lie outside the file");
    LIBRARY(HEADER->e_entry = 0x10100, "its entry point is in no executable segment");
    LIBRARY(HEADER->e_entry = 0x10001, "its entry point is in no executable segment");
    LIBRARY(HEADER->e_entry = 0x11000, "its entry point is in no executable segment");
    LIBRARY(SEGMENT(0)->p_type = PT_NOTE, "its entry point is in no executable segment");
}

static void test_library_segments(void **state)
{
    (void)state;
    LIBRARY(SEGMENT(2)->p_offset = file.size + 1, "a segment lies outside the file");
    LIBRARY(SEGMENT(2)->p_offset++, "a segment lies outside the file"); // the data end where the file ends
    LIBRARY(SEGMENT(2)->p_offset = ~0ul - 10, "a segment lies outside the file");
    LIBRARY(SEGMENT(2)->p_filesz = SEGMENT(2)->p_memsz = ~0ul - 100, "a segment lies outside the file");
    LIBRARY(SEGMENT(0)->p_memsz--, "a segment is larger in the file than in memory");
    LIBRARY(SEGMENT(2)->p_vaddr += 8, "a segment does not begin on a page");
    LIBRARY(SEGMENT(2)->p_align = 3000, "a segment's alignment is no power of two");
    LIBRARY(SEGMENT(0)->p_vaddr = 0xf000, "a segment lies outside the range for programs");
    LIBRARY(SEGMENT(3)->p_vaddr = 0x10000000, "a segment lies outside the range for programs");
    LIBRARY(SEGMENT(3)->p_vaddr = 0xffffffffffffe000, "a segment lies outside the range for programs");
    LIBRARY(SEGMENT(3)->p_memsz = 0x10000000 - 0x13000 + 1, "a segment lies outside the range for programs");
    LIBRARY(SEGMENT(3)->p_memsz = 0x10000000 - 0x13000, "read");
    LIBRARY(SEGMENT(3)->p_memsz = ~0ul, "a segment lies outside the range for programs");
    LIBRARY(SEGMENT(3)->p_vaddr = 0x12000, "its segments overlap, or are not in order");
    LIBRARY(SEGMENT(2)->p_memsz = 0x2001, "its segments overlap, or are not in order");
    LIBRARY(SEGMENT(2)->p_memsz = 0x2000, "read");
    LIBRARY(SEGMENT(2)->p_flags = PF_W, "a segment cannot be read");
    LIBRARY(SEGMENT(2)->p_memsz = SEGMENT(2)->p_filesz = 0, "read"); // nothing to load: not looked at
    LIBRARY(many(8, 4096, 4096), "read");
    LIBRARY(many(9, 4096, 4096), "it has too many segments");
}

static void test_kernel_header(void **state)
{
    (void)state;
    KERNEL(file.size = 0, "init is not an ELF file");
    KERNEL(file.size = 63, "init is not an ELF file");
    KERNEL(file.bytes[0]++, "init is not an ELF file");
    KERNEL(file.bytes[3]++, "init is not an ELF file");
    KERNEL(HEADER->e_ident[EI_CLASS] = ELFCLASS32, "init is not a 64-bit RISC-V program");
    KERNEL(HEADER->e_ident[EI_DATA] = ELFDATA2MSB, "init is not a 64-bit RISC-V program");
    KERNEL(HEADER->e_machine = EM_X86_64, "init is not a 64-bit RISC-V program");
    KERNEL(HEADER->e_type = ET_DYN, "init is not a 64-bit RISC-V program");
    KERNEL(HEADER->e_phentsize = 55, "init's ELF file is truncated or lies about its segments");
    KERNEL(HEADER->e_phoff = file.size + 1, "init's ELF file is truncated or lies about its segments");
    KERNEL(HEADER->e_phoff = file.size - FILE_SEGMENTS * sizeof(Elf64_Phdr) + 1,
           "init's ELF file is truncated or lies about its segments");
    KERNEL(HEADER->e_phoff = ~0ul - 10, "init's ELF file is truncated or lies about its segments");
    KERNEL(HEADER->e_entry = 0x10100, "init's entry point is not in its code");
    KERNEL(HEADER->e_entry = 0x10001, "init's entry point is not in its code");
    KERNEL(HEADER->e_entry = 0x11000, "init's entry point is not in its code");
    KERNEL(HEADER->e_phnum = 0, "init's entry point is not in its code");
}

static void test_kernel_segments(void **state)
{
    (void)state;
    KERNEL(SEGMENT(2)->p_offset = file.size + 1, "init's ELF file is truncated or lies about its segments");
    KERNEL(SEGMENT(2)->p_offset++, "init's ELF file is truncated or lies about its segments");
    KERNEL(SEGMENT(2)->p_offset = ~0ul - 10, "init's ELF file is truncated or lies about its segments");
    KERNEL(SEGMENT(2)->p_filesz = SEGMENT(2)->p_memsz = ~0ul - 100,
           "init's ELF file is truncated or lies about its segments");
    KERNEL(SEGMENT(0)->p_memsz--, "init's ELF file is truncated or lies about its segments");
    KERNEL(SEGMENT(2)->p_vaddr = 0xfff, "init's ELF file has a segment where no program can be");
    KERNEL(SEGMENT(2)->p_vaddr = 0x1000, "read");
    KERNEL(SEGMENT(3)->p_vaddr = 0x3ffffff000, "init's ELF file has a segment where no program can be");
    KERNEL(SEGMENT(3)->p_vaddr = 0x3ffffff000 - 0x1fff, "init's ELF file has a segment where no program can be");
    KERNEL(SEGMENT(3)->p_vaddr = 0x3ffffff000 - 0x2000, "read");
    KERNEL(SEGMENT(3)->p_vaddr = 0xffffffffffffe000, "init's ELF file has a segment where no program can be");
    KERNEL(SEGMENT(3)->p_memsz = ~0ul, "init's ELF file has a segment where no program can be");
    KERNEL(SEGMENT(3)->p_vaddr = 0x12000, "init's ELF file has segments that share a page");
    KERNEL(SEGMENT(3)->p_vaddr = 0x12800, "init's ELF file has segments that share a page"); // but no byte
    KERNEL(SEGMENT(3)->p_vaddr = 0xffff, "init's ELF file has segments that share a page");
    KERNEL(SEGMENT(3)->p_vaddr = 0xe000, "read"); // in any order
    KERNEL(SEGMENT(2)->p_memsz = 0x2001, "init's ELF file has segments that share a page");
    KERNEL(SEGMENT(3)->p_memsz = 4093 * 4096, "read"); // with the three other pages 4096
    KERNEL(SEGMENT(3)->p_memsz = 4093 * 4096 + 1, "init's program is larger than 16 MiB");
    KERNEL(SEGMENT(2)->p_memsz = SEGMENT(2)->p_filesz = 0, "read");
    KERNEL(many(16, 4096, 4096), "read");
    KERNEL(many(17, 4096, 4096), "init's ELF file is truncated or lies about its segments");
}

// A file is read as soon as all that its headers name is there, and not a byte earlier.
static void test_truncated(void **state)
{
    struct elf_plan plan;
    struct program program;
    (void)state;

    file_elf(&file);
    for (size_t size = 0; size < file.size; size++) {
        assert_string_not_equal(library_reads(size, &plan), "read");
        assert_string_not_equal(kernel_reads(size, &program), "read");
    }
    assert_string_equal(library_reads(file.size, &plan), "read");
    assert_string_equal(kernel_reads(file.size, &program), "read");
}

// Whatever one damaged file is taken for, the rules hold.
static bool damaged(void)
{
    void *memory;
    const char *why = image_check(exact_copy(file.bytes, file.size, 0, &memory), file.size);
    free(memory);
    return why != NULL;
}

static const uint64_t lies[] = {
    0, 1, 2, 7, 8, 55, 56, 57, 64, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0x10000, 0x11000, 0x0fffffff, 0x10000000,
    0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x3ffffff000, 0x4000000000, 0xffffffc000000000,
    0xffffffff80000000, 1ul << 62, 1ul << 63, ~0ul << 12, ~0ul - 55, ~0ul - 1, ~0ul};

static int field_damage(size_t offset, size_t size)
{
    int refused = 0;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        file_elf(&file);
        memcpy(file.bytes + offset, &lies[i], size);
        refused += damaged();
    }
    return refused;
}

#define FIELD(type, name) {#name, offsetof(type, name), sizeof(((type *)0)->name)}
struct field {
    const char *name;
    size_t offset, size;
};

static void test_header_fields(void **state)
{
    const struct field looked_at[] = {
        {"magic", 0, 4}, {"class", EI_CLASS, 1}, {"data", EI_DATA, 1},
        FIELD(Elf64_Ehdr, e_type), FIELD(Elf64_Ehdr, e_machine), FIELD(Elf64_Ehdr, e_entry), FIELD(Elf64_Ehdr, e_phoff),
        FIELD(Elf64_Ehdr, e_phentsize), FIELD(Elf64_Ehdr, e_phnum)};
    const struct field without_meaning[] = {
        {"version", EI_VERSION, 1}, {"padding", EI_PAD, 7}, FIELD(Elf64_Ehdr, e_version), FIELD(Elf64_Ehdr, e_shoff),
        FIELD(Elf64_Ehdr, e_flags), FIELD(Elf64_Ehdr, e_ehsize), FIELD(Elf64_Ehdr, e_shentsize),
        FIELD(Elf64_Ehdr, e_shnum), FIELD(Elf64_Ehdr, e_shstrndx)};
    (void)state;

    for (size_t i = 0; i < sizeof(looked_at) / sizeof(looked_at[0]); i++)
        if (field_damage(looked_at[i].offset, looked_at[i].size) == 0)
            fail_msg("no lie in %s is refused", looked_at[i].name);
    for (size_t i = 0; i < sizeof(without_meaning) / sizeof(without_meaning[0]); i++)
        if (field_damage(without_meaning[i].offset, without_meaning[i].size) != 0)
            fail_msg("%s is refused, and nobody uses it", without_meaning[i].name);
}

static void test_segment_fields(void **state)
{
    const struct field fields[] = {
        FIELD(Elf64_Phdr, p_offset), FIELD(Elf64_Phdr, p_vaddr), FIELD(Elf64_Phdr, p_filesz),
        FIELD(Elf64_Phdr, p_memsz), FIELD(Elf64_Phdr, p_align), FIELD(Elf64_Phdr, p_flags)};
    (void)state;

    for (int segment = 0; segment < FILE_SEGMENTS; segment++)
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            size_t offset = sizeof(Elf64_Ehdr) + (size_t)segment * sizeof(Elf64_Phdr) + fields[i].offset;
            bool refused = field_damage(offset, fields[i].size) != 0;
            if (refused != (segment != 1)) // the one that is no PT_LOAD is nobody's business
                fail_msg("%s of segment %d: %s", fields[i].name, segment, refused ? "a lie is refused" : "no lie is");
        }
}

static void test_bits(void **state)
{
    size_t headers = sizeof(Elf64_Ehdr) + FILE_SEGMENTS * sizeof(Elf64_Phdr);
    int refused = 0;
    (void)state;

    for (size_t bit = 0; bit < headers * 8; bit++) {
        file_elf(&file);
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += damaged();
    }
    assert_in_range(refused, headers * 2, headers * 6); // some bits matter, and some do not
}

// A whole program as the build made it; NULL: it is no ELF file, or cannot be opened.
static uint8_t *program_open(const char *name, size_t *size)
{
    char path[4096];
    struct stat facts;
    snprintf(path, sizeof(path), "%s/%s", programs, name);
    if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size < SELFMAG)
        return NULL;
    *size = (size_t)facts.st_size;

    FILE *in = fopen(path, "rb");
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    if (in == NULL || fread(bytes, 1, *size, in) != *size || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        free(bytes);
        bytes = NULL;
    }
    if (in != NULL)
        fclose(in);
    return bytes;
}

static void test_programs(void **state)
{
    DIR *folder = programs ? opendir(programs) : NULL;
    int count = 0;
    (void)state;

    if (folder == NULL)
        skip();
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t size;
        uint8_t *image = program_open(entry->d_name, &size);
        if (image == NULL)
            continue;
        const char *why = image_check(image, size);
        if (why != NULL)
            fail_msg("%s is refused: %s", entry->d_name, why);
        free(image);
        count++;
    }
    closedir(folder);
    if (count == 0)
        skip();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correct),          cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_library_header),   cmocka_unit_test(test_library_segments),
        cmocka_unit_test(test_kernel_header),    cmocka_unit_test(test_kernel_segments),
        cmocka_unit_test(test_truncated),        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_segment_fields),   cmocka_unit_test(test_bits),
        cmocka_unit_test(test_programs),
    };
    programs = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
