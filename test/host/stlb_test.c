#include "rooms_test.h"
ROOM(stlb) { return 0; }
