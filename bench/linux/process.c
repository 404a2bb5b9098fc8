// SPDX-License-Identifier: BSD-2-Clause
/*
 * duplicate_life   a copy of this process is made, ends at once, and is waited for
 * child_life       the same, and the copy becomes another program first: one of 136 bytes that only ends
 * child_vfork      the same without a copy: the memory is shared until the other program runs
 * thread_life      a thread is made, ends at once, and is waited for
 */
#include "measure.h"

#define STACK_SIZE 16384
#define THREAD     (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define PROGRAM    "/least"
#define ADDRESS    0x10000

// An ELF file: its header, that of its one segment, and three instructions.
struct least {
    uint8_t magic[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t size, segment_size, segment_count, section_size, section_count, section_names;
    struct {
        uint32_t type, flags;
        uint64_t offset, address, physical, file_size, memory_size, alignment;
    } segment;
    uint32_t code[4];
};
_Static_assert(sizeof(struct least) == 136, "the least program is 136 bytes long");

static const struct least least = {
    .magic = {0x7f, 'E', 'L', 'F', 2, 1, 1}, .type = 2, .machine = 243, .version = 1,
    .entry = ADDRESS + offsetof(struct least, code), .segments = offsetof(struct least, segment), .flags = 5,
    .size = offsetof(struct least, segment), .segment_size = 56, .segment_count = 1, .section_size = 64,
    .segment = {1, 5, 0, ADDRESS, ADDRESS, sizeof(least), sizeof(least), PAGE_SIZE},
    .code = {0x00000513, 0x05e00893, 0x00000073, 0}, // li a0, 0; li a7, LINUX_EXIT_GROUP; ecall
};

static char stack[STACK_SIZE] __attribute__((aligned(16)));
static volatile int thread_lives;

static void least_write(void)
{
    long file = must(linux_call(OPENAT, AT_FDCWD, PROGRAM, O_WRONLY | O_CREAT, 0755), "creating a program");
    must(linux_call(WRITE, file, &least, sizeof(least)), "writing a program");
    linux_call(CLOSE, file);
}

static void least_become(void *nothing)
{
    static const char *const arguments[] = {PROGRAM, NULL};
    (void)nothing;
    must(linux_call(EXECVE, PROGRAM, arguments, arguments + 1), "starting a program");
}

static void child_wait(long child)
{
    must(linux_call(WAIT4, child), "waiting for a process");
}

static uint64_t duplicate_life(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        long child = process_fork();
        if (child == 0)
            process_exit();
        child_wait(child);
    });
}

static uint64_t child_life(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        long child = process_fork();
        if (child == 0)
            least_become(NULL);
        child_wait(child);
    });
}

static uint64_t child_vfork(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        long flags = CLONE_VM | CLONE_VFORK | SIGNAL_CHILD;
        child_wait(must(task_clone(flags, stack + STACK_SIZE, least_become, NULL, NULL), "a process"));
    });
}

static void thread_nothing(void *nothing)
{
    (void)nothing;
}

static uint64_t thread_life(uint64_t count)
{
    return SPENT(for (uint64_t i = 0; i < count; i++) {
        thread_lives = 1;
        task_clone(THREAD | CLONE_CHILD_CLEARTID, stack + STACK_SIZE, thread_nothing, NULL, (int *)&thread_lives);
        while (thread_lives)
            linux_call(FUTEX, &thread_lives, FUTEX_WAIT, 1);
    });
}

void bench_processes(void)
{
    least_write();
    row_measure("duplicate_life", duplicate_life, 10);
    row_measure("child_life", child_life, 10);
    row_measure("child_vfork", child_vfork, 10);
    row_measure("thread_life", thread_life, 20);
}
