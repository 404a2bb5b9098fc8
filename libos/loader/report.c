// SPDX-License-Identifier: BSD-2-Clause
// Why a child was stopped by a fault, out of its save area, which its creator may map.
#include <libos/loader/child.h>
#include <libos/vm/vm.h>

// The full-switch slot is pc and x1 to x31, as a frame begins.
static struct trap_frame frame_of(const char *save)
{
    struct trap_frame frame;

    for (size_t i = 0; i < 32; i++)
        frame.x[i] = ((const word_t *)(save + SAVE_F_PC))[i];
    frame.cause = *(const word_t *)(save + SAVE_STOP_CAUSE);
    frame.address = *(const word_t *)(save + SAVE_STOP_ADDRESS);
    return frame;
}

void child_report(const struct child *child)
{
    word_t window = child_env_state(child) == ENV_FAULTED ? vm_window_open(1) : 0;

    if (!window)
        return;
    if (vm_bind(0, window, child->env + 1, 1, RIGHT_READ) == ERR_OK) {
        struct trap_frame frame = frame_of((const char *)window);
        crash_report(child->label, &frame);
    }
    vm_window_close(window, 1);
}
