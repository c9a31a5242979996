"""The fuzz target with its own mutator, under ASan and UBSan; run the binary by hand for millions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from conv_case import random_case
from host_library import KERNELS, OPS, ROOT, WARNINGS, compile_cpp, compiler
from nonzero_case import NONZERO_SOURCES, index_list_case, n_of_m_case

from kws_tflm.convert.packing import ConvGeometry

INPUTS = 20_000
SOURCES = sorted({*KERNELS, *NONZERO_SOURCES} - {OPS / "tests" / "nonzero_c_api.cc"})


def test_fuzzing_the_reader_finds_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    seeds = []
    for block_shape in ((1, 4), (1, 2), (2, 3), (4, 1), (2, 8)):
        for flat in (False, True):
            case = random_case(
                rng,
                in_shape=(3, 3, 6),
                kernel=(2, 2),
                out_channels=5,
                block_shape=block_shape,
                flat=flat,
                geometry=ConvGeometry(same_padding=flat),
            )
            others = (index_list_case(case), n_of_m_case(case, 1, 1), n_of_m_case(case, 2, 2))
            for seed in (case, *(others if block_shape == (1, 4) else ())):
                seeds.append(tmp_path / f"seed{len(seeds)}.bin")
                seeds[-1].write_bytes(seed.packed)
    narrow = random_case(rng, in_shape=(5, 6, 1), kernel=(2, 4), out_channels=3, flat=True)
    for seed in (index_list_case(narrow), n_of_m_case(narrow, 2, 3)):
        seeds.append(tmp_path / f"seed{len(seeds)}.bin")
        seeds[-1].write_bytes(seed.packed)
    binary = tmp_path / "fuzz_sparse_format"
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    source = OPS / "tests" / "fuzz_sparse_format.cc"
    command = [compiler("g++", "g++"), "-std=c++17", *sanitizers, *WARNINGS, f"-I{ROOT}"]
    compile_cpp([*command, str(source), *map(str, SOURCES), "-o", str(binary)])
    result = subprocess.run([binary, str(INPUTS), "1", *seeds], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "no finding" in result.stdout
