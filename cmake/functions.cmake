# SPDX-License-Identifier: BSD-2-Clause
#
# What the other CMakeLists.txt files call: programs, their symbol tables, the bundle, and tests in a guest.

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH RIVET_DIR)
set(RIVET_PYTHON /usr/bin/python3 CACHE FILEPATH "The system's Python, which has the packages that we need")

# The language and the machine. Exactly these two strings: others silently choose another build of picolibc.
# __FILE__ is the same in every clone: so are a program's bytes, and with them its figures.
set(RIVET_APP_FLAGS -march=rv64gc -mabi=lp64d -mcmodel=medany -O2 -g -ffunction-sections -fdata-sections
                    -fno-common -fmacro-prefix-map=${RIVET_DIR}/=)
set(RIVET_WARNINGS -Wall -Wextra -Werror)

define_property(GLOBAL PROPERTY RIVET_BUNDLE BRIEF_DOCS "What goes into the archive: NAME=FILE of each"
                FULL_DOCS "Filled by rivet_app and rivet_bundle_file, read by rivet_bundle_pack.")
define_property(GLOBAL PROPERTY RIVET_BUNDLE_DEPENDS BRIEF_DOCS "What the archive depends on"
                FULL_DOCS "Targets and files, in step with RIVET_BUNDLE.")

# rivet_two_pass(TARGET OBJECTS <object library> OUTPUT <file> SCRIPT <linker script> OPTIONS ... LIBRARIES
# ...)
#
# Links twice, so that the program carries its own symbol table for backtraces: tools/symbols.py makes the
# table out of the first link, whose table is empty, and the second link places it in .rivet_symbols. The
# linker script keeps that section behind everything else, so no address moves; the last command checks it.
function(rivet_two_pass target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "OBJECTS;OUTPUT;SCRIPT" "OPTIONS;LIBRARIES")
    set(first ${target}.first)
    set(table ${CMAKE_CURRENT_BINARY_DIR}/${target}.symbols.S)
    set(none ${CMAKE_CURRENT_BINARY_DIR}/${target}.symbols_none.S)
    set(symbols ${RIVET_PYTHON} ${RIVET_DIR}/tools/symbols.py --nm ${RIVET_CROSS}nm)
    cmake_path(GET arg_OUTPUT PARENT_PATH directory)
    cmake_path(GET arg_OUTPUT FILENAME name)

    add_custom_command(OUTPUT ${none} COMMAND ${symbols} --output ${none}
                       DEPENDS ${RIVET_DIR}/tools/symbols.py VERBATIM COMMENT "Making no symbols for ${name}")
    add_custom_command(OUTPUT ${table} COMMAND ${symbols} --output ${table} $<TARGET_FILE:${first}>
                       DEPENDS ${RIVET_DIR}/tools/symbols.py ${first} VERBATIM
                       COMMENT "Making the symbols of ${name}")

    add_executable(${first} $<TARGET_OBJECTS:${arg_OBJECTS}> ${none})
    add_executable(${target} $<TARGET_OBJECTS:${arg_OBJECTS}> ${table})
    set_target_properties(${first} PROPERTIES OUTPUT_NAME ${name}
                          RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/first)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${directory})
    foreach(one IN ITEMS ${first} ${target})
        target_link_options(${one} PRIVATE ${arg_OPTIONS} -T ${arg_SCRIPT})
        target_link_libraries(${one} PRIVATE ${arg_LIBRARIES})
        set_property(TARGET ${one} APPEND PROPERTY LINK_DEPENDS ${arg_SCRIPT})
    endforeach()
    add_custom_command(TARGET ${target} POST_BUILD VERBATIM
                       COMMAND ${symbols} --same $<TARGET_FILE:${first}> $<TARGET_FILE:${target}>)
endfunction()

# rivet_app(NAME source... [STRUCTURE radix] [NOLIBC])
#
# An ordinary C program with the library OS and picolibc; STRUCTURE names its page-table structure, a file of
# libos/vm/structure/ (radix when nothing is said). With NOLIBC one that has nothing but the ABI's headers.
# It becomes apps/NAME in the build tree, and a program of the bundle. The target is called app.NAME.
function(rivet_app name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "NOLIBC" "STRUCTURE" "")
    set(objects app.${name}.objects)
    add_library(${objects} OBJECT ${arg_UNPARSED_ARGUMENTS})
    target_compile_options(${objects} PRIVATE ${RIVET_APP_FLAGS} ${RIVET_WARNINGS})

    set(options ${RIVET_APP_FLAGS} -nostartfiles -static -Wl,--gc-sections -Wl,--fatal-warnings
                -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments)
    if(arg_NOLIBC)
        target_include_directories(${objects} PRIVATE ${RIVET_DIR}/kernel/abi)
        target_compile_options(${objects} PRIVATE -ffreestanding)
        set(libraries)
        list(APPEND options -nostdlib)
    else()
        target_compile_options(${objects} PRIVATE --specs=picolibc.specs)
        target_link_libraries(${objects} PRIVATE rivet_libos)
        set(libraries rivet_libos)
        list(APPEND options --specs=picolibc.specs)
        if(NOT arg_STRUCTURE)
            set(arg_STRUCTURE radix)
        endif()
        list(APPEND options LINKER:-u,structure_${arg_STRUCTURE}
             LINKER:--defsym=vm_structure=structure_${arg_STRUCTURE})
    endif()
    rivet_two_pass(app.${name} OBJECTS ${objects} OUTPUT ${CMAKE_BINARY_DIR}/apps/${name}
                   SCRIPT ${RIVET_DIR}/libos/start/app.ld OPTIONS ${options} LIBRARIES ${libraries})
    rivet_bundle_file(${name} $<TARGET_FILE:app.${name}> app.${name})
endfunction()

# rivet_bundle_file(NAME FILE [target or file it depends on...])
function(rivet_bundle_file name file)
    set_property(GLOBAL APPEND PROPERTY RIVET_BUNDLE ${name}=${file})
    set_property(GLOBAL APPEND PROPERTY RIVET_BUNDLE_DEPENDS ${ARGN})
endfunction()

# The target, which packs all that was bundled into an archive.
function(rivet_bundle_pack target output)
    get_property(bundle GLOBAL PROPERTY RIVET_BUNDLE)
    get_property(depends GLOBAL PROPERTY RIVET_BUNDLE_DEPENDS)
    add_custom_command(OUTPUT ${output} VERBATIM COMMENT "Packing ${output}"
                       COMMAND ${RIVET_PYTHON} ${RIVET_DIR}/tools/initrd.py --strip ${RIVET_CROSS}strip
                               ${output} ${bundle}
                       DEPENDS ${RIVET_DIR}/tools/initrd.py ${depends})
    add_custom_target(${target} ALL DEPENDS ${output})
endfunction()

# rivet_initrd(OUTPUT): the target `initrd`, out of all that was bundled. To be called last.
function(rivet_initrd output)
    rivet_bundle_pack(initrd ${output})
endfunction()

# rivet_bundle_begin(), rivet_bundle_end(NAME): what is bundled between the two goes not into the initrd but, beside init and
# console, into build/rivet/NAME.cpio, by the target NAME. Not one inside the other.
function(rivet_bundle_begin)
    foreach(property IN ITEMS RIVET_BUNDLE RIVET_BUNDLE_DEPENDS)
        get_property(outer GLOBAL PROPERTY ${property})
        set_property(GLOBAL PROPERTY OUTER_${property} ${outer})
        set_property(GLOBAL PROPERTY ${property} "")
    endforeach()
    foreach(name IN ITEMS init console)
        rivet_bundle_file(${name} $<TARGET_FILE:app.${name}> app.${name})
    endforeach()
endfunction()

function(rivet_bundle_end name)
    rivet_bundle_pack(${name} ${CMAKE_BINARY_DIR}/${name}.cpio)
    foreach(property IN ITEMS RIVET_BUNDLE RIVET_BUNDLE_DEPENDS)
        get_property(outer GLOBAL PROPERTY OUTER_${property})
        set_property(GLOBAL PROPERTY ${property} ${outer})
    endforeach()
endfunction()

# rivet_guest_test(NAME APP [HARTS 1 4] [ARGS ...] [TIMEOUT seconds] [STATUS n] [STDOUT regex] [STDERR regex]
#                  [NEEDS file] [ONLY_VIRT] [OPTIONS run.py's options...])
#
# ctest entries NAME.h1, NAME.h4: boot, run APP, and compare its exit status and what it printed. Where the file is
# missing they are skipped, and with ONLY_VIRT on another machine (./rivet test --machine).
function(rivet_guest_test name app)
    cmake_parse_arguments(PARSE_ARGV 2 arg "ONLY_VIRT" "TIMEOUT;STATUS;STDOUT;STDERR;NEEDS" "HARTS;ARGS;OPTIONS")
    set(check)
    if(arg_ONLY_VIRT)
        list(APPEND check --only-virt)
    endif()
    foreach(pair IN ITEMS "HARTS=1;4" "TIMEOUT=60" "STATUS=0")
        string(REGEX MATCH "^([A-Z]+)=(.*)$" _ "${pair}")
        if(NOT DEFINED arg_${CMAKE_MATCH_1})
            set(arg_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
        endif()
    endforeach()
    foreach(stream IN ITEMS STDOUT STDERR NEEDS)
        if(DEFINED arg_${stream})
            string(TOLOWER ${stream} option)
            list(APPEND check --${option} ${arg_${stream}})
        endif()
    endforeach()
    foreach(harts IN LISTS arg_HARTS)
        add_test(NAME ${name}.h${harts}
                 COMMAND ${RIVET_PYTHON} ${RIVET_DIR}/tools/guest_test.py --status ${arg_STATUS} ${check} --
                         --build ${CMAKE_BINARY_DIR} --harts ${harts} --timeout ${arg_TIMEOUT} ${arg_OPTIONS}
                         ${app} ${arg_ARGS})
        math(EXPR limit "${arg_TIMEOUT} + 30")  # run.py ends its guest itself; this is for run.py
        set_tests_properties(${name}.h${harts} PROPERTIES TIMEOUT ${limit} SKIP_RETURN_CODE 77 LABELS guest)
        if(NOT "--icount" IN_LIST arg_OPTIONS)
            set_property(TEST ${name}.h${harts} APPEND PROPERTY LABELS realtime)
        endif()
        if(harts GREATER 1)
            set_tests_properties(${name}.h${harts} PROPERTIES PROCESSORS 2)
        endif()
    endforeach()
endfunction()
