"""C++ sources of one model: data, settings, feature tables, operator registrations.

The texts depend on the model, the configuration and the arena size only; a file whose text did not
change is not touched, so that a second build has nothing to do.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_tflm.config import Config, require_same
from kws_tflm.convert import custom_operators, read_metadata
from kws_tflm.errors import FirmwareError
from kws_tflm.features.codegen import write_cpp
from kws_tflm.features.quantize import input_quantization
from kws_tflm.features.tables import make_tables
from kws_tflm.firmware.model_facts import ModelFacts, read_model_facts
from kws_tflm.runtime.detector import keyword_mask, threshold_permille

CUSTOM_OPERATORS = {
    name: f'AddCustomOperator(resolver, "{name}", Observed<{{slot}}>(Register_{name.removeprefix("KWS_")}()), '
    "kCustomOperatorVersion);"
    for name in custom_operators.CUSTOM_OPERATORS
}
"""Custom operator -> the C++ statement that registers it in an observed slot."""
MAX_CLASSES = 64
BYTES_PER_LINE = 24


@dataclass(frozen=True)
class Application:
    """A model together with the configuration that says how to listen with it."""

    model: ModelFacts
    config: Config
    config_hash: str
    """`none` for a foreign model with the default features."""
    labels: tuple[str, ...]

    @property
    def keyword_mask(self) -> int:
        """Bit i set: class i is reported."""
        return keyword_mask(self.labels)


def read_application(path: Path, config: Config | None = None, labels: Sequence[str] | None = None) -> Application:
    """Match the model at `path` with its configuration.

    The configuration is the one inside the model; `config` must be the same, or stands in for it in a
    foreign model. A foreign model without `config` gets the default features and the labels `labels`,
    or ``class_0``, ``class_1``, ...; labels that begin with an underscore are never reported.

    Raises:
        ModelError: the model cannot be used (see `read_model_facts`).
        MismatchError: `config` is not the configuration that made the model.
        FirmwareError: input shape or number of classes do not fit the configuration.
    """
    model = read_model_facts(path)
    inside = read_metadata(model.data, where=str(path))
    if inside is not None and config is not None:
        require_same(config.hash, inside.hash, "the model", path)
    known = inside.config if inside is not None else config
    effective = known or Config()
    if labels is None:
        labels = known.labels if known else [f"class_{i}" for i in range(model.n_classes)]
    _check(path, model, effective, labels)
    return Application(model, effective, known.hash if known else "none", tuple(labels))


def _check(path: Path, model: ModelFacts, config: Config, labels: Sequence[str]) -> None:
    features = config.features
    shape = tuple(side for side in model.input_shape if side != 1)
    wanted = tuple(side for side in (features.n_frames, features.n_features) if side != 1)
    if shape not in (wanted, (features.n_frames * features.n_features,)):
        raise FirmwareError(
            f"{path}: input is {' x '.join(map(str, model.input_shape))}, the configuration's features are "
            f"{features.n_frames} frames x {features.n_features}; give the experiment file of this model"
        )
    if len(labels) != model.n_classes:
        raise FirmwareError(f"{path}: has {model.n_classes} classes, {len(labels)} labels are known; give its labels")
    if len(labels) > MAX_CLASSES:
        raise FirmwareError(f"{path}: has {len(labels)} classes, the firmware takes {MAX_CLASSES}; train fewer words")
    for label in labels:
        if not label or not label.isascii() or not label.isprintable() or "," in label:
            raise FirmwareError(f"label {label!r} cannot be sent over the console; use printable ASCII without commas")


def generated_files(application: Application, arena_bytes: int) -> dict[str, str]:
    """File name -> text of every generated source."""
    return {
        "settings.h": _settings(application, arena_bytes),
        "operators.h": _operators(application.model),
        "model_data.cc": _model_data(application.model),
        "feature_tables.cc": write_cpp(make_tables(application.config.features), application.config_hash),
    }


def profile_files(model: ModelFacts, arena_bytes: int) -> dict[str, str]:
    """The same for the profile image, which has no features and no detector."""
    settings = f"""{_model_banner(model)}#pragma once

#include <cstdint>

namespace kws::settings {{

{_model_settings(model, arena_bytes)}
}}  // namespace kws::settings
"""
    return {"settings.h": settings, "operators.h": _operators(model), "model_data.cc": _model_data(model)}


def write_sources(application: Application, arena_bytes: int, folder: Path) -> bool:
    """Write `generated_files` into `folder`; False when all were there already, unchanged."""
    return write_files(generated_files(application, arena_bytes), folder)


def write_files(files: dict[str, str], folder: Path) -> bool:
    """Write name -> text into `folder`; False when all were there already, unchanged."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = False
    for name, text in files.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.write_text(text, encoding="utf-8")
        changed = True
    return changed


def _banner(application: Application) -> str:
    return (
        f"// Generated by kws_tflm.firmware, model {application.model.name}, configuration "
        f"{application.config_hash}. Do not edit.\n// clang-format off\n"
    )


def _model_banner(model: ModelFacts) -> str:
    return f"// Generated by kws_tflm.firmware, model {model.name}. Do not edit.\n// clang-format off\n"


def _quoted(text: str) -> str:
    return json.dumps(text)


def _settings(application: Application, arena_bytes: int) -> str:
    model, config = application.model, application.config
    features, detector = config.features, config.detector
    multiplier, shift, zero_point = input_quantization(model.input_scale, model.input_zero_point)
    refractory = detector.refractory_ms * features.sample_rate // 1000
    threshold = max(1, threshold_permille(detector.threshold))
    labels = ", ".join(map(_quoted, application.labels))
    return f"""{_banner(application)}#pragma once

#include <cstdint>

#include "stm32f7_app/core/detector.h"
#include "stm32f7_app/core/features/feature_quantizer.h"
#include "stm32f7_app/core/features/feature_tables.h"

namespace kws::settings {{

inline constexpr char kConfigHash[] = {_quoted(application.config_hash)};
{_model_settings(model, arena_bytes)}
inline constexpr int32_t kClasses = {len(application.labels)};
inline constexpr const char* kLabels[kClasses] = {{{labels}}};

inline constexpr uint32_t kSampleRate = {features.sample_rate};
inline constexpr uint32_t kHopLength = {features.hop_length};
inline constexpr int32_t kFrames = {features.n_frames};
inline constexpr int32_t kFeatures = {features.n_features};
inline constexpr std::size_t kFeatureWorkspaceBytes =
    FeatureWorkspaceBytes({features.window_length}, {features.hop_length}, {features.n_fft}, {features.n_mels});

inline constexpr int32_t kHopsPerInference = {detector.hops_per_inference};
inline constexpr FeatureQuantization kInputQuantization = {{{multiplier}, {shift}, {zero_point}}};
// n_classes, keyword_mask, smoothing, threshold_permille, refractory_samples
inline constexpr DetectorSettings kDetector = {{
    kClasses, {application.keyword_mask:#x}, {detector.smoothing}, {threshold}, {refractory}}};

}}  // namespace kws::settings
"""


def _model_settings(model: ModelFacts, arena_bytes: int) -> str:
    names = ", ".join(map(_quoted, model.operators))
    return f"""inline constexpr char kModelName[] = {_quoted(model.name)};
inline constexpr uint32_t kModelBytes = {len(model.data)};
extern const uint8_t kModel[kModelBytes];
inline constexpr uint32_t kModelCrc32 = {zlib.crc32(model.data):#010x};
inline constexpr uint32_t kArenaBytes = {arena_bytes};
inline constexpr uint32_t kOperators = {len(model.operators)};
inline constexpr const char* kOperatorNames[kOperators] = {{{names}}};
"""


def _operators(model: ModelFacts) -> str:
    calls = [_registration(name, slot) for slot, name in enumerate(model.builtin_operators)]
    calls += [
        CUSTOM_OPERATORS[name].format(slot=slot)
        for slot, name in enumerate(model.custom_operators, len(model.builtin_operators))
    ]
    body = "\n".join(f"  {call}" for call in calls)
    return f"""{_model_banner(model)}#pragma once

#include "custom_ops/tflm/builtin_kernels.h"
#include "custom_ops/tflm/observed.h"
#include "custom_ops/tflm/register.h"
#include "custom_ops/tflm/resolver.h"

namespace kws {{

using OperatorResolver = tflite::MicroMutableOpResolver<{len(calls)}>;

// The operators of this model and no others, so that no other kernel is linked.
inline void RegisterOperators(OperatorResolver& resolver) {{
{body}
}}

}}  // namespace kws
"""


def _registration(name: str, slot: int) -> str:
    return f"AddOperator<tflite::BuiltinOperator_{name}>(resolver, Observed<{slot}>(builtin::Register_{name}()));"


def _model_data(model: ModelFacts) -> str:
    rows = (model.data[i : i + BYTES_PER_LINE] for i in range(0, len(model.data), BYTES_PER_LINE))
    body = "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)
    return f"""{_model_banner(model)}#include "settings.h"

namespace kws::settings {{

[[gnu::section(".model")]] alignas(16) const uint8_t kModel[kModelBytes] = {{
{body}
}};

}}  // namespace kws::settings
"""
