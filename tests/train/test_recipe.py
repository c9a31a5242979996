"""The options of a strong recipe: SpecAugment masks, word balance, averaged weights, teachers."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kws_tflm._tf import keras
from kws_tflm.config import Config, PruneConfig, TrainConfig, from_dict
from kws_tflm.errors import ConfigError, MismatchError
from kws_tflm.train import load_model, open_run, train_run
from kws_tflm.train.averaging import RunningMean
from kws_tflm.train.batches import balanced_order, batches, mask
from kws_tflm.train.run import phases, taught_by
from kws_tflm.train.source import LabelledFeatures
from kws_tflm.train.teachers import WordSource, ensemble, fine_labels

from .fakes import FakeSource, tiny_config

TEACHERS = {"models": 2, "name": "ds_cnn", "filters": 12, "blocks": 1, "epochs": 2}


def silent(line: str) -> None:
    del line


def test_frequency_mask_replaces_neighbouring_features_by_their_means() -> None:
    original = np.random.default_rng(0).normal(size=(60, 12, 8, 1)).astype(np.float32)
    x = original.copy()
    mask(x, 2, 3, np.random.default_rng(1))
    changed = (x != original).any(axis=(1, 3))
    assert changed.sum(axis=1).max() == 3
    clip = int(changed.sum(axis=1).argmax())
    hidden = np.flatnonzero(changed[clip])
    assert np.array_equal(hidden, np.arange(hidden[0], hidden[0] + 3))
    assert np.allclose(x[clip, :, hidden], original[clip, :, hidden].mean(axis=1, keepdims=True), atol=1e-6)


def test_masks_says_how_many() -> None:
    features = np.random.default_rng(0).normal(0, 300, (64, 30, 4)).astype(np.int16)
    data = LabelledFeatures(features, np.arange(64) % 2)

    def hidden(masks: int) -> int:
        config = TrainConfig(batch_size=64, time_mask=4, masks=masks, balance=0.0)
        ((x, _, _),) = batches(data, 2, config, np.random.default_rng(0))
        ((plain, _, _),) = batches(data, 2, config, np.random.default_rng(0), distort=False)
        return int((x != plain).any(axis=(2, 3)).sum(axis=1).max())

    assert hidden(0) == 0
    assert hidden(1) == 4
    assert 4 < hidden(3) <= 12


def test_words_of_a_class_can_come_equally_often() -> None:
    labels = np.repeat([0, 1], [40, 60])
    words = np.repeat([7, 8, 9], [40, 50, 10])  # class 1 has the words 8 and 9
    rng = np.random.default_rng(0)
    order = balanced_order(labels, 0.0, rng, words, 1.0)
    assert np.bincount(words[order], minlength=10)[7:].tolist() == [40, 30, 30]
    assert np.bincount(order[words[order] == 9], minlength=100)[90:].tolist() == [3] * 10
    as_recorded = balanced_order(labels, 0.0, rng, words, 0.0)
    assert np.bincount(words[as_recorded], minlength=10)[7:].tolist() == [40, 50, 10]


def small_model() -> keras.Model:
    return keras.Sequential([keras.layers.Dense(4, input_shape=(4,), name="dense")])


def test_running_mean_follows_the_weights_and_comes_and_goes() -> None:
    model = small_model()
    kernel = model.layers[0].kernel
    kernel.assign(np.zeros((4, 4)))
    mean = RunningMean(model, 0.9, None)
    for _ in range(400):
        kernel.assign(np.ones((4, 4)))
        mean.update()
        kernel.assign(np.full((4, 4), 3.0))
        mean.update()
    with mean.in_model():
        assert np.allclose(kernel.numpy(), 2.0, atol=0.06)
    assert np.all(kernel.numpy() == 3.0)


def test_running_mean_has_the_masks_zeros() -> None:
    from kws_tflm.compress import Pruner

    model = small_model()
    pruner = Pruner(model, PruneConfig(layers=("dense",), block_shape=(1, 2)))
    mean = RunningMean(model, 0.99, pruner)
    pruner.update(0.5)
    mean.update()
    with mean.in_model():
        assert np.count_nonzero(model.layers[0].kernel.numpy()) == 8


def test_averaged_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    config = tiny_config(train={"averaging": 0.98})

    class StoppedError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith(("float    2/", "pruned   3/", "qat      1/")):
            raise StoppedError

    train_run(config, tmp_path / "whole", FakeSource(config), say=silent)
    for _ in range(3):
        with pytest.raises(StoppedError):
            train_run(config, tmp_path / "parts", FakeSource(config), say=stop)
    train_run(config, tmp_path / "parts", FakeSource(config), say=silent)
    for stage in ("float", "pruned", "qat"):
        whole = open_run(tmp_path / "whole").load_stage(stage).weights
        parts = open_run(tmp_path / "parts").load_stage(stage).weights
        assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_teachers_come_first_and_their_mean_is_what_is_learnt_from(tmp_path: Path) -> None:
    config = tiny_config(train={"distillation": 0.5, "epochs": 2}, teacher=TEACHERS, prune={"enabled": False})
    assert [phase.name for phase in phases(config)] == ["teacher1", "teacher2", "float", "qat"]
    report = train_run(config, tmp_path, FakeSource(config), say=silent)
    assert set(report["stages"]) == {"float", "qat"}
    assert report["teachers"]["validation"]["accuracy"] > 0.8
    folder = open_run(tmp_path)
    first, second = (folder.load_stage(f"teacher{n}").weights for n in (1, 2))
    assert not np.array_equal(first[0], second[0])
    teachers = ensemble(folder)
    x = np.random.default_rng(0).normal(0, 3, (3, 16, 10, 1)).astype(np.float32)
    members = [layer for layer in teachers.layers if layer.name.startswith("teacher")]
    mean = np.mean([member(x).numpy() for member in members], axis=0)
    assert np.allclose(teachers(x).numpy(), mean, atol=1e-6)


class WordSourceOfTwo(FakeSource):
    """The class ``_unknown_`` (3) has the words 5 and 9 in turn."""

    def words(self):  # type: ignore[no-untyped-def]
        labels = self.train(0).labels
        return np.where(labels == 3, np.where(np.arange(len(labels)) % 8 < 4, 5, 9), labels)


def test_fine_labels_give_each_unknown_word_its_class() -> None:
    labels = np.array([0, 1, 2, 3, 3, 3])
    assert fine_labels(labels, np.array([0, 1, 2, 9, 5, 9]), 2).tolist() == [0, 1, 4, 3, 2, 3]


def test_a_teacher_of_every_word_hears_classes_as_often_as_its_pupil() -> None:
    config = tiny_config(
        train={"balance": 1.0, "label_smoothing": 0.0, "distillation": 0.5}, teacher={**TEACHERS, "every_word": True}
    )
    taught = WordSource(WordSourceOfTwo(config), config)
    rng = np.random.default_rng(0)
    made = batches(taught.train(0), 6, config.train, rng, False, taught.words(), taught.classes)
    counts = np.sum([batch.y.sum(axis=0) for batch in made], axis=0)
    yes, no, one, other, silence, unknown = counts
    assert unknown == 0
    assert max(yes, no, silence, one + other) - min(yes, no, silence, one + other) <= config.train.batch_size


def test_teachers_of_every_word_give_the_runs_classes(tmp_path: Path) -> None:
    teacher = {**TEACHERS, "models": 1, "epochs": 3, "every_word": True}
    config = tiny_config(train={"distillation": 0.5, "epochs": 1}, teacher=teacher, prune={"enabled": False})
    report = train_run(config, tmp_path, WordSourceOfTwo(config), say=silent)
    assert report["teachers"]["validation"]["accuracy"] > 0.8
    stage = open_run(tmp_path).load_stage("teacher1")
    assert stage.meta["words"] == 2
    assert stage.weights[-1].shape == (6,)  # yes, no, two other words, silence, unknown
    scores = ensemble(open_run(tmp_path))(np.zeros((2, 16, 10, 1), np.float32)).numpy()
    assert scores.shape == (2, 4)
    assert np.allclose(scores.sum(axis=1), 1.0, atol=1e-5)


def test_phases_of_another_run_are_taken_only_if_they_would_be_the_same(tmp_path: Path) -> None:
    def settings(qat: int = 1, **train: float) -> Config:
        changed = {"distillation": 0.5, "epochs": 1, **train}
        teacher = {**TEACHERS, "models": 1}
        return tiny_config(train=changed, teacher=teacher, prune={"enabled": False}, qat={"epochs": qat})

    def train(config: Config, name: str, donor: Path | None = None) -> list[str]:
        lines: list[str] = []
        train_run(config, tmp_path / name, FakeSource(config), say=lines.append, donor=donor)
        return [line for line in lines if "taken from" in line]

    first = tmp_path / "first"
    assert train(settings(), "first") == []
    assert train(settings(qat=2), "taken", first) == [f"{name}: taken from {first}" for name in ("teacher1", "float")]
    assert train(settings(qat=2), "trained") == []
    taken, trained = (open_run(tmp_path / name).load_stage("qat").weights for name in ("taken", "trained"))
    assert all(np.array_equal(a, b) for a, b in zip(taken, trained, strict=True))
    assert train(settings(epochs=2), "pupil", first) == [f"teacher1: taken from {first}"]
    with pytest.raises(MismatchError, match=r"another 'train\.mixup'; leave --from out"):
        train(settings(epochs=2, mixup=0.5), "third", first)


def test_a_float_network_that_nobody_taught_is_taken_whatever_it_teaches(tmp_path: Path) -> None:
    def train(distillation: float, donor: Path | None = None) -> list[str]:
        config = tiny_config(train={"distillation": distillation, "epochs": 1})
        lines: list[str] = []
        train_run(config, tmp_path / str(distillation), FakeSource(config), say=lines.append, donor=donor)
        return lines

    train(0.0)
    donor = tmp_path / "0.0"
    assert f"float: taken from {donor}" in train(0.5, donor)


def test_a_float_network_beside_teachers_learns_alone_and_teaches_with_them(tmp_path: Path) -> None:
    def settings(models: int) -> Config:
        teacher = {**TEACHERS, "models": models, "with_float": True} if models else {}
        return tiny_config(train={"distillation": 0.5, "epochs": 2}, teacher=teacher, qat={"enabled": False})

    def float_weights(name: str) -> list[np.ndarray]:
        return open_run(tmp_path / name).load_stage("float").weights

    for name, models in (("alone", 0), ("beside", 2)):
        train_run(settings(models), tmp_path / name, FakeSource(settings(models)), say=silent)
    assert all(np.array_equal(a, b) for a, b in zip(float_weights("alone"), float_weights("beside"), strict=True))
    folder = open_run(tmp_path / "beside")
    own, pruned = (phase for phase in phases(folder.config) if phase.model is None)
    assert taught_by(folder, own) is None
    x = np.random.default_rng(0).normal(0, 3, (3, 16, 10, 1)).astype(np.float32)
    two, one = ensemble(folder)(x).numpy(), load_model(tmp_path / "beside", "float")(x).numpy()
    assert np.allclose(taught_by(folder, pruned)(x).numpy(), (2 * two + one) / 3, atol=1e-6)


def test_a_float_network_beside_teachers_is_taken_from_a_run_without_any(tmp_path: Path) -> None:
    def train(name: str, donor: str | None, **teacher: object) -> list[str]:
        parts = {"teacher": {**TEACHERS, **teacher}} if teacher else {}
        config = tiny_config(train={"distillation": 0.5, "epochs": 1}, qat={"enabled": False}, **parts)
        lines: list[str] = []
        source = tmp_path / donor if donor else None
        train_run(config, tmp_path / name, FakeSource(config), say=lines.append, donor=source)
        return [line.partition(":")[0] for line in lines if "taken from" in line]

    train("alone", None)
    assert train("beside", "alone", models=1, with_float=True) == ["float"]
    assert train("before", "beside", models=1, with_float=False) == ["teacher1"]
    with (tmp_path / "beside" / "history.csv").open() as text:
        assert list(dict.fromkeys(row["phase"] for row in csv.DictReader(text))) == ["teacher1", "float", "pruned"]
    with pytest.raises(MismatchError, match=r"another 'teacher\.\w+'"):
        train("other", "alone", models=1, with_float=False)


def test_a_float_network_without_teachers_has_nobody_to_stand_beside() -> None:
    with pytest.raises(ConfigError, match=r"'teacher\.with_float' needs 'teacher\.models'"):
        from_dict({"teacher": {"with_float": True}})


def test_runs_of_several_seeds_can_share_their_teachers(tmp_path: Path) -> None:
    def settings(seed: int) -> Config:
        parts = {"data": {"seed": 1}, "teacher": {**TEACHERS, "models": 1}, "prune": {"enabled": False}}
        return dataclasses.replace(tiny_config(train={"distillation": 0.5, "epochs": 1}, **parts), seed=seed)

    def weights(name: str, seed: int, stage: str, donor: Path | None = None) -> list[np.ndarray]:
        train_run(settings(seed), tmp_path / name, FakeSource(settings(seed)), say=silent, donor=donor)
        return open_run(tmp_path / name).load_stage(stage).weights

    first = weights("first", 1, "teacher1")
    taken, trained = weights("taken", 2, "qat", tmp_path / "first"), weights("trained", 2, "qat")
    assert all(np.array_equal(a, b) for a, b in zip(first, weights("trained", 2, "teacher1"), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(taken, trained, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(trained, weights("first", 1, "qat"), strict=True))


def test_teachers_without_distillation_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"'teacher\.models' needs 'train\.distillation'"):
        from_dict({"teacher": {"models": 1}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("data", "synthetic_voices", 10),
        ("data", "seed", 10),
        ("augmentation", "room_probability", 0.5),
        ("augmentation", "loud_silence", 0.5),
        ("model", "residual", True),
        ("train", "frequency_mask", 2),
        ("train", "averaging", 0.9),
        ("teacher", "epochs", 3),
        ("prune", "distort", True),
    ],
)
def test_younger_keys_are_in_the_hash_unless_they_have_their_default(section: str, key: str, value: object) -> None:
    default = getattr(getattr(Config(), section), key)
    assert from_dict({section: {key: default}}).hash == "3ab32895cccf"  # as it was before these keys
    assert from_dict({section: {key: value}}).hash != "3ab32895cccf"
