"""No integer overflow for the loudest signals that there are, in a build that traps on undefined behaviour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from feature_native import ROOT, Native, compile_library

from kws_tflm.config import FeatureConfig
from kws_tflm.features.reference import float_features


def loudest_signals(config: FeatureConfig, bins: int = 24) -> list[np.ndarray]:
    """Full-scale signs that add up in one bin: of the real spectrum, and of the complex FFT of half the length."""
    n = np.arange(config.window_length)
    signals = [np.full(config.window_length, -32768, np.int16)]
    for k in np.linspace(0, config.n_fft // 2, bins).astype(int):
        for phase in (0.0, 0.7, np.pi / 2, 3.0):
            real = np.cos(2 * np.pi * k * n / config.n_fft + phase)
            z = np.exp(1j * (2 * np.pi * k * (n // 2) / (config.n_fft // 2) + phase))
            for wave in (real, np.where(n % 2, z.imag, z.real)):
                signals.append(np.where(wave >= 0, 32767, -32768).astype(np.int16))
    return signals


def check_loudest_signals(library: Path, n_fft: int, window_length: int) -> None:
    config = FeatureConfig(
        kind="log_mel", n_fft=n_fft, window_length=window_length, hop_length=window_length, f_min=0.0, f_max=8000.0
    )
    extractor = Native(library).extractor(config)
    for pcm in loudest_signals(config):
        np.testing.assert_allclose(extractor.clip(pcm) / 256.0, float_features(pcm, config), atol=4 / 256)


@pytest.mark.parametrize("n_fft", [256, 512, 1024, 2048])
def test_loudest_signals(tmp_path_factory: pytest.TempPathFactory, n_fft: int):
    folder = tmp_path_factory.getbasetemp() / "trapping"
    if not folder.exists():
        folder.mkdir()
        compile_library(folder, "-fsanitize=undefined", "-fno-sanitize=vptr", "-fsanitize-undefined-trap-on-error")
    script = (
        "from pathlib import Path; from test_feature_overflow import check_loudest_signals as check\n"
        f"for length in ({n_fft}, {n_fft - 1}, {n_fft // 2 + 3}, 40):\n"
        f"    check(Path({str(folder / 'libkws_features.so')!r}), {n_fft}, length)"
    )
    # A child process: a trap ends it.
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr or f"ended by signal {-result.returncode}: integer overflow"
