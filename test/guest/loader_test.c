// SPDX-License-Identifier: BSD-2-Clause
/*
 * Truncated and lying ELF files and archives are refused with a sentence, and nothing of ours is missing
 * afterwards. Then one ELF file with random damage, from a printed seed: whatever comes of it, every
 * frame comes back.
 */
#include "guest.h"
#include <elf.h>
#include <libos/loader/elf.h>
#include <libos/share/memory.h>
#include <stdlib.h>

#define STORM_ROUNDS 150

static struct bundle_file hello;
static uint8_t *image; // a copy to damage

static const char *image_build(size_t size)
{
    struct child child;
    const char *why = child_build(
        &child,
        &(struct child_options){.program = "damaged", .image = image, .image_size = size, .frames = 16});

    if (!why)
        child_reap(&child);
    return why;
}

static Elf64_Ehdr *header(void)
{
    return (Elf64_Ehdr *)image;
}

static Elf64_Phdr *segment(int index)
{
    Elf64_Phdr *first = (Elf64_Phdr *)(image + header()->e_phoff);

    for (; first->p_type != PT_LOAD || index-- > 0; first++)
        continue;
    return first;
}

// What `expression` damages must be refused with exactly this sentence, and cost nothing.
#define REFUSED(expression, sentence)                                                                        \
    do {                                                                                                     \
        size_t before_ = frame_count_free();                                                                 \
        memcpy(image, hello.bytes, hello.size);                                                              \
        expression;                                                                                          \
        const char *why_ = image_build(hello.size);                                                          \
        CHECK_TEXT(why_ ? why_ : "it was built", sentence);                                                  \
        CHECK_EQUAL(frame_count_free(), before_);                                                            \
    } while (0)

#define FRAMES_MUCH 0xf000ul // nearly the whole range for programs

static void elf_test(void)
{
    while (memory_want(MEMORY_WANT_MAX))
        continue; // what the loader could ask for, and keep, would blur the accounts
    REFUSED((void)0, "it was built");
    REFUSED(image[0] = 0, "it is no ELF file");
    REFUSED(header()->e_machine = 62, "it is not for a 64-bit little-endian RISC-V machine");
    REFUSED(image[4] = 1, "it is not for a 64-bit little-endian RISC-V machine");
    REFUSED(header()->e_type = ET_DYN, "it is not an executable linked at fixed addresses");
    REFUSED(header()->e_phentsize = 55, "its program headers have a wrong size");
    REFUSED(header()->e_phnum = 0, "it has no program headers, or too many");
    REFUSED(header()->e_phnum = 65535, "it has no program headers, or too many");
    REFUSED(header()->e_phoff = hello.size, "its program headers lie outside the file");
    REFUSED(header()->e_phoff = ~0ul, "its program headers lie outside the file");
    REFUSED(header()->e_entry = 0x0fff0000, "its entry point is in no executable segment");
    REFUSED(header()->e_entry = segment(2)->p_vaddr, "its entry point is in no executable segment");
    REFUSED(segment(0)->p_offset = ~0ul - 100, "a segment lies outside the file");
    REFUSED(segment(0)->p_filesz = hello.size + 1, "a segment lies outside the file");
    REFUSED(segment(1)->p_filesz = segment(1)->p_memsz + 1, "a segment is larger in the file than in memory");
    REFUSED(segment(1)->p_vaddr += 8, "a segment does not begin on a page");
    REFUSED(segment(1)->p_align = 3000, "a segment's alignment is no power of two");
    REFUSED(segment(0)->p_vaddr = 0x1000, "a segment lies outside the range for programs");
    REFUSED(segment(0)->p_vaddr = 0xffffffc000000000, "a segment lies outside the range for programs");
    REFUSED(segment(2)->p_memsz = 0xffffffffffff0000, "a segment lies outside the range for programs");
    REFUSED(segment(1)->p_vaddr = segment(0)->p_vaddr, "its segments overlap, or are not in order");
    REFUSED(segment(1)->p_flags = PF_X, "a segment cannot be read");
    if (frame_count_free() < FRAMES_MUCH) // where there are more, they are enough for any program
        REFUSED(segment(3)->p_memsz = FRAMES_MUCH * PAGE_SIZE, "there are not enough free frames");

    memcpy(image, hello.bytes, hello.size);
    for (size_t size = 0; size < 300; size += 7)
        CHECK(image_build(size) != NULL);
}

// An archive in memory whose text is `bytes`; how it is refused, or how many files it has.
static const char *archive_read(const char *bytes, size_t size, int *files)
{
    struct bundle bundle = {(const uint8_t *)bytes, size};
    struct bundle_file file;
    const char *why = NULL;
    size_t position = 0;
    int found;

    for (*files = 0; (found = bundle_next(&bundle, &position, &file, &why)) == 1; ++*files)
        continue;
    return found == 0 ? "it was read" : why;
}

#define FIELD(text) text
#define ENTRY(name_size, file_size)                                                                          \
    "070701"                                                                                                 \
    "00000001"                                                                                               \
    "000081a4"                                                                                               \
    "00000000"                                                                                               \
    "00000000"                                                                                               \
    "00000001"                                                                                               \
    "00000000" file_size "00000000"                                                                          \
    "00000000"                                                                                               \
    "00000000"                                                                                               \
    "00000000" name_size "00000000"
#define TRAILER_ENTRY ENTRY("0000000b", "00000000") "TRAILER!!!\0\0\0\0"

#define ARCHIVE(text, sentence, count)                                                                       \
    do {                                                                                                     \
        int files_;                                                                                          \
        CHECK_TEXT(archive_read(text, sizeof(text) - 1, &files_), sentence);                                 \
        CHECK_EQUAL(files_, count);                                                                          \
    } while (0)

static void archive_test(void)
{
    ARCHIVE(ENTRY("00000002", "00000004") "a\0abcd" TRAILER_ENTRY, "it was read", 1);
    ARCHIVE(ENTRY("00000002", "00000004") "a\0abcd"
                                          "\0\0\0\0" TRAILER_ENTRY,
            "it was read", 1);
    ARCHIVE("", "the bundle ends without a trailer", 0);
    ARCHIVE(ENTRY("00000002", "00000004") "a\0abcd", "the bundle ends without a trailer", 1);
    ARCHIVE("070701000", "the bundle ends within a header", 0);
    ARCHIVE("x" ENTRY("00000002", "00000004") "a\0abcd", "the bundle is no cpio archive of the newc format",
            0);
    ARCHIVE(ENTRY("0000000g", "00000004") "a\0abcd", "a header of the bundle holds a number that is none", 0);
    ARCHIVE(ENTRY("00000000", "00000004") "a\0abcd", "a name in the bundle is empty, too long, or cut off",
            0);
    ARCHIVE(ENTRY("ffffffff", "00000004") "a\0abcd", "a name in the bundle is empty, too long, or cut off",
            0);
    ARCHIVE(ENTRY("00000003", "00000004") "a\0abcd", "a name in the bundle does not end where it should", 0);
    ARCHIVE(ENTRY("00000002", "00000005") "a\0abcd", "a file in the bundle is cut off", 0);
    ARCHIVE(ENTRY("00000002", "ffffffff") "a\0abcd", "a file in the bundle is cut off", 0);
}

static void storm(void)
{
    unsigned seed = (unsigned)time_now(), random = seed;
    size_t before = frame_count_free();
    int built = 0;

    fprintf(stderr, "seed %u\n", seed);
    for (int round = 0; round < STORM_ROUNDS; round++) {
        memcpy(image, hello.bytes, hello.size);
        for (int change = 0; change < 3; change++) {
            random = random * 1664525 + 1013904223;
            image[(random >> 8) % 400] = (uint8_t)random; // both headers lie there
        }
        built += image_build(hello.size) == NULL;
        if (frame_count_free() != before)
            break;
    }
    CHECK_EQUAL(frame_count_free(), before);
    CHECK(built < STORM_ROUNDS);
}

int main(void)
{
    const char *why;
    const struct bundle *bundle = bundle_own(&why);

    CHECK(bundle && bundle_find(bundle, "hello", &hello, &why));
    if (guest_failures || !(image = malloc(hello.size)))
        return 1;
    // The first build maps windows, whose table frames stay.
    memcpy(image, hello.bytes, hello.size);
    CHECK(image_build(hello.size) == NULL);
    elf_test();
    archive_test();
    storm();
    CHECK(!bundle_find(bundle, "no such file", &hello, &why));
    CHECK_TEXT(why, "there is no such file in the bundle");
    return guest_end();
}
