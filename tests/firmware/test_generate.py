"""Generated sources: stable, complete, and refused when model and configuration do not fit."""

from __future__ import annotations

import re

import pytest

from kws_tflm.config import from_dict
from kws_tflm.convert import embed_metadata
from kws_tflm.convert.model import parse, serialize
from kws_tflm.errors import FirmwareError, MismatchError, ModelError
from kws_tflm.firmware.generate import generated_files, read_application, write_sources
from kws_tflm.firmware.model_facts import read_model_facts


@pytest.fixture
def paths(tiny_models, tmp_path):
    """(model with metadata, the same without)."""
    own, foreign = tmp_path / "own.tflite", tmp_path / "foreign.tflite"
    own.write_bytes(embed_metadata(tiny_models.sparse, tiny_models.config))
    stripped = parse(tiny_models.sparse)
    stripped.metadata = None
    foreign.write_bytes(serialize(stripped))
    return own, foreign


def test_regeneration_is_a_no_op(paths, tmp_path):
    application, folder = read_application(paths[0]), tmp_path / "generated"

    assert write_sources(application, 32768, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert not write_sources(read_application(paths[0]), 32768, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_another_arena_touches_the_settings_only(paths, tmp_path):
    application = read_application(paths[0])

    small, large = generated_files(application, 16384), generated_files(application, 32768)

    assert {name for name in small if small[name] != large[name]} == {"settings.h"}


def test_model_data_is_the_file(paths):
    application = read_application(paths[0])
    text = generated_files(application, 16384)["model_data.cc"]

    body = text.split("= {", 1)[1].split("};", 1)[0]
    assert bytes(int(value) for value in re.findall(r"\d+", body)) == paths[0].read_bytes()
    assert "alignas(16)" in text


def test_only_the_operators_of_the_model_are_registered(paths):
    text = generated_files(read_application(paths[0]), 16384)["operators.h"]

    registered = set(re.findall(r"Register_(\w+)\(\)", text))
    assert {"CONV_2D", "SPARSE_CONV_2D", "SOFTMAX"} <= registered
    assert "SVDF" not in registered
    assert "builtin::Register_CONV_2D()" in text  # the build's choice of kernel, as on the host
    assert "AddOperator<tflite::BuiltinOperator_SOFTMAX>(" in text
    assert f"MicroMutableOpResolver<{len(registered)}>" in text


def test_no_machine_path_is_written(paths, tmp_path):
    for text in generated_files(read_application(paths[0]), 16384).values():
        assert str(tmp_path) not in text


def test_own_configuration_is_found_and_hashed(paths, tiny_models):
    application = read_application(paths[0])

    assert application.config_hash == tiny_models.config.hash
    assert application.labels == tiny_models.config.labels
    assert application.keyword_mask == 2 ** (len(application.labels) - 2) - 1
    assert f'kConfigHash[] = "{tiny_models.config.hash}"' in generated_files(application, 16384)["settings.h"]


def test_another_configuration_is_refused(paths):
    with pytest.raises(MismatchError, match="was made with configuration"):
        read_application(paths[0], config=from_dict({"name": "other"}))


def test_foreign_model_gets_generic_labels(paths):
    application = read_application(paths[1])

    assert application.config_hash == "none"
    assert application.labels[:2] == ("class_0", "class_1")


def test_foreign_model_takes_labels_and_configuration(paths, tiny_models):
    labels = ["_silence_", *(f"word{i}" for i in range(10)), "_unknown_"]

    application = read_application(paths[1], config=tiny_models.config, labels=labels)

    assert application.config_hash == tiny_models.config.hash
    assert application.keyword_mask == 0b0111_1111_1110


@pytest.mark.parametrize("labels", [["a"], ["a,b"] * 12, [""] * 12, ["schön"] * 12, ["a\n"] * 12])
def test_labels_that_do_not_fit_are_refused(paths, labels):
    with pytest.raises(FirmwareError, match="label"):
        read_application(paths[1], labels=labels)


def test_features_of_another_shape_are_refused(paths):
    config = from_dict({"features": {"n_coefficients": 13}})

    with pytest.raises(FirmwareError, match=r"input is 1 x 49 x 10 x 1, .* 49 frames x 13"):
        read_application(paths[1], config=config)


def test_unusable_files_are_one_line(tmp_path):
    for name, data in {"empty": b"", "text": b"hello", "cut": b"\x1c\0\0\0TFL3\0\0"}.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ModelError) as caught:
            read_application(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="no such file"):
        read_application(tmp_path / "missing.tflite")


def test_an_image_has_the_kernels_of_its_models_encodings(tiny_models, tmp_path):
    sparse, dense = tmp_path / "sparse.tflite", tmp_path / "dense.tflite"
    sparse.write_bytes(tiny_models.sparse)
    dense.write_bytes(tiny_models.dense)

    no_rows = {"KWS_DEPTHWISE_ROWS": "0"}
    blocks = {"KWS_SPARSE_ENCODINGS": "0x2", "KWS_SPARSE_BLOCKS": "0x2"}
    assert read_model_facts(sparse).settings == no_rows | blocks
    assert read_model_facts(dense).settings == no_rows | {"KWS_SPARSE_ENCODINGS": "", "KWS_SPARSE_BLOCKS": ""}
