"""A terminal's line discipline: what is typed is shown, edited and handed over in lines; output gets its returns."""

from __future__ import annotations

from collections.abc import Callable

ERASE, INTERRUPT, END, KILL_LINE, KILL_WORD = b"\x7f\x08", 0x03, 0x04, 0x15, 0x17
_LINE = 4096


class Terminal:
    """Bytes from the keyboard in `type`; `ready` gets whole lines, `ended` Ctrl-D on an empty line, `interrupt`
    Ctrl-C; `show` is the screen."""

    def __init__(
        self,
        ready: Callable[[bytes], None],
        ended: Callable[[], None],
        interrupt: Callable[[], None],
        show: Callable[[bytes], None],
    ) -> None:
        self._ready = ready
        self._ended = ended
        self._interrupt = interrupt
        self._show = show
        self._line = bytearray()
        self._escape = b""

    def type(self, data: bytes) -> None:
        for byte in data:
            self._byte(byte)

    def _byte(self, byte: int) -> None:
        if self._escape:
            # Arrow keys and their like: without history they do nothing.
            self._escape += bytes((byte,))
            if (len(self._escape) > 2 and 0x40 <= byte <= 0x7E) or (len(self._escape) == 2 and byte not in b"[O"):
                self._escape = b""
            return
        if byte == 0x1B:
            self._escape = b"\x1b"
        elif byte in (0x0D, 0x0A):
            self._show(b"\r\n")
            line, self._line = bytes(self._line), bytearray()
            self._ready(line + b"\n")
        elif byte in ERASE:
            self._erase(1)
        elif byte == KILL_LINE:
            self._erase(len(self._line))
        elif byte == KILL_WORD:
            kept = bytes(self._line).rstrip(b" ").rpartition(b" ")
            self._erase(len(self._line) - len(kept[0] + kept[1]))
        elif byte == INTERRUPT:
            self._show(b"^C\r\n")
            self._line.clear()
            self._interrupt()
        elif byte == END:
            if self._line:
                line, self._line = bytes(self._line), bytearray()
                self._ready(line)
            else:
                self._ended()
        elif (byte >= 0x20 or byte == 0x09) and len(self._line) < _LINE:
            self._line.append(byte)
            self._show(bytes((byte,)))

    def _erase(self, count: int) -> None:
        for _ in range(min(count, len(self._line))):
            last = self._line.pop()
            while 0x80 <= last < 0xC0 and self._line:
                last = self._line.pop()
            self._show(b"\x08 \x08")
