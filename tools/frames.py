# SPDX-License-Identifier: BSD-2-Clause
"""The framed channel: several streams and an exit status over one serial line.

One serial line carries the firmware's chatter, the kernel's messages, the program's two outputs and its exit
status, because that also works on machines that have nothing but a serial line. DLE (0x10) is the escape:

    DLE '1'   standard output follows           DLE '2'   standard error follows
    DLE 'k'   the kernel's own text follows     DLE DLE   one literal 0x10
    DLE 'p'   the kernel is done: back to the stream that it cut into
    DLE 'x' digits '\\n'   the program's exit status; the run is over

What comes before the first of these is the firmware's. Nothing here knows about QEMU, so a board's serial
port is decoded by the same class.
"""

DLE = 0x10

FIRMWARE = "firmware"
KERNEL = "kernel"
OUT = "out"
ERR = "err"

SELECTS = {ord("1"): OUT, ord("2"): ERR, ord("k"): KERNEL}
STATUS_BYTES = b"0123456789\r"  # the firmware's putchar puts a return before each newline


class Decoder:
    """Turns bytes into (stream, bytes) pieces. `status` is None until the status frame has arrived."""

    def __init__(self):
        self.stream = FIRMWARE
        self.before = FIRMWARE  # what the kernel cut into
        self.status = None
        self.escaped = False
        self.digits = None  # the digits of a status frame that has begun

    def feed(self, data):
        """Decodes the next bytes; what follows the status frame is ignored."""
        pieces = []
        while data and self.status is None:
            if self.digits is not None:
                data = self._status_digits(data, pieces)
            elif self.escaped:
                data = self._escape(data, pieces)
            else:
                data = self._text(data, pieces)
        return pieces

    def _text(self, data, pieces):
        end = data.find(DLE)
        text, rest = (data, b"") if end < 0 else (data[:end], data[end + 1 :])
        self.escaped = end >= 0
        if text:
            pieces.append((self.stream, text))
        return rest

    def _escape(self, data, pieces):
        code = data[0]
        self.escaped = False
        if code in SELECTS:
            if SELECTS[code] == KERNEL and self.stream != KERNEL:
                self.before = self.stream
            self.stream = SELECTS[code]
            pieces.append((self.stream, b""))  # tells the reader that the stream is open
        elif code == ord("p"):
            self.stream = self.before
        elif code == ord("x"):
            self.digits = b""
        elif code == DLE:
            pieces.append((self.stream, b"\x10"))
        else:  # not ours: shown as it came, so that nothing is lost
            pieces.append((self.stream, bytes((DLE, code))))
        return data[1:]

    def _status_digits(self, data, pieces):
        end = 0
        while end < len(data) and data[end] in STATUS_BYTES:
            end += 1
        self.digits += data[:end]
        if end == len(data):
            return b""
        digits, self.digits = self.digits.rstrip(b"\r"), None
        if data[end] == ord("\n") and digits.isdigit():
            self.status = int(digits) & 0xFF
            return b""
        pieces.append((KERNEL, b"(a broken status frame: " + digits + b")\n"))
        return data[end:]
