// SPDX-License-Identifier: BSD-2-Clause
/*
 * audit: every invariant of every room, checked while all harts stand still. Only in kernels built for tests
 * (RIVET_AUDIT); in others nothing of it is left.
 *
 * The auditing hart holds no lock while it waits for the others, so whoever waits for a lock gets it, leaves
 * the kernel, and is caught at its next trap from user mode, where it holds nothing.
 */
#ifndef KERNEL_AUDIT_H
#define KERNEL_AUDIT_H

#ifdef RIVET_AUDIT
// Where a hart holds nothing: waits here while another hart audits.
void audit_park(void);
// For the kernel's last words: whose call it was, and the first of the caller's own words in its save area.
void audit_context(void);
#else
static inline void audit_park(void) {}
static inline void audit_context(void) {}
#endif

#endif
