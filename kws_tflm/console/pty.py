"""The virtual board's serial port as a pseudo-terminal that `kws-tflm monitor --port` can open."""

from __future__ import annotations

import array
import fcntl
import os
import pty
import select
import termios
import time
import tty

WRITE_PATIENCE_S = 2.0
ATTACH_POLL_S = 0.05


class PtyPort:
    """A pseudo-terminal: the board's bytes go in at this end, a reader opens `path` at the other.

    As on a real cable, what is sent while nobody has the port open is lost; while somebody has, writing
    waits for the reader so that a board faster than real time does not overrun it.
    """

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # With our copy of the far end closed the kernel tells us (POLLHUP) whether a reader has it open.
        os.close(slave)
        os.set_blocking(self._master, False)

    @property
    def attached(self) -> bool:
        """Somebody has `path` open."""
        return not self._poll(select.POLLHUP, 0) & select.POLLHUP

    def wait_attached(self, timeout_s: float | None = None) -> bool:
        """Wait for a reader; False after `timeout_s` without one."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.attached:
            if end is not None and time.monotonic() > end:
                return False
            time.sleep(ATTACH_POLL_S)
        return True

    def write(self, data: bytes) -> int:
        """Send the board's bytes; returns how many were lost because nobody read them."""
        view = memoryview(data)
        end = time.monotonic() + WRITE_PATIENCE_S
        while view and self.attached and time.monotonic() < end:
            if self._poll(select.POLLOUT, 100) & select.POLLOUT:
                try:
                    view = view[os.write(self._master, view) :]
                except BlockingIOError:
                    continue
                except OSError:
                    break
        return len(view)

    def read(self) -> bytes:
        """Bytes that the reader has sent to the board; empty when there are none."""
        try:
            return os.read(self._master, 4096)
        except OSError:  # nothing there, or nobody at the other end
            return b""

    def drain(self, timeout_s: float = WRITE_PATIENCE_S) -> None:
        """Give the reader time to take what was sent, before the port goes away."""
        end = time.monotonic() + timeout_s
        quiet = 0
        # Twice empty: between two looks the kernel moves what did not fit the terminal's buffer before.
        while self.attached and quiet < 2 and time.monotonic() < end:
            quiet = 0 if self._unread() else quiet + 1
            time.sleep(ATTACH_POLL_S)

    def close(self) -> None:
        """Remove the port; a reader sees it disappear."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _poll(self, mask: int, timeout_ms: int) -> int:
        poller = select.poll()
        poller.register(self._master, mask)
        ready = poller.poll(timeout_ms)
        return ready[0][1] if ready else 0

    def _unread(self) -> bool:
        waiting = array.array("i", [0])
        try:
            far_end = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.ioctl(far_end, termios.FIONREAD, waiting)
        finally:
            os.close(far_end)
        return waiting[0] > 0
