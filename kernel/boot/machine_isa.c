// SPDX-License-Identifier: BSD-2-Clause
//
// ISA strings: "rv64imafdc_zicsr_sstc1p0" and the like. Single letters, then names of several letters that
// begin with s, x or z, mostly after an underscore; each may carry a version. Case does not matter.
#include "machine_part.h"

// Characters instead of pointers: a table of pointers would need fixing up at load time.
static const struct {
    char name[10];
    uint16_t flags;
} isa_names[] = {
    {"f", MACHINE_ISA_F},
    {"d", MACHINE_ISA_D},
    {"g", MACHINE_ISA_F | MACHINE_ISA_D},
    {"sstc", MACHINE_ISA_SSTC},
    {"svade", MACHINE_ISA_SVADE},
    {"svadu", MACHINE_ISA_SVADU},
    {"svinval", MACHINE_ISA_SVINVAL},
    {"svpbmt", MACHINE_ISA_SVPBMT},
    {"svnapot", MACHINE_ISA_SVNAPOT},
    {"zicbom", MACHINE_ISA_ZICBOM},
};

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

// How long the version at the start of `text` is: "2", "2p0", or nothing. Stops at the NUL at the latest.
static size_t version_length(const char *text)
{
    size_t length = 0;

    while (is_digit(text[length]))
        length++;
    if (length > 0 && lower(text[length]) == 'p' && is_digit(text[length + 1]))
        for (length++; is_digit(text[length]);)
            length++;
    return length;
}

uint32_t machine_isa_named(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(isa_names) / sizeof(isa_names[0]); i++) {
        size_t at = 0;
        while (at < length && isa_names[i].name[at] != '\0' && lower(name[at]) == isa_names[i].name[at])
            at++;
        if (isa_names[i].name[at] == '\0' && at + version_length(name + at) == length)
            return isa_names[i].flags;
    }
    return 0;
}

// Whether a name of several letters begins at `at`. Old trees write S- and U-mode as letters, "rv64imafdcsu".
static bool name_is_long(const char *at)
{
    switch (lower(at[0])) {
    case 'x': case 'z': return true;
    case 's':           return at[-1] == '_' || lower(at[1]) != 'u';
    default:            return false;
    }
}

bool machine_isa_parse(const char *isa, uint32_t *flags)
{
    if (lower(isa[0]) != 'r' || lower(isa[1]) != 'v' || isa[2] != '6' || isa[3] != '4')
        return false;

    for (const char *at = isa + 4; *at != '\0';) {
        size_t length = 1;
        if (*at != '_') {
            if (name_is_long(at))
                while (at[length] != '\0' && at[length] != '_')
                    length++;
            else
                length += version_length(at + 1);
            *flags |= machine_isa_named(at, length);
        }
        at += length;
    }
    return true;
}
