"""The timeline plot is a readable PNG for any score."""

import numpy as np
import pytest

from kws_tflm.console.protocol import Detection
from kws_tflm.console.score import Label, score
from kws_tflm.report.timeline import draw_timeline

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("samples", [0, 100, 16000 * 65])
def test_draws_words_said_and_heard(tmp_path, samples):
    pcm = np.random.default_rng(1).integers(-3000, 3000, samples, dtype=np.int16)
    labels = [Label("yes", 16000, 30000), Label("no", 16000 * 40, 16000 * 41)]
    result = score([Detection("yes", 0.9, 31000, 0), Detection("go", 0.8, 90000, 0)], labels)
    path = tmp_path / "plots" / "timeline.png"
    draw_timeline(pcm, result, path, "demo")
    assert path.read_bytes().startswith(PNG)
    assert list(path.parent.iterdir()) == [path]
