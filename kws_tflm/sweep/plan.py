"""Which runs a sweep consists of: each is an ordinary experiment, derived from the one that is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kws_tflm import config as configuration
from kws_tflm.compress.granularity import BLOCK, CHANNEL, ROW, own_sparsity
from kws_tflm.config import Config
from kws_tflm.errors import ConfigError

DENSE = "dense"
"""Name of the shape of a run without zeros."""
_BLOCK = re.compile(r"(\d{1,2})x(\d{1,2})")
_PATTERNS = ("1:4", "2:4")


@dataclass(frozen=True)
class Shape:
    """What is zeroed together."""

    name: str
    """As on the command line: ``1x4``, ``row``, ``channel``, ``2:4``; ``dense`` where nothing is."""
    granularity: str
    block: tuple[int, int] | None = None
    """(output, input) channels; None: not blocks."""


@dataclass(frozen=True)
class Point:
    """One run of a sweep."""

    config: Config
    shape: str
    sparsity: float

    @property
    def filters(self) -> int:
        """Width of the network."""
        return self.config.model.filters

    @property
    def folder(self) -> str:
        """Name of its run folder."""
        return f"{self.config.name}-{self.config.hash}"

    @property
    def title(self) -> str:
        """For progress lines."""
        what = DENSE if self.shape == DENSE else f"{self.shape}, {100 * self.sparsity:g} % zeros"
        return f"{self.filters} filters, {what}, seed {self.config.seed}"


def parse_shape(text: str) -> Shape:
    """A shape by its name.

    Raises:
        ConfigError: there is no such shape.
    """
    if text in (ROW, CHANNEL, *_PATTERNS):
        return Shape(text, text)
    block = _BLOCK.fullmatch(text)
    if block is not None and all(1 <= int(side) <= 16 for side in block.groups()):
        return Shape(text, BLOCK, (int(block[1]), int(block[2])))
    raise ConfigError(
        f"'{text}' cannot be pruned together; give blocks of output x input channels, 1x1 to 16x16 (1x1: single "
        f"weights), or {ROW}, {CHANNEL}, {', '.join(_PATTERNS)}"
    )


def make_plan(
    base: Config, shapes: Sequence[Shape], sparsities: Sequence[float], filters: Sequence[int], seeds: Sequence[int]
) -> list[Point]:
    """All runs, those that share a float stage one after the other, the dense one first.

    Sparsity 0 is one dense run a width: it is trained as long as the others are pruned. A shape that has a sparsity of
    its own (``2:4``) is one run.

    Raises:
        ConfigError: nothing to do, or a width, seed or sparsity that an experiment cannot have.
    """
    if not base.prune.enabled:
        raise ConfigError(f"'{base.name}' is not pruned ('prune.enabled = false'); enable it to sweep over sparsities")
    asked = sorted(set(sparsities))
    points = []
    for seed in dict.fromkeys(seeds):
        for width in dict.fromkeys(filters):
            if 0.0 in asked:
                points.append(_point(base, Shape(DENSE, base.prune.granularity), 0.0, width, seed))
            for shape in dict.fromkeys(shapes):
                own = own_sparsity(shape.granularity)
                wanted = [s for s in asked if s > 0] if own is None else [own]
                points += [_point(base, shape, sparsity, width, seed) for sparsity in wanted if asked != [0.0]]
    if not points:
        raise ConfigError("nothing to sweep over; give at least one sparsity, shape, width and seed")
    return points


def _point(base: Config, shape: Shape, sparsity: float, filters: int, seed: int) -> Point:
    label = DENSE if shape.name == DENSE else f"{shape.name.replace(':', 'of')}-{100 * sparsity:g}"
    own_seed = "" if seed == base.seed else f"-seed{seed}"
    raw: dict[str, Any] = base.to_dict()
    raw["name"] = f"{base.name}-{filters}-{label}{own_seed}"
    raw["seed"] = seed
    raw["model"]["filters"] = filters
    raw["prune"]["sparsity"] = sparsity
    raw["prune"]["granularity"] = shape.granularity
    if shape.block is not None:
        raw["prune"]["block_shape"] = list(shape.block)
    return Point(configuration.from_dict(raw, where="sweep"), shape.name, sparsity)


def check_points(points: Sequence[Point]) -> None:
    """Refuse, before anything is trained, what training would refuse hours later.

    Raises:
        ConfigError: an architecture that cannot be built so, has no layer to prune, or not by a shape.
    """
    from kws_tflm.compress import Pruner
    from kws_tflm.models import build

    seen = set()
    for point in points:
        config = point.config
        kind = (config.model, config.prune.granularity)
        if kind in seen:
            continue
        seen.add(kind)
        if not Pruner(build(config), config.prune).layer_names:
            layers = ", ".join(config.prune.layers)
            raise ConfigError(f"'{config.model.name}' has no layer of 'prune.layers' ({layers}); name some that it has")
