"""Instructions an operator takes on the emulated Cortex-M7, TFLM's kernels and ours: the table of docs/kernels.md.

python tests/custom_ops/measure_dense.py MODEL.tflite
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from dense_target import M7Interpreter

from kws_tflm.convert import inspect


def main(path: Path) -> None:
    model = path.read_bytes()
    info = inspect(model, where=str(path))
    rng = np.random.default_rng(0)
    values = rng.integers(-128, 128, info.inputs[0].shape).astype(np.int8)
    with tempfile.TemporaryDirectory() as folder:
        target = M7Interpreter(Path(folder))
        before = target.run(model, values, info.outputs[0].shape, m7=False, count=True)
        after = target.run(model, values, info.outputs[0].shape, m7=True, count=True)
    assert np.array_equal(before.output, after.output), "the kernels disagree"
    print("| operator | TFLM reference | M7 kernels | ratio |\n|---|--:|--:|--:|")
    rows = [
        (operator.operator, *counts)
        for operator, *counts in zip(info.operators, before.layers, after.layers, strict=True)
    ]
    for name, old, new in [*rows, ("total", sum(before.layers), sum(after.layers))]:
        print(f"| {name} | {old:,} | {new:,} | {old / new:.1f} |")
    print(f"\narena {before.arena_used:,} B -> {after.arena_used:,} B")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
