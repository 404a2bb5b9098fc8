// SPDX-License-Identifier: BSD-2-Clause
/*
 * Start-up, the same for init and for everybody else: thread-local storage, address space, upcalls, the
 * real stack, the program. What comes before the stack runs on the interrupt stack with the exception
 * slot still closed, so it touches nothing that is not pinned.
 */
#include <libos/start/internal.h>
#include <libos/start/program.h>
#include <libos/vm/vm.h>
#include <string.h>

// From the linker script.
extern const char tls_image[], tls_image_end[];
extern char tls_main[], tls_main_end[], image_end[];

_Noreturn void start(void);
_Noreturn void start_on_stack(word_t stack, void (*function)(void));

// What every thread's storage begins as. `memory` has tls_size() bytes and is aligned to TLS_ALIGN.
void *tls_make(void *memory)
{
    size_t initialised = tls_image_end - tls_image;

    memcpy(memory, tls_image, initialised);
    memset((char *)memory + initialised, 0, tls_size() - initialised);
    return memory;
}

size_t tls_size(void)
{
    return tls_main_end - tls_main;
}

// init was started by the kernel, without start information. It writes its own, so that nobody else has
// to care.
static void start_info_of_init(struct start_info *info)
{
    info->magic = START_MAGIC;
    info->frames_first = machine()->ram_first;
    info->bundle = machine()->initrd;
    info->bundle_size = machine()->initrd_size;
    info->argc = 1;
    strcpy(info->strings, "init");
}

static void start_program(void)
{
    upcall_release();
    program_run();
}

void start(void)
{
    __asm__ volatile("mv tp, %0" : : "r"(tls_main));
    tls_make(tls_main);
    if (start_info()->magic != START_MAGIC)
        start_info_of_init(start_info());
    SAVE_WORD(UPCALL_TP) = (word_t)tls_main;
    (void)sys_cap_mint(SLOT_SELF, self(), RIGHTS_ENV); // refused when the creator granted one: as good
    vm_start((word_t)image_end);
    upcall_start();
    revoke_start();
    start_on_stack(vm_stack_alloc(), start_program);
}

_Noreturn void program_exit(word_t status)
{
    for (;;)
        sys_env_exit(status);
}

const char *program_argument(size_t index)
{
    const char *string = start_info()->strings;

    if (index >= start_info()->argc)
        return "";
    while (index-- > 0)
        string += strlen(string) + 1;
    return string;
}
