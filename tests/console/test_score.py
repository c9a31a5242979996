"""The rule that matches detections with labels."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.console.protocol import Detection
from kws_tflm.console.score import Label, load_labels, score
from kws_tflm.errors import DataError


def det(word, sample):
    return Detection(word, 0.9, sample, 0)


def test_heard_missed_and_false():
    labels = [Label("yes", 16000, 28000), Label("no", 48000, 60000)]
    result = score([det("yes", 30000), det("go", 50000)], labels)
    assert result.heard == ((labels[0], det("yes", 30000)),)
    assert result.missed == (labels[1],)
    assert result.false == (det("go", 50000),)
    assert result.counts() == {"said": 2, "heard": 1, "missed": 1, "false": 1}


@pytest.mark.parametrize(("sample", "heard"), [(999, 0), (1000, 1), (18000, 1), (18001, 0)])
def test_edges_of_the_window(sample, heard):
    assert len(score([det("yes", sample)], [Label("yes", 1000, 2000)]).heard) == heard


def test_a_repetition_in_one_window_is_false():
    result = score([det("yes", 2000), det("yes", 9000)], [Label("yes", 1000, 2000)])
    assert result.counts() == {"said": 1, "heard": 1, "missed": 0, "false": 1}


def test_the_window_that_closes_first_is_served_first():
    labels = [Label("yes", 0, 8000), Label("yes", 9000, 16000)]
    result = score([det("yes", 10000), det("yes", 20000)], labels)
    assert [label for label, _ in result.heard] == labels


def test_words_that_the_model_does_not_know_are_no_targets():
    labels = [Label("marvin", 0, 8000), Label("yes", 20000, 30000)]
    assert score([], labels, keywords=("yes", "no")).counts() == {"said": 1, "heard": 0, "missed": 1, "false": 0}


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200_000)), max_size=12),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200_000), st.integers(0, 20_000)), max_size=12),
)
def test_every_label_and_detection_is_counted_once(detections, labels):
    heard_from = [det(word, sample) for word, sample in detections]
    result = score(heard_from, [Label(word, start, start + length) for word, start, length in labels])
    assert result.said == len(labels)
    assert len(result.heard) + len(result.false) == len(detections)
    assert all(label.start <= d.sample <= label.end + 16000 for label, d in result.heard)


def test_labels_are_read_from_a_list_or_an_object(tmp_path):
    path = tmp_path / "labels.json"
    entries = [{"word": "yes", "start": 1, "end": 2, "voice": "ann"}]
    path.write_text(json.dumps(entries))
    assert load_labels(path) == [Label("yes", 1, 2, "ann")]
    path.write_text(json.dumps({"labels": [{**entries[0], "snr_db": 7.5}], "sample_rate": 16000}))
    assert load_labels(path) == [Label("yes", 1, 2, "ann", 7.5)]


@pytest.mark.parametrize(
    "text",
    ["", "{", "3", "{}", '[{"word": "yes"}]', '[{"word": "yes", "start": 0.5, "end": 2}]', "[1]",
     *(f'[{{"word": "yes", "start": 0, "end": 2, "snr_db": {ratio}}}]' for ratio in ('"loud"', "NaN", "true"))],
)  # fmt: skip
def test_bad_labels_are_one_line(tmp_path, text):
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        load_labels(path)
    assert "\n" not in str(error.value)


def test_missing_labels(tmp_path):
    with pytest.raises(DataError, match="no such labels file"):
        load_labels(tmp_path / "none.json")
