// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes as a device tree. The sanitizers see a look outside of the blob, libFuzzer a hang; beyond that,
// what the reader accepts libfdt must accept as well, and what comes out must keep machine.h's invariants.
//
// The input is changed in one way: a size in the header that is larger than the input is cut to it, so that
// fewer inputs end at the first check. (Sizes that lie are in fdt_test.c.)
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "boot/bus.h"
#include "boot/fdt.h"
#include "boot/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A rule that does not hold ends the run; libFuzzer keeps the input.
static void require(bool holds)
{
    if (!holds)
        abort();
}

static void machine_check(const struct machine *m, const uint8_t *blob, size_t size)
{
    uint32_t usable = 0;

    require(m->memory_count >= 1 && m->memory_count <= MACHINE_MEMORY_MAX);
    require(m->reserved_count <= MACHINE_RESERVED_MAX);
    require(m->harts_count <= MACHINE_HARTS_MAX && m->devices_count <= MACHINE_DEVICES_MAX);
    for (uint32_t i = 0; i < m->memory_count; i++) {
        require(range_is_sound(&m->memory[i]));
        require(i == 0 || m->memory[i - 1].base + m->memory[i - 1].size <= m->memory[i].base);
        require(!range_overlaps(&m->memory[i], &m->plic.range));
    }
    for (uint32_t i = 0; i < m->reserved_count; i++)
        require(range_is_sound(&m->reserved[i]) &&
                (i == 0 || m->reserved[i - 1].base <= m->reserved[i].base));
    for (uint32_t i = 0; i < m->harts_count; i++) {
        if (!m->harts[i].usable)
            continue;
        usable++;
        require(m->harts[i].plic_context <= MACHINE_CONTEXT_MAX);
        require(0x200000 + (m->harts[i].plic_context + UINT64_C(1)) * 0x1000 <= m->plic.range.size);
    }
    require(usable >= 1 && m->timebase_hz > 0);
    require(m->plic.sources >= 1 && m->plic.sources <= MACHINE_IRQ_MAX);
    for (uint32_t i = 0; i < m->devices_count; i++) {
        struct machine_range pages = range_pages(&m->devices[i].range);
        require(m->devices[i].kind != MACHINE_NONE && m->devices[i].irq <= m->plic.sources);
        require(!range_overlaps(&pages, &m->plic.range));
        for (uint32_t k = 0; k < m->memory_count; k++)
            require(!range_overlaps(&pages, &m->memory[k]));
        for (uint32_t k = 0; k < i; k++)
            require(!range_overlaps(&pages, &m->devices[k].range));
    }
    require(m->console.reg_shift <= MACHINE_REG_SHIFT_MAX);
    require(m->initrd_start <= m->initrd_end);

    const uint8_t *bootargs = (const uint8_t *)m->bootargs;
    if (*bootargs != '\0')
        require(bootargs >= blob && bootargs + strlen(m->bootargs) < blob + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fdt tree;
    struct machine m;
    uint8_t *blob = malloc(size > 0 ? size : 1);

    require(blob != NULL);
    memcpy(blob, data, size);
    if (size >= 40 && fdt_totalsize(blob) > size)
        fdt_set_totalsize(blob, (uint32_t)size);

    if (fdt_open(&tree, blob, size) == NULL)
        require(fdt_check_full(blob, size) == 0);
    const char *refusal = machine_read(&m, blob, size, size);
    if (refusal == NULL)
        machine_check(&m, blob, size);
    else
        require(strlen(refusal) > 0);
    free(blob);
    return 0;
}
