"""The methods that are compared. One entry of `METHODS` is all that a new one takes.

How a sparse method stores a layer, and for which layers, is the converter's table of forms
(`kws_tflm.convert.candidates`); here stands what is pruned together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from kws_tflm.bench.ops import weights
from kws_tflm.bench.ops.graph import Graph, add_dense, add_packed, dense_model, layer_model
from kws_tflm.bench.ops.layers import Layer
from kws_tflm.bench.ops.weights import Tensors
from kws_tflm.convert.candidates import FORMS, form_of
from kws_tflm.convert.forms import Form
from kws_tflm.convert.fuse_separable import BLOCK as FUSED_BLOCK
from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.errors import FormatError

DENSE = "dense_m7"
"""What ratios refer to."""
DENSE_CMSIS_NN = "dense_cmsis_nn"

Prune = Callable[[Tensors, float, np.random.Generator], Tensors]


@dataclass(frozen=True)
class Method:
    """One way to execute a layer."""

    name: str
    """For a sparse method, that of the converter's form."""
    prune: Prune
    kernels: str = "m7"
    """The image: one of `kws_tflm.firmware.kernels.KERNELS`."""
    dense: bool = False
    """The built-in operator executes it."""
    sparsity: float | None = None
    """The only one that the method has; None: any."""
    for_pairs: bool = False
    """Executes a separable convolution, too."""

    def applies(self, layer: Layer) -> bool:
        """Whether it can execute `layer`."""
        if layer.behind_depthwise and not self.for_pairs:
            return False
        return self.dense or any(form.method == self.name for form in FORMS[layer.operator])

    def sparsities(self, wanted: Iterable[float]) -> tuple[float, ...]:
        """Those of `wanted` that the method can have; its own one if it has only that."""
        return tuple(wanted) if self.sparsity is None else (self.sparsity,)

    def form(self, tensors: Tensors) -> Form:
        """How the layer is stored."""
        return form_of(DENSE if self.dense else self.name, tensors.as_converted())

    def model(self, tensors: Tensors) -> bytes:
        """The one-layer model that is measured; its output must be that of `dense_model`.

        Raises:
            FormatError: the layer is beyond the method's format.
        """
        return layer_model(tensors, self.add)

    def add(self, graph: Graph, tensors: Tensors, source: int, result: int) -> None:
        """The layer between two activations of a model; raises as `model` does."""
        form = self.form(tensors)
        if form.operator is None:
            add_dense(graph, tensors, source, result)
        else:
            add_packed(graph, tensors, form.operator, form.pack(tensors.as_converted()), source, result)

    def obstacle(self, tensors: Tensors) -> str | None:
        """Why the converter has no such form of the layer."""
        return self.form(tensors).obstacle(tensors.as_converted())

    def n_bytes(self, tensors: Tensors) -> int:
        """Flash of the layer: weights, indices, quantisation and bias."""
        before = DENSE_METHOD.n_bytes(tensors.before) if tensors.before is not None else 0
        return before + self.form(tensors).bytes(tensors.as_converted()) + tensors.bias.nbytes

    def features(self, tensors: Tensors) -> dict[str, float] | None:
        """For the converter's cost model; None for kernels that it does not choose from."""
        if self.kernels != "m7" or tensors.before is not None:
            return None
        return self.form(tensors).features(tensors.as_converted())


def _single(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Tensors:
    return tensors.pruned(weights.single_weights(tensors, sparsity, rng))


def _structured(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Tensors:
    return weights.without_channels(tensors, sparsity)


def _rows(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Tensors:
    return tensors.pruned(weights.filter_rows(tensors, sparsity, rng))


def _blocks(block_out: int, block_in: int, *, for_pairs: bool = False) -> Method:
    def prune(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Tensors:
        flat = tensors.layer.in_channels % block_in != 0
        return tensors.pruned(weights.blocks(tensors, sparsity, rng, (block_out, block_in), flat))

    return Method(f"block_{block_out}x{block_in}", prune, for_pairs=for_pairs)


def _n_of_m(n: int, m: int) -> Method:
    def prune(tensors: Tensors, sparsity: float, rng: np.random.Generator) -> Tensors:
        return tensors.pruned(weights.n_of_m(tensors, rng, n, m))

    return Method(f"n_of_m_{n}_{m}", prune, sparsity=1 - n / m)


@dataclass(frozen=True)
class Fused(Method):
    """A separable convolution as one operator; the pointwise half in the blocks that it stores."""

    def applies(self, layer: Layer) -> bool:
        """Pairs only."""
        return layer.behind_depthwise

    def model(self, tensors: Tensors) -> bytes:
        """The two operators joined by the converter."""
        joined = parse(dense_model(tensors))
        if not fuse_separable(joined, always=True):
            raise FormatError("the converter does not join these layers")
        return serialize(joined)

    def form(self, tensors: Tensors) -> Form:
        """Of the pointwise half."""
        return form_of("block_{}x{}".format(*FUSED_BLOCK), tensors.as_converted())

    def n_bytes(self, tensors: Tensors) -> int:
        """Both halves packed."""
        assert tensors.before is not None
        first = ROW_PRUNED.n_bytes(tensors.before)
        return first + self.form(tensors).bytes(tensors.as_converted()) + tensors.bias.nbytes


DENSE_METHOD = Method(DENSE, _single, dense=True, for_pairs=True)
ROW_PRUNED = Method("row_pruned", _rows)

METHODS: tuple[Method, ...] = (
    DENSE_METHOD,
    Method("dense_reference", _single, "reference", dense=True, for_pairs=True),
    Method(DENSE_CMSIS_NN, _single, "cmsis_nn", dense=True, for_pairs=True),
    _blocks(1, 2),
    _blocks(1, 4, for_pairs=True),
    _blocks(2, 2),
    _blocks(4, 1),
    _blocks(2, 4),
    _blocks(4, 4),
    Method("index_list", _single),
    _n_of_m(2, 4),
    _n_of_m(1, 4),
    ROW_PRUNED,
    Fused("fused_block_1x4", _blocks(*FUSED_BLOCK).prune),
    Method("structured", _structured, dense=True),
)
