"""Writes the corpus of fuzz_prepare: small models of every operator and encoding. python make_corpus.py FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from kws_tflm.bench.ops.layers import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.bench.ops.methods import METHODS, Fused, Method
from kws_tflm.bench.ops.network import EXECUTABLE, every_operator, random_network
from kws_tflm.bench.ops.weights import draw

LAYERS = (
    Layer(CONV, "corpus", (1, 1), 8, 6, (3, 2)),
    Layer(CONV, "corpus", (2, 3), 4, 5, (3, 3), (2, 1)),
    Layer(CONV, "corpus", (3, 2), 1, 4, (4, 3), dilation=(2, 1), same=False),
    Layer(DEPTHWISE, "corpus", (3, 3), 6, 6, (4, 3)),
    Layer(DEPTHWISE, "corpus", (2, 2), 5, 5, (2, 3), (2, 1), same=False),
    Layer(FULLY_CONNECTED, "corpus", (1, 1), 18, 7, (1, 1), relu=False),
)
NETWORKS = 12
FUSED = next(method for method in METHODS if isinstance(method, Fused))


def models(methods: tuple[Method, ...] = EXECUTABLE) -> dict[str, bytes]:
    """File name -> model."""
    found = {}
    for index, layer in enumerate(LAYERS):
        for method in methods:
            if not method.applies(layer):
                continue
            tensors = method.prune(draw(layer), method.sparsity or 0.5, np.random.default_rng(index))
            if method.obstacle(tensors) is None:
                found[f"layer{index}_{method.name}"] = method.model(tensors)
    pair = draw(Layer(CONV, "corpus", (1, 1), 8, 6, (4, 3), behind_depthwise=True))
    found["separable"] = FUSED.model(FUSED.prune(pair, 0.5, np.random.default_rng(1)))
    for seed in range(NETWORKS):
        found[f"network{seed}"] = random_network(np.random.default_rng(seed), methods)[0]
    found["every_operator"] = every_operator(np.random.default_rng(0), methods)[0]
    return found


def main() -> None:
    """Write the files."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    written = models()
    for name, model in written.items():
        (folder / f"{name}.tflite").write_bytes(model)
    print(f"{len(written)} models, {sum(map(len, written.values())):,} bytes in {folder}")


if __name__ == "__main__":
    main()
