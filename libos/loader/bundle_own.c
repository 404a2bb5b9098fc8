// SPDX-License-Identifier: BSD-2-Clause
// The bundle this program was started with: frames of its own that are mapped, read-only, when first
// asked for.
#include <libos/loader/bundle.h>
#include <libos/loader/internal.h>
#include <libos/vm/vm.h>

static struct bundle own;

struct page_run bundle_pages(void)
{
    const struct start_info *info = start_info();
    word_t end = info->bundle + info->bundle_size;
    page_t first = info->bundle >> PAGE_SHIFT;

    return (struct page_run){first, ((end + PAGE_SIZE - 1) >> PAGE_SHIFT) - first};
}

void bundle_forget(void)
{
    if (own.bytes)
        vm_unbind(0, VM_BUNDLE, bundle_pages().count);
    own = (struct bundle){0};
}

const struct bundle *bundle_own(const char **why)
{
    const struct start_info *info = start_info();
    struct page_run pages = bundle_pages();

    if (own.bytes)
        return &own;
    *why = "this program was given no bundle";
    if (info->bundle_size == 0)
        return NULL;
    *why = "the bundle is too large to be mapped";
    if (pages.count > (SAVE_ADDRESS - VM_BUNDLE) / PAGE_SIZE)
        return NULL;
    *why = "the bundle could not be mapped";
    if (vm_bind(0, VM_BUNDLE, pages.first, pages.count, RIGHT_READ) != ERR_OK)
        return NULL;
    own.bytes = (const uint8_t *)VM_BUNDLE + info->bundle % PAGE_SIZE;
    own.size = info->bundle_size;
    return &own;
}
