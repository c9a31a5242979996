"""One file, one resolved configuration, one hash; anything else is one line that helps."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm import config as configuration
from kws_tflm.config import Config, from_dict, load, require_same
from kws_tflm.errors import ConfigError, MismatchError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_experiments_load_and_survive_a_round_trip(path):
    config = load(path)
    again = from_dict(config.to_dict())
    assert again == config
    assert again.hash == config.hash


def test_there_are_shipped_experiments():
    assert {"demo.toml", "speech_commands.toml"} <= {path.name for path in CONFIGS}


def test_defaults_written_out_mean_the_same():
    assert from_dict({"train": {"epochs": Config().train.epochs}}).hash == Config().hash


@pytest.mark.parametrize(
    "section", [f.name for f in dataclasses.fields(Config) if f.name not in ("detector", "convert", "name")]
)
def test_whatever_shapes_the_network_changes_the_hash(section):
    value = getattr(Config(), section)
    if dataclasses.is_dataclass(value):
        raw = Config().to_dict()[section]
        key = next(
            k for k, v in raw.items() if isinstance(v, (int, float)) and not isinstance(v, bool) and k != "sample_rate"
        )
        changed = {section: {**raw, key: raw[key] * 0.5 if isinstance(raw[key], float) else raw[key] - 1}}
    else:
        changed = {section: value + 1}
    assert from_dict(changed).hash != Config().hash


def test_what_is_made_of_a_network_is_not_in_the_hash():
    assert from_dict({"detector": {"threshold": 0.9}}).hash == Config().hash
    assert from_dict({"convert": {"objective": "cycles", "card": "mine"}}).hash == Config().hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\nepoch = 3\n", "unknown key 'train.epoch'; did you mean 'train.epochs'?"),
        ("[trian]\nepochs = 3\n", "unknown key 'trian'; did you mean 'train'?"),
        ("[train]\nepochs = 'many'\n", "'train.epochs' must be of type int"),
        ("[train]\nepochs = true\n", "'train.epochs' must be of type int"),
        ("[convert]\nobjective = 'speed'\n", "'convert.objective' must be 'cycles', 'flash' or 'balanced'"),
        ("[convert]\ncard = 'my card'\n", "'convert.card' must be a name of letters, digits and _"),
        ("[train]\nlearning_rate = 0\n", "'train.learning_rate' must be in (0, 1]"),
        ("train = 3\n", "[train] must be a table"),
        ("[prune]\nblock_shape = [1]\n", "'prune.block_shape' must have 2 entries"),
        ("[data]\nwords = ['yes', 'yes']\n", "has a word twice"),
        ("[features]\nf_max = 9000.0\n", "'features.f_min' < 'f_max' <= 8000"),
        ("[features\n", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such configuration file"):
        load(tmp_path / "absent.toml")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Config)]) | st.text(max_size=6), json_values)
)
def test_any_content_loads_or_is_refused(raw):
    try:
        config = configuration.from_dict(raw)
    except ConfigError:
        return
    assert isinstance(config.hash, str)


def test_mismatch_says_both_hashes():
    with pytest.raises(MismatchError, match=r"run: model was made with configuration bbb, not aaa"):
        require_same("aaa", "bbb", "model", "run")
