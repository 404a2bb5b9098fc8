// SPDX-License-Identifier: BSD-2-Clause
/*
 * Exercise 1. A program of its own, without the library. It begins at _start with no stack; its save area is at
 * SAVE_ADDRESS. The program's work is three lines:
 *
 *     count how many frames are its own and free                  (a look into a table, no call)
 *     take BARE_TAKEN of them, by their names                     (page_alloc)
 *     end with the count from before as its status                (env_exit)
 */
#ifndef EXERCISE_BARE_H
#define EXERCISE_BARE_H

#include <rivet/layout.h>
#include <rivet/machine.h>
#include <rivet/page.h>
#include <rivet/types.h>

#define BARE_TAKEN   3
#define SAVE_ADDRESS 0x3ffffff000ul // where whoever starts a program binds its save area

#endif
