# SPDX-License-Identifier: BSD-2-Clause
#
# Toolchain file: the bare-metal RISC-V compiler that Debian packages as gcc-riscv64-unknown-elf.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv64)

set(RIVET_CROSS riscv64-unknown-elf- CACHE STRING "What the names of the cross tools begin with")
set(CMAKE_C_COMPILER ${RIVET_CROSS}gcc)
set(CMAKE_ASM_COMPILER ${RIVET_CROSS}gcc)

# There is no operating system to link against, so CMake tries the compiler with a library instead of a
# program.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES RIVET_CROSS)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
