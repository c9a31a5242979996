"""What a conversion gives: both models, and why they are as they are."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import Any

from kws_tflm.convert.compact import CompactedLayer
from kws_tflm.convert.fuse_separable import FusedPair
from kws_tflm.convert.sparsification import LayerDecision
from kws_tflm.convert.verification import VerifyReport


@dataclass(frozen=True)
class ConvertResult:
    """Both models and why they are as they are."""

    dense: bytes
    sparse: bytes
    objective: str
    layers: list[LayerDecision]
    """Of the model without the channels that `compaction` took out."""
    compaction: list[CompactedLayer]
    verification: VerifyReport
    config: str | None
    """Hash of the configuration; None for a foreign model."""
    fused: list[FusedPair] = field(default_factory=list)
    """Depthwise and 1x1 convolutions that became one operator; they are in no other list."""
    pruning: dict[str, Any] | None = None
    """What one-shot pruning did (`foreign.PruningReport`); None: there was none."""
    replaced: dict[str, Any] | None = None
    """Operators that TFLM does not have (`replacements.py`): notes, and on how many noise inputs the outputs
    differ from those of the model as given, by how many steps at worst. None: there were none."""

    def report(self) -> dict[str, Any]:
        """The content of convert.json."""
        return {
            "config": self.config,
            "objective": self.objective,
            "dense": {"bytes": len(self.dense), "sha256": hashlib.sha256(self.dense).hexdigest()},
            "sparse": {"bytes": len(self.sparse), "sha256": hashlib.sha256(self.sparse).hexdigest()},
            "layers": [dataclasses.asdict(layer) | {"sparse": layer.sparse} for layer in self.layers],
            "totals": self._totals(),
            "compaction": [dataclasses.asdict(layer) for layer in self.compaction],
            "fused": [dataclasses.asdict(pair) for pair in self.fused],
            "pruning": self.pruning,
            "replaced": self.replaced,
            "verification": dataclasses.asdict(self.verification),
        }

    def _totals(self) -> dict[str, int]:
        """Sums over the layers that have candidates; cycles are estimates."""
        known = [layer for layer in self.layers if layer.candidates]
        return {
            "layers": len(self.layers),
            "rewritten": sum(layer.sparse for layer in known),
            "dense_cycles": sum(layer.candidates[0].cycles for layer in known),
            "cycles": sum(layer.cost().cycles for layer in known),
            "dense_bytes": sum(layer.candidates[0].bytes for layer in known),
            "bytes": sum(layer.cost().bytes for layer in known),
        }
