// SPDX-License-Identifier: BSD-2-Clause
/*
 * The calls on processes, memory and time that picolibc is built on. A process is this environment;
 * there is no other one to signal.
 */
#include <errno.h>
#include <libos/start/start.h>
#include <libos/vm/vm.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

void _exit(int status)
{
    program_exit((word_t)(status & 0xff));
}

pid_t getpid(void)
{
    return (pid_t)self();
}

int kill(pid_t process, int signal)
{
    if (process != getpid()) {
        errno = ESRCH;
        return -1;
    }
    if (signal != 0)
        program_exit(128 + (word_t)signal);
    return 0;
}

void *sbrk(ptrdiff_t change)
{
    void *old = vm_sbrk(change);
    if (old == (void *)-1)
        errno = ENOMEM;
    return old;
}

// The time since the machine was started: nothing here knows the date.
int gettimeofday(struct timeval *time, void *zone)
{
    word_t hz = machine()->timebase_hz, now = time_now();

    (void)zone;
    time->tv_sec = (time_t)(now / hz);
    time->tv_usec = (suseconds_t)(now % hz * 1000000 / hz);
    return 0;
}

// What the kernel charged to this environment, up to its last slice.
clock_t times(struct tms *times)
{
    word_t hz = machine()->timebase_hz;
    word_t used = sys_env_info(self(), ENV_TICKS).value;

    if (times)
        *times = (struct tms){.tms_utime = (clock_t)(used * CLOCKS_PER_SEC / hz)};
    return (clock_t)(time_now() * CLOCKS_PER_SEC / hz);
}
