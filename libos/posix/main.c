// SPDX-License-Identifier: BSD-2-Clause
/*
 * From start-up to main(): constructors, arguments, and exit with main's result, which runs destructors and
 * writes out what stdio holds.
 */
#include <libos/start/program.h>
#include <libos/start/start.h>
#include <stdlib.h>

int main(int argc, char **argv, char **environment);
void __libc_init_array(void);

void program_run(void)
{
    static char *environment[] = {NULL};
    size_t argc = start_info()->argc;
    char *argv[argc + 1]; // at most one for every two bytes of the strings

    for (size_t i = 0; i < argc; i++)
        argv[i] = (char *)program_argument(i);
    argv[argc] = NULL;
    __libc_init_array();
    exit(main((int)argc, argv, environment));
}
