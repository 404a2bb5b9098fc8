// SPDX-License-Identifier: BSD-2-Clause
// Exercise 7: a ring between environments that do not trust each other. Both functions are YOURS.
#include "ring.h"

#include <string.h>

long ring_put(struct ring_end *end, const void *bytes, size_t count, word_t deadline)
{
    return count == 0 ? ERR_OK : ERR_DEADLINE;
}

long ring_get(struct ring_end *end, void *bytes, size_t count, word_t deadline)
{
    return count == 0 ? ERR_OK : ERR_DEADLINE;
}
