"""Where console bytes come from: a serial port, a recorded log, standard input.

A transport hands out raw bytes; `kws_tflm.console.protocol` makes lines of them. The virtual board
needs none: it calls back with its bytes, or is opened as a serial port through `kws_tflm.console.pty`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import time
from pathlib import Path
from typing import Any, Protocol

from kws_tflm.errors import ConsoleError

BAUD = 115200
ST_VENDOR_ID = 0x0483
READ_TIMEOUT_S = 0.1
RETRY_S = 0.5


class Transport(Protocol):
    """A source of console bytes, optionally with a way back to the board."""

    name: str
    live: bool
    """A board is at the other end: quiet times are normal and commands can be sent."""

    def read(self) -> bytes | None:
        """Bytes that have come in; empty after about 0.1 s without any; None at the end of the stream."""

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""

    def close(self) -> None:
        """Release the port."""


def find_port() -> str:
    """The one serial port of an ST-LINK (USB vendor 0x0483).

    Raises:
        ConsoleError: none or several; the message lists what is there.
    """
    from serial.tools import list_ports

    ports = list(list_ports.comports())
    found = [p.device for p in ports if p.vid == ST_VENDOR_ID]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise ConsoleError(f"several ST-LINK ports: {', '.join(found)}; choose one with --port")
    others = ", ".join(p.device for p in ports) or "none"
    raise ConsoleError(
        f"no ST-LINK serial port found (other ports: {others}); connect the board's USB, or give --port, "
        "or try without a board: kws-tflm run MODEL AUDIO"
    )


class SerialTransport:
    """A serial port through pyserial, 8N1.

    With `reconnect` a port that disappears (board unplugged or reset) is waited for and opened again.
    """

    live = True

    def __init__(self, port: str, baud: int = BAUD, reconnect: bool = False) -> None:
        self.name = port
        self.reconnected = 0
        self._baud = baud
        self._reconnect = reconnect
        self._serial: Any = _open(port, baud)

    def read(self) -> bytes | None:
        """See `Transport.read`; ConsoleError when the port disappears and `reconnect` is off."""
        if self._serial is None and not self._reopen():
            return b""
        try:
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except OSError:  # pyserial's SerialException is an OSError
            self._lost()
            return b""

    def write(self, data: bytes) -> None:
        """See `Transport.write`; dropped while the port is away and `reconnect` is on."""
        if self._serial is None:
            return
        try:
            self._serial.write(data)
        except OSError:
            self._lost()

    def close(self) -> None:
        """Release the port; safe to call twice."""
        if self._serial is not None:
            with contextlib.suppress(OSError):  # the device may be gone, then nothing is left to release
                self._serial.close()
            self._serial = None

    def _lost(self) -> None:
        self.close()
        if not self._reconnect:
            raise ConsoleError(
                f"{self.name}: the port disappeared; plug the board in again, or use --reconnect to wait for it"
            ) from None

    def _reopen(self) -> bool:
        time.sleep(RETRY_S)
        try:
            self._serial = _open(self.name, self._baud)
        except ConsoleError:
            return False
        self.reconnected += 1
        return True


class ReplayTransport:
    """A recorded console log, or standard input for ``-``."""

    live = False

    def __init__(self, path: str | Path) -> None:
        self.name = "standard input" if str(path) == "-" else str(path)
        try:
            self._fd = os.dup(0) if str(path) == "-" else os.open(path, os.O_RDONLY)
        except OSError as error:
            raise ConsoleError(f"{path}: cannot be read ({_reason(error)}); give a console log or '-'") from None
        self._selectable = str(path) == "-"

    def read(self) -> bytes | None:
        """See `Transport.read`."""
        if self._selectable and not select.select([self._fd], [], [], READ_TIMEOUT_S)[0]:
            return b""
        try:
            return os.read(self._fd, 65536) or None
        except OSError as error:
            raise ConsoleError(f"{self.name}: cannot be read ({_reason(error)})") from None

    def write(self, data: bytes) -> None:
        """A log has no board behind it; nothing is sent."""

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _open(port: str, baud: int) -> Any:
    import serial

    try:
        return serial.Serial(port, baud, timeout=READ_TIMEOUT_S, exclusive=True)
    except (OSError, ValueError) as error:
        raise ConsoleError(f"{port}: {_open_advice(error)}") from None


def _open_advice(error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return "no such port; check the cable, or leave --port out to find the ST-LINK"
    if code in (errno.EACCES, errno.EPERM):
        return "not permitted; add yourself to the port's group: sudo usermod -aG dialout $USER, then log in again"
    if code in (errno.EBUSY, errno.EAGAIN):
        return "in use by another program; close it first"
    return f"cannot be opened as a serial port ({_reason(error)})"


def _reason(error: Exception) -> str:
    code = getattr(error, "errno", None)
    return os.strerror(code).lower() if code else str(error).splitlines()[0]
