"""Cycles of the index-list and N:M kernels on the virtual board: 1x1, 64 -> 64 on 25x5.

python tests/custom_ops/measure_nonzero.py [ELF folder]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from conv_case import ConvCase
from host_library import OPS, ROOT, compile_cpp, compiler
from m7_target import FLAGS
from nonzero_case import NONZERO_SOURCES, pointwise_case

from kws_tflm.calibration.image import DEVICE
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.timing import TimingOptions

PROGRAM = """
#include <stdint.h>
#include "data.h"
#include "custom_ops/kernels/VIEW_conv2d.h"
#include "custom_ops/kernels/sparse_geometry.h"
static uint32_t scratch[4096];
static int8_t input[sizeof(kInput)];
int8_t output[OUTPUT_BYTES];
static kws::TYPEConv view;
extern "C" {
[[gnu::noinline]] void measured(const kws::ConvDims& dims, const kws::ConvParams& params, bool fast) {
  kws::TYPEConv2dM7(view, dims, params, fast, input, kBias, output, scratch);
}
[[gnu::noinline]] void done() { asm volatile(""); }
int main() {
  for (unsigned i = 0; i < sizeof(kInput); ++i) input[i] = kInput[i];
  kws::ConvDims dims;
  kws::ConvParams params;
  if (kws::ReadTYPEConv((const uint8_t*)kPacked, PACKED_BYTES, &view) != kws::FormatError::kOk) return 1;
  kws::SparseConvGeometry(view, 1, IN_H, IN_W, &dims, &params);
  params.input_zero_point = INPUT_ZERO;
  params.output_zero_point = OUTPUT_ZERO;
  const bool fast = kws::TYPEConv2dIsFast(view, params, kBias);
  if (!fast) return 2;
  for (int i = 0; i < 3; ++i) {
    measured(dims, params, fast);
    done();
  }
  return 0;
}
}
"""


def build(case: ConvCase, folder: Path) -> Path:
    packed = case.packed
    kind = ("IndexList", "index_list") if packed[12] == 2 else ("NOfM", "n_of_m")
    words = np.frombuffer(packed, "<u4")

    def array(name: str, kind: str, values: np.ndarray) -> str:
        return f"alignas(32) static const {kind} {name}[] = {{{','.join(map(str, values.reshape(-1)))}}};\n"

    text = array("kPacked", "uint32_t", words) + array("kInput", "int8_t", case.input)
    text += array("kBias", "int32_t", case.bias)
    values = {
        "PACKED_BYTES": len(packed), "OUTPUT_BYTES": int(np.prod(case.output_shape)), "IN_H": case.input.shape[1],
        "IN_W": case.input.shape[2], "INPUT_ZERO": case.input_zero_point, "OUTPUT_ZERO": case.output_zero_point,
    }  # fmt: skip
    text += "".join(f"#define {name} ({value})\n" for name, value in values.items())
    (folder / "data.h").write_text(text)
    main = folder / "main.cc"
    main.write_text(PROGRAM.replace("VIEW", kind[1]).replace("TYPE", kind[0]))
    elf = folder / f"{kind[1]}.elf"
    start = folder / "start.o"
    flags = [*FLAGS, "-O3", "-ffunction-sections", "-fno-exceptions"]
    compile_cpp([compiler("arm-none-eabi-gcc", "gcc-arm-none-eabi"), *FLAGS, "-Os", "-ffreestanding", "-c",
                 str(DEVICE / "start.c"), "-o", str(start)])  # fmt: skip
    sources = [path for path in NONZERO_SOURCES if path.parent != OPS / "tests"]
    compile_cpp([compiler("arm-none-eabi-g++", "gcc-arm-none-eabi"), *flags, "-std=c++17", "-fno-rtti", f"-I{ROOT}",
                 f"-I{folder}", str(main), *map(str, sources), str(start), "-nostartfiles", "--specs=nano.specs",
                 "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", f"-T{DEVICE / 'image.ld'}",
                 "-o", str(elf)])  # fmt: skip
    return elf


def measure(case: ConvCase, folder: Path) -> tuple[int, int]:
    elf = build(case, folder)
    board = Board(elf, timing=TimingOptions(caches="on"))
    marks = []
    for name in ("measured", "done"):
        board.add_marker(board.image.require(name), lambda counters: marks.append(counters))
    board.run(max_instructions=50_000_000)
    used = marks[3] - marks[2]
    found = np.frombuffer(board.read_memory(board.image.require("output"), int(np.prod(case.output_shape))), np.int8)
    assert np.array_equal(found.reshape(case.output_shape), case.expected())
    return used.instructions, used.cycles


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    rows = [("index_list", share, None) for share in (0.0, 0.45, 0.5, 0.75, 0.9)]
    rows += [("n_of_m_2_4", 0.5, 2), ("n_of_m_1_4", 0.75, 1)]
    print("method       zeros  instructions  cycles   bytes")
    for method, share, n in rows:
        case = pointwise_case(share if n is None else 0.0, n)
        instructions, cycles = measure(case, folder)
        print(f"{method:<12} {share:>4.0%} {instructions:>13,} {cycles:>9,} {len(case.packed):>6,}")


if __name__ == "__main__":
    main()
