# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Part of ./rivet, which sources it: the Debian packages that Rivet needs. What is missing is named, then
# installed, or, where we may not, the command is printed that does it. The check is one query and is made
# every time: nothing remembers that a package was there.

packages_run=(
    qemu-system-misc opensbi gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf device-tree-compiler cmake
    ninja-build python3)
# And clang's runtime, below. Chromium opens the report of ./rivet sched.
packages_test=(gcc libc6-dev libfdt-dev libcmocka-dev clang python3-pexpect cpio chromium)
packages_card=(gdisk mtools u-boot-qemu) # the image of a memory card, and a U-Boot that starts from it
packages_sched=(gcc libc6-dev) # for the simulator; the report needs nothing but Python itself
packages_debug=(gdb-multiarch)
tools_needed=(qemu-system-riscv64 riscv64-unknown-elf-gcc dtc cmake ninja)
space_install_mib=1700

# Prints those of the given packages that are not installed. One query, quick enough to be made every time.
packages_missing()
{
    local installed
    installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)"
    for package; do
        [[ $installed == *" installed=$package "* ]] || echo "$package"
    done
}

# The sanitizers' runtime is a package of its own, named after the version that `clang` stands for.
clang_runtime()
{
    local depends
    depends=$(dpkg-query -W -f '${Depends}' clang 2>/dev/null) || depends=
    [[ $depends =~ clang-([0-9]+) ]] && echo "libclang-rt-${BASH_REMATCH[1]}-dev"
}

packages_explain_failure()
{
    local log=$1 lacking='Unable to locate package|no installation candidate'
    local unreachable='resolving|Could not connect|Failed to fetch|unreachable|Unable to locate package'
    tail -n 5 -- "$log" >&2
    if grep -qE 'No space left|enough free space' "$log"; then
        die "There is no space left on the disk for the packages."
    elif grep -qE "$lacking" "$log" && ! grep -qE '^(Err|W: Failed)' "$log"; then
        die "This system's package sources lack something Rivet needs: Debian 12 or newer is needed."
    elif grep -qE "$unreachable" "$log"; then
        die "The packages can't be fetched: is there a network? (the end of apt-get's output is above)"
    fi
    die "apt-get failed; the end of its output is above."
}

packages_install()
{
    local root_only=() command log status=0
    command="apt-get install -y --no-install-recommends $*"
    say "these packages are missing: $*"
    if ((EUID != 0)); then
        local become="as root: " # there may be no sudo at all
        ! command -v sudo >/dev/null || become="with: sudo "
        sudo -n true 2>/dev/null </dev/null ||
            die "Install them ${become}$command (after apt-get update, if that fails)"
        root_only=(sudo -n)
    fi
    (($(space_free_mib /usr) >= space_install_mib)) ||
        die "Installing them takes up to $space_install_mib MB in /usr, which has less than that free."
    say "installing them: $command"
    log=$(mktemp)
    local apt=("${root_only[@]}" env DEBIAN_FRONTEND=noninteractive
               apt-get -q -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
    # The lists are only fetched when they are needed: a stale list fails as a missing one does.
    "${apt[@]}" install --no-install-recommends "$@" >"$log" 2>&1 </dev/null ||
        { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null ||
        status=1
    ((status == 0)) || packages_explain_failure "$log"
    rm -f -- "$log"
}

# setup PACKAGE...: after it the packages and the tools in them are there.
setup()
{
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "This system has no apt-get to install packages with: Rivet's ./rivet needs Debian 12 or newer."
    local missing
    mapfile -t missing < <(packages_missing "$@")
    ((${#missing[@]} == 0)) || packages_install "${missing[@]}"
    for tool in "${tools_needed[@]}"; do
        command -v "$tool" >/dev/null ||
            die "$tool is installed but not found: add its folder (often /usr/bin) to PATH."
    done
}

setup_test()
{
    local runtime
    setup "${packages_run[@]}" "${packages_card[@]}" "${packages_test[@]}" # clang first: the name of its runtime depends on it
    runtime=$(clang_runtime) || die "The version of clang, after which its runtime is named, can't be found."
    setup "$runtime"
}
