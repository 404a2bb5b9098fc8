#include "rooms_test.h"
ROOM(irq) { return 0; }
