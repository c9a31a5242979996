"""Describe an artefact, or without one: what is installed.

THING is a .tflite or the name of a shipped model (operators, shapes, quantisation, sparsity, configuration),
a firmware .elf (sizes by memory), a run folder, or a .wav.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kws_tflm.cli.output import add_json, pairs, print_json, table
from kws_tflm.errors import DataError

EXAMPLE = "example: kws-tflm info runs/ten_words-0123456789ab/sparse.tflite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("thing", nargs="?", metavar="THING", help=".tflite, shipped model, .elf, run folder or .wav")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Describe and print."""
    facts = _describe(None if args.thing is None else Path(args.thing))
    if args.json:
        print_json(facts)
    else:
        _print(facts)
    return 0


def _describe(thing: Path | None) -> dict[str, Any]:
    from kws_tflm.cli import describe

    if thing is None:
        return describe.environment()
    if not thing.exists():
        from kws_tflm import shipped

        found = shipped.find(str(thing))
        if found is None:
            raise DataError(f"{thing}: no such file or folder; give a .tflite, .elf, .wav, run folder or shipped model")
        thing = found
    if thing.is_dir():
        return describe.run_folder(thing)
    with thing.open("rb") as file:
        head = file.read(12)
    # By content first: a wrong suffix must not lead to a wrong message.
    if head[:4] == b"\x7fELF":
        return describe.elf(thing)
    if head[:4] == b"RIFF" or thing.suffix == ".wav":
        return describe.wav(thing)
    if head[4:8] == b"TFL3" or thing.suffix == ".tflite":
        return describe.model(thing)
    raise DataError(f"{thing}: neither a .tflite, an .elf, a .wav nor a run folder")


def _print(facts: dict[str, Any]) -> None:
    """Plain values first, then each list of records as a table."""
    single = {k: v for k, v in facts.items() if not isinstance(v, (list, dict))}
    print(pairs({name.replace("_", " "): "-" if value is None else value for name, value in single.items()}, indent=""))
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            print(f"\n{name.replace('_', ' ')}:")
            print(pairs({k: "-" if v is None else v for k, v in value.items()}))
        elif isinstance(value, list) and value:
            print(f"\n{name.replace('_', ' ')}:")
            if isinstance(value[0], dict):
                heads = list(value[0])
                print(table([[_cell(record.get(head)) for head in heads] for record in value], heads))
            else:
                print("  " + " ".join(str(v) for v in value))


def _cell(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "x".join(str(v) for v in value)
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
