// SPDX-License-Identifier: BSD-2-Clause
// fork and waitpid, as an ordinary C program uses them.
#include "guest.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char *shared = malloc(20000);
    int status;

    memset(shared, 'p', 20000);
    for (int round = 0; round < 3; round++) {
        pid_t one = fork();
        if (one == 0) {
            memset(shared, 'c', 10000);
            _exit(shared[9999] == 'c' && shared[10000] == 'p' ? 11 + round : 1);
        }
        pid_t two = fork();
        if (two == 0)
            _exit(waitpid(one, NULL, 0) == -1 && errno == ECHILD ? 21 : 1); // no child of ours
        CHECK(one > 0 && two > 0 && one != two);
        CHECK_EQUAL(waitpid(one, &status, 0), one);
        CHECK_EQUAL(WEXITSTATUS(status), 11 + round);
        CHECK_EQUAL(wait(&status), two);
        CHECK_EQUAL(WEXITSTATUS(status), 21);
        CHECK(shared[0] == 'p' && shared[19999] == 'p');
    }
    CHECK_EQUAL(waitpid(-1, &status, WNOHANG), -1);
    return guest_end();
}
