# SPDX-License-Identifier: BSD-2-Clause
"""A disk that is to be overwritten: what is on it, and whether that can be allowed.

Refused are a disk that something of this system uses (mounted, swapped to, held by LVM or the like), one that is
built in (neither removable, nor on USB, nor a memory card), a partition, and one that is too small or write-protected.
An ordinary file is taken as a disk too. `root` is where /proc and /sys are looked for.
"""

import os
import re
import stat
import struct

SECTOR = 512
GPT_ENTRIES_MAX = 128
# File systems by what stands where in them.
SIGNATURES = (
    (0x52, b"FAT32   ", "FAT"),
    (0x36, b"FAT1", "FAT"),
    (3, b"NTFS    ", "NTFS"),
    (3, b"EXFAT   ", "exFAT"),
    (0x438, b"\x53\xef", "ext4"),
    (0, b"XFSB", "XFS"),
    (0x10040, b"_BHRfS_M", "btrfs"),
    (0, b"LUKS\xba\xbe", "an encrypted volume"),
    (0x218, b"LVM2 001", "an LVM volume"),
    (0, b"\xd0\x0d\xfe\xed", "a boot loader"),
)


class DiskError(Exception):
    """One plain sentence."""


# What is on it


def kind_of(file, at):
    """What begins at this byte, or None."""
    for offset, magic, name in SIGNATURES:
        file.seek(at + offset)
        if file.read(len(magic)) == magic:
            return name
    return None


def gpt_read(file):
    """[(number, first sector, sectors, name)] of a GPT, or None when there is none."""
    file.seek(SECTOR)
    header = file.read(92)
    if len(header) < 92 or header[:8] != b"EFI PART":
        return None
    table, count, size = struct.unpack_from("<QII", header, 72)
    found = []
    for number in range(1, min(count, GPT_ENTRIES_MAX) + 1):
        file.seek(table * SECTOR + (number - 1) * size)
        entry = file.read(128)
        if len(entry) == 128 and any(entry[:16]):
            first, last = struct.unpack_from("<QQ", entry, 32)
            name = entry[56:].decode("utf-16-le", "replace").split("\0")[0]
            found.append((number, first, last - first + 1, name))
    return found


def mbr_read(file):
    """The same of an MBR's four partitions."""
    file.seek(0)
    sector = file.read(SECTOR)
    if len(sector) < SECTOR or sector[510:] != b"\x55\xaa":
        return None
    entries = [(number, *struct.unpack_from("<II", sector, 0x1BE + 16 * (number - 1) + 8), "") for number in range(1, 5)]
    return [entry for entry in entries if entry[2] != 0]


def printable(text):
    return "".join(one if one.isprintable() else "?" for one in text)


def contents(file):
    """What is on the disk, in lines for a person."""
    whole = kind_of(file, 0)
    if whole:
        return [f"{whole}, without a partition table"]
    partitions = gpt_read(file)
    if partitions is None:
        partitions = mbr_read(file)
    if partitions is None:
        file.seek(0)
        return ["data of no kind that is known here" if any(file.read(1 << 20)) else "nothing, as it seems"]
    lines = []
    for number, first, sectors, name in partitions:
        kind = kind_of(file, first * SECTOR) or "data of no kind that is known here"
        lines.append(f"partition {number}: {size_text(sectors * SECTOR)}, {kind}" + (f", {printable(name)!r}" if name else ""))
    return lines or ["a partition table without partitions"]


def size_text(size):
    for unit, shift in (("GB", 30), ("MB", 20), ("kB", 10)):
        if size >> shift:
            return f"{size / (1 << shift):.1f} {unit}"
    return f"{size} bytes"


# Whether it can be allowed


class Disk:
    """A block device, or a file in its place."""

    def __init__(self, path, root="/"):
        self.path, self.root = path, root
        self.real = os.path.realpath(path)
        self.name = os.path.basename(self.real)
        try:
            mode = os.stat(self.real).st_mode
        except OSError as error:
            raise DiskError(f"{path}: {error.strerror}.") from None
        self.is_device = stat.S_ISBLK(mode)
        if not self.is_device and not stat.S_ISREG(mode):
            raise DiskError(f"{path} is neither a disk nor a file.")

    def _system(self, *parts):
        return os.path.join(self.root, "sys", "class", "block", *parts)

    def _text(self, *parts):
        try:
            with open(self._system(*parts), encoding="utf-8", errors="replace") as file:
                return file.read().strip()
        except OSError:
            return ""

    def _partitions(self):
        """The names of its partitions, as the system knows them."""
        try:
            return sorted(one for one in os.listdir(self._system(self.name)) if self._text(self.name, one, "partition"))
        except OSError:
            return []

    def model(self):
        words = [self._text(self.name, "device", part) for part in ("vendor", "model", "name")]
        return printable(" ".join(word for word in words if word)) if self.is_device else "a file"

    def size(self):
        with open(self.real, "rb") as file:
            return file.seek(0, os.SEEK_END)

    def contents(self):
        with open(self.real, "rb") as file:
            return contents(file)

    def _uses(self):
        """What of this system uses it: a sentence's end, or None."""
        names = [self.name, *self._partitions()]
        numbers = {self._text(name, "dev"): name for name in names}
        numbers.pop("", None)
        with open(os.path.join(self.root, "proc", "self", "mountinfo"), encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.split(" ")
                source = fields[fields.index("-") + 2] if "-" in fields else ""
                name = numbers.get(fields[2]) or (os.path.basename(source) if source in self._nodes(names) else None)
                if name:
                    return f"{name} is mounted at {printable(fields[4])}"
        with open(os.path.join(self.root, "proc", "swaps"), encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.split()[0] in self._nodes(names):
                    return f"{os.path.basename(line.split()[0])} is swapped to"
        for name in names:
            holders = os.path.join(self._system(name), "holders")
            if os.path.isdir(holders) and os.listdir(holders):
                return f"{name} belongs to {os.listdir(holders)[0]}"
        return None

    @staticmethod
    def _nodes(names):
        return {f"/dev/{name}" for name in names}

    def _is_portable(self):
        place = os.path.realpath(self._system(self.name))
        return self._text(self.name, "removable") == "1" or "/usb" in place or re.match(r"mmcblk[0-9]+$", self.name)

    def refusal(self, size):
        """Why an image of this size is not written there, as a sentence, or None."""
        if self.is_device:
            if self._text(self.name, "partition"):
                return f"{self.path} is a partition: name the whole disk."
            uses = self._uses()
            if uses:
                return f"{self.path} is in use ({uses}), so nothing is written to it."
            if not self._is_portable():
                return f"{self.path} is built into this machine: only memory cards and USB disks are written to."
            if self._text(self.name, "ro") == "1":
                return f"{self.path} is write-protected."
        if self.size() < size:
            return f"{self.path} has {size_text(self.size())}, and the image takes {size_text(size)}."
        return None
