// SPDX-License-Identifier: BSD-2-Clause
/*
 * The group `vm`: what virtual memory costs a program of this library. Linked with each page-table structure; the names
 * of the rows end in the structure's, but those of the radix tree, which is what a program has when it says nothing.
 */
#include "vm.h"

#include <libos/vm/structure.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static char suffix[32];
    bool radix = strcmp(vm_structure.name, "radix") == 0;
    bench_start(argc, argv);
    snprintf(suffix, sizeof(suffix), "_%s", vm_structure.name);
    if (!radix)
        bench_suffix = suffix;

    bench_vm_dirty();
    if (argc == 2 && strcmp(argv[1], "dirty") == 0) // all that is wanted: somebody traces every instruction
        return 0;
    bench_vm_protect();
    bench_vm_fault();
    if (!radix)
        return 0; // the others know nothing of the structure
    bench_stlb();
    if (!bench_paths)
        bench_vm_matrix();
    bench_vm_revoke();
    if (!bench_paths)
        bench_vm_break();
    return 0;
}
