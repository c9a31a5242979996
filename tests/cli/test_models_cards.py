"""Shipped models: the verb `models`, cards that are measured, and shipped names as models."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from kws_tflm import shipped
from kws_tflm.cli.artefacts import find_model
from kws_tflm.cli.main import main
from kws_tflm.config import SILENCE_LABEL
from kws_tflm.config import from_dict as from_config
from kws_tflm.data import write_wav
from kws_tflm.errors import MismatchError, ModelError
from kws_tflm.evaluate.recordings import Clips
from kws_tflm.shipped import making
from kws_tflm.shipped.card import Card, DataCard, LayerCard, SeedCard, from_dict, read_card
from kws_tflm.shipped.making import OFFICIAL_TEST_CLIPS, Sources, make_card, write_model

OUT = Path(__file__).resolve().parents[2] / "build" / "tests" / "firmware"
SUBSET = Sources(official_test=True, test_name="", speech_commands=True)


def some_card(model: bytes, name: str = "tiny_sparse") -> Card:
    """Every field filled."""
    stages = {"float": 0.95, "pruned": 0.94, "qat": 0.94, "int8": 0.94, "sparse": 0.93, "board": 0.93}
    word = {"n": 10, "recall": 0.9, "precision": None, "f1": None}
    return Card(
        name=name,
        labels=("yes", "no", "_silence_", "_unknown_"),
        config_name="tiny",
        config_hash="0123456789ab",
        seed=1,
        architecture={"name": "ds_cnn", "filters": 16},
        data=DataCard("Speech Commands v0.02", "CC BY 4.0", "Pete Warden", {"yes": 100}),
        test_data=SUBSET.test(40),
        test_clips=40,
        accuracy=stages,
        board_differs=0,
        per_class={"yes": word},
        expected_calibration_error=0.02,
        seeds=(SeedCard(1, "0123456789ab", stages), SeedCard(2, "ba9876543210", {**stages, "sparse": 0.91})),
        layers=(LayerCard(0, "CONV_2D", (1, 4, 4, 16), 100, 0.0, 900), LayerCard(1, "SOFTMAX", (1, 4), 0, 0.0, 100)),
        board="nucleo_f767zi",
        kernels="m7",
        cycles=1000,
        instructions=1500,
        milliseconds=0.005,
        flash_bytes=80_000,
        arena_bytes=9_000,
        ram_bytes=50_000,
        model_bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        made={"date": "2026-11-21", "version": "0.1.0", "commit": "f" * 40, "modified": False, "trained": None},
    )


@pytest.fixture
def shipped_folder(tmp_path, tiny_models, monkeypatch):
    """A folder with one shipped model, in the package's place."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    source = tmp_path / "sparse.tflite"
    source.write_bytes(tiny_models.sparse)
    write_model(some_card(tiny_models.sparse), source, folder)
    monkeypatch.setattr(shipped, "folder", lambda: folder)
    return folder


def test_the_list_and_a_card_as_text_and_json(shipped_folder, capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert "tiny_sparse" in text
    assert "93.00%" in text
    assert "subset of the official" in text
    assert main(["models", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["models"]
    assert main(["models", "tiny_sparse", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card == listed
    assert card["words"] == ["yes", "no"]
    assert {"float", "int8", "sparse"} <= set(card["accuracy"])
    assert {"cycles", "flash_bytes", "arena_bytes", "config_hash", "layers", "data", "sparsity"} <= set(card)
    assert "CC BY 4.0" in card["data"]["license"]


def test_a_card_comes_back_from_its_file(shipped_folder, tiny_models):
    assert read_card("tiny_sparse") == some_card(tiny_models.sparse)


def test_pages_name_words_data_seeds_and_licence(shipped_folder, capsys):
    page = (shipped_folder / "tiny_sparse.md").read_text()

    for part in ("yes, no", "91.00% to 93.00%", "CC BY 4.0", "1,000 cycles", "a subset of the official"):
        assert part in page
    assert "[tiny_sparse](tiny_sparse.md)" in (shipped_folder / "README.md").read_text()
    assert main(["models", "tiny_sparse"]) == 0
    assert capsys.readouterr().out.strip() == page.strip()


def test_a_shipped_name_is_a_model_wherever_one_is_asked_for(shipped_folder, tiny_models, tmp_path, capsys):
    file = shipped_folder / "tiny_sparse.tflite"
    assert find_model("tiny_sparse") == file
    assert main(["info", "tiny_sparse", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["bytes"] == len(tiny_models.sparse)
    # Each of these gets as far as the wrong option behind the model.
    write_wav(tmp_path / "a.wav", np.zeros(16000, np.int16))
    for verb, rest in (("firmware", []), ("profile", []), ("run", [tmp_path / "a.wav"])):
        assert main([verb, "tiny_sparse", *map(str, rest), "--board", "nucleo_f7"]) == 2
        assert "nucleo_f767zi" in capsys.readouterr().err
    assert main(["parity", str(tmp_path / "none.wav"), "--model", "tiny_sparse", "--config", "none.toml"]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_a_file_of_that_name_comes_first(shipped_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tiny_sparse").write_bytes(b"mine")

    assert find_model("tiny_sparse") == Path("tiny_sparse")


@pytest.mark.parametrize("verb", ["models", "firmware", "evaluate", "profile"])
def test_a_name_that_is_not_shipped_is_one_line_with_the_nearest(verb, shipped_folder, capsys):
    assert main([verb, "tiny_spars"]) == 2
    error = capsys.readouterr().err
    assert "did you mean the shipped 'tiny_sparse'" in error
    assert error.count("\n") == 1


def test_a_card_of_another_file_is_refused(shipped_folder, capsys):
    (shipped_folder / "tiny_sparse.tflite").write_bytes(b"another")
    with pytest.raises(MismatchError, match="SHA-256"):
        read_card("tiny_sparse")
    (shipped_folder / "tiny_sparse.json").write_text("{}")
    assert main(["models"]) == 2
    assert "damaged card" in capsys.readouterr().err


def test_cards_in_the_package_are_of_the_files_beside_them():
    for name in shipped.names():
        card = read_card(name)
        assert card.model_bytes < shipped.LARGEST
        assert card.board_differs == 0
        assert from_dict(card.to_dict()) == card
        assert card.markdown() == (shipped.folder() / f"{name}.md").read_text()


def test_the_test_set_is_called_what_it_is():
    assert "all 4,890" in SUBSET.test(OFFICIAL_TEST_CLIPS)
    assert "1,373 of its 4,890" in SUBSET.test(1373)
    assert "official" not in dataclasses.replace(SUBSET, official_test=False, test_name="a folder 'mine'").test(9)


def silent(line: str) -> None:
    del line


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory):
    """A small run, trained on made-up features and converted; and its test features."""
    from train.fakes import FakeSource, tiny_config

    from kws_tflm.convert import convert_run
    from kws_tflm.train import train_run

    config, source = tiny_config(), FakeSource(tiny_config())
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    train_run(config, folder, source, config_text=None, say=silent)
    convert_run(folder, source.train(0).features[:64])
    test = source.evaluation("test")
    return folder, Clips(test.features, test.labels, "made up")


@pytest.mark.slow
def test_a_card_is_measured(trained_run, tmp_path):
    run, clips = trained_run

    card = make_card("tiny", run, [], lambda subject: clips, SUBSET, out_dir=OUT, progress=silent)
    write_model(card, run / "sparse.tflite", tmp_path)

    assert read_card("tiny", tmp_path) == card
    assert card.accuracy["float"] > 0.8
    assert card.accuracy["board"] == card.accuracy["sparse"]
    assert card.board_differs == 0
    assert sum(layer.cycles for layer in card.layers) < card.cycles
    assert max(layer.sparsity for layer in card.layers) >= 0.5
    assert 0 < card.arena_bytes < card.ram_bytes
    assert card.model_bytes < card.flash_bytes
    assert card.data.training_clips[SILENCE_LABEL] > 0
    assert card.made["trained"] is None or card.made["trained"]["commit"]


def test_an_unfinished_run_is_not_shipped(tmp_path, capsys):
    with pytest.raises(ModelError, match=r"float\.npz"):
        make_card("x", tmp_path, [], never, SUBSET)
    assert main(["models", "--make", str(tmp_path), "--name", "x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def complete_runs(monkeypatch):
    """Folders that stand for complete runs of given configurations."""
    configs = {}
    monkeypatch.setattr(
        making, "_complete", lambda path: making.Subject(path, True, configs[path], configs[path].labels)
    )
    return configs


def never(subject):
    pytest.fail("loaded the recordings")


@pytest.mark.parametrize(
    ("other", "message"), [({"model": {"filters": 12}}, "another experiment"), ({}, "same seed, 1")]
)
def test_a_run_of_another_experiment_is_no_seed(other, message, complete_runs, tmp_path):
    complete_runs[tmp_path / "a"] = from_config({"name": "one"})
    complete_runs[tmp_path / "b"] = from_config({"name": "two", **other})

    with pytest.raises(MismatchError, match=message):
        make_card("x", tmp_path / "a", [tmp_path / "b"], never, SUBSET)


def test_a_model_that_is_too_large_is_not_shipped(complete_runs, tmp_path):
    complete_runs[tmp_path] = from_config({})
    (tmp_path / "sparse.tflite").write_bytes(bytes(shipped.LARGEST))

    with pytest.raises(ModelError, match="is below 150000"):
        make_card("x", tmp_path, [], never, SUBSET)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "x"], "--make RUN"),
        (["--make", "run"], "--name"),
        (["--make", "run", "--name", "a/b"], "letters"),
        (["tiny", "--make", "run"], "--name"),
        (["--make", "no_such_run", "--name", "x"], "no such run folder"),
    ],
)
def test_wrong_command_lines_are_one_line(arguments, message, capsys):
    assert main(["models", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_evaluate_takes_a_shipped_name(shipped_folder, tiny_models, tmp_path, capsys):
    rng = np.random.default_rng(2)
    for label in tiny_models.config.labels[:3]:
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(2):
            write_wav(tmp_path / "data" / label / f"{i}.wav", rng.normal(0, 1000, 16000).astype(np.int16))
    config = tmp_path / "tiny.toml"
    config.write_text('name = "tiny"\n[model]\nfilters = 16\nblocks = 2\n')
    picture = tmp_path / "evaluation.png"

    code = main(["evaluate", "tiny_sparse", "--data", str(tmp_path / "data"), "--config", str(config), "--json",
                 "--plot", str(picture)])  # fmt: skip
    report = json.loads(capsys.readouterr().out)

    assert code == 0
    assert report["n"] == 6
    assert report["runner"] == "host"
    assert report["per_class"]["yes"]["n"] == 2
    assert {"accuracy", "confusion", "reliability", "stages"} <= set(report)
    assert picture.read_bytes().startswith(b"\x89PNG")
