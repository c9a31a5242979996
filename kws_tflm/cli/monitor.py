"""Show the console of a connected board: what it hears, its errors and its statistics.

Without --port the ST-LINK's serial port is looked for. The virtual board is watched the same way:
'kws-tflm run MODEL AUDIO --pty' prints the port to give here. Lines typed on the keyboard (stats,
reset, threshold 0.8, help, version) go to the board. Ctrl-C ends it with a summary.
"""

from __future__ import annotations

import argparse
import contextlib
import select
import sys
import time
from pathlib import Path
from typing import BinaryIO

from kws_tflm.cli.output import add_json
from kws_tflm.console.transports import BAUD, ReplayTransport, SerialTransport, Transport, find_port
from kws_tflm.console.view import ConsoleView
from kws_tflm.errors import ConsoleError

EXAMPLE = "example: kws-tflm monitor --port /dev/ttyACM0 --stats 10"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--port", help="serial port, for example /dev/ttyACM0 or COM3; found by itself if left out")
    source.add_argument("--replay", metavar="LOG", help="read a recorded console log instead ('-': standard input)")
    parser.add_argument("--baud", type=int, default=BAUD, help="bits a second")
    parser.add_argument("--reconnect", action="store_true", help="wait for the port when it disappears")
    parser.add_argument("--send", action="append", default=[], metavar="COMMAND", help="send this first (repeatable)")
    parser.add_argument("--stats", type=float, metavar="SECONDS", help="ask for statistics this often")
    parser.add_argument("--duration", type=float, metavar="SECONDS", help="stop after this long")
    parser.add_argument("--log", type=Path, metavar="FILE", help="also append the raw bytes to this file")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Follow the port until it ends, disappears or the user stops."""
    view = ConsoleView(as_json=args.json)
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(args.log.open("ab")) if args.log else None
        transport = open_transport(args)
        stack.callback(transport.close)
        if transport.live and not args.json:
            print(f"-- {transport.name}, {args.baud} baud; Ctrl-C ends", flush=True)
        for command in args.send:
            transport.write(command.encode() + b"\n")
        try:
            _follow(transport, view, log, args)
        except KeyboardInterrupt:
            if not transport.live:
                raise
        finally:
            with contextlib.suppress(BrokenPipeError):
                view.finish()
    return 0


def open_transport(args: argparse.Namespace) -> Transport:
    """The port or log that the options name."""
    if args.replay is not None:
        return ReplayTransport(args.replay)
    if args.port is not None and not str(args.port).strip():
        raise ConsoleError("--port is empty; name a port or leave the option out")
    return SerialTransport(args.port or find_port(), args.baud, args.reconnect)


def _follow(transport: Transport, view: ConsoleView, log: BinaryIO | None, args: argparse.Namespace) -> None:
    start = asked = time.monotonic()
    typed = _Typed(transport)
    connections = 0
    while args.duration is None or time.monotonic() - start < args.duration:
        data = transport.read()
        if data is None:
            return
        if data:
            if log is not None:
                log.write(data)
                log.flush()
            view.feed(data)
        reconnected = getattr(transport, "reconnected", 0)
        if reconnected != connections:
            connections = reconnected
            view.interrupted()
            print(f"-- {transport.name}: connected again", file=sys.stderr, flush=True)
        typed.forward()
        if args.stats and transport.live and time.monotonic() - asked >= args.stats:
            asked = time.monotonic()
            transport.write(b"stats\n")


class _Typed:
    """Passes lines typed on a terminal to the board."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._active = transport.live and sys.stdin is not None and sys.stdin.isatty()

    def forward(self) -> None:
        if self._active and select.select([sys.stdin], [], [], 0)[0]:
            line = sys.stdin.readline()
            if line:
                self._transport.write(line.encode())
            else:
                self._active = False
