# SPDX-License-Identifier: BSD-2-Clause
#
# Modules of one file each, found by looking: rivet_modules(OUT <variable> DIRECTORY <of the modules> TYPE <struct>
# PREFIX <of their names> HEADER <that declares the type> NAMES <variable>) lists DIRECTORY/*.c, and writes a table
#
#     const struct TYPE *const PREFIX_table[] = {&PREFIX_one, &PREFIX_other, ..., NULL};
#
# in alphabetical order. A file is called as its module without the prefix. OUT is set to all sources, the table's
# included; a file that is added or removed makes the build look again. WITHOUT <name>... are left out.
function(rivet_modules)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT;DIRECTORY;TYPE;PREFIX;HEADER" "WITHOUT")
    file(GLOB files CONFIGURE_DEPENDS ${arg_DIRECTORY}/*.c)
    foreach(name IN LISTS arg_WITHOUT)
        list(REMOVE_ITEM files ${arg_DIRECTORY}/${name}.c)
    endforeach()
    list(SORT files)
    set(declarations "")
    set(entries "")
    foreach(file IN LISTS files)
        cmake_path(GET file STEM name)
        string(APPEND declarations "extern const struct ${arg_TYPE} ${arg_PREFIX}_${name};\n")
        string(APPEND entries "    &${arg_PREFIX}_${name},\n")
    endforeach()
    set(table ${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX}_table.c)
    file(CONFIGURE OUTPUT ${table} @ONLY CONTENT [[
// Made by cmake/modules.cmake out of the files of one folder.
#include <@arg_HEADER@>
#include <stddef.h>

@declarations@
const struct @arg_TYPE@ *const @arg_PREFIX@_table[] = {
@entries@    NULL,
};
]])
    set(${arg_OUT} ${files} ${table} PARENT_SCOPE)
endfunction()
