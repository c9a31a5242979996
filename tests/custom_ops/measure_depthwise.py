"""Modelled cycles, arena and flash of the depthwise operators: the tables of docs/depthwise.md.

python tests/custom_ops/measure_depthwise.py FOLDER      images are built into FOLDER
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dense_case import DEPTHWISE, DenseCase
from depthwise_models import keep_weights, separable_model, with_packed_weights, with_sparse_pointwise

from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.profile import profile_model

SMALL = DenseCase(DEPTHWISE, (1, 25, 5, 64), 64, (3, 3), same=True, input_zero_point=-128, output_zero_point=-128)
WIDE = replace(SMALL, input_shape=(1, 48, 48, 16), channels=16)
EXPANDED = replace(SMALL, input_shape=(1, 32, 32, 48), channels=48)
ROW = DenseCase(DEPTHWISE, (1, 1, 24, 144), 144, (1, 9), same=True, input_zero_point=-128, output_zero_point=-128)
LINES = {
    "1x9x144 24": ROW,
    "1x9x144 12": replace(ROW, input_shape=(1, 1, 12, 144)),
    "1x9x144 6": replace(ROW, input_shape=(1, 1, 6, 144)),
    "1x9x144 47 to 24": replace(ROW, input_shape=(1, 1, 47, 144), stride=(2, 2)),
    "1x9x144 24 to 12": replace(ROW, stride=(2, 2)),
    "1x9x144 12 to 6": replace(ROW, input_shape=(1, 1, 12, 144), stride=(2, 2)),
    "9x1x144 24": replace(ROW, input_shape=(1, 24, 1, 144), kernel=(9, 1)),
    "1x3x144 24": replace(ROW, kernel=(1, 3)),
    "1x5x144 24": replace(ROW, kernel=(1, 5)),
    "1x7x144 24": replace(ROW, kernel=(1, 7)),
    "1x15x144 24": replace(ROW, kernel=(1, 15)),
    "3x3x32 24x24 to 12x12": replace(ROW, input_shape=(1, 24, 24, 32), channels=32, kernel=(3, 3), stride=(2, 2)),
    "5x5x32 12x12": replace(ROW, input_shape=(1, 12, 12, 32), channels=32, kernel=(5, 5)),
}
"""Filters along rows; what the name says is the input."""


def pruned(case: DenseCase, rows: int) -> Any:
    """The model of `case` with `rows` of the three rows of every filter zero."""
    model, rng = parse(case.model()), np.random.default_rng(1)
    keep = np.argsort(rng.random((3, case.channels)), axis=0) >= rows
    keep_weights(model, 0, keep[None, :, None, :])
    return model


def pair(case: DenseCase, out_channels: int, zeros: float) -> Any:
    """Depthwise and 1x1 convolution, blocks of four of the latter's weights zero."""
    model, rng = separable_model(case, out_channels, "NONE"), np.random.default_rng(2)
    keep = np.repeat(rng.random((out_channels, 1, 1, case.channels // 4)) >= zeros, 4, axis=3)
    keep_weights(model, 1, keep)
    return model


def fused(model: Any) -> bytes:
    assert fuse_separable(model, always=True)
    return serialize(model)


def show(folder: Path, name: str, model: bytes) -> None:
    path = folder / f"{name.replace(' ', '_').replace(',', '').replace('%', '')}.tflite"
    path.write_bytes(model)
    found = profile_model(path, out_dir=folder / "images", progress=lambda _line: None)
    cycles = " + ".join(f"{operator.counts.cycles:,}" for operator in found.operators)
    total = sum(operator.counts.cycles for operator in found.operators)
    sizes = (
        f"arena {found.memory.arena_bytes:,} | model {found.memory.model_bytes:,} | flash {found.memory.flash_bytes:,}"
    )
    products = sum(operator.macs for operator in found.operators)
    print(f"{name} | {cycles} = {total:,} | {total / products:.2f} a product | {sizes}", flush=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for label, case in (("25x5x64", SMALL), ("48x48x16", WIDE)):
        for rows in range(3):
            model = pruned(case, rows)
            show(folder, f"{label} {rows} rows zero dense", serialize(model))
            show(folder, f"{label} {rows} rows zero packed", with_packed_weights(model))
    for label, case in LINES.items():
        show(folder, f"{label} dense", case.model())
        show(folder, f"{label} packed", with_packed_weights(parse(case.model())))
    for label, case, channels in (("25x5x64", SMALL, 64), ("32x32x48", EXPANDED, 16)):
        show(folder, f"{label} to {channels} two operators", with_sparse_pointwise(pair(case, channels, 0.75)))
        show(folder, f"{label} to {channels} fused", fused(pair(case, channels, 0.75)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
