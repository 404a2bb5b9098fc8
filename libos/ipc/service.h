// SPDX-License-Identifier: BSD-2-Clause
/*
 * One service, out of its list of operations: see lrpc.h. No guard, for it is included once for each service. Always
 * the prototypes and numbers; with SERVICE_CLIENT the stubs and with SERVICE_SERVER the table, each in one file of a
 * program.
 */
#include <libos/ipc/lrpc.h>

#define OPERATION_NUMBER(name) LRPC_JOIN(SERVICE, LRPC_JOIN(name, operation))

enum {
#define OPERATION(name, arguments, text) OPERATION_NUMBER(name),
#include SERVICE_FILE
#undef OPERATION
    LRPC_JOIN(SERVICE, operations)
};

#define OPERATION(name, arguments, text)                                     \
    sysret_t LRPC_JOIN(SERVICE, name) LRPC_CLIENT_ARGUMENTS arguments;           \
    sysret_t LRPC_JOIN(LRPC_JOIN(SERVICE, name), trusting) LRPC_CLIENT_ARGUMENTS arguments; \
    sysret_t LRPC_JOIN(LRPC_JOIN(SERVICE, name), serve) LRPC_SERVER_ARGUMENTS arguments;
#include SERVICE_FILE
#undef OPERATION

extern const struct lrpc_service LRPC_JOIN(SERVICE, service);

#ifdef SERVICE_CLIENT
// The arguments are where lrpc.S wants them: only the operation takes the place of the slot.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define STUB(function, number, arguments, through)                                              \
    __attribute__((naked)) sysret_t function LRPC_CLIENT_ARGUMENTS arguments                    \
    {                                                                                           \
        __asm__("mv t2, a0\n\tli a0, %0\n\ttail " #through : : "i"(number));                                \
    }
#define OPERATION(name, arguments, text)                                                                    \
    STUB(LRPC_JOIN(SERVICE, name), OPERATION_NUMBER(name), arguments, lrpc_call)                            \
    STUB(LRPC_JOIN(LRPC_JOIN(SERVICE, name), trusting), OPERATION_NUMBER(name), arguments, tlrpc_call)
#include SERVICE_FILE
#undef OPERATION
#undef STUB
#pragma GCC diagnostic pop
#undef SERVICE_CLIENT
#endif

#ifdef SERVICE_SERVER
const struct lrpc_service LRPC_JOIN(SERVICE, service) = {
    (void (*const[])(void)){
#define OPERATION(name, arguments, text) (void (*)(void))LRPC_JOIN(LRPC_JOIN(SERVICE, name), serve),
#include SERVICE_FILE
#undef OPERATION
    },
    LRPC_JOIN(SERVICE, operations),
};
#undef SERVICE_SERVER
#endif

#undef OPERATION_NUMBER
#undef SERVICE
#undef SERVICE_FILE
