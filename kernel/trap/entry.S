/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way from user mode into the kernel, and back. Written to be attacked: at each label stands who can
 * arrive there and which registers live. In user mode sscratch is the running environment's boundary (regs.def);
 * inside the kernel it is the hart's. Interrupts are off in the kernel, always.
 *
 * Counts beside the paths are instructions from the trap to sret, both included; bench/base measures them.
 */
#include <rivet/types.h>
#include <rivet/layout.h>

#define SAVE(offset, name, text)   .equ SAVE_##name, offset
#define RECORD(offset, name, text) .equ R_##name, offset
#include <rivet/regs.def>
#define HART(offset, name, text)   .equ H_##name, offset
#include "hart.def"

/* struct cap */
.equ CAP_FRAME, 0
.equ CAP_EPOCH, 8
.equ CAP_GATE, 16
.equ CAP_RIGHTS, 24
.equ CAP_SHIFT, 5
/* struct frame */
.equ FRAME_EPOCH, 0
/* struct space, struct stlb_entry */
.equ S_LOCK, 0
.equ S_MASK, 8
.equ S_STLB, 16
.equ E_VPN, 0
.equ E_PTE, 8
.equ E_LEAF, 16
.equ E_SHIFT, 5
/* struct irq */
.equ IRQ_BOUNDARY, 0
.equ IRQ_EVENTS, 8
.equ IRQ_HART, 16
.equ IRQ_SHIFT, 5
/* struct board_entry */
.equ BOARD_WORD, 0
.equ BOARD_TICKS, 16

/* PTEs, addresses */
.equ PTE_W, 4
.equ PTE_U, 0x10
.equ PTE_A, 0x40
.equ PTE_PPN_SHIFT, 10
.equ PPN_BITS, 44
.equ USER_BITS, 38
.equ DIRECT_SHIFT, 38           /* the direct map is what is left of -1 */
.if DIRECT_BASE != -1 << DIRECT_SHIFT || USER_END != 1 << USER_BITS
.error "the walk knows where the direct map begins, and where the environment's half ends"
.endif

.equ RIGHT_YIELD, 32 /* enum env_right */
.equ RIGHT_NOTIFY, 64
.equ RIGHT_REVOKE, 128
.equ DONATE_YIELDED, 2 /* enum donate_reason */
.equ DONATE_EVENT, 5
.equ REVOKE_KINDS, 4 /* enum revoke_kind */
.equ EVENT_REVOKE_BIT, 1 << 5
.equ EVENT_ALARM_BIT, 1 << 7
.equ CAUSE_SOFT, 1 /* and the sign */
.equ STACK_TOP, -0x800
.equ stimecmp, 0x14d

.set CALL_TABLE_SIZE, 0
#define SYSCALL(index, room, verb, arity, arguments, errors, text) .set CALL_TABLE_SIZE, CALL_TABLE_SIZE + 1
#define HOTCALL(index, room, verb, errors, text)
#include <rivet/syscall.def>

/* Test builds measure that the benchmarks notice seven more instructions on a fast path. */
#ifdef RIVET_EXTRA_NOPS
#define FAST_PATH .rept 7; nop; .endr
#else
#define FAST_PATH
#endif

/* The same counts as in hw.h; both registers are lost. */
.macro count what, one, other
#ifdef RIVET_COUNT
        la      \one, hw_count_\what
        ld      \one, (\one)
        li      \other, 1
        amoadd.d zero, \other, (\one)
#endif
.endm

/* A switch of space; t5 and \satp are lost. Where the machine has no ASIDs, boot writes sfence.vma over the nop. */
.macro space_switch satp
        csrw    satp, \satp
        .pushsection .patch_sites, "a"
        .balign 4
        .word   9f - .
        .popsection
        .option push
        .option norvc
9:      nop
        .option pop
        count   satps, t5, \satp
#ifdef RIVET_COUNT
        la      t5, hw_count_fences
        ld      t5, (t5)
        la      \satp, hw_count_flushes
        ld      \satp, (\satp)
        amoadd.d zero, \satp, (t5)
#endif
.endm

/* From an entry that leads to a table to the table, and from a table to its entry of an index; the index is lost. */
.macro table_of entry
        srli    \entry, \entry, PTE_PPN_SHIFT
        slli    \entry, \entry, PAGE_SHIFT
.endm
.macro table_at table, index
        slli    \index, \index, 3
        add     \table, \table, \index
        li      \index, -1
        slli    \index, \index, DIRECT_SHIFT
        add     \table, \table, \index
.endm

/* The boundary of the environment whose record the frame table's entry at \frame stands for; \other is lost. */
.macro frame_boundary frame, other
8:      auipc   \other, %pcrel_hi(page_boundaries)
        ld      \other, %pcrel_lo(8b)(\other)
        slli    \frame, \frame, PAGE_SHIFT - 5 /* 32 bytes of table for each page */
        add     \frame, \frame, \other
.endm

/*
 * What the calls share that give time to another environment. The object in slot a0, by a capability with this right, which
 * only environments' frames carry. t2: its struct frame; t1, t3 and t4 are lost. Slow: no such capability.
 */
.macro slot_object right, slow
        li      t1, CAPS_MAX
        bgeu    a0, t1, \slow
        ld      t1, R_CAPS(t0)
        slli    t2, a0, CAP_SHIFT
        add     t1, t1, t2              /* t1: capability */
        ld      t2, CAP_FRAME(t1)
        ld      t3, CAP_EPOCH(t1)
        ld      t4, FRAME_EPOCH(t2)
        bne     t3, t4, \slow
        lwu     t3, CAP_RIGHTS(t1)
        andi    t3, t3, \right
        beqz    t3, \slow
.endm

/*
 * Takes the environment at t2 if it is ready and was last on this hart, t3. Else t4 is its claim word and t6 what that was,
 * plus 1.
 */
.macro other_claim unclaim
        addi    t4, t2, R_CLAIM
        amoswap.d.aq t6, zero, (t4)
        addi    t6, t6, 1
        bnez    t6, \unclaim /* it runs elsewhere, or waits for a call */
        ld      t1, R_HART(t2)          /* only now: until it was ours, another hart could have run it */
        bne     t3, t1, \unclaim
        ld      t1, R_CALLER(t2)
        bnez    t1, \unclaim /* its caller may have a deadline */
        ld      t1, R_FLAGS(t2)
        bnez    t1, \unclaim /* all registers to load, waits, stops, uses floating point, ... */
.endm

/* t0 leaves hart t3 at the time t5: its usage, and where it goes on. t5 and t6 are lost. */
.macro hart_leave
        ld      t6, H_STARTED(t3)
        sd      t5, H_STARTED(t3)
        sub     t5, t5, t6
        ld      t6, R_TICKS(t0)
        add     t6, t6, t5
        sd      t6, R_TICKS(t0)
        sd      ra, R_PC(t0)
        sd      sp, R_SP(t0)
.endm

/* From t0 to t2 on hart t3, at the time t5; the caller answers 0 and \value when it goes on. t4 to t6 are lost. */
.macro hart_pass value
        hart_leave
        sd      zero, R_RESULT_ERROR(t0)
        sd      \value, R_RESULT_VALUE(t0)
        ld      t4, R_SATP(t2)
        space_switch t4
        fence   rw, w
        li      t4, -1
        sd      t4, R_CLAIM(t0)         /* last: another hart may take us now */
.endm

/* Whatever the former environment had in registers but those that the kernel used, t0 to t6, and those of an answer. */
.macro registers_clear
        .irp    register, gp, tp, s0, s1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
        li      \register, 0
        .endr
.endm

/* All 31 registers and pc of the interrupted program into its full-switch slot. t0: boundary; sscratch: its t0. */
.macro save_full
        sd      x1, SAVE_F_PC+8*1(t0)
        sd      x2, SAVE_F_PC+8*2(t0)
        sd      x3, SAVE_F_PC+8*3(t0)
        sd      x4, SAVE_F_PC+8*4(t0)
        sd      x6, SAVE_F_PC+8*6(t0)
        sd      x7, SAVE_F_PC+8*7(t0)
        sd      x8, SAVE_F_PC+8*8(t0)
        sd      x9, SAVE_F_PC+8*9(t0)
        sd      x10, SAVE_F_PC+8*10(t0)
        sd      x11, SAVE_F_PC+8*11(t0)
        sd      x12, SAVE_F_PC+8*12(t0)
        sd      x13, SAVE_F_PC+8*13(t0)
        sd      x14, SAVE_F_PC+8*14(t0)
        sd      x15, SAVE_F_PC+8*15(t0)
        sd      x16, SAVE_F_PC+8*16(t0)
        sd      x17, SAVE_F_PC+8*17(t0)
        sd      x18, SAVE_F_PC+8*18(t0)
        sd      x19, SAVE_F_PC+8*19(t0)
        sd      x20, SAVE_F_PC+8*20(t0)
        sd      x21, SAVE_F_PC+8*21(t0)
        sd      x22, SAVE_F_PC+8*22(t0)
        sd      x23, SAVE_F_PC+8*23(t0)
        sd      x24, SAVE_F_PC+8*24(t0)
        sd      x25, SAVE_F_PC+8*25(t0)
        sd      x26, SAVE_F_PC+8*26(t0)
        sd      x27, SAVE_F_PC+8*27(t0)
        sd      x28, SAVE_F_PC+8*28(t0)
        sd      x29, SAVE_F_PC+8*29(t0)
        sd      x30, SAVE_F_PC+8*30(t0)
        sd      x31, SAVE_F_PC+8*31(t0)
        csrr    t1, sscratch
        sd      t1, SAVE_F_PC+8*5(t0)
        csrr    t1, sepc
        sd      t1, SAVE_F_PC(t0)
.endm

/* The same registers back, but x5 (t0). */
.macro load_full from
        ld      x1, SAVE_F_PC+8*1(\from)
        ld      x2, SAVE_F_PC+8*2(\from)
        ld      x3, SAVE_F_PC+8*3(\from)
        ld      x4, SAVE_F_PC+8*4(\from)
        ld      x6, SAVE_F_PC+8*6(\from)
        ld      x7, SAVE_F_PC+8*7(\from)
        ld      x8, SAVE_F_PC+8*8(\from)
        ld      x9, SAVE_F_PC+8*9(\from)
        ld      x10, SAVE_F_PC+8*10(\from)
        ld      x11, SAVE_F_PC+8*11(\from)
        ld      x12, SAVE_F_PC+8*12(\from)
        ld      x13, SAVE_F_PC+8*13(\from)
        ld      x14, SAVE_F_PC+8*14(\from)
        ld      x15, SAVE_F_PC+8*15(\from)
        ld      x16, SAVE_F_PC+8*16(\from)
        ld      x17, SAVE_F_PC+8*17(\from)
        ld      x18, SAVE_F_PC+8*18(\from)
        ld      x19, SAVE_F_PC+8*19(\from)
        ld      x20, SAVE_F_PC+8*20(\from)
        ld      x21, SAVE_F_PC+8*21(\from)
        ld      x22, SAVE_F_PC+8*22(\from)
        ld      x23, SAVE_F_PC+8*23(\from)
        ld      x24, SAVE_F_PC+8*24(\from)
        ld      x25, SAVE_F_PC+8*25(\from)
        ld      x26, SAVE_F_PC+8*26(\from)
        ld      x27, SAVE_F_PC+8*27(\from)
        ld      x28, SAVE_F_PC+8*28(\from)
        ld      x29, SAVE_F_PC+8*29(\from)
        ld      x30, SAVE_F_PC+8*30(\from)
        ld      x31, SAVE_F_PC+8*31(\from)
.endm

/* From user to kernel proper: sscratch, stack. t0: environment's boundary; clobbers t1. */
.macro enter_kernel
        ld      t1, R_HART(t0)
        csrw    sscratch, t1
        sd      t0, H_CURRENT(t1)
        addi    sp, t1, STACK_TOP
.endm

        .section .text.trap, "ax"
        .balign 64
        .globl  trap_vector
/*
 * stvec, direct mode. Not vectored: OpenSBI 1.1 hands illegal instructions and access faults on by jumping to
 * stvec with its mode bit, and QEMU goes on at that odd address.
 *
 * From malice, in any state; or from a bug of ours, with the hart's boundary in sscratch (its slot is closed).
 * Exceptions: 19 to the handler. t1 waits in the private record, so that neither calls nor interrupts touch the exception
 * slot before its handler has emptied it.
 */
trap_vector:
        csrrw   t0, sscratch, t0        /* t0: boundary; sscratch: its t0 */
        sd      t1, R_T1(t0)
        csrr    t1, scause
        bltz    t1, interrupt_entry
        addi    t1, t1, -8
        beqz    t1, call_entry          /* ecall from user mode */
        bgtz    t1, page_fault          /* 12, 13, 15: perhaps in the STLB */
exception_deliver:                      /* t0: boundary; t1: free, in R_T1; sscratch: its t0 */
        FAST_PATH
        ld      t1, SAVE_X_HANDLER(t0)
        beqz    t1, exception_stopped
        sd      zero, SAVE_X_HANDLER(t0)
        sd      t2, SAVE_X_T2(t0)
        ld      t2, R_T1(t0)
        sd      t2, SAVE_X_T1(t0)
        csrrw   t2, sscratch, t0
        sd      t2, SAVE_X_T0(t0)
        csrr    t0, scause
        csrrw   t1, sepc, t1
        csrr    t2, stval
        sret

/* The slot is closed: the environment stops, or the kernel panics. */
exception_stopped:
        ld      t1, R_T1(t0)
exception_stopped_full:                 /* t0: boundary; every other register the program's */
        save_full
        csrr    a1, scause
        csrr    a2, stval
        ld      t1, R_HART(t0)
        beq     t1, t0, kernel_trapped  /* a hart's own record names itself: the kernel faulted */
        enter_kernel
        mv      a0, t0
        call    trap_stopped            /* does not return */
kernel_trapped:                         /* a1: cause; a2: address; registers are saved */
        li      t2, PAGE_SIZE           /* the stack may be what is wrong: panic on the spare one */
        add     sp, t0, t2
        csrw    sscratch, t0
        mv      a0, t0
        call    trap_stopped

/* ------------------------------------------------------------------ page faults: an STLB hit refills the leaf, 39
 * t1: cause - 8, positive; R_T1 has t1. Where walkers do not set A and D, boot writes a jump to page_fault_noted
 * or page_fault_hidden over the first instruction. */
        .option push
        .option norvc
        .globl  page_fault, page_fault_noted, page_fault_hidden
page_fault:
        ld      t1, R_STLB(t0)          /* the space's record, when it has an STLB */
        .option pop
        beqz    t1, exception_deliver
        FAST_PATH
        sd      t2, R_T2(t0)
        sd      t3, R_T3(t0)
        sd      t4, R_T4(t0)
        li      t2, 1
1:      amoswap.w.aq t3, t2, (t1)       /* S_LOCK */
        bnez    t3, 1b
        csrr    t2, stval
        srli    t2, t2, PAGE_SHIFT
        ld      t3, S_MASK(t1)
        and     t3, t3, t2
        slli    t3, t3, E_SHIFT
        ld      t4, S_STLB(t1)
        add     t3, t3, t4              /* t3: entry */
        ld      t4, E_VPN(t3)
        bne     t4, t2, stlb_miss
        ld      t4, E_LEAF(t3)
        beqz    t4, stlb_slow           /* bound, but nobody looked for its leaf yet */
        ld      t2, (t4)
        bnez    t2, stlb_slow           /* filled: the access is not allowed, or A or D is missing */
        ld      t2, E_PTE(t3)
        sd      t2, (t4)
        amoswap.w.rl zero, zero, (t1)
        csrr    t2, stval
        sfence.vma t2, zero             /* an invalid entry may be cached as such */
        count   fences, t3, t4
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        ld      t1, R_T1(t0)
        csrrw   t0, sscratch, t0
        sret
stlb_miss:                              /* nothing bound: the application's exception */
        amoswap.w.rl zero, zero, (t1)
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        j       exception_deliver
stlb_slow:                              /* the rest in C, with everything saved */
        amoswap.w.rl zero, zero, (t1)
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        j       page_fault_full

/*
 * The same where walkers do not set A and D: the tables are walked here, as they would. A binding that allows the access
 * gets its bits in 79 instructions, a leaf that is empty is filled in 92, and 47 to 76 lead to the handler where nothing
 * is bound. No walker changes what was read, and nobody else, with the space's lock held.
 */
page_fault_noted:
        ld      t1, R_SPACE(t0)
        beqz    t1, exception_deliver   /* the kernel's own fault: a hart's record has no space */
        sd      t2, R_T2(t0)
        sd      t3, R_T3(t0)
        sd      t4, R_T4(t0)
        li      t2, 1
1:      amoswap.w.aq t3, t2, (t1)       /* S_LOCK */
        bnez    t3, 1b
        csrr    t2, stval
        srli    t3, t2, USER_BITS
        bnez    t3, stlb_miss           /* behind the environment's half */
        csrr    t3, satp
        slli    t3, t3, 64 - PPN_BITS
        srli    t3, t3, 64 - PPN_BITS - PAGE_SHIFT
        srli    t4, t2, PAGE_SHIFT + 18
        table_at t3, t4                 /* t3: the root's entry */
        ld      t3, (t3)
        beqz    t3, stlb_miss
        table_of t3
        srli    t4, t2, PAGE_SHIFT + 9
        andi    t4, t4, 511
        table_at t3, t4
        ld      t4, (t3)
        beqz    t4, stlb_miss
        andi    t1, t4, PTE_U
        bnez    t1, 2f                  /* a superpage */
        mv      t3, t4
        table_of t3
        srli    t4, t2, PAGE_SHIFT
        andi    t4, t4, 511
        table_at t3, t4
        ld      t4, (t3)
        beqz    t4, noted_cached
2:                                      /* t3: where the binding stands, or its leaf; t4: what it says */
        csrr    t1, scause
        slli    t1, t1, 2
        li      t2, 0x4028              /* by the cause, 12 to 15, four bits each: the right that it wants */
        slli    t2, t2, 48
        srl     t2, t2, t1
        and     t2, t2, t4
        andi    t2, t2, 15
        ld      t1, R_SPACE(t0)
        beqz    t2, stlb_miss           /* not allowed */
        andi    t2, t2, PTE_W
        slli    t2, t2, 5               /* D for a store */
        ori     t2, t2, PTE_A
        or      t2, t2, t4
        amoor.d zero, t2, (t3)
        amoswap.w.rl zero, zero, (t1)
        csrr    t2, stval
        sfence.vma t2, zero
        count   fences, t3, t4
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        ld      t1, R_T1(t0)
        csrrw   t0, sscratch, t0
        sret
noted_cached:                           /* t3: an empty entry; of a cached binding only if the STLB's entry knows it */
        ld      t1, R_STLB(t0)
        beqz    t1, noted_miss
        srli    t2, t2, PAGE_SHIFT
        ld      t4, S_MASK(t1)
        and     t4, t4, t2
        slli    t4, t4, E_SHIFT
        ld      t1, S_STLB(t1)
        add     t4, t4, t1              /* t4: entry */
        ld      t1, E_VPN(t4)
        bne     t1, t2, noted_miss
        ld      t1, E_LEAF(t4)
        ld      t4, E_PTE(t4)
        beq     t1, t3, 2b
        ld      t1, R_SPACE(t0)
        j       stlb_slow
noted_miss:
        ld      t1, R_SPACE(t0)
        j       stlb_miss

/* ... and where A and D are hidden, all of it is C's. */
page_fault_hidden:
        ld      t1, R_HART(t0)
        beq     t1, t0, exception_deliver /* the kernel's own fault */
page_fault_full:
        ld      t1, R_T1(t0)
        save_full
        csrr    a1, scause
        csrr    a2, stval
        enter_kernel
        addi    a0, t0, -512
        call    trap_page_fault         /* does not return */

/* C found no binding for a page fault: on to the handler. a0: boundary; every register is in its full-switch slot. */
        .globl  trap_deliver
trap_deliver:
        mv      t0, a0
        ld      t1, SAVE_F_PC+8*5(t0)
        csrw    sscratch, t1            /* as exception_deliver expects it */
        load_full t0
        sd      t1, R_T1(t0)
        j       exception_deliver

/* ------------------------------------------------------------------ calls
 * From malice, any registers. t0: boundary; t1: 0; sscratch: the call's number. */
call_entry:
        csrrw   t1, sscratch, t0        /* t1: number; sscratch: boundary again */
        addi    t1, t1, -CALL_BASE
        beqz    t1, pct_call
        bgtz    t1, call_general
        addi    t1, t1, 1
        beqz    t1, pct_return
        addi    t1, t1, 1
        beqz    t1, env_null
        addi    t1, t1, 1
        bnez    t1, call_lower

/* slice_yield_to: 107 to the other environment. a0: slot. Whatever is unusual is for C to do or to refuse. */
slice_yield_to:
        FAST_PATH
        ld      t1, R_GRACE(t0)         /* a slice about to end, a call's deadline, no Sstc */
        bnez    t1, slice_yield_to_slow
        slot_object RIGHT_YIELD, slice_yield_to_slow
        frame_boundary t2, t3           /* t2: boundary of the other; only environments' frames carry this right */
        ld      t3, R_HART(t0)          /* t3: boundary of this hart */
        ld      t4, H_FLOATS(t3)
        bnez    t4, slice_yield_to_slow
        csrr    t5, time
        ld      t4, H_SLICE_END(t3)
        bgtu    t5, t4, slice_yield_to_slow
        other_claim slice_yield_to_unclaim
        hart_pass zero
        mv      a0, t2
        ld      a1, SAVE_S_BEGIN(t2)
        j       trap_enter
slice_yield_to_unclaim:                 /* t4: the claim word; t6: what it was, plus 1 */
        addi    t6, t6, -1
        beqz    t6, slice_yield_to_slow
        amoswap.d.rl zero, t6, (t4)
slice_yield_to_slow:
        la      t2, sys_slice_yield_to
        csrw    sepc, ra
        j       call_c

call_lower:                             /* t0: boundary; t1: index + 3, negative */
        addi    t1, t1, 1
        bnez    t1, call_time

/*
 * revoke_request: 95 to a victim that is ready, and only off its hart; everything else is for C to do or to refuse. a0: slot,
 * a1: kind, a2: count, a3: deadline. As in a transfer all registers but t0 to t6 are the victim's to see: the caller names
 * it, and clears what it does not mean to send.
 */
revoke_request:
        FAST_PATH
        ld      t1, R_GRACE(t0)         /* a slice about to end, a call's deadline, no Sstc */
        bnez    t1, revoke_request_slow
        slot_object RIGHT_REVOKE, revoke_request_slow
        li      t3, REVOKE_KINDS
        bgeu    a1, t3, revoke_request_slow
        beqz    a2, revoke_request_slow /* it is withdrawn */
        frame_boundary t2, t3           /* t2: boundary of the victim */
        ld      t3, R_HART(t0)          /* t3: boundary of this hart */
        ld      t4, H_FLOATS(t3)
        bnez    t4, revoke_request_slow
        csrr    t5, time                /* in a slice that is over the timer would have come: no look at its end */
        bgeu    t5, a3, revoke_request_slow
        other_claim revoke_request_unclaim
        ld      t4, R_TAG(t0)
        addi    t1, t2, R_REVOKE_BY
        lr.d.aq t6, (t1)                /* requests have no lock: whoever finds none writes its own */
        bnez    t6, revoke_request_asked
        sc.d.aq t6, t4, (t1)
        bnez    t6, revoke_request_asked
        sw      t4, SAVE_REVOKE_BY(t2)  /* the tag's lower half is the name */
        sd      a1, R_REVOKE_KIND(t2)
        sd      a1, SAVE_REVOKE_KIND(t2)
        sd      a2, R_REVOKE_LEFT(t2)
        sd      a2, SAVE_REVOKE_LEFT(t2)
        sd      a3, R_REVOKE_DEADLINE(t2)
        sd      a3, SAVE_REVOKE_DEADLINE(t2)
        li      t6, EVENT_REVOKE_BIT
        addi    t4, t2, SAVE_PENDING
        amoor.d zero, t6, (t4)
        hart_pass a3
        csrw    sscratch, t2            /* sstatus is as the victim needs it: nobody's floating point is on this hart */
        ld      ra, R_PC(t2)
        ld      t4, SAVE_S_BEGIN(t2)
        bnez    t4, 1f
        mv      t4, ra
1:      csrw    sepc, t4
        ld      sp, R_SP(t2)
        ld      a1, R_RESULT_VALUE(t2)
        ld      a0, R_RESULT_ERROR(t2)
        sret
revoke_request_asked:                   /* somebody asks already: the victim is let go of */
        li      t6, 0
revoke_request_unclaim:                 /* t2: the victim; t6: what its claim was, plus 1 */
        addi    t6, t6, -1
        beqz    t6, revoke_request_slow
        addi    t4, t2, R_CLAIM
        amoswap.d.rl zero, t6, (t4)
revoke_request_slow:
        la      t2, sys_revoke_request
        csrw    sepc, ra
        j       call_c

call_time:                              /* t0: boundary; t1: index + 4, negative */
        addi    t1, t1, 1
        bnez    t1, slice_donate

/*
 * slice_yield: 83 to the donor, 79 where there is no board, when the time is donated, by slice_donate below and by nobody else.
 * Anything else is C's. What the yielder used is shown on the board of its scheduler, if that is the donor: then nobody can change
 * its entry now.
 */
        FAST_PATH
        ld      t3, R_HART(t0)
        ld      t2, H_DONATIONS(t3)
        li      t1, 1
        bne     t2, t1, slice_yield_slow
        ld      t1, H_FLOATS(t3)
        bnez    t1, slice_yield_slow
        lwu     t1, R_SLICE_HARTS(t0)
        bnez    t1, slice_yield_slow    /* harts where it has time of its own may sleep */
        ld      t2, H_DONOR(t3)         /* t2: boundary of the donor; it was taken and is nobody's but ours */
        ld      t4, R_ENTRY(t0)
        li      a1, DONATE_YIELDED
        beqz    t4, donor_return
        ld      t1, R_SCHEDULER(t0)
        addi    t1, t1, 512
        bne     t1, t2, slice_yield_slow
donor_return:                           /* t0: who leaves hart t3; t4: its entry; t2: the donor; a1: why it goes on; ra, sp */
        csrr    t5, time
        ld      t6, H_STARTED(t3)
        sd      t5, H_STARTED(t3)
        sub     t5, t5, t6
        ld      t6, R_TICKS(t0)
        add     t6, t6, t5
        sd      t6, R_TICKS(t0)
        beqz    t4, 1f
        sd      t6, BOARD_TICKS(t4)
1:      sd      ra, R_PC(t0)
        sd      sp, R_SP(t0)
        sd      zero, R_RESULT_ERROR(t0)
        sd      zero, R_RESULT_VALUE(t0)
        ld      t1, H_SLICE_END(t3)     /* the donor has no alarm, and whoever may wait for it no deadline */
        csrw    stimecmp, t1
        sd      zero, H_DONATIONS(t3)
        ld      t4, R_SATP(t2)
        space_switch t4
        fence   rw, w
        li      t4, -1
        sd      t4, R_CLAIM(t0)         /* last: another hart may take us now */
        csrw    sscratch, t2
        ld      ra, R_PC(t2)
        csrw    sepc, ra
        ld      sp, R_SP(t2)
        li      a0, 0
        registers_clear
        sret
slice_yield_slow:
        la      t2, sys_slice_yield
        csrw    sepc, ra
        j       call_c

/*
 * slice_donate: 116 to the receiver, when it is ready and last ran on this hart, no other donation stands, and the donor has no
 * alarm, no caller and no floating point; everything else is for C to do or to refuse. a0: slot, a1: until, a2: events, a3: the
 * receiver's word on its board, or 0. t1: index + 5, negative.
 */
slice_donate:
        addi    t1, t1, 1
        bnez    t1, call_foreign_low
        FAST_PATH
        slot_object RIGHT_YIELD, slice_donate_slow
        frame_boundary t2, t3           /* t2: boundary of the receiver; only environments' frames carry this right */
        ld      t3, R_HART(t0)          /* t3: boundary of this hart */
        ld      t4, H_DONATIONS(t3)
        ld      t1, H_FLOATS(t3)
        or      t4, t4, t1
        bnez    t4, slice_donate_slow
        ld      t4, R_FLAGS(t0)
        ld      t1, R_CALLER(t0)
        or      t4, t4, t1
        bnez    t4, slice_donate_slow
        ld      t4, SAVE_PENDING(t0)
        and     t4, t4, a2
        bnez    t4, slice_donate_slow
        beqz    a3, 1f
        ld      t4, R_ENTRY(t2)
        beqz    t4, slice_donate_slow
        ld      t4, BOARD_WORD(t4)      /* a board does not go before every hart was in user mode */
        bne     t4, a3, slice_donate_slow
1:      csrr    t5, time
        ld      t4, H_SLICE_END(t3)
        addi    t4, t4, -1              /* the timer fires before: the slice's end is not the receiver's */
        bltu    a1, t4, 1f
        mv      a1, t4
1:      bgeu    t5, a1, slice_donate_slow /* also when the slice is over, and its grace time runs */
        other_claim slice_donate_unclaim
        sd      t0, H_DONOR(t3)
        sd      a1, H_UNTIL(t3)
        sd      a2, H_DONOR_EVENTS(t3)
        li      t4, 1
        sd      t4, H_DONATIONS(t3)
        csrw    stimecmp, a1
        hart_leave
        ld      t4, R_SATP(t2)
        space_switch t4
        csrw    sscratch, t2
        ld      ra, R_PC(t2)
        csrw    sepc, ra
        ld      t4, SAVE_S_BEGIN(t2)
        beqz    t4, 1f
        csrw    sepc, t4
1:      ld      sp, R_SP(t2)
        ld      a1, R_RESULT_VALUE(t2)
        ld      a0, R_RESULT_ERROR(t2)
        registers_clear
        sret
slice_donate_unclaim:                   /* t4: the claim word; t6: what it was, plus 1 */
        addi    t6, t6, -1
        beqz    t6, slice_donate_slow
        amoswap.d.rl zero, t6, (t4)
slice_donate_slow:
        la      t2, sys_slice_donate
        csrw    sepc, ra
        j       call_c

env_null:                               /* 17 */
        FAST_PATH
        li      a0, 0
        csrw    sepc, ra
        sret

/* The others are functions in C: 25 to the first instruction of one, 5 back. t1: index, above 0. */
call_general:
        addi    t1, t1, -(CALL_TABLE_SIZE + 1)
        bgez    t1, call_foreign_high
        FAST_PATH
        csrw    sepc, ra                /* the call returns there; a C function that switches asks for it */
        slli    t1, t1, 3
1:      auipc   t2, %pcrel_hi(call_table + 8 * CALL_TABLE_SIZE)
        add     t2, t2, t1
        ld      t2, %pcrel_lo(1b)(t2)
call_c:                                 /* t0: boundary; t2: function; sepc: where the program goes on */
        sd      sp, R_SP(t0)
        enter_kernel
        jalr    t2
call_end:
        ld      t0, (sp)                /* the current environment's boundary lies where the stack begins */
        csrw    sscratch, t0
        csrr    ra, sepc
        ld      sp, R_SP(t0)
        sret
        .if     STACK_TOP != H_CURRENT
        .error  "the stack begins at the hart's first word"
        .endif

/*
 * env_notify: an event is posted by C, and so is decided whether a donor goes on by it: then the answer is that one's boundary
 * (slice/plain.c), and what the program keeps over a call is saved here, where it is still in registers: 224 to a donor that is
 * the scheduler of who waited for it. From call_c alone. a0: slot, a1: events.
 */
        .globl  trap_env_notify
trap_env_notify:
        FAST_PATH
        slot_object RIGHT_NOTIFY, env_notify_slow
        frame_boundary t2, t3
        addi    a0, t2, -512
        call    notify_plain
        beqz    a1, call_end
        mv      t2, a1
        csrr    t3, sscratch
        ld      t0, (sp)
        ld      sp, R_SP(t0)
        csrr    ra, sepc
        sd      ra, SAVE_F_PC(t0)
        sd      ra, SAVE_F_PC+8*1(t0)
        sd      sp, SAVE_F_PC+8*2(t0)
        sd      gp, SAVE_F_PC+8*3(t0)
        sd      tp, SAVE_F_PC+8*4(t0)
        sd      s0, SAVE_F_PC+8*8(t0)
        sd      s1, SAVE_F_PC+8*9(t0)
        sd      zero, SAVE_F_PC+8*10(t0) /* the call's answer */
        sd      zero, SAVE_F_PC+8*11(t0)
        sd      s2, SAVE_F_PC+8*18(t0)
        sd      s3, SAVE_F_PC+8*19(t0)
        sd      s4, SAVE_F_PC+8*20(t0)
        sd      s5, SAVE_F_PC+8*21(t0)
        sd      s6, SAVE_F_PC+8*22(t0)
        sd      s7, SAVE_F_PC+8*23(t0)
        sd      s8, SAVE_F_PC+8*24(t0)
        sd      s9, SAVE_F_PC+8*25(t0)
        sd      s10, SAVE_F_PC+8*26(t0)
        sd      s11, SAVE_F_PC+8*27(t0)
        li      t1, 1
        sb      t1, R_FLAGS(t0)         /* `full` */
        sd      zero, R_GRACE(t0)       /* the timer may have stood for the donation's end */
        ld      t4, R_ENTRY(t0)
        li      a1, DONATE_EVENT
        j       donor_return
env_notify_slow:
        call    sys_env_notify
        j       call_end

/* Not a call of ours: the application's exception. t0: boundary; sscratch: the same; t1: what is left of its t0. */
call_foreign_high:
        addi    t1, t1, CALL_BASE + CALL_TABLE_SIZE + 1
        j       1f
call_foreign_low:
        addi    t1, t1, CALL_BASE - 6
1:      csrw    sscratch, t1            /* its t0 again */
        j       exception_deliver

/* ------------------------------------------------------------------ protected control transfer: 38 one way
 * t0: boundary; t1: 0; t2: slot; t3: deadline; everything else is the message. */
pct_call:
        FAST_PATH
        ld      t1, R_CAPS(t0)
        andi    t4, t2, CAPS_MAX - 1
        slli    t4, t4, CAP_SHIFT
        add     t1, t1, t4              /* t1: capability */
        bnez    t3, pct_call_slow       /* a deadline */
        ld      t4, CAP_FRAME(t1)
        ld      t5, CAP_EPOCH(t1)
        ld      t4, FRAME_EPOCH(t4)
        bne     t4, t5, pct_call_slow   /* revoked, or empty */
        ld      t4, CAP_GATE(t1)        /* t4: callee's boundary, or nobody's */
        addi    t5, t4, R_CLAIM
        amoswap.d.aq t6, zero, (t5)     /* t6: its gate; from here on it is ours alone */
        blez    t6, pct_call_unclaim    /* not accepting, or it uses floating point */
        ld      t1, R_HART(t0)
        ld      t5, R_HART(t4)
        bne     t1, t5, pct_call_unclaim /* its space may be new to this hart */
        sd      t0, R_CALLER(t4)
        sd      ra, R_PC(t0)
        sd      sp, R_SP(t0)
        ld      sp, R_GATE_SP(t4)
        ld      t1, R_SATP(t4)
        space_switch t1
        sd      t4, R_CALLEE(t0)        /* now: whoever waits in a call has left its space */
        csrw    sscratch, t4
        csrw    sepc, t6
        csrw    sstatus, zero           /* to user mode, floating point off */
        ld      t1, R_SELF_NAME(t0)     /* who calls */
        sret
pct_call_unclaim:                       /* t4: callee; t6: what its claim was */
        beqz    t6, pct_call_slow
        addi    t5, t4, R_CLAIM
        amoswap.d.rl zero, t6, (t5)
pct_call_slow:                          /* t0: boundary; t2, t3, a*, s*, ra, sp as they came */
        save_full
        enter_kernel
        addi    a0, t0, -512
        call    trap_pct_call           /* does not return */

/* pct_return: 33. Whoever takes `caller` may return, once. */
pct_return:
        FAST_PATH
        addi    t1, t0, R_CALLER
        amoswap.d.aqrl t3, zero, (t1)
        beqz    t3, pct_return_slow     /* nobody waits, or forged */
        ld      t4, R_HART(t0)
        ld      t5, R_HART(t3)
        bne     t4, t5, pct_return_back
        sd      zero, R_CALLEE(t3)
        ld      t1, R_PC(t3)
        csrw    sepc, t1
        ld      sp, R_SP(t3)
        ld      t1, R_SATP(t3)
        space_switch t1
        csrw    sscratch, t3
        ld      t1, R_STATUS(t3)
        csrw    sstatus, t1
        ld      t1, R_GATE(t0)
        addi    t0, t0, R_CLAIM
        amoswap.d.rl zero, t1, (t0)     /* last: the gate is open again */
        li      t0, 0
        sret
pct_return_back:
        sd      t3, (t1)
pct_return_slow:
        save_full
        enter_kernel
        addi    a0, t0, -512
        call    trap_pct_return         /* does not return */

/* ------------------------------------------------------------------ interrupts
 * From user mode only, at any instruction. Causes: 1 another hart pokes this one, 5 timer, 9 a device.
 * t0: boundary; t1: scause, R_T1 has its t1; sscratch: its t0. End of slice: 28 to the handler. */
interrupt_entry:
        andi    t1, t1, 4
        beqz    t1, interrupt_other
        ld      t1, R_GRACE(t0)
        bnez    t1, interrupt_slow      /* no Sstc, the grace time is over, or a call's deadline */
        ld      t1, SAVE_I_HANDLER(t0)
        beqz    t1, interrupt_slow      /* deferred */
        FAST_PATH
        sd      t2, SAVE_I_T2(t0)
        ld      t1, R_HART(t0)
        ld      t1, H_SLICE_END(t1)
        csrr    t2, stimecmp
        bne     t1, t2, timer_other     /* a slice has one grace time, however many run in it; or a call's deadline */
        sd      t0, R_GRACE(t0)
        ld      t1, R_GRACE_TICKS(t0)
        add     t2, t2, t1
        csrw    stimecmp, t2
interrupt_deliver:                      /* t0: boundary; t1: free, in R_T1; t2: free, in the slot; sscratch: its t0 */
        ld      t1, R_T1(t0)
        sd      t1, SAVE_I_T1(t0)
        csrrw   t2, sscratch, t0
        sd      t2, SAVE_I_T0(t0)
        ld      t1, SAVE_I_HANDLER(t0)
        sd      zero, SAVE_I_HANDLER(t0)
        csrrw   t1, sepc, t1            /* t1: old pc */
        csrr    t0, scause
        sret

/*
 * An alarm of the environment that runs: 34 to the handler, which is told by the event alone. The timer means the slice's
 * end from here on: were there anything else before it, the grace word would not be 0. t1: the slice's end; t2: the timer.
 */
timer_other:
        sd      t3, R_T3(t0)
        ld      t3, R_ALARM(t0)
        bne     t3, t2, timer_slow
        csrw    stimecmp, t1
        sd      zero, R_ALARM(t0)
        li      t1, EVENT_ALARM_BIT
        addi    t2, t0, SAVE_PENDING
        amoor.d zero, t1, (t2)
        ld      t3, R_T3(t0)
        ld      t1, R_T1(t0)
        sd      t1, SAVE_I_T1(t0)
        csrrw   t2, sscratch, t0
        sd      t2, SAVE_I_T0(t0)
        ld      t1, SAVE_I_HANDLER(t0)
        sd      zero, SAVE_I_HANDLER(t0)
        csrrw   t1, sepc, t1            /* t1: old pc */
        li      t0, -1
        slli    t0, t0, 63
        addi    t0, t0, CAUSE_SOFT      /* not the timer's cause: that is the end of a slice */
        sret
timer_slow:
        ld      t3, R_T3(t0)
        ld      t2, SAVE_I_T2(t0)
        j       interrupt_slow

/* A device: 40 to the handler, when the source is bound to the environment that runs. */
interrupt_other:
        csrr    t1, scause
        andi    t1, t1, 8
        beqz    t1, interrupt_slow
        sd      t2, R_T2(t0)
        sd      t3, R_T3(t0)
        sd      t4, R_T4(t0)
        FAST_PATH
        ld      t1, R_HART(t0)
        ld      t2, H_PLIC_CLAIM(t1)
        lwu     t2, (t2)                /* t2: source, 0: another hart was faster */
        ld      t3, H_IRQS(t1)
        slli    t4, t2, IRQ_SHIFT
        add     t3, t3, t4              /* t3: struct irq; that of source 0 is bound to nobody */
        ld      t4, IRQ_BOUNDARY(t3)
        bne     t4, t0, extern_slow
        ld      t4, SAVE_I_HANDLER(t0)
        beqz    t4, extern_slow         /* deferred: C wakes whoever may find the event first */
        sd      t1, IRQ_HART(t3)
        ld      t4, IRQ_EVENTS(t3)
        addi    t2, t0, SAVE_PENDING
        amoor.d zero, t4, (t2)
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        sd      t2, SAVE_I_T2(t0)
        j       interrupt_deliver
extern_slow:
        sd      t2, H_CLAIMED(t1)
        ld      t4, R_T4(t0)
        ld      t3, R_T3(t0)
        ld      t2, R_T2(t0)
        ld      t1, R_T1(t0)
        j       interrupt_full

interrupt_slow:                         /* t0: boundary; R_T1 has its t1 */
        ld      t1, R_T1(t0)
interrupt_full:                         /* t0: boundary; every other register the program's */
        save_full
        csrr    a1, scause
        ld      t1, R_HART(t0)
        beq     t1, t0, kernel_trapped  /* an interrupt inside the kernel: they are off, so this is a bug of ours */
        enter_kernel
        mv      s0, t0
        addi    a0, t0, -512
        call    trap_interrupt
        mv      a0, s0
        addi    a1, s0, SAVE_F_PC
        /* fall through */

/* trap_load(boundary, regs): out to user mode with every register from memory. */
        .globl  trap_load
trap_load:
        csrw    sscratch, a0
        ld      t0, R_STATUS(a0)
        csrw    sstatus, t0
        ld      t0, 0(a1)
        csrw    sepc, t0
        ld      x1, 8*1(a1)
        ld      x2, 8*2(a1)
        ld      x3, 8*3(a1)
        ld      x4, 8*4(a1)
        ld      x5, 8*5(a1)
        ld      x6, 8*6(a1)
        ld      x7, 8*7(a1)
        ld      x8, 8*8(a1)
        ld      x9, 8*9(a1)
        ld      x10, 8*10(a1)
        ld      x12, 8*12(a1)
        ld      x13, 8*13(a1)
        ld      x14, 8*14(a1)
        ld      x15, 8*15(a1)
        ld      x16, 8*16(a1)
        ld      x17, 8*17(a1)
        ld      x18, 8*18(a1)
        ld      x19, 8*19(a1)
        ld      x20, 8*20(a1)
        ld      x21, 8*21(a1)
        ld      x22, 8*22(a1)
        ld      x23, 8*23(a1)
        ld      x24, 8*24(a1)
        ld      x25, 8*25(a1)
        ld      x26, 8*26(a1)
        ld      x27, 8*27(a1)
        ld      x28, 8*28(a1)
        ld      x29, 8*29(a1)
        ld      x30, 8*30(a1)
        ld      x31, 8*31(a1)
        ld      x11, 8*11(a1)
        sret

/* trap_enter(boundary, begin): out with pc, sp, a0, a1 and nothing else of anybody's. */
        .globl  trap_enter
trap_enter:
        csrw    sscratch, a0
        ld      t0, R_STATUS(a0)
        csrw    sstatus, t0
        ld      ra, R_PC(a0)
        mv      t0, ra
        beqz    a1, 1f
        mv      t0, a1
1:      csrw    sepc, t0
        ld      sp, R_SP(a0)
        ld      a1, R_RESULT_VALUE(a0)
        ld      a0, R_RESULT_ERROR(a0)
        mv      t0, a0
        li      gp, 0
        li      tp, 0
        li      t1, 0
        li      t2, 0
        li      s0, 0
        li      s1, 0
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a5, 0
        li      a6, 0
        li      a7, 0
        li      s2, 0
        li      s3, 0
        li      s4, 0
        li      s5, 0
        li      s6, 0
        li      s7, 0
        li      s8, 0
        li      s9, 0
        li      s10, 0
        li      s11, 0
        li      t3, 0
        li      t4, 0
        li      t5, 0
        li      t6, 0
        sret

/*
 * stvec of a boot that is traced: everything is saved, logged, and loaded again, and the trap begins as if nothing had
 * been. A fault of the kernel's own goes straight on.
 */
        .balign 4
        .globl  trace_vector
trace_vector:
        csrrw   t0, sscratch, t0
        sd      t1, R_T1(t0)
        ld      t1, R_HART(t0)
        beq     t1, t0, 1f
        ld      t1, R_T1(t0)
        save_full
        csrr    a1, scause
        csrr    a2, stval
        enter_kernel
        mv      s0, t0
        addi    a0, t0, -512
        call    trace_trap
        mv      t0, s0
        csrw    sscratch, t0
        load_full t0
        ld      t0, SAVE_F_PC+8*5(t0)
        j       trap_vector
1:      ld      t1, R_T1(t0)
        csrrw   t0, sscratch, t0
        j       trap_vector
