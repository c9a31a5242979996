"""A short run of the fuzz target over whole models; docs/fuzzing.md has the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from host_programs import ROOT, build

INPUTS = 10_000


def test_fuzzing_every_prepare_finds_nothing(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    make = [sys.executable, ROOT / "custom_ops" / "tests" / "make_corpus.py", corpus]
    subprocess.run(make, capture_output=True, check=True, cwd=ROOT)

    command = [build("fuzz_prepare"), str(INPUTS), "11", *sorted(corpus.glob("*.tflite"))]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert result.returncode == 0, result.stderr[-3000:]
    assert "refused as it is" not in result.stdout
    assert "no finding" in result.stdout
