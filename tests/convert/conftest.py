from __future__ import annotations

import sys
from pathlib import Path

# TFLite's scaling as the tests of the kernels write it.
sys.path.insert(0, str(Path(__file__).parents[1] / "custom_ops"))
