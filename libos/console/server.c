// SPDX-License-Identifier: BSD-2-Clause
/*
 * The console environment's requests and its interrupt. Requests are answered in place; whatever a client
 * sends is checked here, so that the rings behind it only compute.
 */
#include <libos/console/server.h>

#include <libos/ipc/ipc.h>
#include <string.h>

#define EVENT_UART (1ul << 32)

static struct uart uart;
static uint32_t uart_irq;
static env_t name; // this environment's

static sysret_t done(word_t value)
{
    return (sysret_t){ERR_OK, value};
}

static sysret_t refuse(enum error error)
{
    return (sysret_t){error, 0};
}

static sysret_t serve_write(env_t caller, word_t stream, size_t count, const word_t *data)
{
    if (stream != CONSOLE_OUT && stream != CONSOLE_ERROR) return refuse(ERR_RANGE);
    if (count == 0 || count > CONSOLE_WRITE_MAX)          return refuse(ERR_RANGE);
    size_t client = client_make(caller);
    if (client == CLIENT_NONE)                            return refuse(ERR_BUSY);

    size_t taken = output_write(client, stream, (const uint8_t *)data, count);
    output_transmit();
    return done(taken);
}

static sysret_t serve_read(env_t caller, size_t count, word_t *data)
{
    if (count == 0 || count > CONSOLE_READ_MAX) return refuse(ERR_RANGE);
    if (!client_is_foreground(caller))          return done(0);

    return done(input_read((uint8_t *)data, count));
}

static sysret_t serve_open(env_t caller, const struct door *door, word_t *answer)
{
    if ((door->input | door->room | door->interrupt) & ~EVENTS_OWN) return refuse(ERR_RANGE);
    size_t client = client_make(caller);
    if (client == CLIENT_NONE)                                      return refuse(ERR_BUSY);

    *answer = name;
    return client_open(client, door);
}

static sysret_t serve_leader(env_t caller, env_t env)
{
    if (!client_may_lead(caller)) return refuse(ERR_PERM);

    client_lead(env);
    return done(0);
}

static sysret_t serve_foreground(env_t caller, env_t env)
{
    if (!client_may_lead(caller)) return refuse(ERR_PERM);

    client_foreground(env);
    input_mode(CONSOLE_COOKED); // in this order: a Ctrl-C among what was typed ahead is the new one's
    return done(0);
}

static sysret_t serve_mode(env_t caller, word_t mode)
{
    if (mode != CONSOLE_COOKED && mode != CONSOLE_RAW) return refuse(ERR_RANGE);
    if (!client_is_foreground(caller))                 return refuse(ERR_STATE);

    input_mode(mode);
    return done(0);
}

static sysret_t serve_status(env_t caller, word_t status)
{
    if (!client_may_lead(caller))                return refuse(ERR_PERM);
    if (status > 255)                            return refuse(ERR_RANGE);
    size_t client = client_make(caller);
    if (client == CLIENT_NONE)                   return refuse(ERR_BUSY);
    if (!output_status(client, (uint8_t)status)) return refuse(ERR_BUSY);

    output_transmit();
    return done(0);
}

static sysret_t serve_flush(void)
{
    output_transmit();
    return done(output_left());
}

static void serve(env_t caller, word_t message[MESSAGE_WORDS])
{
    word_t operation = message[0] & 0xff;
    word_t argument = message[0] >> 8 & 0xff;
    size_t count = message[0] >> 16;
    word_t answer[MESSAGE_WORDS] = {0}; // nothing of ours goes out that is not an answer
    struct door door = {message[1], message[2], message[3]};
    sysret_t result;

    switch (operation) {
    case CONSOLE_WRITE:      result = serve_write(caller, argument, count, &message[1]); break;
    case CONSOLE_READ:       result = serve_read(caller, count, &answer[2]); break;
    case CONSOLE_OPEN:       result = serve_open(caller, &door, &answer[2]); break;
    case CONSOLE_LEADER:     result = serve_leader(caller, message[1]); break;
    case CONSOLE_FOREGROUND: result = serve_foreground(caller, message[1]); break;
    case CONSOLE_MODE:       result = serve_mode(caller, argument); break;
    case CONSOLE_STATUS:     result = serve_status(caller, message[1]); break;
    case CONSOLE_FLUSH:      result = serve_flush(); break;
    default:                 result = refuse(ERR_NOENT);
    }
    answer[0] = (word_t)result.error;
    answer[1] = result.value;
    memcpy(message, answer, sizeof(answer));
}

// The interrupt's reasons are ended before it is completed, or it would come again at once.
static void notice(word_t events)
{
    (void)events;
    if (uart.ops->settle != NULL)
        uart.ops->settle(&uart);
    input_receive();
    output_transmit();
    (void)sys_irq_complete(uart_irq);
}

const char *console_serve(const struct console_setup *setup)
{
    if (!uart_open(&uart, setup->device, setup->page))
        return "there is no driver for this UART";
    if (sys_irq_bind(setup->device->irq, EVENT_UART).error != ERR_OK)
        return "the UART's interrupt cannot be bound";
    uart_irq = setup->device->irq;
    name = setup->name;
    clients_start(setup->creator);
    input_start(&uart);
    output_start(&uart, setup->framed);
    pct_serve(serve, EVENT_UART, notice);
}
