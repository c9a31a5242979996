"""The card of a shipped model: what it knows, what it reaches, what it costs. Measured, and written by a program."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kws_tflm import shipped
from kws_tflm.errors import MismatchError, ModelError

FORMAT = 1


@dataclass(frozen=True)
class LayerCard:
    """One operator of the sparse model."""

    index: int
    operator: str
    output: tuple[int, ...]
    weights: int
    """Zeros included, biases not."""
    sparsity: float
    """Fraction of the weights that are zero."""
    cycles: int
    """Modelled, of one inference."""


@dataclass(frozen=True)
class SeedCard:
    """The same experiment with another seed, on the same test recordings."""

    seed: int
    config_hash: str
    accuracy: dict[str, float]


@dataclass(frozen=True)
class DataCard:
    """What the model was trained on."""

    name: str
    license: str
    source: str
    """Whom to name, and where it is."""
    training_clips: dict[str, int]


@dataclass(frozen=True)
class Card:
    """A shipped model. Accuracies are fractions of the test recordings, sizes bytes, cycles modelled."""

    name: str
    labels: tuple[str, ...]
    """In output order."""
    config_name: str
    config_hash: str
    seed: int
    architecture: dict[str, Any]
    """Section [model] of the experiment."""
    data: DataCard
    test_data: str
    """Which recordings the accuracies are of."""
    test_clips: int
    accuracy: dict[str, float]
    """float, pruned, qat: Keras; int8: dense, tf.lite; sparse: host TFLM; board: the same on the virtual board."""
    board_differs: int
    """Test recordings whose scores on the board are not those of the host, byte for byte."""
    per_class: dict[str, dict[str, Any]]
    """Of the sparse model: clips, recall, precision, F1."""
    expected_calibration_error: float
    """Of the sparse model's scores."""
    seeds: tuple[SeedCard, ...]
    """This model's first."""
    layers: tuple[LayerCard, ...]
    board: str
    kernels: str
    cycles: int
    """Of one inference, on the virtual board's cycle model."""
    instructions: int
    milliseconds: float
    """At the board's clock."""
    flash_bytes: int
    """Of the whole firmware, the model included."""
    arena_bytes: int
    """Tensor arena in use."""
    ram_bytes: int
    """Of the whole firmware: stack, arena and audio buffers included."""
    model_bytes: int
    sha256: str
    """Of the file."""
    made: dict[str, Any]
    """When, by which version and commit; `trained`: the commit that trained it."""

    @property
    def words(self) -> tuple[str, ...]:
        """The keywords."""
        return tuple(label for label in self.labels if not label.startswith("_"))

    @property
    def sparsity(self) -> float:
        """Fraction of all weights that are zero."""
        weights = sum(layer.weights for layer in self.layers)
        return sum(layer.weights * layer.sparsity for layer in self.layers) / max(1, weights)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form: what reading it back from JSON gives."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"format": FORMAT, **plain, "words": list(self.words), "sparsity": round(self.sparsity, 4)}

    def markdown(self) -> str:
        """The card for people."""
        from kws_tflm.shipped.page import card_page

        return card_page(self)


def from_dict(raw: dict[str, Any]) -> Card:
    """The card in `raw`; KeyError, TypeError or ValueError when it is none."""
    if raw["format"] != FORMAT:
        raise ValueError(f"card format {raw['format']}, not {FORMAT}")
    values = {key: raw[key] for key in Card.__dataclass_fields__}
    layers = tuple(LayerCard(**layer | {"output": tuple(layer["output"])}) for layer in values["layers"])
    seeds = tuple(SeedCard(**seed) for seed in values["seeds"])
    nested = {"data": DataCard(**values["data"]), "seeds": seeds, "layers": layers, "labels": tuple(values["labels"])}
    return Card(**values | nested)


def read_card(name: str, folder: Path | None = None) -> Card:
    """The card of the shipped model `name`.

    Raises:
        ModelError: there is none, or it is damaged.
        MismatchError: it is not the card of the file beside it.
    """
    folder = folder or shipped.folder()
    path, model = folder / f"{name}.json", folder / f"{name}.tflite"
    advice = f"make it again: kws-tflm models --make RUN --name {name}"
    try:
        card = from_dict(json.loads(path.read_text(encoding="utf-8")))
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{error.filename}: {(error.strerror or 'unreadable').lower()}; {advice}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: damaged card ({error}); {advice}") from None
    if card.sha256 != digest:
        raise MismatchError(f"{path}: is not the card of {model.name}, which has another SHA-256; {advice}")
    return card
