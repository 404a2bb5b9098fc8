// SPDX-License-Identifier: BSD-2-Clause
/*
 * The parts of the console environment. See console.h for what it promises.
 *
 *     server.c    requests and the UART's interrupt        clients.c   who is who, and their doors
 *     output.c    the output ring, to the UART             input.c     the input ring, from the UART
 *
 * Nothing here waits, and nothing runs twice at once: a request closes the protected entry until it
 * returns, and the interrupt's event is served between requests.
 */
#ifndef LIBOS_CONSOLE_SERVER_H
#define LIBOS_CONSOLE_SERVER_H

#include <libos/console/console.h>
#include <libos/console/uart.h>

#define CLIENTS      32
#define OUTPUT_SHARE 512 // bytes that each client may have in the output ring
#define INPUT_ROOM   1024

struct console_setup {
    const struct device_info *device;
    word_t page;   // where the page of its registers is mapped
    bool framed;
    env_t name;    // of this environment
    env_t creator; // of its creator
};

// Serve for ever. Returns only when that cannot begin: a sentence that says why.
const char *console_serve(const struct console_setup *setup);

// The events of a client's that mean something; 0: it does not want to know.
struct door {
    word_t input;     // there may be something to read
    word_t room;      // there is room to write again
    word_t interrupt; // Ctrl-C
};

// Clients are known by the index of their record, which is made when an environment first needs one.
#define CLIENT_NONE CLIENTS
void clients_start(env_t creator);
size_t client_make(env_t env); // its record, maybe a new one; CLIENT_NONE: no room for one
sysret_t client_open(size_t client, const struct door *door); // value: the slot for the grant
void client_room_came(size_t client);
bool client_may_lead(env_t env);
void client_lead(env_t env);
void client_foreground(env_t env);
bool client_is_foreground(env_t env);
void client_input_came(void); // for the foreground
void client_interrupt(void);  // for the foreground or the leader
void client_quit(void);       // for the leader

// The ring of what is still to be sent.
void output_start(const struct uart *uart, bool framed);
size_t output_write(size_t client, enum console_stream stream, const uint8_t *bytes, size_t count); // taken
bool output_status(size_t client, uint8_t status); // false: no room
size_t output_left(void);
void output_transmit(void); // give the UART what it takes now

// The ring of what was not read yet.
void input_start(const struct uart *uart);
size_t input_read(uint8_t *bytes, size_t count);
void input_mode(enum console_mode mode);
void input_receive(void); // take what the UART has

#endif
