"""Make the deployable models of a run, or rewrite an int8 .tflite made elsewhere.

Of a run folder the QAT model becomes dense.tflite (int8) and its pruned convolutions become sparse
operators in sparse.tflite; both then run on real features through tf.lite and host TFLM, which must
agree byte for byte. A .tflite made elsewhere is rewritten and checked the same way, on noise.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kws_tflm.cli.artefacts import find_run, newest_run
from kws_tflm.cli.data import open_run_dataset
from kws_tflm.cli.output import add_json, kilobytes, print_json, table
from kws_tflm.errors import ModelError

EXAMPLE = "example: kws-tflm convert runs/ten_words-0123456789ab"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what", nargs="?", metavar="RUN|MODEL", help="run folder or int8 .tflite; the newest run if left out"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="result of a foreign model, else NAME.sparse.tflite")
    parser.add_argument("--data", type=Path, metavar="DIR", help="recordings, if not where the run was trained on them")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Convert, verify, report."""
    what = _what(args.what)
    if what.is_dir():
        from kws_tflm.cli.pipeline import convert

        folder = find_run(what)
        report = convert(folder, open_run_dataset(folder, folder.config(), args), args.cache)
        result = folder.sparse
    else:
        from kws_tflm.convert import convert_foreign

        result = args.out or what.with_name(what.stem + ".sparse.tflite")
        report = convert_foreign(what, result).report()
    if args.json:
        print_json({"model": str(result), **report})
    else:
        _print(result, report)
    return 0


def _what(given: str | None) -> Path:
    if given is not None:
        return Path(given)
    newest = newest_run("qat.npz")
    if newest is None:
        raise ModelError("nothing given and no trained run found; train one, or name a run folder or an int8 .tflite")
    return newest.path


def _print(result: Path, report: dict[str, Any]) -> None:
    rows = [
        [
            layer["name"].split(";")[0],
            layer["shape"],
            f"{layer['sparsity']:.1%}",
            "sparse" if layer["sparse"] else "dense",
            layer["reason"],
        ]
        for layer in report["layers"]
    ]
    print(table(rows, ["layer", "shape", "zeros", "becomes", "because"]))
    sizes = [kilobytes(report[name]["bytes"]) for name in ("dense", "sparse")]
    print(f"dense {sizes[0]}, sparse {sizes[1]}: {result}")
    check = report["verification"]
    print(
        f"verified: {len(check['runners'])} runners give the same bytes on {check['inputs']} inputs ({check['source']})"
    )
    print(f"next: kws-tflm firmware {result}")
