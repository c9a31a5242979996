"""The words of docs/bench_ops.md."""

INTRODUCTION = """# Every operator, shape, sparsity and method

    kws-tflm bench ops                                   # all of it, as a table
    kws-tflm bench ops --quick --json                    # the DS-CNN's layers at three sparsities
    kws-tflm bench ops --layer 1x1x64x64@25x5 --method block_1x4 --plot DIR
    kws-tflm bench ops --out docs/bench_ops.md           # writes this page
    kws-tflm bench ops --fit                             # fits the converter's cost model to what was measured

Each row is a `.tflite` of one operator with drawn int8 weights, pruned at random in the groups that the method skips,
run by TensorFlow Lite Micro on the virtual board: instructions are exact, cycles are the cycle model's
(cycle_model.md), not measurements of a board. Every output is compared with the dense layer on the host, byte for
byte, during the run. Weights lie in flash, activations in DTCM, both caches are on.

The window is the operator's `Eval`, as `kws-tflm profile` counts it. `cycles` start with an empty data cache and a warm
instruction cache, which is what a layer finds in a network: the weights of the other layers went through the data
cache, while the instruction cache holds the code of all of them. `warm` is the same with the weights
in the data cache as well, which only a layer of its own can have.

| column | meaning |
|---|---|
| shape | kernel height x width x input x output channels @ output height x width; FULLY_CONNECTED as 1x1 |
| zeros | fraction of the method's groups (weights, blocks, filter rows, channels) that is zero |
| bytes | flash of the layer: weights, indices, quantisation, bias |
| to dense_m7, to cmsis_nn | `cycles` over those of the dense method: below 1 is faster |
| arena | of the one-layer model: activations, scratch, TFLM's bookkeeping |

| method | pruned together | executed by |
|---|---|---|
| `dense_m7` | - | the built-in operator, this project's kernels |
| `dense_reference` | - | the built-in operator, TFLM's reference kernels |
| `dense_cmsis_nn` | - | the built-in operator, CMSIS-NN; only with `CMSIS_NN_ROOT` set (kernels.md) |
| `block_OUTxIN` | OUT output x IN input channels | the packed operator, encoding 1 (sparse_format.md) |
| `index_list` | single weights | the packed operator, encoding 2 |
| `n_of_m_N_4` | N of four input channels stay | the packed operator, encoding 3 |
| `row_pruned` | rows of a channel's filter | `KWS_SPARSE_DEPTHWISE_CONV_2D` (depthwise.md) |
| `fused_block_1x4` | 1x4 blocks of the pointwise half | `KWS_SEPARABLE_CONV_2D`: both halves in one operator |
| `structured` | output channels | `dense_m7` on the smaller layer; the next layer's gain is not counted |

Dense methods are listed without zeros: they hardly see them (`dense_m7` takes some shortcuts around zero rows of
depthwise filters). Break-even is interpolated between the sparsities that were measured: from there on the method stays
at or below the dense one without zeros. Ratios refer to the dense method on equally many zeros.

Results are kept in `build/bench_ops` by image, model and virtual board: an interrupted run goes on, and a second one
takes seconds. `--json` prints

    {"rows": [{"operator", "shape", "sparsity", "method", "instructions", "cycles", "bytes", "ratio_to_dense",
               "ratio_to_cmsis_nn", "cycles_warm", "zeros", "macs", "arena_bytes", "stalls", "features"}]}

where `operator` is the dense one (SEPARABLE_CONV_2D: a 3x3 depthwise convolution and the 1x1 convolution behind
it), `zeros` the fraction of single weights that is zero and `features` what the converter's cost model counts."""
