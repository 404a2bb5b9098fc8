// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console environment: its program. Whoever starts it gives it the page of the UART's registers and the
 * UART's interrupt; it finds out by itself which UART that is.
 */
#include <rivet.h>

#include <libos/console/server.h>
#include <string.h>

#define REGISTERS 0x3d00000000ul // where they are mapped: a place of our own, see vm.h for the others

// Whether `word` stands among the boot arguments. Those of a program (behind `run`) are not the machine's.
static bool boot_argument(const char *word)
{
    size_t length = strlen(word);

    for (const char *at = machine()->arguments; *at != '\0'; at += strspn(at, " ")) {
        size_t size = strcspn(at, " ");
        if (size == 3 && memcmp(at, "run", 3) == 0)
            return false;
        if (size == length && memcmp(at, word, length) == 0)
            return true;
        at += size;
    }
    return false;
}

static const char *console_start(void)
{
    const struct machine_info *info = machine();

    if (info->console >= info->device_count)
        return "the machine has no UART";
    const struct device_info *device = &info->devices[info->console];
    if (vm_map(REGISTERS, device->page, RIGHT_READ | RIGHT_WRITE) != ERR_OK)
        return "the UART's registers cannot be mapped";
    return console_serve(&(struct console_setup){
        .device = device,
        .page = REGISTERS,
        .framed = boot_argument("framed"),
        .name = self(),
        .creator = SAVE_WORD(SAVE_CREATOR),
    });
}

int main(void)
{
    const char *why = console_start();

    log_text("console: ");
    log_text(why);
    log_text("\n");
    return 1;
}
