"""One command from an experiment file to the card of its converted model."""

from __future__ import annotations

import json

import pytest

from kws_tflm.cli.main import main
from kws_tflm.shipped.card import read_card

EXPERIMENT = """
name = "card_of_a_run"
[data]
words = ["yes", "no"]
clips_per_word = 10
[model]
filters = 16
blocks = 2
[train]
epochs = 1
augmented_epochs = 1
[prune]
epochs = 1
end_epoch = 1.0
[qat]
epochs = 1
[convert]
objective = "cycles"
card = "tiny_words"
"""


@pytest.mark.slow
def test_training_ends_with_the_card_that_the_experiment_names(tmp_path, capsys):
    experiment, run = tmp_path / "tiny.toml", tmp_path / "run"
    experiment.write_text(EXPERIMENT)
    command = ["train", "--config", str(experiment), "--run", str(run), "--cache", str(tmp_path / "cache")]
    assert main(command) == 0
    told = capsys.readouterr().out
    card = read_card("tiny_words", run / "card")
    assert f"{card.cycles:,} cycles (modelled)" in told
    assert (run / "card" / "tiny_words.tflite").read_bytes() == (run / "sparse.tflite").read_bytes()
    assert json.loads((run / "convert.json").read_text())["objective"] == "cycles"
    assert card.accuracy["board"] == card.accuracy["sparse"]
    assert card.board_differs == 0
    assert card.config_hash in (run / "card" / "tiny_words.md").read_text()

    made = (run / "card" / "tiny_words.json").stat().st_mtime_ns
    assert main(command) == 0  # everything is there
    assert (run / "card" / "tiny_words.json").stat().st_mtime_ns == made
