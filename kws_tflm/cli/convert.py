"""Make the deployable models of a run, or rewrite an int8 .tflite made elsewhere.

Of a run folder the QAT model becomes dense.tflite (int8) and its pruned convolutions become sparse
operators in sparse.tflite; both then run on real features through tf.lite and host TFLM, which must
agree byte for byte. A .tflite made elsewhere is rewritten and checked the same way, on noise.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kws_tflm.cli.artefacts import find_run, newest_run
from kws_tflm.cli.data import open_run_dataset
from kws_tflm.cli.output import add_json, print_json
from kws_tflm.errors import ModelError

# As kws_tflm.convert.rule.OBJECTIVES, which is too slow to import for --help.
OBJECTIVES = ("cycles", "flash", "balanced")
EXAMPLE = "example: kws-tflm convert runs/ten_words-0123456789ab"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what", nargs="?", metavar="RUN|MODEL", help="run folder or int8 .tflite; the newest run if left out"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="result of a foreign model, else NAME.sparse.tflite")
    parser.add_argument("--data", type=Path, metavar="DIR", help="recordings, if not where the run was trained on them")
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    parser.add_argument("--objective", choices=OBJECTIVES, default="balanced", help="what the choice minimises")
    parser.add_argument("--verbose", action="store_true", help="every form of every layer, refused ones too")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Convert, verify, report."""
    what = _what(args.what)
    if what.is_dir():
        from kws_tflm.cli.pipeline import convert

        folder = find_run(what)
        report = convert(folder, open_run_dataset(folder, folder.config(), args), args.cache, args.objective)
        result = folder.sparse
    else:
        from kws_tflm.convert import SparsifyRule, convert_foreign

        result = args.out or what.with_name(what.stem + ".sparse.tflite")
        report = convert_foreign(what, result, SparsifyRule(args.objective)).report()
    if args.json:
        print_json({"model": str(result), **report})
    else:
        from kws_tflm.cli.convert_text import convert_text

        print(convert_text(result, report, args.verbose))
    return 0


def _what(given: str | None) -> Path:
    if given is not None:
        return Path(given)
    newest = newest_run("qat.npz")
    if newest is None:
        raise ModelError("nothing given and no trained run found; train one, or name a run folder or an int8 .tflite")
    return newest.path
