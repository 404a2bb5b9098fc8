#include "rooms_test.h"
ROOM(env) { return 0; }
