"""The words of docs/bench_paper.md."""

INTRODUCTION = """# The paper's study, on an equal footing

arXiv 2208.02765 measured on an STM32F767 what pruning and quantisation bring a small keyword spotter, and found
that unstructured pruning hardly helps. This page repeats the comparison with one loop nest, one inner product and
one output stage for all methods, on the virtual board. Every output is checked against numpy during the run.
Written by

    kws-tflm bench paper

| method | pruned together | what it does |
|---|---|---|
| `dense` | - | every product, one after the other |
| `dense_simd` | - | two products an instruction (SMLAD) |
| `zero_skip` | weights | `dense` with an `if` on each weight |
| `weight_outer` | weights | the weight outermost: loaded and tested once, applied to all outputs that it touches |
| `index_list` | weights | weights that are not zero, each with the offset of its input (CSR) |
| `row_mask`, `row_mask_simd` | kernel rows | a bit a row: 8 mel rows of 30 weights; groups of inputs in FC layers |
| `channels`, `channels_simd` | output channels | `dense`, `dense_simd` with fewer channels |

Kernels: `custom_ops/paper_study`, one method a file, float32, int16 (Q15) and int8, plain C++ compiled with `-O3`;
the tests in `tests/paper_study` compare all of them with the dense layer, on the host and on an emulated Cortex-M7.
Weights are in flash, activations in DTCM, each layer is called once after the one before it, as in a network.
`random` masks are the same for every type; `magnitude` prunes the smallest weights (rows and channels: the smallest
L2 norm). Channel pruning is counted a layer at a time: in a network the next layer would lose the inputs as well,
so it gains more than shown. The last layer keeps its six outputs. A fully connected layer uses each weight for one
output only: there `weight_outer` is `zero_skip`.

With caches off, code and weights come from the same flash: a loop in one flash line is fetched once, one that jumps
between lines (`zero_skip`) each time. That depends on the layout of the code; functions and loops are aligned to
lines to take the worst of the chance out.

`--run DIR` takes the weights of a run trained with `configs/paper.toml`; `--accuracies FILE` shows other accuracies
than the project's: `{"rows": [{"granularity": "weight", "sparsity": 0.5, "accuracy": 0.93}]}`; `--json` prints
every row, instructions and cache misses included; `--quick` measures three sparsities only."""
