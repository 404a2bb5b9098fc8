// SPDX-License-Identifier: BSD-2-Clause
// The harness's side of a revocation: it asks an attacker for all it has of a kind, and takes it.
#ifndef MALICE_ASKED_H
#define MALICE_ASKED_H

#include <rivet.h>
#include <rivet/revoke.h>

#define NOT_ASKED   (-1)
#define SLOT_VICTIM 20

// Before it starts: what it needs to be asked for. NULL, or why not.
const char *asked_equip(const struct child *child, int kind);
// When it runs: two rounds of the protocol, and a third that is begun. NULL when each ended as it must.
const char *asked_drive(const struct child *child, int kind);

#endif
