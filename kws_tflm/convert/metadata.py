"""The resolved configuration inside a `.tflite`: a metadata entry named `kws_tflm`, JSON in UTF-8."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from kws_tflm import config as configuration
from kws_tflm.config import Config
from kws_tflm.convert.model import add_buffer, parse, serialize
from kws_tflm.convert.schema import schema, text
from kws_tflm.errors import ConfigError, MismatchError, ModelError

ENTRY = "kws_tflm"
FORMAT = 1


@dataclass(frozen=True)
class ModelMetadata:
    """What a model of this project says about itself."""

    config: Config
    hash: str
    labels: tuple[str, ...]
    """Class names in output order."""


def embed_metadata(model: bytes, config: Config) -> bytes:
    """`model` with `config`, its hash and the labels inside; a previous entry is replaced."""
    edited = parse(model)
    content = {"format": FORMAT, "hash": config.hash, "labels": list(config.labels), "config": config.to_dict()}
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    edited.metadata = edited.metadata or []
    for entry in edited.metadata:
        if text(entry.name) == ENTRY:
            edited.buffers[entry.buffer].data = np.frombuffer(encoded, np.uint8)
            return serialize(edited)
    entry = schema().MetadataT()
    entry.name = ENTRY
    entry.buffer = add_buffer(edited, encoded)
    edited.metadata.append(entry)
    return serialize(edited)


def read_metadata(model: bytes, where: str = "model") -> ModelMetadata | None:
    """The embedded configuration, or None for a foreign model.

    Raises:
        ModelError: `model` or its entry cannot be read.
        MismatchError: the entry's configuration does not have the hash that stands beside it.
    """
    parsed = parse(model, where)
    for entry in parsed.metadata or []:
        if text(entry.name) == ENTRY:
            data = parsed.buffers[entry.buffer].data
            return _decode(b"" if data is None else np.asarray(data, np.uint8).tobytes(), where)
    return None


def _decode(encoded: bytes, where: str) -> ModelMetadata:
    try:
        content = json.loads(encoded)
        found, labels, raw = str(content["hash"]), tuple(map(str, content["labels"])), content["config"]
        config = configuration.from_dict(raw, where=f"{where}: embedded configuration")
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise ModelError(f"{where}: its {ENTRY} metadata cannot be read ({error}); convert the model again") from None
    if config.hash != found or config.labels != labels:
        raise MismatchError(
            f"{where}: its embedded configuration has hash {config.hash}, not {found} as it says; convert it again"
        )
    return ModelMetadata(config, found, labels)
