# SPDX-License-Identifier: BSD-2-Clause
"""The image of a memory card: how it is divided, and how it is made without root and without loop devices.

    sector 0       the partition table (GPT), and a second one in the last 33 sectors
           4096    1 spl      what the VisionFive 2's ROM loads, when it boots from the card
           8192    2 uboot    OpenSBI and U-Boot, which the SPL loads
          16384    3 system   FAT32, which U-Boot boots from: /extlinux/extlinux.conf names the rest

The first two stay empty when the firmware lies in the board's flash memory. The same input makes the same bytes:
names, numbers and times are constants. An image appears under its name only when it is complete.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile

SECTOR = 512
IMAGE = os.path.join("vf2", "rivet-vf2.img")  # beside the build tree
DISK_GUID = "52495645-5400-4000-8000-000000000000"
SYSTEM_FIRST = 16384
SYSTEM_LEAST = 64 << 20  # bytes; FAT32 with clusters of one sector takes 33 MB at least
TABLE_BEHIND = 1 << 20  # for the second table
FAT_SERIAL = "52495645"
FAT_LABEL = "RIVET"
TIME = 315532800  # 1980-01-01, the first that FAT can say
# Number: first sector, last, type, name.
FIRMWARE_PARTITIONS = {
    1: (4096, 8191, "2E54B353-1271-4842-806F-E436D6AF6985", "spl"),
    2: (8192, 16383, "BC13C2FF-59E6-4262-A352-B275FD6F7172", "uboot"),
}
SYSTEM_TYPE = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
BOOTABLE = 2  # the attribute by which U-Boot chooses a partition
TOOL_FOLDERS = ":/usr/sbin:/sbin"  # not in everybody's PATH, and sgdisk is there

EXTLINUX = """\
# U-Boot reads this. Boot arguments are those that the firmware has set, if any; to give others, for instance
# to run one program instead of the shell, add a line like this one below:
#     append run hello
default rivet
timeout 1

label rivet
    kernel /rivet.bin
    initrd /initrd.cpio
    fdtdir /dtbs
"""

# Under which names a VisionFive 2's U-Boot asks for its tree below fdtdir: today's, by revision of the board, and
# those of the firmware that older boards came with. A U-Boot that finds none hands over its own, as on QEMU.
BOARD_TREE = "visionfive2.dtb"
BOARD_TREE_NAMES = [
    "starfive/jh7110-starfive-visionfive-2-v1.2a.dtb",
    "starfive/jh7110-starfive-visionfive-2-v1.3b.dtb",
    "starfive/jh7110-visionfive-v2.dtb",
    "starfive/starfive_visionfive2.dtb",
    "jh7110-starfive-visionfive-2-v1.2a.dtb",
    "jh7110-starfive-visionfive-2-v1.3b.dtb",
]


class CardError(Exception):
    """One plain sentence."""


def tool(*command):
    """Runs a tool on the image, with nothing of the user's or the clock's in what it writes."""
    env = dict(os.environ, LC_ALL="C", TZ="UTC", SOURCE_DATE_EPOCH=str(TIME), MTOOLSRC=os.devnull,
               PATH=os.environ.get("PATH", "/usr/bin") + TOOL_FOLDERS)
    path = shutil.which(command[0], path=env["PATH"]) or command[0]
    try:
        result = subprocess.run([path, *command[1:]], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
    except OSError as error:
        sentence = f"{command[0]} can't be run ({error.strerror}): install the packages gdisk and mtools."
        raise CardError(sentence) from None
    if result.returncode != 0:
        raise CardError(f"{command[0]} failed: {result.stdout.strip() or 'it says not why'}")


def contents(build):
    """{name on the card: file} for what was built there."""
    files = {"rivet.bin": os.path.join(build, "rivet.bin"), "initrd.cpio": os.path.join(build, "initrd.cpio")}
    tree = os.path.join(build, "dtbs", BOARD_TREE)
    files.update({f"dtbs/{name}": tree for name in BOARD_TREE_NAMES})
    for path in files.values():
        if not os.path.isfile(path):
            raise CardError(f"{path} does not exist: build it first, with ./rivet build.")
    return files


def system_bytes(files):
    """The size of the file system: a quarter more than what is in it."""
    used = sum(os.path.getsize(path) for path in files.values()) * 5 // 4
    return max(SYSTEM_LEAST, (used + (1 << 20) - 1) >> 20 << 20)


def partitions_write(image, sectors):
    line = ["sgdisk", "--set-alignment=1", f"--disk-guid={DISK_GUID}"]
    partitions = {**FIRMWARE_PARTITIONS, 3: (SYSTEM_FIRST, SYSTEM_FIRST + sectors - 1, SYSTEM_TYPE, "system")}
    for number, (first, last, kind, name) in partitions.items():
        line += [f"--new={number}:{first}:{last}", f"--typecode={number}:{kind}", f"--change-name={number}:{name}",
                 f"--partition-guid={number}:{DISK_GUID[:-1]}{number}"]
    tool(*line, f"--attributes=3:set:{BOOTABLE}", image)


def system_write(image, sectors, files):
    place = ["-i", f"{image}@@{SYSTEM_FIRST * SECTOR}"]
    tool("mformat", *place, "-F", "-T", str(sectors), "-h", "255", "-s", "63", "-N", FAT_SERIAL, "-v", FAT_LABEL, "::")
    folders = {os.path.dirname(name) for name in files} - {""}
    folders |= {os.path.dirname(folder) for folder in folders} - {""}
    for folder in sorted(folders):
        tool("mmd", *place, f"::/{folder}")
    for name in sorted(files):
        tool("mcopy", *place, files[name], f"::/{name}")


def firmware_write(image, firmware):
    """The files of the SPL and of U-Boot, each into its partition."""
    with open(image, "r+b") as out:
        for path, (first, last, _, name) in zip(firmware, FIRMWARE_PARTITIONS.values()):
            with open(path, "rb") as file:
                data = file.read()
            if len(data) > (last - first + 1) * SECTOR:
                raise CardError(f"{path} is too large for the partition {name}.")
            out.seek(first * SECTOR)
            out.write(data)


def firmware_is_in(image):
    """Whether an image that card_build made has the firmware, whose partitions are zeros without it."""
    with open(image, "rb") as file:
        file.seek(FIRMWARE_PARTITIONS[1][0] * SECTOR)
        return any(file.read(SECTOR))


def is_current(image, files):
    """Whether the image is there and newer than what it was made of."""
    made_of = [*files.values(), os.path.abspath(__file__)]
    return os.path.isfile(image) and all(os.path.getmtime(image) > os.path.getmtime(path) for path in made_of)


@contextlib.contextmanager
def appearing(path):
    """A file under another name, which gets its own when nothing went wrong and is gone otherwise. One at a time."""
    partial = path + ".new"
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield partial
        os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        os.close(folder)


def card_build(path, files, firmware=()):
    """Makes the image `path` out of `files` (as contents() gives them); its size in bytes. All of its space is taken
    first, so that a full disk is noticed before anything is written."""
    path = os.path.abspath(path)
    size = system_bytes(files)
    total = SYSTEM_FIRST * SECTOR + size + TABLE_BEHIND
    os.makedirs(os.path.dirname(path), exist_ok=True)
    free = shutil.disk_usage(os.path.dirname(path)).free
    if free < total:
        raise CardError(f"The image takes {total >> 20} MB, and {os.path.dirname(path)} has {free >> 20} MB free.")
    with appearing(path) as partial, tempfile.TemporaryDirectory() as folder:
        extlinux = os.path.join(folder, "extlinux.conf")
        with open(extlinux, "w", encoding="ascii") as out:
            out.write(EXTLINUX)
        with open(partial, "wb") as out:
            os.posix_fallocate(out.fileno(), 0, total)
        partitions_write(partial, size // SECTOR)
        system_write(partial, size // SECTOR, {**files, "extlinux/extlinux.conf": extlinux})
        firmware_write(partial, firmware)
    return total
