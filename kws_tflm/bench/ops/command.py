"""`kws-tflm bench ops`: instructions, cycles and bytes of every operator, shape, sparsity and method."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.cli.output import add_json, print_json

if TYPE_CHECKING:
    from kws_tflm.bench.ops.study import Row

EXAMPLE = "example: kws-tflm bench ops --quick; kws-tflm bench ops --out docs/bench_ops.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the benchmark."""
    parser.add_argument("--quick", action="store_true", help="four layers and three sparsities")
    parser.add_argument("--layer", metavar="SHAPE", help="only this layer, as 1x1x64x64@25x5")
    parser.add_argument("--method", action="append", metavar="NAME", help="only this method and dense_m7; repeatable")
    parser.add_argument("--seed", type=int, default=1, help="of weights and masks")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="draw cycles against sparsity, a picture a layer")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the page docs/bench_ops.md, plots in images/")
    parser.add_argument("--fit", action="store_true", help="fit the converter's cost model to what was measured")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and report."""
    from kws_tflm.bench.ops import selection, study
    from kws_tflm.firmware.toolchain import show

    layers, methods = selection.layers(args.layer), selection.methods(args.method)
    found = study.run_study(layers=layers, methods=methods, quick=args.quick, seed=args.seed, progress=show)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    written: list[Path] = []
    if args.plot is not None:
        from kws_tflm.bench.ops.plots import write_plots

        written += write_plots(found.rows, args.plot)
    if args.out is not None:
        from kws_tflm.bench.ops.report import write_report

        written += write_report(found, args.out)
    if args.fit:
        from kws_tflm.bench.ops.fitting import fit_cost_model

        written.append(fit_cost_model(found.rows))
    if args.json:
        print_json({"rows": [row.to_dict() for row in found.rows]})
    elif not written:
        _print(found.rows)
    else:
        print("written: " + " ".join(map(str, written)))
    return 0


def _print(rows: list[Row]) -> None:
    from kws_tflm.bench.ops.curves import break_evens
    from kws_tflm.cli.output import table

    heads = ["operator", "shape", "zeros", "method", "instructions", "cycles", "bytes", "to dense_m7", "to cmsis_nn"]
    cells = [
        [r.operator, r.shape, f"{r.sparsity:.0%}", r.method, r.instructions, r.cycles, r.bytes,
         f"{r.ratio_to_dense:.3f}", "-" if r.ratio_to_cmsis_nn is None else f"{r.ratio_to_cmsis_nn:.3f}"]
        for r in rows
    ]  # fmt: skip
    print(table(cells, heads))
    print("\nFaster than dense from this sparsity on:")
    heads = ["operator", "shape", "method", "than dense_m7", "than dense_cmsis_nn"]
    print(table([[*b.layer, b.method, b.over_dense, b.over_cmsis_nn] for b in break_evens(rows)], heads))
