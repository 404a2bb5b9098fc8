/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the firmware and an image that lies elsewhere (places.py): a0 = hart, as the firmware left it. Three words
 * follow, which places.py writes: the image's address, the device tree's, and the hart that shall not boot, which has
 * another one do it.
 */
.equ SBI_HSM, 0x48534d
.equ HSM_START, 0
.equ HSM_STOP, 1

        .globl  start
start:
        ld      t0, words + 16
        beq     t0, a0, start_another
        ld      a1, words + 8
        ld      t0, words
        jr      t0

start_another:
        seqz    a0, a0                  /* hart 1 for hart 0, and hart 0 for others */
        la      a1, start
        li      a2, 0
        li      a6, HSM_START
        li      a7, SBI_HSM
        ecall
        li      a6, HSM_STOP
        ecall
1:      j       1b
        .balign 8
words:
