#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Brings what Debian 12 itself lacks into build/fetch, and leaves the system as it is.

    qemu10           runs QEMU 10 from bookworm-backports, with its own firmware and libraries
    qemu10.root/     those packages, unpacked
    riscv64.root/    from Debian 13 for riscv64: boot/ of its kernel, busybox, U-Boot for the VisionFive 2
    zlib/            its sources from Debian 12, for the library OS: without them there is no compressed pager

apt does the work under a private configuration: its own lists, its own cache, a copy of the list of installed
packages, and as sources the mirror and the keyring of the entry in this machine's configuration that carries
Debian 12. apt checks the signatures; nothing here turns that off. Where everything is already there, nothing
is done.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile

CODENAME, NEXT = "bookworm", "trixie"
SYSTEM_STATUS = "/var/lib/dpkg/status"
SPACE_BYTES = 1500 << 20
SOURCE_SPACE_BYTES = 100 << 20
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

QEMU_PACKAGES = ["qemu-system-misc", "opensbi"]
RISCV_KERNEL = "linux-image-riscv64"  # stands for the package of the newest one
RISCV_PACKAGES = ["busybox-static", "u-boot-starfive"]
SOURCES = ["zlib"]

WRAPPER = """#!/bin/sh
# QEMU 10, beside the system's: libraries, modules, data and firmware of its own.
root=$(dirname -- "$(readlink -f -- "$0")")/qemu10.root
export LD_LIBRARY_PATH="$root/usr/lib/{triplet}:$root/lib/{triplet}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export QEMU_MODULE_DIR="$root/usr/lib/{triplet}/qemu"
exec "$root/usr/bin/qemu-system-riscv64" -L "$root/usr/share/qemu" \\
    -bios "$root/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin" "$@"
"""


class FetchError(Exception):
    """One plain sentence."""


def say(text):
    print(f"rivet: {text}", file=sys.stderr, flush=True)


def command_output(*command, env=None):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                            text=True, check=False, env=env)
    if result.returncode != 0:
        raise FetchError(f"`{' '.join(command)}` failed: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


# The machine's own sources


def signed_by(entry):
    """The keyring that an entry of the sources (file:number) names, or None when it leaves that to apt."""
    path, _, number = entry.rpartition(":")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".sources"):
        stanzas = [one for one in re.split(r"\n\s*\n", text) if re.search(r"^Types:", one, re.M | re.I)]
        stanza = stanzas[int(number) - 1] if int(number) <= len(stanzas) else text
        match = re.search(r"^Signed-By:[ \t]*(/\S+)", stanza, re.M | re.I)
    else:
        match = re.search(r"signed-by=([^\s\]]+)", text.splitlines()[int(number) - 1])
    return match[1] if match else None


def mirror_find():
    """(address, keyring or None) of the entry that carries Debian 12's main packages."""
    listing = command_output("apt-get", "indextargets", "--format",
                             "$(RELEASE)\t$(COMPONENT)\t$(REPO_URI)\t$(SOURCESENTRY)", "Created-By: Packages")
    for line in listing.splitlines():
        release, component, address, entry = line.split("\t")
        if release in (CODENAME, "oldstable", "stable") and component == "main":
            keyring = signed_by(entry) or (KEYRING if os.path.exists(KEYRING) else None)
            return address, keyring
    raise FetchError("fetch needs Debian 12's mirror in this machine's apt sources (bookworm main).")


# The private apt


class PrivateApt:
    """An apt whose every file lies in one folder, for one architecture and some suites."""

    def __init__(self, folder, architecture, suites, mirror, status, sources=False):
        self.folder = folder
        for part in ("lists/partial", "archives/partial", "etc/none", "log"):
            os.makedirs(os.path.join(folder, part), exist_ok=True)
        self._sources_write("deb-src" if sources else "deb", suites, *mirror)
        self._status_write(status)
        self._config_write(architecture)
        self.env = dict(os.environ, APT_CONFIG=os.path.join(folder, "apt.conf"), LC_ALL="C")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _sources_write(self, kind, suites, address, keyring):
        options = f"[signed-by={keyring}] " if keyring else ""
        with open(self.path("etc", "sources.list"), "w", encoding="utf-8") as out:
            out.writelines(f"{kind} {options}{address} {suite} main\n" for suite in suites)

    def _status_write(self, status):
        """Which packages count as installed: the system's, so that only what it lacks is fetched, or none."""
        if status:
            shutil.copyfile(status, self.path("status"))
        else:
            open(self.path("status"), "w", encoding="utf-8").close()

    def _config_write(self, architecture):
        """The machine's settings about fetching (proxies, for example), and nothing else of it."""
        dump = command_output("apt-config", "dump").splitlines()
        settings = [line for line in dump if line.startswith("Acquire::") and "::IndexTargets" not in line]
        places = {
            "Dir::State": self.folder, "Dir::State::lists": self.path("lists"),
            "Dir::State::status": self.path("status"), "Dir::Cache": self.folder,
            "Dir::State::extended_states": self.path("extended_states"),
            "Dir::Cache::archives": self.path("archives"), "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "", "Dir::Log": self.path("log"),
            "Dir::Etc::sourcelist": self.path("etc", "sources.list"),
            "Dir::Etc::sourceparts": self.path("etc", "none"), "Dir::Etc::parts": self.path("etc", "none"),
            "Dir::Etc::main": "/dev/null", "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self.path("etc", "none"), "APT::Architecture": architecture,
            "APT::Sandbox::User": "", "APT::Install-Recommends": "false", "Debug::NoLocking": "true",
        }
        lists = [f'APT::Architectures {{ "{architecture}"; }};', "#clear Acquire::Languages;",
                 'Acquire::Languages { "none"; };']
        settings += [f'{key} "{value}";' for key, value in places.items()] + lists
        with open(self.path("apt.conf"), "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in settings)

    def run(self, *arguments):
        result = subprocess.run(["apt-get", "-q", *arguments], env=self.env, cwd=self.path("archives"),
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            raise FetchError(self._explained(arguments[0], result.stdout))
        return result.stdout

    @staticmethod
    def _explained(verb, text):
        complaints = [line for line in text.splitlines() if line.startswith(("E:", "W:", "Err"))]
        if re.search(r"NO_PUBKEY|not signed|BADSIG|EXPKEYSIG|is invalid", text):
            return f"A signature can't be checked, so nothing is taken from there: {complaints[0]}"
        if re.search(r"No space left|enough free space", text):
            return "There is no space left on the disk for what is to be fetched."
        if re.search(r"resolving|connect|unreachable|timed out|Failed to fetch", text, re.I):
            return "The Debian mirror can't be reached: is there a network?"
        return f"apt-get {verb} failed: {complaints[0] if complaints else text.strip()[-300:]}"

    def update(self):
        self.run("-o", "APT::Update::Error-Mode=any", "update")

    def archives(self):
        names = sorted(os.listdir(self.path("archives")))
        return [self.path("archives", name) for name in names if name.endswith(".deb")]

    def depends(self, package):
        """The first package that a package which only stands for another depends on."""
        text = command_output("apt-cache", "depends", "--important", package, env=self.env)
        match = re.search(r"Depends: (linux-image-\S+)", text)
        if not match:
            raise FetchError(f"{package} names no package with a kernel in Debian 13.")
        return match[1]


# The two sets


def unpack(archives, root, only=None):
    """Unpacks packages into a folder that appears under its name only when it is complete."""
    partial = root + ".new"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    for archive in archives:
        if only and os.path.basename(archive).startswith("linux-image"):
            members = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
            command_output_from(members, "tar", "-x", "-C", partial, only)
        else:
            command_output("dpkg-deb", "-x", archive, partial)
    shutil.rmtree(root, ignore_errors=True)
    os.rename(partial, root)


def command_output_from(producer, *command):
    """Like command_output, with what another process writes as input."""
    result = subprocess.run(command, stdin=producer.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, check=False)
    producer.stdout.close()
    if result.returncode != 0 or producer.wait() != 0:
        raise FetchError(f"`{' '.join(command)}` failed: {result.stderr.strip()}")


def wrapper_write(path, triplet):
    with open(path + ".new", "w", encoding="utf-8") as out:
        out.write(WRAPPER.format(triplet=triplet))
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


def qemu_fetch(folder, mirror):
    """QEMU from backports with the libraries that the system lacks or has only older."""
    wrapper, root = os.path.join(folder, "qemu10"), os.path.join(folder, "qemu10.root")
    if os.access(wrapper, os.X_OK) and os.path.isdir(root):
        say(f"{wrapper} is already there.")
        return
    architecture = command_output("dpkg", "--print-architecture").strip()
    suites = [CODENAME, f"{CODENAME}-updates", f"{CODENAME}-backports"]
    apt = PrivateApt(os.path.join(folder, "apt.qemu10"), architecture, suites, mirror, SYSTEM_STATUS)
    say(f"fetching QEMU from {CODENAME}-backports")
    apt.update()
    apt.run("install", "-y", "--download-only", "-t", f"{CODENAME}-backports", *QEMU_PACKAGES)
    unpack(apt.archives(), root)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(architecture, architecture)
    wrapper_write(wrapper, f"{machine}-linux-gnu")
    shutil.rmtree(apt.folder)
    version = command_output(wrapper, "--version").splitlines()[0]
    say(f"{wrapper}: {version}")


def riscv_fetch(folder, mirror):
    """Debian 13's packages for riscv64. Of the kernel only /boot: its modules are not used."""
    root = os.path.join(folder, "riscv64.root")
    if os.path.isdir(root):
        say(f"{root} is already there.")
        return
    apt = PrivateApt(os.path.join(folder, "apt.riscv64"), "riscv64", [NEXT], mirror, None)
    say("fetching Debian 13's kernel, busybox and U-Boot for riscv64")
    apt.update()
    apt.run("download", apt.depends(RISCV_KERNEL), *RISCV_PACKAGES)
    unpack(apt.archives(), root, only="./boot")
    shutil.rmtree(apt.folder)
    say(f"{root}: {', '.join(sorted(os.listdir(os.path.join(root, 'boot'))))}")


def linux_fetch(folder):
    """Only what --linux of ./rivet bench needs, for whoever has not called ./rivet fetch."""
    folder_prepare(folder, SPACE_BYTES)
    riscv_fetch(folder, mirror_find())


def folder_prepare(folder, space):
    """Somewhere to put it, or a sentence that says why not."""
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise FetchError(f"fetch takes Debian packages, and this system has no {tool}.")
    os.makedirs(folder, exist_ok=True)
    if shutil.disk_usage(folder).free < space:
        raise FetchError(f"Fetching takes {space >> 20} MB, and {folder} has less than that free.")


def source_fetch(folder, mirror, name):
    """The sources of a library as its authors published them, in the version that Debian 12 has."""
    root = os.path.join(folder, name)
    if os.path.isdir(root):
        say(f"{root} is already there.")
        return
    architecture = command_output("dpkg", "--print-architecture").strip()
    apt = PrivateApt(os.path.join(folder, f"apt.{name}"), architecture, [CODENAME], mirror, None, sources=True)
    say(f"fetching the sources of {name}")
    apt.update()
    apt.run("source", "--download-only", name)
    archives = [one for one in os.listdir(apt.path("archives")) if re.search(r"\.orig\.tar\.\w+$", one)]
    if len(archives) != 1:
        raise FetchError(f"The source package of {name} has another form than expected.")
    partial = root + ".new"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    with tarfile.open(apt.path("archives", archives[0])) as archive:
        archive.extractall(partial)  # signed, so trusted
    os.rename(os.path.join(partial, *os.listdir(partial)), root)
    os.rmdir(partial)
    shutil.rmtree(apt.folder)
    say(f"{root}: {archives[0]}")


def main(arguments):
    parser = argparse.ArgumentParser(prog="fetch", description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, metavar="DIR")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only-qemu", action="store_true", help="not the packages for RISC-V")
    only.add_argument("--sources", action="store_true", help="only the sources of libraries")
    options = parser.parse_args(arguments)
    folder = os.path.abspath(options.output)
    space = SOURCE_SPACE_BYTES if options.sources else SPACE_BYTES
    try:
        folder_prepare(folder, space)
        mirror = mirror_find()
        if not options.only_qemu:
            for name in SOURCES:
                source_fetch(folder, mirror, name)
        if not options.sources:
            qemu_fetch(folder, mirror)
        if not options.sources and not options.only_qemu:
            riscv_fetch(folder, mirror)
    except FetchError as error:
        say(error)
        return 1
    except OSError as error:
        say(f"{error.filename}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
