"""Long labelled streams: make one from recordings, and score a model's detections on it.

'stream make' puts words at known times into real background noise; 'stream score' runs the firmware's
pipeline over it and reports false alarms an hour against misses, with the threshold to choose. Both report with
--json; their options: kws-tflm stream make --help, kws-tflm stream score --help.
"""

from __future__ import annotations

import argparse
import importlib

EXAMPLE = "example: kws-tflm stream make --data DIR --out stream.wav; kws-tflm stream score MODEL stream.wav"

ACTIONS: dict[str, tuple[str, str]] = {
    "make": ("kws_tflm.stream.make_command", "a long stream of words in background noise, with its labels"),
    "score": ("kws_tflm.stream.score_command", "false alarms an hour and misses of a model; sets its threshold"),
}
"""Name -> module with `add_arguments(parser)`, `run(args)` and `EXAMPLE`, light to import; and what it does."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command an action."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, (module_name, summary) in ACTIONS.items():
        module = importlib.import_module(module_name)
        action = actions.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            epilog=module.EXAMPLE,
            formatter_class=parser.formatter_class,
        )
        module.add_arguments(action)
        action.set_defaults(stream_run=module.run)


def run(args: argparse.Namespace) -> int:
    """Do what was named."""
    return int(args.stream_run(args))
