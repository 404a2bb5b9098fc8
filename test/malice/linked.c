// SPDX-License-Identifier: BSD-2-Clause
/*
 * Attackers on the other side of a link. All that the library offers over links is tried on each, in every way to
 * wait, with a short deadline: each call must come back, say what may be said of such a partner, and leave what is
 * ours alone.
 */
#include <rivet.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS   60
#define SHORT_US 3000

static uint8_t bytes[3 * PAGE_SIZE];
static size_t wrong, calls;

static word_t soon(void)
{
    return time_now() + time_from_us(SHORT_US);
}

static void came_back(const char *what, long error)
{
    bool known = error == ERR_OK || error == ERR_DEADLINE || error == ERR_DEAD || error == ERR_RANGE || error == ERR_CLOSED ||
                 error == ERR_STATE;
    calls++;
    if (known)
        return;
    wrong++;
    fprintf(stderr, "linked: %s said %s\n", what, error_text(error));
}

static void call_all(struct link *link, word_t window)
{
    const uint8_t *there;
    uint8_t *room;

    sysret_t read = pipe_read(link, bytes, sizeof(bytes), soon());
    came_back("pipe_read", read.error);
    wrong += read.value > link->in_size;
    came_back("pipe_write", pipe_write(link, bytes, sizeof(bytes), soon()).error);
    came_back("a byte's pipe_write", pipe_write(link, bytes, 1, soon()).error);
    sysret_t peek = pipe_peek(link, &there, soon()), push = pipe_room(link, &room, soon());
    came_back("pipe_peek", peek.error);
    came_back("pipe_room", push.error);
    wrong += peek.error == ERR_OK && peek.value != 0 && (there < link->in || there + peek.value > link->in + link->in_size);
    wrong += push.error == ERR_OK && (room < link->out || room + push.value > link->out + link->out_size);
    notice_post(link, 5);
    came_back("notice_wait", notice_wait(link, soon()).error);
    came_back("link_turn", link_turn(link, &link->theirs->words[0], 0, soon()));
    came_back("give_meet", give_meet(link, soon()).error);
    came_back("give_receive", give_receive(link, window, soon()).error);
    came_back("give_send", give_send(link, window, 0, 1, soon()).error);
}

static void attacked(const char *name)
{
    struct child child;
    struct link link;
    word_t window = vm_window_open(GIVE_MAX);
    const char *why = child_build(&child, &(struct child_options){.program = name, .frames = 64});

    if (why || link_child(&link, &child, 0, 1, 1) != ERR_OK || (why = child_start(&child))) {
        fprintf(stderr, "linked: %s: %s\n", name, why ? why : "no link");
        wrong++;
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        link.way = (enum link_way)(i % (LINK_SLEEPS + 1));
        call_all(&link, window);
    }
    child_kill(&child);
    came_back("pipe_read of the dead", pipe_read(&link, bytes, 1, soon()).error);
    child_reap(&child);
    came_back("pipe_read of the gone", pipe_read(&link, bytes, 1, soon()).error);
    link_close(&link);
    vm_window_close(window, GIVE_MAX);
}

int main(void)
{
    static const char *const names[] = {"link_lies", "link_dies", "link_silent"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        attacked(names[i]);
    sysret_t audit = sys_machine_audit();
    printf("linked: %s, %zu wrong\n", calls > 1000 ? "every call came back" : "too few calls", wrong + (audit.error != ERR_OK));
    return wrong != 0 || audit.error != ERR_OK;
}
