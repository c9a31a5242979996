"""Which values an experiment may have: ranges of the keys of `kws_tflm.config`, and relations between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kws_tflm.errors import ConfigError

if TYPE_CHECKING:
    from kws_tflm.config import Config

OBJECTIVES = ("cycles", "flash", "balanced")
"""What the converter's choice of operators may minimise."""


def check_ranges(config: Config, where: str) -> None:
    """Ranges and relations; each message names the key and the accepted values."""

    def need(condition: bool, message: str) -> None:
        if not condition:
            raise ConfigError(f"{where}: {message}")

    data, feat, prune, det = config.data, config.features, config.prune, config.detector
    need(data.kind in ("synthetic", "speech_commands"), "'data.kind' must be 'synthetic' or 'speech_commands'")
    need(len(data.words) > 0, "'data.words' must name at least one keyword")
    need(len(set(data.words)) == len(data.words), "'data.words' has a word twice")
    for word in data.words:
        need(bool(word) and not word.startswith("_"), f"'data.words': {word!r} is not a usable word")
    need(0 <= data.silence_fraction <= 1, "'data.silence_fraction' must be in [0, 1]")
    need(0 <= data.unknown_fraction <= 20, "'data.unknown_fraction' must be in [0, 20]")
    need(
        config.convert.objective in OBJECTIVES,
        "'convert.objective' must be 'cycles', 'flash' or 'balanced'",
    )
    need(
        not config.convert.card or config.convert.card.isidentifier(),
        "'convert.card' must be a name of letters, digits and _, such as 'ds_cnn_sparse'",
    )
    need(data.clips_per_word >= 10, "'data.clips_per_word' must be at least 10")
    need(0 <= data.seed < 1 << 31, "'data.seed' must be in [0, 2^31)")
    need(0 <= data.synthetic_voices <= 5000, "'data.synthetic_voices' must be in [0, 5000]")
    need(feat.kind in ("mfcc", "log_mel"), "'features.kind' must be 'mfcc' or 'log_mel'")
    need(feat.sample_rate == 16000, "'features.sample_rate' must be 16000 (the microphone's rate)")
    need(feat.n_fft in (256, 512, 1024, 2048), "'features.n_fft' must be 256, 512, 1024 or 2048")
    need(32 <= feat.window_length <= feat.n_fft, "'features.window_length' must be in [32, n_fft]")
    need(0 < feat.hop_length <= feat.window_length, "'features.hop_length' must be in [1, window_length]")
    need(1 <= feat.n_mels <= 128, "'features.n_mels' must be in [1, 128]")
    need(1 <= feat.n_coefficients <= feat.n_mels, "'features.n_coefficients' must be in [1, n_mels]")
    need(0 <= feat.f_min < feat.f_max <= feat.sample_rate / 2, "'features.f_min' < 'f_max' <= 8000 must hold")
    need(1 <= feat.n_frames <= 400, "'features.n_frames' must be in [1, 400]")
    need(1e-9 <= feat.log_offset <= 1e-2, "'features.log_offset' must be in [1e-9, 1e-2]")
    aug = config.augmentation
    need(0.5 <= aug.speed_min <= aug.speed_max <= 2, "'augmentation.speed_min' <= 'speed_max' must be in [0.5, 2]")
    need(aug.snr_db_min <= aug.snr_db_max, "'augmentation.snr_db_min' must not exceed 'snr_db_max'")
    need(0 <= aug.noise_probability <= 1, "'augmentation.noise_probability' must be in [0, 1]")
    for name in ("room_probability", "filter_probability", "voice_probability", "loud_silence"):
        need(0 <= getattr(aug, name) <= 1, f"'augmentation.{name}' must be in [0, 1]")
    need(1 <= config.model.filters <= 512, "'model.filters' must be in [1, 512]")
    need(1 <= config.model.blocks <= 16, "'model.blocks' must be in [1, 16]")
    need(0 <= config.model.dropout < 1, "'model.dropout' must be in [0, 1)")
    model = config.model
    for key in ("first_kernel", "first_stride"):
        need(all(1 <= n <= 400 for n in getattr(model, key)), f"'model.{key}' entries must be in [1, 400]")
    need(1 <= model.expansion <= 8, "'model.expansion' must be in [1, 8]")
    need(1 <= model.kernel <= 99, "'model.kernel' must be in [1, 99]")
    train = config.train
    need(train.epochs >= 1 and train.batch_size >= 1, "'train.epochs' and 'batch_size' must be positive")
    need(train.patience >= 1, "'train.patience' must be at least 1")
    need(1 <= train.augmented_epochs <= 1000, "'train.augmented_epochs' must be in [1, 1000]")
    need(0 <= train.balance <= 1, "'train.balance' must be in [0, 1]")
    need(0 <= train.mixup <= 1, "'train.mixup' must be in [0, 1]")
    need(0 <= train.time_mask < feat.n_frames, "'train.time_mask' must be in [0, n_frames)")
    need(0 <= train.frequency_mask < feat.n_features, "'train.frequency_mask' must be in [0, n_features)")
    need(0 <= train.masks <= 8, "'train.masks' must be in [0, 8]")
    need(0 <= train.word_balance <= 1, "'train.word_balance' must be in [0, 1]")
    need(0 <= train.averaging < 1, "'train.averaging' must be in [0, 1)")
    need(0 <= train.distillation <= 1, "'train.distillation' must be in [0, 1]")
    need(0 <= train.label_smoothing < 1, "'train.label_smoothing' must be in [0, 1)")
    need(train.weight_decay >= 0, "'train.weight_decay' must not be negative")
    teacher = config.teacher
    need(0 <= teacher.models <= 16, "'teacher.models' must be in [0, 16]")
    need(1 <= teacher.filters <= 512, "'teacher.filters' must be in [1, 512]")
    need(1 <= teacher.blocks <= 16, "'teacher.blocks' must be in [1, 16]")
    need(teacher.epochs >= 1, "'teacher.epochs' must be at least 1")
    need(teacher.models == 0 or train.distillation > 0, "'teacher.models' needs 'train.distillation' above 0")
    need(teacher.models > 0 or not teacher.with_float, "'teacher.with_float' needs 'teacher.models' above 0")
    for section in ("train", "prune", "qat"):
        phase = getattr(config, section)
        need(phase.epochs >= 1, f"'{section}.epochs' must be at least 1")
        need(0 < phase.learning_rate <= 1, f"'{section}.learning_rate' must be in (0, 1]")
    need(0 <= prune.sparsity < 1, "'prune.sparsity' must be in [0, 1)")
    need(len(prune.layers) > 0, "'prune.layers' must name layers or kinds of layers; to prune nothing: enabled = false")
    need(len(set(prune.layers)) == len(prune.layers), "'prune.layers' names a layer twice")
    kinds = ("block", "row", "channel", "1:4", "2:4")
    need(prune.granularity in kinds, f"'prune.granularity' must be one of {', '.join(kinds)}")
    for pattern, sparsity in (("1:4", 0.75), ("2:4", 0.5)):
        fits = prune.granularity != pattern or prune.sparsity in (0.0, sparsity)
        need(fits, f"'prune.granularity' {pattern} needs 'prune.sparsity' = {sparsity}")
    need(prune.norm in ("l1", "l2"), "'prune.norm' must be 'l1' or 'l2'")
    need(all(1 <= b <= 16 for b in prune.block_shape), "'prune.block_shape' entries must be in [1, 16]")
    need(0 <= prune.begin_epoch <= prune.end_epoch <= prune.epochs, "'prune.begin_epoch' <= 'end_epoch' <= 'epochs'")
    need(1 <= det.hops_per_inference <= feat.n_frames, "'detector.hops_per_inference' must be in [1, n_frames]")
    need(1 <= det.smoothing <= 16, "'detector.smoothing' must be in [1, 16]")
    need(0 < det.threshold <= 1, "'detector.threshold' must be in (0, 1]")
    need(0 <= det.refractory_ms <= 60000, "'detector.refractory_ms' must be in [0, 60000]")
