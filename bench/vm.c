// SPDX-License-Identifier: BSD-2-Clause
// The group `vm`: what virtual memory costs a program of this library.
#include "vm.h"

int main(int argc, char **argv)
{
    bench_start(argc, argv);
    bench_vm_protect();
    bench_vm_fault();
    bench_stlb();
    bench_vm_matrix();
    return 0;
}
