// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this program needs of Linux on riscv64, without its headers and without a C library: numbers of system calls,
 * the few structures and constants they take, and the entry (start.S). An answer from -4095 to -1 is an error.
 */
#ifndef BENCH_LINUX_LINUX_H
#define BENCH_LINUX_LINUX_H

// clang-format off
#define LINUX_EVENTFD2             19
#define LINUX_IOCTL                29
#define LINUX_MKDIRAT              34
#define LINUX_MOUNT                40
#define LINUX_FCHMODAT             53
#define LINUX_OPENAT               56
#define LINUX_CLOSE                57
#define LINUX_PIPE2                59
#define LINUX_READ                 63
#define LINUX_WRITE                64
#define LINUX_PREAD64              67
#define LINUX_EXIT                 93
#define LINUX_EXIT_GROUP           94
#define LINUX_FUTEX                98
#define LINUX_NANOSLEEP            101
#define LINUX_TIMER_CREATE         107
#define LINUX_TIMER_SETTIME        110
#define LINUX_SCHED_SETSCHEDULER   119
#define LINUX_SCHED_YIELD          124
#define LINUX_KILL                 129
#define LINUX_RT_SIGACTION         134
#define LINUX_REBOOT               142
#define LINUX_GETPID               172
#define LINUX_SOCKETPAIR           199
#define LINUX_MUNMAP               215
#define LINUX_CLONE                220
#define LINUX_EXECVE               221
#define LINUX_MMAP                 222
#define LINUX_MPROTECT             226
#define LINUX_PERF_EVENT_OPEN      241
#define LINUX_WAIT4                260
#define LINUX_USERFAULTFD          282
#define LINUX_NONE                 1000 // a call that does not exist

#define UCONTEXT_PC                176 // where a signal's frame keeps the pc: behind flags, link, stack and mask

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE                  4096ul

#define SIGNAL_ILL                 4
#define SIGNAL_TRAP                5
#define SIGNAL_BUS                 7
#define SIGNAL_KILL                9
#define SIGNAL_SEGV                11
#define SIGNAL_ALARM               14
#define SIGNAL_CHILD               17
#define SA_SIGINFO                 4
#define SA_NODEFER                 0x40000000

#define PROT_NONE                  0
#define PROT_READ                  1
#define PROT_WRITE                 2
#define MAP_SHARED                 1
#define MAP_PRIVATE                2
#define MAP_ANONYMOUS              0x20

#define CLONE_VM                   0x100
#define CLONE_FS                   0x200
#define CLONE_FILES                0x400
#define CLONE_SIGHAND              0x800
#define CLONE_VFORK                0x4000
#define CLONE_THREAD               0x10000
#define CLONE_SYSVSEM              0x40000
#define CLONE_CHILD_CLEARTID       0x200000

#define SCHED_OTHER                0
#define SCHED_FIFO                 1
#define SCHED_RR                   2
#define CLOCK_MONOTONIC            1
#define FUTEX_WAIT                 0
#define FUTEX_WAKE                 1
#define FUTEX_PRIVATE              128
#define UFFD_API                   0xaa
#define UFFD_USER_MODE_ONLY        1
#define UFFD_FEATURE_SIGBUS        0x80
#define UFFDIO_API                 0xc018aa3f
#define UFFDIO_REGISTER            0xc020aa00
#define UFFDIO_REGISTER_MISSING    1
#define UFFDIO_ZEROPAGE            0xc020aa04
#define AF_UNIX                    1
#define SOCK_STREAM                1
#define AT_FDCWD                   (-100)
#define O_WRONLY                   1
#define O_CREAT                    0x40
#define REBOOT_MAGIC               0xfee1dead
#define REBOOT_MAGIC2              672274793
#define REBOOT_POWER_OFF           0x4321fedc
// clang-format on

// A handler of signals: the number, what is known of it (its third word is the address of a fault), the registers.
typedef void (*handler_t)(int number, const uint64_t *information, void *context);

struct sigaction {
    handler_t handler;
    unsigned long flags;
    uint64_t mask;
};

struct timespec {
    int64_t seconds, nanoseconds;
};

struct uffdio_api {
    uint64_t api, features, calls;
};

// Of UFFDIO_REGISTER and UFFDIO_ZEROPAGE.
struct uffdio_range {
    uint64_t start, bytes, mode, answer;
};

// The first version of perf's description of an event; the rest of its flags are in one word, all of them off.
struct perf_event {
    uint32_t type, size;
    uint64_t config, period, samples, reads, flags;
    uint32_t wakeup, breakpoint;
    uint64_t breakpoint_address;
};

static inline long linux_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e, a5 __asm__("a5") = f, a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

// linux_call(NAME, arguments...): missing arguments are zero, pointers are words.
#define LINUX_SIX(number, a, b, c, d, e, f, ...) \
    linux_call6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define linux_call(name, ...) LINUX_SIX(LINUX_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

// A task that shares with the caller what `flags` say: entry(argument) on a stack of its own, then it exits with 0. When it
// is over *clear is zeroed, if the flags have CLONE_CHILD_CLEARTID. The task's number (start.S).
long task_clone(unsigned long flags, void *stack_end, void (*entry)(void *), void *argument, int *clear);

#endif
#endif
