"""Make the deployable models of a run, or rewrite an int8 .tflite made elsewhere.

Of a run folder the QAT model becomes dense.tflite (int8) and its layers take the forms that cost least in
sparse.tflite; both then run on real features through tf.lite and host TFLM, which must agree byte for
byte. A .tflite made elsewhere is rewritten and checked the same way, on noise; --prune first zeroes its
weakest blocks and --data measures what that costs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kws_tflm.cli.artefacts import find_run, newest_run
from kws_tflm.cli.data import open_run_dataset
from kws_tflm.cli.output import add_json, print_json
from kws_tflm.config_ranges import OBJECTIVES
from kws_tflm.errors import ModelError

if TYPE_CHECKING:
    from kws_tflm.convert import ForeignOptions

EXAMPLE = (
    "example: kws-tflm convert runs/ten_words-0123456789ab\n"
    "         kws-tflm convert foreign.tflite --out sparse.tflite --prune 0.75 --block 1x4 --data test_set"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "what", nargs="?", metavar="RUN|MODEL", help="run folder or int8 .tflite; the newest run if left out"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="result of a foreign model, else NAME.sparse.tflite")
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        help="what the choice minimises (default: as the experiment says, or balanced)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="of a run: recordings, if not where it was trained on them; with --prune: labelled recordings",
    )  # fmt: skip
    parser.add_argument("--cache", type=Path, default=Path("build/cache"), metavar="DIR", help="prepared data")
    parser.add_argument("--fuse", action="store_true", help="join depthwise and 1x1 layers where that saves arena")
    parser.add_argument("--verbose", action="store_true", help="every form of every layer, refused ones too")
    prune = parser.add_argument_group("one-shot pruning of a foreign model")
    prune.add_argument("--prune", type=float, metavar="FRACTION", help="zero this fraction of the blocks, as 0.75")
    prune.add_argument("--block", default="1x4", metavar="RxC", help="output x input channels of a block, else 1x4")
    prune.add_argument(
        "--layers", default="auto", metavar="WHICH",
        help="auto: where it pays, first convolution and classifier left out; all; or numbers and names: 2,4",
    )  # fmt: skip
    prune.add_argument("--calibrate", type=Path, metavar="DIR", help="recordings to fit what is left to")
    prune.add_argument("--config", type=Path, metavar="FILE", help="experiment file: features and class order")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Convert, verify, report."""
    what = _what(args.what)
    if what.is_dir():
        from kws_tflm.cli.pipeline import convert

        if args.prune is not None:
            raise ModelError("--prune is for a .tflite; a run is pruned while it trains (section [prune])")
        folder = find_run(what)
        report = convert(folder, open_run_dataset(folder, folder.config(), args), args.cache, args.objective, args.fuse)
        result = folder.sparse
    else:
        from kws_tflm.convert import convert_foreign

        result = args.out or what.with_name(what.stem + ".sparse.tflite")
        report = convert_foreign(what, result, _options(args)).report()
    _show(args, result, report)
    return 0


def _show(args: argparse.Namespace, result: Path, report: dict[str, Any]) -> None:
    if args.json:
        print_json({"model": str(result), **report})
        return
    from kws_tflm.cli.convert_text import convert_text

    print(convert_text(result, report, args.verbose))


def _options(args: argparse.Namespace) -> ForeignOptions:
    from kws_tflm import config
    from kws_tflm.convert import ForeignOptions, PruneRequest, SparsifyRule

    block = _block(args.block)
    name = f"block_{block[0]}x{block[1]}"
    request = None if args.prune is None else PruneRequest(args.prune, block, args.layers)
    return ForeignOptions(
        rule=SparsifyRule(args.objective or "balanced", also=() if request is None else (name,), fuse=args.fuse),
        prune=request,
        data=args.data,
        calibration=args.calibrate,
        config=None if args.config is None else config.load(args.config),
    )


def _block(given: str) -> tuple[int, int]:
    rows, _, columns = given.partition("x")
    if not (rows.isdecimal() and columns.isdecimal()):
        raise ModelError(f"--block {given}: not a block shape; give output x input channels, as 1x4")
    return int(rows), int(columns)


def _what(given: str | None) -> Path:
    if given is not None:
        return Path(given)
    newest = newest_run("qat.npz")
    if newest is None:
        raise ModelError("nothing given and no trained run found; train one, or name a run folder or an int8 .tflite")
    return newest.path
