"""Regenerate the figures of docs/features.md: ``python tests/features/measure_features.py [--wav-folder DIR]``."""

from __future__ import annotations

import argparse
import tempfile
import time
import wave
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from feature_clips import make_clips
from feature_native import Extractor, Native, compile_library
from feature_target import CortexM7, build_image

from kws_tflm.config import FeatureConfig
from kws_tflm.features.quantize import input_quantization, quantize_features
from kws_tflm.features.reference import float_features


def wav_clips(folder: Path, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """`count` recordings of `folder`, evenly spread over its sorted wav files."""
    paths = sorted(folder.rglob("*.wav"))
    for index in np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int):
        with wave.open(str(paths[index])) as file:
            yield "recording", np.frombuffer(file.readframes(16000), np.int16)


def report_error(extractor: Extractor, clips: Iterable[tuple[str, np.ndarray]]) -> None:
    """Largest and RMS difference in Q7.8 units, and in int8 steps of the scale that covers the clips."""
    fixed, expected = defaultdict(list), defaultdict(list)
    for kind, pcm in clips:
        fixed[kind].append(extractor.clip(pcm))
        expected[kind].append(float_features(pcm, extractor.config))
    everything = np.concatenate([np.concatenate(e) for e in expected.values()])
    scale = float(np.ptp(everything)) / 255.0
    zero_point = int(np.rint(-128 - everything.min() / scale))
    quantization = input_quantization(scale, zero_point)
    print(f"int8 scale {scale:.4f}, zero point {zero_point}")
    print(f"{'clips':18} {'count':>5} {'max Q7.8':>9} {'rms Q7.8':>9} {'int8 equal':>10} {'max steps':>9}")
    for kind in fixed:
        q, f = np.concatenate(fixed[kind]), np.concatenate(expected[kind])
        error = q - 256.0 * f
        exact = np.clip(np.rint(f / scale) + zero_point, -128, 127)
        steps = np.abs(quantize_features(q, *quantization) - exact)
        print(
            f"{kind:18} {len(fixed[kind]):5} {np.abs(error).max():9.2f} {np.sqrt(np.mean(error**2)):9.3f} "
            f"{np.mean(steps == 0):10.4%} {int(steps.max()):9}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wav-folder", type=Path, help="also measure on 1,000 recordings (16 kHz mono)")
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        native = Native(compile_library(Path(folder)))
        for kind in ("mfcc", "log_mel"):
            extractor = native.extractor(FeatureConfig(kind=kind))
            print(f"\n{kind}")
            report_error(extractor, make_clips(arguments.count))
            if arguments.wav_folder:
                report_error(extractor, wav_clips(arguments.wav_folder, arguments.count))

        extractor = native.extractor(FeatureConfig())
        pcm = next(samples for kind, samples in make_clips(20) if kind == "speech")
        start = time.perf_counter()
        for _ in range(500):
            extractor.clip(pcm)
        print(f"\nhost: {(time.perf_counter() - start) * 2:.3f} ms a one-second clip (mfcc, one core)")

        m7 = CortexM7(build_image(Path(folder), FeatureConfig()))
        m7.write("samples", pcm[4000:4512])
        print(f"Cortex-M7: {m7.call('compute_column')} instructions a column, of these")
        for name, count in m7.instructions_by_function().most_common():
            print(f"  {count:6} {name}")


if __name__ == "__main__":
    main()
