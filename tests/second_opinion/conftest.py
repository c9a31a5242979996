from __future__ import annotations

import sys
from pathlib import Path

# The maker of single-operator models, shared with the tests of the kernels.
sys.path.insert(0, str(Path(__file__).parents[1] / "custom_ops"))
