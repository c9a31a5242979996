"""Many inputs through one booted virtual board give the host's outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kws_tflm.errors import BoardError
from kws_tflm.evaluate.board import board_outputs
from kws_tflm.evaluate.runners import Int8Model, host_outputs, read_int8_model

OUT = Path(__file__).resolve().parents[2] / "build" / "tests" / "firmware"


@pytest.fixture(scope="module")
def board_model(tiny_models, tmp_path_factory) -> Int8Model:
    path = tmp_path_factory.mktemp("board") / "tiny.tflite"
    path.write_bytes(tiny_models.sparse)
    return read_int8_model(path)


@pytest.fixture(scope="module")
def on_board(board_model):
    return board_outputs(board_model, out_dir=OUT, progress=lambda line: None)


def test_outputs_are_those_of_the_host(tiny_models, board_model, on_board):
    rng = np.random.default_rng(7)
    noise = rng.integers(-128, 128, (12, board_model.values)).astype(np.int8)
    ends = np.repeat(np.array([[-128], [127], [0]], np.int8), board_model.values, axis=1)
    inputs = np.concatenate([noise, ends, noise[:2]])

    outputs = on_board(inputs)

    assert np.array_equal(outputs, host_outputs(board_model)(inputs))
    assert np.array_equal(outputs[:2], outputs[-2:])  # nothing is left over from the inputs between


def test_one_input(board_model, on_board):
    inputs = np.zeros((1, board_model.values), np.int8)

    assert np.array_equal(on_board(inputs), host_outputs(board_model)(inputs))


def test_inputs_of_another_size_are_refused(board_model, on_board):
    with pytest.raises(BoardError, match="build it again"):
        on_board(np.zeros((1, board_model.values - 1), np.int8))


def test_it_can_be_interrupted(board_model, on_board, monkeypatch):
    from kws_tflm.evaluate import board

    class Bar:
        def __init__(self, **_: object) -> None:
            self.updates = 0

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self) -> None:
            self.updates += 1
            if self.updates == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(board, "tqdm", Bar)

    with pytest.raises(KeyboardInterrupt):
        on_board(np.zeros((50, board_model.values), np.int8))
