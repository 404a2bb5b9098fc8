// SPDX-License-Identifier: BSD-2-Clause
/*
 * Included in front of each file of the kernel: what the rooms remember goes into two sections of its own, so
 * that a test can put a whole kernel back to what it was, or see that a refused call changed nothing of it.
 */
#pragma clang section bss = "kernel_bss" data = "kernel_data"
