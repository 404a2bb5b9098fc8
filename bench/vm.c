// SPDX-License-Identifier: BSD-2-Clause
// The group `vm`: what virtual memory costs a program of this library.
#include "vm.h"

#include <string.h>

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    bench_vm_dirty();
    if (argc == 2 && strcmp(argv[1], "dirty") == 0) // all that is wanted: somebody traces every instruction
        return 0;
    bench_vm_protect();
    bench_vm_fault();
    bench_stlb();
    bench_vm_matrix();
    return 0;
}
