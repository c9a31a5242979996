"""All layers with all methods: rows."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.ops.cache import Cache
from kws_tflm.bench.ops.graph import dense_model
from kws_tflm.bench.ops.image import build_image
from kws_tflm.bench.ops.layers import LAYERS, Layer
from kws_tflm.bench.ops.measure import Measured, Refused, Result, measure
from kws_tflm.bench.ops.methods import DENSE, DENSE_CMSIS_NN, METHODS, Method
from kws_tflm.bench.ops.weights import Tensors, draw
from kws_tflm.errors import BoardError, FormatError
from kws_tflm.firmware.toolchain import Progress
from kws_tflm.profile.stimulus import pseudo_random
from kws_tflm.runtime import Interpreter

QUICK_LAYERS = 5
"""Of `LAYERS`, the first ones."""
FEW = (0.0, 0.75)
"""Sparsities of TFLM's own kernels, which are slow to run and take the same time at all of them."""


@dataclass(frozen=True)
class Row:
    """One measured cell of the table."""

    operator: str
    """The dense operator's name; SEPARABLE_CONV_2D for a depthwise convolution and the 1x1 one behind it."""
    shape: str
    """Of the dense layer, as ``1x1x64x64@25x5``."""
    sparsity: float
    """Fraction of the method's groups that is zero."""
    method: str
    instructions: int
    """Exact."""
    cycles: int
    """Modelled."""
    cycles_warm: int
    """With the data cache as the same layer left it; see `measure.Measured`."""
    bytes: int
    """Flash of the layer: weights, indices, quantisation, bias."""
    ratio_to_dense: float
    """`cycles` over those of dense_m7: below 1 is faster."""
    ratio_to_cmsis_nn: float | None
    """The same for dense_cmsis_nn, where that was measured."""
    zeros: float
    """Fraction of the weights that is zero."""
    macs: int
    """Products of the dense layer."""
    arena_bytes: int
    """Of the one-layer model: activations, scratch, TFLM's bookkeeping."""
    stalls: dict[str, int] = field(default_factory=dict)
    features: dict[str, float] | None = None
    """For the converter's cost model."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Case:
    """A cell to measure."""

    method: Method
    tensors: Tensors
    sparsity: float


@dataclass(frozen=True)
class Study:
    """What a run of the benchmark found."""

    rows: list[Row]
    notes: list[str]
    """What is absent, and why."""


def cases(layers: Sequence[Layer], methods: Sequence[Method], *, quick: bool, seed: int) -> Iterator[Case]:
    """The cells, layer by layer."""
    for layer in layers:
        drawn = draw(layer, seed)
        for method in methods:
            if not method.applies(layer):
                continue
            wanted = FEW if method.kernels == "reference" else layer.sparsities(quick)
            for sparsity in method.sparsities(wanted):
                rng = np.random.default_rng([seed, round(1000 * sparsity), zlib.crc32(layer.shape.encode())])
                yield Case(method, method.prune(drawn, sparsity, rng), sparsity)


def run_study(
    *, layers: Sequence[Layer] | None = None, methods: Sequence[Method] = METHODS, quick: bool = False, seed: int = 1,
    progress: Progress, cache: Cache | None = None,
) -> Study:  # fmt: skip
    """Measure what is not known yet; every output is compared with the dense layer on this machine.

    Raises:
        FirmwareError, ToolMissingError: an image cannot be built.
        BoardError: a kernel gives a wrong output, or an image does not run through.
    """
    notes = []
    if not os.environ.get("CMSIS_NN_ROOT"):
        methods = [method for method in methods if method.kernels != "cmsis_nn"]
        notes.append("dense_cmsis_nn is absent: set CMSIS_NN_ROOT to an installed CMSIS-NN")
    if layers is None:
        layers = LAYERS[:QUICK_LAYERS] if quick else LAYERS
    cache = cache or Cache()
    todo = list(cases(layers, methods, quick=quick, seed=seed))
    results: dict[int, Measured] = {}
    for kernels in dict.fromkeys(case.method.kernels for case in todo):
        chosen = {index: case for index, case in enumerate(todo) if case.method.kernels == kernels}
        found, refused = _measure(build_image(kernels, progress), chosen, cache, progress)
        results |= found
        notes += refused
    progress("")
    return Study(_rows([(case, results[index]) for index, case in enumerate(todo) if index in results]), notes)


def _measure(
    image: BlobImage, chosen: dict[int, Case], cache: Cache, progress: Progress
) -> tuple[dict[int, Measured], list[str]]:
    """Results by index, and notes on what could not be measured."""
    results: dict[int, Measured] = {}
    missing: list[tuple[int, str, bytes]] = []
    notes: dict[str, None] = {}
    for index, case in chosen.items():
        obstacle = case.method.obstacle(case.tensors)
        try:
            model = b"" if obstacle else case.method.model(case.tensors)
        except FormatError as error:
            obstacle = str(error)
        if obstacle:
            notes[f"{_title(case)}: {obstacle}"] = None
            continue
        key = cache.key(image, model)
        known = cache.get(key)
        if known is None:
            missing.append((index, key, model))
        else:
            results[index] = known

    def done(position: int, result: Result) -> None:
        index, key, _ = missing[position]
        case = chosen[index]
        progress(f"{position + 1}/{len(missing)} {_title(case)}, {case.sparsity:.0%} zeros")
        if isinstance(result, Refused):
            notes[f"{_title(case)}: {result.reason}"] = None
            return
        _check(case, result)
        cache.put(key, result)
        results[index] = result

    progress(f"{len(missing)} layers to measure")
    _guarded(image, [model for _, _, model in missing], done)
    return results, list(notes)


def _guarded(image: BlobImage, models: list[bytes], done: Callable[[int, Result], None]) -> None:
    """Errors raised in `done` come out here, not in the emulator's callback."""
    failures: list[BoardError] = []

    def watched(position: int, result: Result) -> None:
        try:
            done(position, result)
        except BoardError as error:
            failures.append(error)

    measure(image, models, watched)
    if failures:
        raise failures[0]


def _check(case: Case, result: Measured) -> None:
    reference = Interpreter(dense_model(case.tensors))
    output = reference.invoke(pseudo_random(int(np.prod(reference.input_shape))))
    if f"{zlib.crc32(output.tobytes()):08x}" != result.output_crc:
        raise BoardError(f"{_title(case)} gives a wrong output at {case.sparsity:.0%} zeros; run tests/custom_ops")


def _title(case: Case) -> str:
    return f"{case.method.name} of {case.tensors.layer.name} {case.tensors.layer.shape}"


def _rows(found: Sequence[tuple[Case, Measured]]) -> list[Row]:
    dense = {(case.tensors.layer, case.method.name, case.sparsity): result.cycles for case, result in found}

    def ratio(case: Case, result: Measured, rival: str) -> float | None:
        cycles = dense.get((case.tensors.layer, rival, case.sparsity))
        return None if cycles is None else round(result.cycles / cycles, 4)

    rows = []
    for case, result in found:
        layer = case.tensors.layer
        rows.append(
            Row(
                layer.name, layer.shape, case.sparsity, case.method.name, result.instructions, result.cycles,
                result.cycles_warm, case.method.n_bytes(case.tensors), ratio(case, result, DENSE) or 1.0,
                ratio(case, result, DENSE_CMSIS_NN), round(case.tensors.zeros, 4), layer.macs, result.arena_bytes,
                result.stalls, case.method.features(case.tensors),
            )
        )  # fmt: skip
    return rows
