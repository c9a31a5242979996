"""Make or inspect a data set: clips of each class in each split, voices, seconds.

With the experiment's synthetic set this makes it (or finds it in the cache); with Speech Commands it
checks the folder. --export writes the clips as wav files in class folders; --stream makes a labelled
stream of unseen voices for 'kws-tflm run --labels'.
"""

from __future__ import annotations

EXAMPLE = "example: kws-tflm data --config configs/demo.toml --stream build/stream.wav"
