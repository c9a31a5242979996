"""`kws-tflm VERB`: the table of verbs, and the one place where errors become one line and an exit code.

Exit codes: 0 done; 1 done, with the answer "no" (parity differs, a gate is not met); 2 a wrong command
line or any `KwsError`; 70 a defect of this program; 74 the disk or a file refused; 130 interrupted;
141 the reader of the output went away.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import importlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import kws_tflm
from kws_tflm.errors import KwsError

VERBS: dict[str, str] = {
    "demo": "the whole way once: data, training, conversion, firmware, virtual board",
    "train": "train, prune and quantise a network from a configuration file",
    "sweep": "accuracy against sparsity, cycles and bytes over widths and what is pruned together",
    "convert": "make the dense int8 and the sparse .tflite of a run, or rewrite a foreign int8 .tflite",
    "evaluate": "accuracy of a model or of all stages of a run, class by class",
    "models": "list the shipped models with their cards, or make one of a run",
    "firmware": "build the firmware around a model",
    "flash": "build the firmware and write it to a connected board",
    "run": "play a recording into the virtual board's microphone and show its console",
    "monitor": "show the console of a board, a virtual board or a recorded log",
    "profile": "where the cycles of an inference, or of any stretch of an image, go",
    "annotate": "a function instruction by instruction: executions, cycles, pairing, waits",
    "calibrate": "compare the cycle model with published measurements on Cortex-M7 boards",
    "bench": "benchmarks on the virtual board: every operator and sparse form, or the methods of the paper",
    "parity": "follow one recording through every stage and name the first that differs",
    "info": "describe a model, a run, a firmware image or a recording; or what is installed",
    "data": "make or inspect a data set",
    "synth": "make recordings of your own words with synthetic voices, and the file that trains on them",
    "stream": "make long labelled streams; false alarms an hour and misses on them",
}

# Libraries that wrap the error keep its text; numpy's short write has no error number at all.
_DISK_FULL_TEXT = re.compile(r"No space left on device|Disk quota exceeded|\d+ requested and \d+ written")

EXIT_DEFECT = 70
EXIT_FILE = 74
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, with the nearest known word for a typo."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Report a wrong command line; exit code 2."""
        print(f"kws-tflm: error: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)

    def nearest_option(self, typo: str) -> str | None:
        """The known option that looks most like `typo`."""
        known = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(typo.split("=")[0], known, n=1)
        return near[0] if near else None


class HelpFormatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """Keeps the line breaks of the description and example, and shows the defaults that say something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False) or action.default == []:
            return action.help
        return super()._get_help_string(action)


def build_parser() -> tuple[Parser, dict[str, Parser]]:
    """The main parser and the parser of each verb."""
    parser = Parser(
        prog="kws-tflm",
        description="Spoken keywords from Keras to an STM32F7 over TensorFlow Lite Micro.\n"
        "First steps: kws-tflm demo; then docs/cli.md.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"kws-tflm {kws_tflm.__version__}")
    _add_traceback(parser, default=False)
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    verbs: dict[str, Parser] = {}
    for name, summary in VERBS.items():
        module = importlib.import_module(f"kws_tflm.cli.{name}")
        verb = subparsers.add_parser(
            name, help=summary, description=module.__doc__, epilog=module.EXAMPLE, formatter_class=HelpFormatter
        )
        module.add_arguments(verb)
        _add_traceback(verb, default=argparse.SUPPRESS)
        verb.set_defaults(run=module.run)
        verbs[name] = verb
    return parser, verbs


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code and never raises for what a user can cause."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    show_traceback = "--traceback" in arguments
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: --help, --version, wrong arguments
        return stop.code if isinstance(stop.code, int) else 2
    except (Exception, KeyboardInterrupt) as error:
        return _report(error, show_traceback)


def entry() -> NoReturn:
    """Console-script entry point."""
    sys.exit(main())


def _run(arguments: list[str]) -> int:
    verb = next((a for a in arguments if not a.startswith("-")), None)
    if verb is not None and verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1, cutoff=0.0)[0]
        raise KwsError(f"unknown verb '{verb}'; did you mean '{near}'? All verbs: kws-tflm --help")
    parser, verbs = build_parser()
    args, unknown = parser.parse_known_args(arguments)
    if args.verb is None:
        parser.print_help()
        return 2
    if unknown:
        chosen = verbs[args.verb]
        near_option = chosen.nearest_option(unknown[0])
        hint = f", did you mean {near_option}?" if near_option else ""
        chosen.error(f"unrecognised argument '{unknown[0]}'{hint}")
    return int(args.run(args))


def _report(error: BaseException, show_traceback: bool) -> int:
    if isinstance(error, BrokenPipeError):
        # The reader (head, a pager) has all it wants. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    if show_traceback:
        traceback.print_exception(error)
    message, code = explain(error)
    print(f"kws-tflm: {message}", file=sys.stderr)
    return code


def explain(error: BaseException) -> tuple[str, int]:
    """One line and the exit code for an error."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; run the same command again to go on", EXIT_INTERRUPTED
    if isinstance(error, KwsError):
        return f"error: {_one_line(error)}", error.exit_code
    if _disk_full(error):
        where = f" while writing {error.filename}" if isinstance(error, OSError) and error.filename else ""
        return f"error: disk full{where}; make room and run the same command again: finished work is kept", EXIT_FILE
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"error: {where}{error.strerror.lower()}; check the path and its permissions", EXIT_FILE
    if isinstance(error, MemoryError):
        return "error: out of memory; close other programs or make the data set or batch smaller", EXIT_FILE
    return (
        f"internal error: {type(error).__name__}: {_one_line(error)}; "
        "run again with --traceback and report what it prints",
        EXIT_DEFECT,
    )


def _disk_full(error: BaseException | None) -> bool:
    """Out of space or quota, also where a library has wrapped it (HDF5, TensorFlow)."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _DISK_FULL_TEXT.search(str(error)):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else "no further details"


def _add_traceback(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument("--traceback", action="store_true", default=default, help="show where an error was raised")


if __name__ == "__main__":
    entry()
