// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program's own symbol table, which tools/symbols.py makes and the second link puts into
 * .rivet_symbols. Little endian:
 *
 *     u32 count · u32 bytes of names
 *     count times { u64 address, u32 name, u32 size }, sorted · names with their NULs
 */
#include <libos/start/internal.h>

struct symbol {
    uint64_t address;
    uint32_t name; // offset into the names
    uint32_t size; // 0: up to the next symbol
};

struct symbol_table {
    uint32_t count;
    uint32_t names_size;
    struct symbol symbols[];
};

extern const struct symbol_table rivet_symbols; // from the linker script, maybe empty
extern const char rivet_symbols_end[];

// The last symbol at or below the address; count when there is none.
static uint32_t symbol_below(const struct symbol_table *table, word_t address)
{
    uint32_t first = 0, end = table->count;

    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (table->symbols[middle].address <= address)
            first = middle + 1;
        else
            end = middle;
    }
    return first == 0 ? table->count : first - 1;
}

const char *symbol_find(word_t address, word_t *start)
{
    const struct symbol_table *table = &rivet_symbols;

    if ((const char *)(table + 1) > rivet_symbols_end || address < 0x10000)
        return NULL;
    uint32_t index = symbol_below(table, address);
    if (index == table->count)
        return NULL;

    const struct symbol *symbol = &table->symbols[index];
    if (symbol->size ? address - symbol->address >= symbol->size : index + 1 == table->count)
        return NULL;
    *start = symbol->address;
    return (const char *)&table->symbols[table->count] + symbol->name;
}
