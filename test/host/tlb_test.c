#include "rooms_test.h"
ROOM(tlb) { return 0; }
