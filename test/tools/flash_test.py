#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A memory card's image, and writing it: partitions and files as promised, the same bytes each time, and nothing
written to a disk that somebody uses. In a disk's place there are files, and what /proc and /sys say of them is made up."""

import binascii
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(1, TOOLS)

import card  # noqa: E402
import disk  # noqa: E402
import flash  # noqa: E402

FLASH = os.path.join(TOOLS, "flash.py")
SECTOR = 512
SPL, UBOOT = "2E54B353-1271-4842-806F-E436D6AF6985", "BC13C2FF-59E6-4262-A352-B275FD6F7172"
SYSTEM = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
PARTITIONS = {1: (SPL, 4096, 8191), 2: (UBOOT, 8192, 16383), 3: (SYSTEM, 16384, 147455)}


def guid(data):
    first, second, third = struct.unpack_from("<IHH", data)
    rest = data[8:16].hex().upper()
    return f"{first:08X}-{second:04X}-{third:04X}-{rest[:4]}-{rest[4:]}"


def table_read(image, header_at):
    """A GPT, with its sums checked: {number: (type, first, last)}."""
    header = image[header_at * SECTOR :][:92]
    assert header[:8] == b"EFI PART", header[:8]
    size, told = struct.unpack_from("<II", header, 12)
    assert binascii.crc32(header[:16] + bytes(4) + header[20:size]) == told, "the header's sum"
    assert struct.unpack_from("<Q", header, 24) == (header_at,), "where it says it is"
    at, count, size, told = struct.unpack_from("<QIII", header, 72)
    entries = image[at * SECTOR :][: count * size]
    assert binascii.crc32(entries) == told, "the entries' sum"
    found = {}
    for number in range(1, count + 1):
        entry = entries[(number - 1) * size :][:size]
        if any(entry[:16]):
            found[number] = (guid(entry), *struct.unpack_from("<QQ", entry, 32))
    return found


class Folder(unittest.TestCase):
    """What was built, made up, and the image of it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="with blanks ")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        os.makedirs(self.path("rivet", "dtbs"))
        self.write(os.urandom(100_000), "rivet", "rivet.bin")
        self.write(os.urandom(3_000_001), "rivet", "initrd.cpio")
        self.write(os.urandom(3000), "rivet", "dtbs", "visionfive2.dtb")
        firmware = self.path("fetch/riscv64.root/usr/lib/u-boot/starfive_visionfive2")
        os.makedirs(firmware)
        self.write(b"SPL!" * 5000, firmware, "u-boot-spl.bin.normal.out")
        self.write(b"U-Boot!!" * 9000, firmware, "u-boot.itb")
        self.image = self.path("vf2", "rivet-vf2.img")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, data, *names):
        with open(self.path(*names), "wb") as out:
            out.write(data)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def flash(self, *options, answer="", status=0):
        command = [FLASH, "--build", self.path("rivet"), "--fetched", self.path("fetch"), *options]
        result = subprocess.run(command, input=answer, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def refused(self, pattern, *options, answer=""):
        """One sentence, behind what a good part of the work may have said."""
        last = self.flash(*options, answer=answer, status=1).splitlines()[-1]
        self.assertRegex(last, rf"rivet: {pattern}\Z")


class Image(Folder):
    def test_partitions(self):
        self.flash()
        image = self.read(self.image)
        self.assertEqual(table_read(image, 1), PARTITIONS)
        self.assertEqual(table_read(image, len(image) // SECTOR - 1), PARTITIONS)
        for first, last in ((4096, 8191), (8192, 16383)):
            self.assertFalse(any(image[first * SECTOR : (last + 1) * SECTOR]), "no firmware was asked for")
        with open(self.image, "rb") as file:
            self.assertIn("partition 3: 64.0 MB, FAT, 'system'", disk.contents(file))
        self.assertFalse(card.firmware_is_in(self.image))

    def test_firmware_lies_where_the_board_looks(self):
        self.flash("--with-firmware")
        image = self.read(self.image)
        self.assertTrue(image[4096 * SECTOR :].startswith(b"SPL!" * 5000 + bytes(100)))
        self.assertTrue(image[8192 * SECTOR :].startswith(b"U-Boot!!" * 9000 + bytes(100)))
        self.assertTrue(card.firmware_is_in(self.image))

    def test_files(self):
        self.flash()
        place = f"{self.image}@@{16384 * SECTOR}"

        def on_card(name):
            return subprocess.run(["mcopy", "-i", place, f"::/{name}", "-"], capture_output=True, check=True).stdout

        self.assertEqual(on_card("rivet.bin"), self.read("rivet", "rivet.bin"))
        self.assertEqual(on_card("initrd.cpio"), self.read("rivet", "initrd.cpio"))
        words = [line.split() for line in on_card("extlinux/extlinux.conf").decode().splitlines() if line.split()]
        said = {line[0]: line[1] for line in words if line[0] != "#"}
        self.assertEqual((said["default"], said["label"]), ("rivet", "rivet"))
        self.assertEqual((said["kernel"], said["initrd"], said["fdtdir"]), ("/rivet.bin", "/initrd.cpio", "/dtbs"))
        self.assertFalse({"fdt", "append"} & set(said), "U-Boot has its own tree where the card has none")
        for name in card.BOARD_TREE_NAMES:
            self.assertEqual(on_card(f"dtbs/{name}"), self.read("rivet", "dtbs", "visionfive2.dtb"))

    def test_the_same_bytes_each_time(self):
        self.flash("--with-firmware")
        first = self.read(self.image)
        for name in ("rivet.bin", "initrd.cpio"):
            os.utime(self.path("rivet", name), (10**9, 10**9))
        self.flash("--with-firmware")
        self.assertTrue(first == self.read(self.image))

    def test_is_current(self):
        files = card.contents(self.path("rivet"))
        self.assertFalse(card.is_current(self.image, files))
        self.flash()
        self.assertTrue(card.is_current(self.image, files))
        later = os.path.getmtime(self.image) + 1
        os.utime(self.path("rivet", "rivet.bin"), (later, later))
        self.assertFalse(card.is_current(self.image, files))

    def test_made_anew_with_what_was_in_it(self):
        for firmware in ([], ["--with-firmware"]):
            self.flash(*firmware)
            self.write(os.urandom(1000), "rivet", "rivet.bin")
            later = os.path.getmtime(self.image) + 1
            os.utime(self.path("rivet", "rivet.bin"), (later, later))
            before = os.stat(self.image).st_ino
            self.assertEqual(flash.image_ready(self.path("rivet")), self.image)
            self.assertNotEqual(os.stat(self.image).st_ino, before)
            self.assertEqual(card.firmware_is_in(self.image), bool(firmware))

    def test_larger_than_usual(self):
        with open(self.path("rivet", "initrd.cpio"), "wb") as out:
            out.truncate(100 << 20)
        self.flash()
        self.assertGreater(os.path.getsize(self.image), 100 << 20)

    def test_what_is_missing(self):
        self.refused(r"The board's firmware isn't there \(Debian 12 has none, .*: \./rivet fetch brings it\.",
                     "--with-firmware", "--fetched", self.path("nothing"))
        os.remove(self.path("rivet", "initrd.cpio"))
        self.refused(r".*initrd\.cpio does not exist: build it first, with \./rivet build\.")
        self.assertFalse(os.path.exists(self.image))

    def test_firmware_too_large(self):
        with open(self.path(self.folder, "fetch/riscv64.root/usr/lib/u-boot/starfive_visionfive2/u-boot.itb"), "wb") as out:
            out.truncate((4 << 20) + 1)
        self.refused(r".*u-boot\.itb is too large for the partition uboot\.", "--with-firmware")
        self.assertEqual(os.listdir(os.path.dirname(self.image)), [])

    def test_no_space_that_is_seen_before(self):
        os.makedirs(self.path("vf2"))
        full = shutil.disk_usage("/")._replace(free=10 << 20)
        with unittest.mock.patch("shutil.disk_usage", return_value=full):
            with self.assertRaisesRegex(card.CardError, r"^The image takes 73 MB, and .*vf2 has 10 MB free\.$"):
                card.card_build(self.image, card.contents(self.path("rivet")))
        self.assertEqual(os.listdir(self.path("vf2")), [])

    def test_no_space_that_is_noticed_late(self):
        self.flash()
        before = self.read(self.image)
        limited = f"ulimit -f 20000; exec {' '.join(map(repr, [FLASH, '--build', self.path('rivet')]))}"
        result = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"\Arivet: [^\n]*rivet-vf2\.img: File too large\.\n\Z")
        self.assertTrue(before == self.read(self.image), "the one that was there stays")
        self.assertEqual(os.listdir(self.path("vf2")), ["rivet-vf2.img"])


class Device(Folder):
    """A file in the place of a card."""

    def setUp(self):
        super().setUp()
        self.card = self.path("card")

    def card_make(self, size=80 << 20, start=b""):
        self.write(start, "card")
        os.truncate(self.card, size)

    def test_written_and_compared(self):
        self.card_make(start=b"\x5a" * 1000)
        said = self.flash("--device", self.card, answer="card\n")
        self.assertRegex(said, r"card \(a file, 80\.0 MB\) has on it:\nrivet:     data of no kind")
        self.assertRegex(said, r"Type card to go on: ")
        self.assertRegex(said, r"written, read back, and the same\.\n\Z")
        image = self.read(self.image)
        self.assertTrue(self.read(self.card)[: len(image)] == image)
        self.assertEqual(os.path.getsize(self.card), 80 << 20)

    def test_what_is_on_it_is_shown(self):
        def said_of_it():
            return self.flash("--as-built", "--device", self.card, status=1)

        self.flash()
        shutil.copy(self.image, self.card)
        said = said_of_it()
        self.assertIn("partition 1: 2.0 MB, data of no kind that is known here, 'spl'\n", said)
        self.assertIn("partition 3: 64.0 MB, FAT, 'system'\n", said)
        table = bytes(446) + struct.pack("<8xII", 2048, 1 << 20) + bytes(48) + b"\x55\xaa"
        self.card_make(start=table + bytes(2048 * SECTOR - 512 + 0x438) + b"\x53\xef")
        self.assertIn("partition 1: 512.0 MB, ext4\n", said_of_it())
        self.card_make(start=bytes(0x438) + b"\x53\xef")
        self.assertIn("    ext4, without a partition table\n", said_of_it())
        self.card_make()
        self.assertIn("    nothing, as it seems\n", said_of_it())

    def test_any_other_answer_is_no(self):
        self.flash()
        for answer in ("", "\n", "yes\n", "y\n", "CARD\n", "/dev/card\n"):
            self.card_make(start=b"mine")
            self.refused(r"Nothing was written\.", "--as-built", "--device", self.card, answer=answer)
            self.assertEqual(self.read(self.card).strip(b"\0"), b"mine")

    def test_as_built(self):
        self.flash()
        self.card_make()
        os.remove(self.path("rivet", "rivet.bin"))
        self.flash("--device", self.card, "--as-built", answer="card\n")
        self.assertTrue(self.read(self.card).startswith(self.read(self.image)))

    def test_refused(self):
        self.refused(r"/nowhere/card: No such file or directory\.", "--device", "/nowhere/card")
        self.refused(r"/dev/null is neither a disk nor a file\.", "--device", "/dev/null")
        self.refused(r".* is neither a disk nor a file\.", "--device", self.folder)
        self.card_make(size=70 << 20)
        self.refused(r".*card has 70\.0 MB, and the image takes 73\.0 MB\.", "--device", self.card, answer="card\n")

    def test_a_card_that_lies(self):
        """Its last piece does not keep what is written: another file is there when it is read back."""
        self.flash()
        self.card_make()
        liar = ("import os, sys; sys.path.insert(0, sys.argv.pop(1)); import flash; write = flash.image_write\n"
                "def lies(source, target, size):\n"
                "    write(source, target, size); os.pwrite(target, b'!', size - 100)\n"
                "flash.image_write = lies; sys.exit(flash.main(sys.argv[1:]))")
        command = [sys.executable, "-c", liar, TOOLS, "--as-built", "--device", self.card, "--output", self.image]
        result = subprocess.run(command, input="card\n", capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        at = os.path.getsize(self.image) - 100
        self.assertRegex(result.stderr, rf"card is not what was written, from byte {at}: don't use this card\.\n\Z")


class System(unittest.TestCase):
    """What this system would say of a disk called sdz, made up below another root."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 1 0:5 / /dev rw - devtmpfs udev rw\n")
        self.put("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
        for name, text in (("dev", "65:144"), ("removable", "1"), ("ro", "0"), ("sdz1/dev", "65:145"), ("sdz1/partition", "1")):
            self.put(f"sys/devices/sdz/{name}", text + "\n")
        os.makedirs(os.path.join(self.root, "sys/devices/sdz/sdz1/holders"))
        os.makedirs(os.path.join(self.root, "sys/class/block"))
        for name in ("sdz", "sdz/sdz1"):
            os.symlink(f"../../devices/{name}", os.path.join(self.root, "sys/class/block", os.path.basename(name)))
        self.put("sdz", "")
        os.truncate(os.path.join(self.root, "sdz"), 100 << 20)

    def put(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)

    def refusal(self, name="sdz"):
        if name != "sdz":
            os.rename(os.path.join(self.root, "sdz"), os.path.join(self.root, name))
        found = disk.Disk(os.path.join(self.root, name), self.root)
        found.path, found.is_device = f"/dev/{name}", True
        return found.refusal(73 << 20)

    def test_a_card_is_taken(self):
        self.assertIsNone(self.refusal())

    def test_mounted(self):
        mounts = "30 1 65:145 / /media/card rw - vfat /dev/sdz1 rw\n"
        self.put("proc/self/mountinfo", mounts)
        self.assertEqual(self.refusal(), "/dev/sdz is in use (sdz1 is mounted at /media/card), so nothing is written to it.")
        self.put("proc/self/mountinfo", mounts.replace("65:145", "0:44").replace("vfat", "btrfs"))
        self.assertIn("sdz1 is mounted at /media/card", self.refusal())
        self.put("proc/self/mountinfo", mounts.replace("65:145", "65:144").replace("sdz1", "sdz"))
        self.assertIn("sdz is mounted at /media/card", self.refusal())

    def test_swapped_to(self):
        self.put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdz1 partition 1 0 -2\n")
        self.assertIn("(sdz1 is swapped to)", self.refusal())

    def test_held(self):
        self.put("sys/devices/sdz/sdz1/holders/dm-0", "")
        self.assertIn("(sdz1 belongs to dm-0)", self.refusal())

    def test_built_in(self):
        self.put("sys/devices/sdz/removable", "0\n")
        self.assertEqual(self.refusal(), "/dev/sdz is built into this machine: only memory cards and USB disks are written to.")

    def test_on_usb(self):
        self.put("sys/devices/sdz/removable", "0\n")
        os.makedirs(os.path.join(self.root, "sys/devices/usb1"))
        os.rename(os.path.join(self.root, "sys/devices/sdz"), os.path.join(self.root, "sys/devices/usb1/sdz"))
        os.remove(os.path.join(self.root, "sys/class/block/sdz"))
        os.symlink("../../devices/usb1/sdz", os.path.join(self.root, "sys/class/block/sdz"))
        self.assertIsNone(self.refusal())

    def test_a_card_in_its_own_slot(self):
        self.put("sys/class/block/mmcblk7/removable", "0\n")
        self.assertIsNone(self.refusal("mmcblk7"))

    def test_partition(self):
        self.assertEqual(self.refusal("sdz1"), "/dev/sdz1 is a partition: name the whole disk.")

    def test_write_protected(self):
        self.put("sys/devices/sdz/ro", "1\n")
        self.assertEqual(self.refusal(), "/dev/sdz is write-protected.")


class Names(unittest.TestCase):
    def test_what_a_disk_says_of_itself_is_harmless(self):
        self.assertEqual(disk.printable("a\x1b[2Jb\n"), "a?[2Jb?")
        self.assertTrue(re.match(r"^[0-9.]+ GB$", disk.size_text(5 << 30)))


if __name__ == "__main__":
    unittest.main()
