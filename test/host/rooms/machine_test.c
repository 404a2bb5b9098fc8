#include "rooms_test.h"
ROOM(machine) { return 0; }
