"""Run a benchmark on the virtual board and write its table and plots."""

from __future__ import annotations

import argparse
import importlib

EXAMPLE = "example: kws-tflm bench ops --quick --json; options: kws-tflm bench ops --help"

BENCHMARKS: dict[str, tuple[str, str]] = {
    "ops": ("kws_tflm.bench.ops.command", "every operator and method: cycles against sparsity"),
    "paper": ("kws_tflm.bench.paper.command", "the methods of arXiv 2208.02765: latency against sparsity"),
}
"""Name -> module with `add_arguments(parser)`, `run(args)` and `EXAMPLE`, light to import; and what it shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command a benchmark."""
    benchmarks = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    for name, (module_name, summary) in BENCHMARKS.items():
        module = importlib.import_module(module_name)
        benchmark = benchmarks.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            epilog=module.EXAMPLE,
            formatter_class=parser.formatter_class,
        )
        module.add_arguments(benchmark)
        benchmark.set_defaults(benchmark_run=module.run)


def run(args: argparse.Namespace) -> int:
    """Run the benchmark that was named."""
    return int(args.benchmark_run(args))
