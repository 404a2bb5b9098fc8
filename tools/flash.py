#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Builds the image of a memory card with Rivet on it, and writes it to a card when one is named.

The image is built without root. With --device it is written there: what is on the card is shown, then the device's
name has to be typed. A disk that this system uses, or that is built in, is refused; what was written is read back and
compared.
"""

import argparse
import fcntl
import os
import sys

import card
import disk

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIRMWARE = "riscv64.root/usr/lib/u-boot/starfive_visionfive2"
PIECE = 1 << 20
BLKRRPART, BLKFLSBUF = 0x125F, 0x1261  # from linux/fs.h


def say(text):
    print(f"rivet: {text}", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """An argparse that answers wrong input with one sentence instead of a usage text."""

    def error(self, message):
        say(f"{message}; ./rivet flash --help says more.")
        sys.exit(2)


def options_parse(arguments):
    parser = Parser(prog="flash", description=__doc__.splitlines()[0], allow_abbrev=False)
    add = parser.add_argument
    add("--device", metavar="DEV", help="write the image to this card")
    add("--with-firmware", action="store_true", help="U-Boot and its SPL too, from what ./rivet fetch brought")
    add("--as-built", action="store_true", help="with --device: write the image that is there")
    add("--build", default=os.path.join(ROOT, "build", "rivet"), metavar="DIR", help="where it was built")
    add("--output", metavar="FILE", help="the image (default build/vf2/rivet-vf2.img)")
    add("--fetched", default=os.path.join(ROOT, "build", "fetch"), metavar="DIR", help="where ./rivet fetch put it")
    add("--check", action="store_true", help="look only whether the words are right")
    options = parser.parse_args(arguments)
    if options.device == "":
        parser.error("the name of the device is empty")
    if options.as_built and (options.with_firmware or not options.device):
        parser.error("--as-built goes with --device alone: it builds nothing")
    options.output = options.output or image_of(options.build)
    return options


# The image


def image_of(build):
    """Where the image of a build tree is."""
    return os.path.join(os.path.dirname(os.path.abspath(build)), card.IMAGE)


def firmware_find(fetched):
    """The files of the SPL and of U-Boot for the VisionFive 2."""
    folder = os.path.join(fetched, FIRMWARE)
    files = [os.path.join(folder, name) for name in ("u-boot-spl.bin.normal.out", "u-boot.itb")]
    for path in files:
        if not os.path.isfile(path):
            raise card.CardError("The board's firmware isn't there (Debian 12 has none, Debian 13 does): "
                                 "./rivet fetch brings it.")
    return files


def image_build(options):
    firmware = firmware_find(options.fetched) if options.with_firmware else ()
    size = card.card_build(options.output, card.contents(options.build), firmware)
    what = "with the board's firmware" if firmware else "without firmware"
    say(f"{os.path.relpath(options.output)}: {size >> 20} MB, {what}")


def image_ready(build):
    """The image that flash makes of a build tree. It is made anew when it is older than what is in it, and then with
    the firmware when that was in it."""
    image, files = image_of(build), card.contents(build)
    if not card.is_current(image, files):
        with_firmware = os.path.isfile(image) and card.firmware_is_in(image)
        fetched = os.path.join(os.path.dirname(os.path.abspath(build)), "fetch")
        card.card_build(image, files, firmware_find(fetched) if with_firmware else ())
    return image


# The card


def answer_is(name):
    """Asks for the name of the device. No answer is no."""
    print(f"All of that is lost. Type {name} to go on: ", end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline().strip()
    except (OSError, UnicodeDecodeError):
        answer = ""
    if not sys.stdin.isatty():
        print(file=sys.stderr)  # what was typed there ended the line here
    return answer == name


class Progress:
    """A line that counts, for a person; nothing in a log."""

    def __init__(self, what, total):
        self.what, self.total = what, max(total, 1)
        self.shown = sys.stderr.isatty()

    def at(self, done):
        if self.shown:
            print(f"\rrivet: {self.what} {100 * done // self.total} %", end="", file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print(file=sys.stderr)


def control(target, request):
    """Asks the driver for something that only disks have."""
    try:
        fcntl.ioctl(target, request)
    except OSError:
        pass


def pieces(file, size):
    """(how far, bytes) until the whole of the image was read."""
    done = 0
    while done < size:
        data = file.read(min(PIECE, size - done))
        if not data:
            break
        yield done, data
        done += len(data)


def image_write(source, target, size):
    progress = Progress("writing", size)
    for done, data in pieces(source, size):
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]
        progress.at(done + len(data))
    os.fsync(target)
    progress.end()


def image_compare(source, target, size):
    """Where the disk differs from the image, or None. What is read comes from the disk, not from memory."""
    control(target, BLKFLSBUF)
    os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
    source.seek(0)
    os.lseek(target, 0, os.SEEK_SET)
    progress = Progress("reading back", size)
    with os.fdopen(os.dup(target), "rb", buffering=0) as back:
        for done, data in pieces(source, size):
            read = b""
            while len(read) < len(data) and (more := back.read(len(data) - len(read))):
                read += more
            if read != data:
                progress.end()
                return next((done + i for i, (a, b) in enumerate(zip(read, data)) if a != b), done + len(read))
            progress.at(done + len(data))
    progress.end()
    return None


def device_write(options):
    target = disk.Disk(options.device)
    size = os.path.getsize(options.output)
    refusal = target.refusal(size)
    if refusal:
        raise disk.DiskError(refusal)
    say(f"{target.path} ({target.model() or 'no name'}, {disk.size_text(target.size())}) has on it:")
    for line in target.contents():
        say(f"    {line}")
    if not answer_is(target.name):
        raise disk.DiskError("Nothing was written.")
    refusal = target.refusal(size)  # it may have been mounted, or changed, while we asked
    if refusal:
        raise disk.DiskError(refusal)
    # O_EXCL on a disk: the kernel refuses when anything has it, whatever /proc said.
    descriptor = os.open(target.real, os.O_RDWR | (os.O_EXCL if target.is_device else 0))
    try:
        with open(options.output, "rb") as source:
            image_write(source, descriptor, size)
            differs = image_compare(source, descriptor, size)
        control(descriptor, BLKRRPART)
    finally:
        os.close(descriptor)
    if differs is not None:
        raise disk.DiskError(f"{target.path} is not what was written, from byte {differs}: don't use this card.")
    say(f"{target.path}: written, read back, and the same.")


def main(arguments):
    options = options_parse(arguments)
    if options.check:
        return 0
    try:
        if not options.as_built:
            image_build(options)
        if options.device:
            device_write(options)
    except (card.CardError, disk.DiskError) as error:
        say(error)
        return 1
    except PermissionError as error:
        hint = f"as root: {os.path.abspath(__file__)} --as-built --device {options.device}" if options.device else "it is not ours"
        say(f"{error.filename or options.output}: {error.strerror} ({hint}).")
        return 1
    except OSError as error:
        say(f"{error.filename or options.device or options.output}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
