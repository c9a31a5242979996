"""`kws-tflm bench paper`: latency against sparsity for every method of arXiv 2208.02765, page and plots."""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kws_tflm.cli.output import add_json, print_json

if TYPE_CHECKING:
    from kws_tflm.bench.paper.study import Row

EXAMPLE = "example: kws-tflm bench paper --out docs/bench_paper.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the benchmark."""
    parser.add_argument("--out", type=Path, metavar="FILE", help="page to write, plots in images/ beside it "
                        "(docs/bench_paper.md unless --json or --quick)")  # fmt: skip
    parser.add_argument("--run", dest="run_dir", type=Path, metavar="DIR", help="take the weights of this trained run")
    parser.add_argument("--accuracies", type=Path, metavar="FILE", help="JSON of accuracies measured by training, "
                        "else the project's own")  # fmt: skip
    parser.add_argument("--sweep", type=Path, metavar="FILE", help="make the project's own accuracies from the "
                        "sweep.json of a sweep of configs/paper.toml")  # fmt: skip
    parser.add_argument("--note", default="", metavar="TEXT", help="with --sweep: what was trained and tested on")
    parser.add_argument("--seed", type=int, default=1, help="of masks and drawn weights")
    parser.add_argument("--quick", action="store_true", help="three sparsities instead of ten")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and report."""
    from kws_tflm.bench.paper import network, report, study
    from kws_tflm.bench.paper.accuracy import SHIPPED, accuracies_of_sweep, read_accuracies, ship
    from kws_tflm.bench.paper.image import build_image
    from kws_tflm.firmware.toolchain import show

    if args.sweep is not None:
        ship(accuracies_of_sweep(args.sweep, args.note))
    accuracies = read_accuracies(args.accuracies or SHIPPED)
    weights = network.trained(args.run_dir, args.seed) if args.run_dir else network.drawn(args.seed)
    image = build_image()
    sparsities = study.QUICK_SPARSITIES if args.quick else study.SPARSITIES
    rows = study.run_study(image, weights, sparsities, seed=args.seed, progress=show)
    facts = {
        "weights": weights.source,
        "image": f"sha256 {hashlib.sha256(image.path.read_bytes()).hexdigest()[:12]}, STM32F767 at 216 MHz",
        "made": time.strftime("%d %B %Y"),
    }
    out = args.out or (None if args.json or args.quick else Path("docs/bench_paper.md"))
    if out is not None:
        written = report.write_report(rows, out, facts, accuracies)
    if args.json:
        print_json({"facts": facts, "rows": [row.to_dict() for row in rows], "accuracies": accuracies.to_dict()})
    elif out is None:
        _print(rows)
    else:
        print("written: " + " ".join(map(str, written)))
    return 0


def _print(rows: list[Row]) -> None:
    from kws_tflm.bench.paper.study import NETWORK
    from kws_tflm.cli.output import table

    shown = [row for row in rows if row.layer == NETWORK]
    heads = ["type", "method", "masks", "caches", "zeros", "instructions", "cycles", "ms"]
    cells = [
        [r.element, r.method, r.pattern, r.caches, f"{100 * r.sparsity:.0f}%", r.instructions, r.cycles, f"{r.ms:.3f}"]
        for r in shown
    ]
    print(table(cells, heads))
