// SPDX-License-Identifier: BSD-2-Clause
// x0 is taken for x[0], which is the pc. Fails: x9 has the number of one bits: [1-9]\d* seen, 0 expected
#include "emulate.h"

bool emulate(struct trap_frame *frame)
{
    const uint16_t *half = (const uint16_t *)frame->FRAME_PC;

    if (frame->cause != CAUSE_ILLEGAL)
        return false;
    uint32_t instruction = half[0] | (uint32_t)half[1] << 16;
    if ((instruction & 0xfff0707fu) != 0x0bu)
        return false;
    frame->x[instruction >> 7 & 31] = (word_t)__builtin_popcountl(frame->x[instruction >> 15 & 31]);
    frame->FRAME_PC += 4;
    return true;
}
