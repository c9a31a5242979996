"""The accuracy column: measured by training, read from a JSON file.

    {"rows": [{"granularity": "weight", "sparsity": 0.5, "accuracy": 0.931}, ...]}

`granularity` is ``weight``, ``row`` or ``channel`` (magnitude masks, retrained); `accuracy` in [0, 1].
"""

from __future__ import annotations

import json
from pathlib import Path

from kws_tflm.bench.paper.masks import Granularity
from kws_tflm.errors import DataError

Accuracies = dict[tuple[str, float], float]
"""(granularity, sparsity) -> accuracy."""


def read_accuracies(path: Path) -> Accuracies:
    """Read the file at `path`.

    Raises:
        DataError: missing, not JSON, or an entry that is not as above.
    """
    known = {granularity.value for granularity in Granularity}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        result = {(str(r["granularity"]), round(float(r["sparsity"]), 3)): float(r["accuracy"]) for r in rows}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the JSON of accuracies that training wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: not a file of accuracies ({type(error).__name__}: {error}); see docs/bench_paper.md"
        ) from None
    for (granularity, sparsity), accuracy in result.items():
        if granularity not in known or not 0 <= sparsity < 1 or not 0 <= accuracy <= 1:
            raise DataError(
                f"{path}: {granularity} at sparsity {sparsity:g} with accuracy {accuracy:g} cannot be; "
                f"granularities are {', '.join(sorted(known))}, the rest is in [0, 1]"
            )
    return result
