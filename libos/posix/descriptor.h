// SPDX-License-Identifier: BSD-2-Clause
/*
 * Descriptors: 0 to 2 are the console's streams, the others files of the bundle, which can only be read.
 */
#ifndef LIBOS_DESCRIPTOR_H
#define LIBOS_DESCRIPTOR_H

#include <libos/loader/bundle.h>

#define DESCRIPTORS_MAX 32

struct descriptor {
    bool open;
    struct bundle_file file;
    size_t position;
};

// NULL, and errno, when it is not open.
struct descriptor *descriptor_find(int number);

#define DESCRIPTOR_IS_CONSOLE(number) ((number) >= 0 && (number) <= 2)

#endif
