// SPDX-License-Identifier: BSD-2-Clause
/*
 * picolibc's locks. What they protect (the heap's lists, exit's list) is short and waits for nothing, so
 * holding upcalls is enough: no thread of the program is switched meanwhile. It nests, as libc's locks
 * must.
 */
#include <libos/start/start.h>

struct __lock {
    char unused;
};
struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_init(struct __lock **lock)
{
    *lock = &__lock___libc_recursive_mutex;
}

void __retarget_lock_close(struct __lock *lock)
{
    (void)lock;
}

void __retarget_lock_acquire(struct __lock *lock)
{
    (void)lock;
    upcall_hold();
}

void __retarget_lock_release(struct __lock *lock)
{
    (void)lock;
    upcall_release();
}

int __retarget_lock_try_acquire(struct __lock *lock)
{
    __retarget_lock_acquire(lock);
    return 0; // it always succeeds
}

#define RECURSIVE(name) __attribute__((alias("__retarget_lock_" #name)))
void __retarget_lock_init_recursive(struct __lock **lock) RECURSIVE(init);
void __retarget_lock_close_recursive(struct __lock *lock) RECURSIVE(close);
void __retarget_lock_acquire_recursive(struct __lock *lock) RECURSIVE(acquire);
void __retarget_lock_release_recursive(struct __lock *lock) RECURSIVE(release);
int __retarget_lock_try_acquire_recursive(struct __lock *lock) RECURSIVE(try_acquire);
