"""Small networks of all operators, for tests and as a fuzzing corpus: with packed weights, and their dense twins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from kws_tflm.bench.ops.graph import Graph, add_dense
from kws_tflm.bench.ops.layers import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.bench.ops.methods import DENSE_METHOD, METHODS, Method
from kws_tflm.bench.ops.weights import INPUT_SCALE, draw
from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.convert.schema import schema

POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
EXECUTABLE = tuple(
    method for method in METHODS if method.kernels == "m7" and method.name not in ("structured", "fused_block_1x4")
)
"""Methods whose layers can stand in a network."""
BLOCKS = next(method for method in METHODS if method.name == "block_1x4")


class Network:
    """A chain under construction: `packed` executes each layer with its method, `dense` with the built-in operator.

    Weights come from `rng`, and are the same in both.
    """

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int, int], zero_point: int = -5) -> None:
        self._rng = rng
        self._shape: tuple[int, ...] = (1, *shape)
        self._scale, self._zero_point = INPUT_SCALE, zero_point
        self._graphs = (Graph(), Graph())
        self._source = self._both(lambda graph: graph.activation(self._shape, self._scale, self._zero_point))
        self._now = self._source

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the last activation."""
        return self._shape[1], self._shape[2]

    @property
    def channels(self) -> int:
        """Of the last activation."""
        return self._shape[-1]

    def layer(
        self, method: Method, operator: str, out_channels: int, kernel: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1), *, same: bool = True, relu: bool = True,
        sparsity: float = 0.5,
    ) -> bool:  # fmt: skip
        """Append a layer executed by `method`; False, and nothing has changed, where the method cannot."""
        flat = operator == FULLY_CONNECTED
        size = (1, 1) if flat else self.size
        output = (1, 1) if flat else _output(size, kernel, stride, dilation, same)
        layer = Layer(
            operator, "random", kernel, self.channels, out_channels, output, stride, dilation, same, relu, size
        )
        if min(output) < 1 or not method.applies(layer):
            return False
        seed = int(self._rng.integers(1 << 31))
        drawn = draw(layer, seed, input_scale=self._scale, input_zero_point=self._zero_point)
        tensors = method.prune(drawn, sparsity, np.random.default_rng(seed))
        if method.obstacle(tensors) is not None:
            return False
        self._shape = (1, out_channels) if flat else (1, *output, out_channels)
        self._scale, self._zero_point = tensors.output_scale, tensors.output_zero_point
        results = self._both(lambda graph: graph.activation(self._shape, self._scale, self._zero_point))
        method.add(self._graphs[0], tensors, self._now[0], results[0])
        add_dense(self._graphs[1], tensors, self._now[1], results[1])
        self._now = results
        return True

    def pool(self, operator: str, kernel: tuple[int, int], stride: tuple[int, int], same: bool) -> bool:
        """Append AVERAGE_POOL_2D or MAX_POOL_2D; False where the window does not fit."""
        output = _output(self.size, kernel, stride, (1, 1), same)
        if min(output) < 1:
            return False
        options = schema().Pool2DOptionsT()
        options.padding = schema().Padding.SAME if same else schema().Padding.VALID
        options.strideH, options.strideW = stride
        options.filterHeight, options.filterWidth = kernel
        self._shape = (1, *output, self.channels)
        self._append(operator, options)
        return True

    def flatten(self) -> None:
        """Append RESHAPE to [1, n]."""
        self._shape = (1, int(np.prod(self._shape)))
        options = schema().ReshapeOptionsT()
        options.newShape = np.array(self._shape, np.int32)
        shape = np.array(self._shape, np.int32)
        self._append("RESHAPE", options, lambda graph: [graph.constant(shape)])

    def double(self) -> None:
        """Append ADD of the last activation to itself."""
        options = schema().AddOptionsT()
        self._scale *= 2
        now = dict(zip(self._graphs, self._now, strict=True))
        self._append("ADD", options, lambda graph: [now[graph]])

    def softmax(self) -> None:
        """Append SOFTMAX."""
        options = schema().SoftmaxOptionsT()
        options.beta = 1.0
        self._scale, self._zero_point = 1 / 256, -128
        self._append("SOFTMAX", options)

    def models(self) -> tuple[bytes, bytes]:
        """The two models, packed and dense."""
        packed, dense = (
            graph.model(source, result)
            for graph, source, result in zip(self._graphs, self._source, self._now, strict=True)
        )
        return packed, dense

    def _append(self, operator: str, options: object, more: Callable[[Graph], list[int]] = lambda graph: []) -> None:
        results = []
        for graph, now in zip(self._graphs, self._now, strict=True):
            inputs = [now, *more(graph)]
            results.append(graph.activation(self._shape, self._scale, self._zero_point))
            graph.operator(operator, inputs, results[-1], options)
        self._now = results

    def _both(self, make: Callable[[Graph], int]) -> list[int]:
        return [make(graph) for graph in self._graphs]


def every_operator(rng: np.random.Generator, methods: Iterable[Method] = EXECUTABLE) -> tuple[bytes, bytes]:
    """One network with every method of every operator, pools, RESHAPE, ADD and SOFTMAX: packed and dense."""
    methods = tuple(methods)
    network = Network(rng, (12, 9, 2))
    for index, method in enumerate(methods):
        kernel = ((1, 1), (3, 2), (2, 3), (1, 1))[index % 4]
        network.layer(method, CONV, 8 + index % 5, kernel, sparsity=method.sparsity or 0.5)
    for method in methods:
        network.layer(method, DEPTHWISE, network.channels, (3, 3))
        network.layer(method, DEPTHWISE, network.channels, (2, 3), (1, 2), same=False)
    network.layer(BLOCKS, CONV, 12)
    network.layer(DENSE_METHOD, DEPTHWISE, 12, (3, 3))
    network.layer(DENSE_METHOD, CONV, 10)
    network.pool("MAX_POOL_2D", (2, 2), (1, 1), same=True)
    network.double()
    network.pool("AVERAGE_POOL_2D", (3, 1), (2, 1), same=False)
    network.flatten()
    for index, method in enumerate(methods):
        network.layer(method, FULLY_CONNECTED, 12 + index % 7, relu=index % 2 == 0)
    network.softmax()
    packed, dense = network.models()
    joined = parse(packed)
    fuse_separable(joined, always=True)
    return serialize(joined), dense


def random_network(rng: np.random.Generator, methods: Sequence[Method] = EXECUTABLE) -> tuple[bytes, bytes]:
    """One to five random layers of any size and method, perhaps pooled and classified: packed and dense."""

    def below(end: int) -> int:
        return int(rng.integers(1, end))

    network = Network(rng, (below(14), below(10), below(10)), int(rng.integers(-128, 128)))
    left = below(6)
    for _ in range(20):  # a layer may not fit
        if left == 0:
            break
        method = methods[int(rng.integers(len(methods)))]
        operator = (CONV, CONV, DEPTHWISE)[rng.integers(3)]
        out_channels = below(14) if operator == CONV else network.channels
        same = bool(rng.random() < 0.5)
        # TFLM of 2020 ignores the dilation when it pads a DEPTHWISE_CONV_2D; tf.lite wants a stride of 1 with it.
        dilated = rng.random() < 0.3 and not (same and operator == DEPTHWISE)
        left -= network.layer(
            method, operator, out_channels, (below(4), below(4)), (1, 1) if dilated else (below(3), below(3)),
            (below(3), below(3)) if dilated else (1, 1), same=same, relu=bool(rng.random() < 0.7),
            sparsity=method.sparsity or float(rng.choice([0.0, 0.3, 0.75, 1.0])),
        )  # fmt: skip
    if rng.random() < 0.5:
        network.pool(str(rng.choice(POOLS)), (below(4), below(4)), (below(3), below(3)), rng.random() < 0.5)
    if rng.random() < 0.7:
        network.flatten()
        for _ in range(below(3)):
            method = methods[int(rng.integers(len(methods)))]
            network.layer(method, FULLY_CONNECTED, below(40), relu=bool(rng.random() < 0.5))
        if rng.random() < 0.5:
            network.softmax()
    return network.models()


def _output(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], same: bool
) -> tuple[int, int]:
    """Height and width; not positive where a VALID window does not fit."""
    sides = zip(size, kernel, stride, dilation, strict=True)
    height, width = (-(-n // step) if same else (n - (k - 1) * d - 1) // step + 1 for n, k, step, d in sides)
    return height, width
