#include "rooms_test.h"
ROOM(space) { return 0; }
