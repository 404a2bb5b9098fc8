# SPDX-License-Identifier: BSD-2-Clause
#
# rivet_policies(OUT <variable> DIRECTORY <libos/sched>) lists policy/*.c and what else libos/sched has for them, and sees that
# each policy has its line in policies.def, and each line its file.
#
# Policies from outside of the tree: RIVET_POLICY_EXTRA is a list of their files, as ./rivet sched --policy ./mine.c says it.
# They are compiled with the others, and a copy of policies.def has their lines. Who expands that list sees the copy if
# rivet_policies_listed(<source>...) says so, in the folder of its target; to everybody else nothing changes.
set(RIVET_POLICY_EXTRA "" CACHE STRING "Files of policies from outside of the tree")

function(rivet_policies_listed)
    if(RIVET_POLICY_EXTRA)
        set_source_files_properties(${ARGN} PROPERTIES INCLUDE_DIRECTORIES ${CMAKE_BINARY_DIR}/policies)
    endif()
endfunction()

function(rivet_policies_extra list names)
    set(lines "")
    foreach(file IN LISTS RIVET_POLICY_EXTRA)
        cmake_path(GET file STEM name)
        if(name IN_LIST names)
            message(FATAL_ERROR "There is a policy called ${name} already: give ${file} another name.")
        endif()
        string(APPEND lines "POLICY(${name})\n")
    endforeach()
    file(READ ${list} known)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/policies/libos/sched/policies.def CONTENT "${known}${lines}" @ONLY)
endfunction()

function(rivet_policies)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT;DIRECTORY" "")
    file(GLOB files CONFIGURE_DEPENDS ${arg_DIRECTORY}/policy/*.c)
    file(STRINGS ${arg_DIRECTORY}/policies.def lines REGEX "^POLICY\\(")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${arg_DIRECTORY}/policies.def)
    list(TRANSFORM lines REPLACE "^POLICY\\(([a-z0-9_]+)\\).*" "\\1")
    set(names "")
    foreach(file IN LISTS files)
        cmake_path(GET file STEM name)
        list(APPEND names ${name})
        if(NOT name IN_LIST lines)
            message(FATAL_ERROR "The policy ${file} has no line POLICY(${name}) in ${arg_DIRECTORY}/policies.def.")
        endif()
    endforeach()
    foreach(name IN LISTS lines)
        if(NOT name IN_LIST names)
            message(FATAL_ERROR "${arg_DIRECTORY}/policies.def has POLICY(${name}), but there is no policy/${name}.c.")
        endif()
    endforeach()
    file(GLOB helpers CONFIGURE_DEPENDS ${arg_DIRECTORY}/heap.c)
    if(RIVET_POLICY_EXTRA)
        rivet_policies_extra(${arg_DIRECTORY}/policies.def "${names}")
    endif()
    set(${arg_OUT} ${files} ${helpers} ${RIVET_POLICY_EXTRA} PARENT_SCOPE)
endfunction()
