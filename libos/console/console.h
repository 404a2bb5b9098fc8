// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console: an environment that owns the UART's registers and its interrupt, and serves the serial line to
 * whoever holds RIGHT_CALL on it. First the protocol, then the library's functions that speak it.
 *
 * A request is one protected control transfer; everything travels in registers:
 *
 *     request   a0 = operation | argument << 8 | count << 16     a1 to a7: up to 56 bytes, or words
 *     answer    a0 = ERR_OK or the reason of refusal, a1 = value  a2 to a7: up to 48 bytes, or words
 *
 * The caller is who the kernel says it is, so no request names its sender. Three roles:
 *
 *     leader       the console's creator, and whom it names: chooses the foreground, hears of Ctrl-C when the
 *                  foreground does not want to, and may end the run (a shell)
 *     foreground   one environment: it alone gets input, and chooses the line's mode
 *     everybody    may write
 *
 * Each client has a share of the output ring that nobody else can use, so that no flood reaches another's
 * output. What is written first leaves first, whoever wrote it. A client that dies leaves what it had
 * written, no more.
 *
 * Nobody waits inside the console. Instead a client opens a door: it says which of its events (bits 32 to 63)
 * mean "input", "room" and "interrupt", and grants the console RIGHT_NOTIFY on itself. "Input" is set when a
 * byte comes for the foreground and when a client becomes the foreground; "room" when a client that could not
 * write all it wanted has got half its share back; "interrupt" as enum console_mode says. All are hints: try
 * again.
 */
#ifndef LIBOS_CONSOLE_H
#define LIBOS_CONSOLE_H

#include <libos/sys/sys.h>

enum console_operation {
    /*
     * Write `count` bytes (1 to CONSOLE_WRITE_MAX) from a1 on to the stream `argument`. Value: how many were
     * taken; fewer when the client's share is full. RANGE: no such stream or count. BUSY: too many clients.
     */
    CONSOLE_WRITE = 1,
    // Read up to `count` bytes (1 to CONSOLE_READ_MAX), which come in a2 and on. Value: how many; 0 when
    // there is nothing now, or the caller is not in the foreground. RANGE: no such count.
    CONSOLE_READ,
    /*
     * Open a door: the events that mean input (a1), room (a2) and interrupt (a3); 0 where the caller does not
     * want to know. Value: the slot in which the console awaits RIGHT_NOTIFY on the caller; a2 = the
     * console's name, to grant it to. Opening again closes the last door. RANGE: events below bit 32. BUSY:
     * too many clients.
     */
    CONSOLE_OPEN,
    // Name the leader (a1). PERM: the caller is neither the leader nor the console's creator.
    CONSOLE_LEADER,
    // Name the foreground (a1); the line becomes cooked. PERM as above.
    CONSOLE_FOREGROUND,
    // Set the mode of the line (argument, enum console_mode). STATE: the caller is not in the foreground.
    CONSOLE_MODE,
    // Send the status of the run (a1, 0 to 255) behind all output; nothing when the line is not framed.
    // PERM as above. RANGE: no such status. BUSY: the caller's share is full, or too many clients.
    CONSOLE_STATUS,
    // Value: how many bytes have not left the machine yet.
    CONSOLE_FLUSH,
    // Any other operation is refused with NOENT.
};

#define CONSOLE_WRITE_MAX 56
#define CONSOLE_READ_MAX  48

enum console_stream {
    CONSOLE_OUT = 1, // as POSIX numbers its descriptors
    CONSOLE_ERROR,
};

/*
 * Nothing is ever echoed or edited here; that is the reader's (line.h).
 *   cooked   Ctrl-C drops the input that was not read yet and sets the foreground's interrupt events, or the
 *            leader's when the foreground opened none. Ctrl-\ sets the leader's in any case: for a foreground
 *            that does not listen.
 *   raw      both are bytes like all others
 */
enum console_mode { CONSOLE_COOKED, CONSOLE_RAW };

#define CONSOLE_REQUEST(operation, argument, count) \
    ((word_t)(operation) | (word_t)(argument) << 8 | (word_t)(count) << 16)

/*
 * The line itself. A "\n" leaves as "\r\n". When the boot argument `framed` is given, bytes leave as they
 * were written, and DLE (0x10) says what follows:
 *
 *     DLE '1'   standard output        DLE 'x' DIGITS '\n'   the status: the run is over
 *     DLE '2'   standard error         DLE DLE               one byte 0x10
 *     DLE 'k'   the kernel's own text; it may cut in anywhere, and ends with DLE 'p': back to the stream before
 */
#define CONSOLE_DLE 0x10

/*
 * The library's side. Events it uses for itself:
 */
#define EVENT_CONSOLE_INPUT     (1ul << 63)
#define EVENT_CONSOLE_ROOM      (1ul << 62)
#define EVENT_CONSOLE_INTERRUPT (1ul << 61) // for programs that asked for it

// Write all of it, waiting while there is no room. Without a console it goes to the kernel's.
// ERR_OK, or why the rest was not written.
long console_write(enum console_stream stream, const void *bytes, size_t count);

// Read at least one byte, waiting for it, and at most `count`; value: how many.
sysret_t console_read(void *bytes, size_t count);

// The same without waiting; value: how many, maybe 0.
sysret_t console_poll(void *bytes, size_t count);

/*
 * Open a door for the console, so that the events above come; with `interrupt`, Ctrl-C sets
 * EVENT_CONSOLE_INTERRUPT instead of ending the program. Reading and writing open one without it when they
 * first have to wait.
 */
long console_open(bool interrupt);

// The requests of the same names.
long console_leader(env_t env);
long console_foreground(env_t env);
long console_mode(enum console_mode mode);
long console_status(word_t status);

// Wait until everything that was written has left the machine.
long console_flush(void);

#endif
