// SPDX-License-Identifier: BSD-2-Clause
#ifndef RIVET_TEST_MACHINE_BAD_TEST_H
#define RIVET_TEST_MACHINE_BAD_TEST_H

// Runs the group; returns how many of its tests failed. `sources`: the folder dts/bad.
int machine_bad_test(const char *trees, const char *sources);

#endif
