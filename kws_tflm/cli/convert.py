"""Make the deployable models of a run, or rewrite an int8 .tflite made elsewhere.

Of a run folder the QAT model becomes dense.tflite (int8) and its pruned convolutions become sparse
operators in sparse.tflite; both then run on real features through tf.lite and host TFLM, which must
agree byte for byte. A .tflite made elsewhere is rewritten and checked the same way.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from kws_tflm.cli.artefacts import find_run, newest_run, read_model
from kws_tflm.cli.output import add_json, kilobytes, print_json, table
from kws_tflm.errors import ModelError

EXAMPLE = "example: kws-tflm convert runs/ten_words-0123456789ab"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what", nargs="?", metavar="RUN|MODEL", help="run folder or int8 .tflite; the newest run if left out"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="result of a foreign model (default: NAME.sparse.tflite)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="Speech Commands folder, if the run was trained on one"
    )
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Convert, verify, report."""
    newest = newest_run("qat.npz")
    if args.what is None and newest is None:
        raise ModelError("nothing given and no trained run found; train one, or name a run folder or an int8 .tflite")
    what = Path(args.what) if args.what is not None or newest is None else newest.path
    if what.is_dir():
        from kws_tflm.cli.pipeline import convert_run

        folder = find_run(what)
        report = convert_run(folder, args.data, args.cache)
        result = folder.sparse
    else:
        result = args.out or what.with_name(what.stem + ".sparse.tflite")
        report = _convert_foreign(what, result)
    if args.json:
        print_json({"model": str(result), **report})
    else:
        _print(result, report)
    return 0


def _convert_foreign(what: Path, result: Path) -> dict[str, Any]:
    """Rewrite a model made elsewhere; verified on noise over its whole input range."""
    from kws_tflm.cli.pipeline import rewrite
    from kws_tflm.train.storage import write_atomic

    dense = read_model(what)
    if result.resolve() == what.resolve():
        raise ModelError(f"{result}: would overwrite the model itself; choose another --out")
    sparse, report = rewrite(dense, None, what.name, None)
    write_atomic(result, sparse)
    return report


def _print(result: Path, report: dict[str, Any]) -> None:
    print(f"{result}: {kilobytes(report['sparse']['bytes'])}, dense {kilobytes(report['dense']['bytes'])}")
    layers = report["layers"]
    if layers:
        heads = list(layers[0])
        print(table([[layer[head] for head in heads] for layer in layers], heads))
    print(f"next: kws-tflm firmware {result}")
