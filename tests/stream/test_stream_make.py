"""Streams: every word where and as loud as its label says; the same bytes again; files whole or absent."""

import errno
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_trees import OTHERS, WORDS, backgrounds, class_folder, official, tone

from kws_tflm.data import acoustics
from kws_tflm.data.wav import read_wav, write_wav
from kws_tflm.errors import DataError
from kws_tflm.stream.labels import read_labels
from kws_tflm.stream.make import make_stream
from kws_tflm.stream.noise import NoiseTrack
from kws_tflm.stream.plan import LEAD, LEAST_GAP, StreamSettings
from kws_tflm.stream.recordings import NoiseFile, find_recordings
from kws_tflm.stream.speech import active_span, excerpt
from kws_tflm.stream.wav_writer import write_stream


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return official(tmp_path_factory.mktemp("official"))


@pytest.fixture(scope="module")
def made(tree, tmp_path_factory):
    """Two minutes of the official tree's test split: (audio, labels that were returned)."""
    audio = tmp_path_factory.mktemp("stream") / "stream.wav"
    recordings = find_recordings(tree, WORDS, "test")
    return audio, make_stream(recordings, StreamSettings(minutes=2, seed=3), audio)


def test_same_seed_same_bytes_other_seed_other_stream(tree, made, tmp_path):
    recordings = find_recordings(tree, WORDS, "test")
    contents = []
    for seed in (3, 4):
        audio = tmp_path / f"{seed}.wav"
        make_stream(recordings, StreamSettings(minutes=2, seed=seed), audio)
        contents.append((audio.read_bytes(), audio.with_suffix(".json").read_bytes()))
    assert contents[0] == (made[0].read_bytes(), made[0].with_suffix(".json").read_bytes())
    assert contents[0][0] != contents[1][0]


def test_words_are_where_and_as_loud_as_the_labels_say(made):
    audio, said = made
    pcm = read_wav(audio)
    assert len(pcm) == 2 * 60 * 16000
    assert len(said) == 20
    frequencies = dict(zip((*WORDS, *OTHERS), range(300, 2000, 400), strict=False))
    for entry in said:
        span = pcm[entry.start : entry.end] / 32768.0
        spectrum = np.abs(np.fft.rfft(span * np.hanning(len(span))))
        spectrum[: 200 * len(span) // 16000] = 0
        assert np.argmax(spectrum) * 16000 / len(span) == pytest.approx(frequencies[entry.word], abs=15)
        assert entry.end - entry.start == pytest.approx(5600, abs=320)
        background = acoustics.decibels(entry.level_dbfs - entry.snr_db)
        expected = np.hypot(acoustics.decibels(entry.level_dbfs), background)
        assert np.sqrt(np.mean(span**2)) == pytest.approx(expected, rel=0.12)
        assert 4.9 <= entry.snr_db <= 30.1


def test_between_words_there_is_only_background(made):
    audio, said = made
    pcm = read_wav(audio)
    edges = [0, *itertools.chain.from_iterable((e.start - 5600, e.end + 5600) for e in said), len(pcm)]
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        assert high - low > 0
        spectrum = np.abs(np.fft.rfft(pcm[low:high][:16000] / 32768.0))
        assert spectrum[1:].max() < 6 * np.sqrt(np.mean(spectrum**2)) + 1e-3
    assert np.abs(pcm).astype(int).max() > 0
    assert said[0].start >= LEAD
    assert said[-1].end <= len(pcm) - LEAD


def test_labels_read_back_and_name_their_recordings(tree, made):
    audio, said = made
    labels = read_labels(audio.with_suffix(".json"), read_wav(audio), audio)
    assert [(x.word, x.start, x.end) for x in labels] == [(x.word, x.start, x.end) for x in said]
    content = json.loads(audio.with_suffix(".json").read_text())
    assert content["made"]["seed"] == 3
    for entry in content["labels"]:
        assert (tree / entry["file"]).is_file()
        assert entry["kind"] == ("keyword" if entry["word"] in WORDS else "unknown")
        assert entry["speaker"] in ("00000002", "00000003"), "only the speakers of the testing list"


@pytest.mark.parametrize(("split", "speakers"), [("validation", {0, 1}), ("test", {2, 3}), ("train", set(range(4, 12))),
                                                 ("all", set(range(12)))])  # fmt: skip
def test_splits_follow_the_official_lists(tree, split, speakers):
    found = find_recordings(tree, WORDS, split)
    for recordings in found.keywords.values():
        assert {int(recording.speaker, 16) for recording in recordings} == speakers
    assert {recording.word for recording in found.unknown} == set(OTHERS)


def test_background_is_the_part_that_training_leaves_out(tree):
    shares = {split: find_recordings(tree, WORDS, split).noise for split in ("train", "validation", "test", "all")}
    assert {(n.begin, n.end) for n in shares["train"]} == {(0.0, 0.8)}
    assert {(n.begin, n.end) for n in shares["test"]} == {(0.9, 1.0)}
    assert {(n.begin, n.end) for n in shares["all"]} == {(0.0, 1.0)}


def test_folder_per_class_is_used_whole(tmp_path):
    root = class_folder(tmp_path / "classes")
    found = find_recordings(root, WORDS, "test", backgrounds(tmp_path / "noise"))
    assert {word: len(recordings) for word, recordings in found.keywords.items()} == {"yes": 4, "no": 4}
    assert [recording.word for recording in found.unknown] == ["_unknown_"] * 3
    said = make_stream(found, StreamSettings(minutes=1), tmp_path / "out.wav")
    assert {entry.word for entry in said} == {*WORDS, "_unknown_"}


def test_every_recording_comes_before_any_comes_again(tree, tmp_path):
    found = find_recordings(tree, WORDS, "all")
    said = make_stream(found, StreamSettings(minutes=2, rate=12, unknown_share=0), tmp_path / "out.wav")
    assert len({entry.file for entry in said}) == len(said) == 24
    assert sum(entry.word == "yes" for entry in said) == 12


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000), rate=st.sampled_from((0, 3, 10, 15)), quiet=st.sampled_from((0.0, 0.3)),
    unknown=st.sampled_from((0.0, 0.5, 1.0)),
)  # fmt: skip
def test_words_never_overlap_and_keep_their_distance(tree, tmp_path_factory, seed, rate, quiet, unknown):
    wanted = StreamSettings(minutes=1, rate=rate, quiet_share=quiet, unknown_share=unknown, seed=seed)
    audio = tmp_path_factory.mktemp("one") / "s.wav"
    said = make_stream(find_recordings(tree, WORDS, "test"), wanted, audio)
    assert len(said) == rate
    assert sum(entry.kind == "unknown" for entry in said) == round(unknown * rate)
    assert all(after.start - before.end >= LEAST_GAP for before, after in itertools.pairwise(said))
    read_labels(audio.with_suffix(".json"), read_wav(audio), audio)


def test_pauses_without_words(tree, tmp_path):
    found = find_recordings(tree, WORDS, "test")
    said = make_stream(found, StreamSettings(minutes=4, rate=8, quiet_share=0.5), tmp_path / "out.wav")
    gaps = [after.start - before.end for before, after in itertools.pairwise(said)]
    edges = [said[0].start, 4 * 60 * 16000 - said[-1].end]
    assert max(gaps + edges) >= 20 * 16000


def test_impossible_rate_names_a_possible_one(tree, tmp_path):
    found = find_recordings(tree, WORDS, "test")
    with pytest.raises(DataError, match=r"do not fit into 1 minutes; give a rate of at most (\d+)") as error:
        make_stream(found, StreamSettings(minutes=1, rate=40), tmp_path / "out.wav")
    most = int(str(error.value).split("at most ")[1].split()[0])
    assert make_stream(found, StreamSettings(minutes=1, rate=most), tmp_path / "out.wav")


def test_full_disk_leaves_the_old_stream_and_nothing_else(tmp_path):
    audio, labels = tmp_path / "s.wav", tmp_path / "s.json"
    audio.write_text("old")

    def chunks():
        yield np.zeros(1000, np.int16)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_stream(audio, labels, 2000, chunks(), lambda digest: "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["s.wav"]
    assert audio.read_text() == "old"


def test_interruption_leaves_nothing(tree, tmp_path, monkeypatch):
    def interrupted(track, start, end):
        if start > 16000 * 30:
            raise KeyboardInterrupt
        return np.zeros(end - start)

    monkeypatch.setattr(NoiseTrack, "unit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_stream(find_recordings(tree, WORDS, "test"), StreamSettings(minutes=1, rate=0), tmp_path / "s.wav")
    assert list(tmp_path.iterdir()) == []


def test_noise_track_is_the_same_however_it_is_asked(tmp_path):
    folder = backgrounds(tmp_path, 3, seconds=7)
    track = NoiseTrack([NoiseFile(path) for path in sorted(folder.iterdir())], 60 * 16000, np.random.default_rng(5))
    whole = track.unit(0, 60 * 16000)
    cuts = [0, 1, 7000, 130001, 400000, 700500, 60 * 16000]
    np.testing.assert_array_equal(np.concatenate([track.unit(a, b) for a, b in itertools.pairwise(cuts)]), whole)
    level = np.sqrt(np.mean(whole.reshape(-1, 16000) ** 2, axis=1))
    assert level.min() > 0.8, "no holes, also where excerpts meet"
    assert level.max() < 1.2


def test_silent_background_is_refused(tmp_path):
    write_wav(tmp_path / "zero.wav", np.zeros(32000, np.int16))
    with pytest.raises(DataError, match="digital silence"):
        NoiseTrack([NoiseFile(tmp_path / "zero.wav")], 16000, np.random.default_rng(0))


@pytest.mark.parametrize("start", [0, 3200, 8000, 10400])
def test_active_span_finds_the_word(start):
    found = active_span(tone(700, start=start, hiss=30))
    assert found == pytest.approx((start, start + 5600), abs=160)


def test_active_span_joins_a_closure_and_leaves_a_click_out():
    samples = tone(700, start=6000, length=3000, hiss=10).astype(int) + tone(900, start=11000, length=2000, hiss=10)
    samples[100:140] += 9000
    assert active_span(samples.astype(np.int16)) == pytest.approx((6000, 13000), abs=160)


def test_silence_has_no_word():
    assert active_span(np.zeros(16000, np.int16)) == (0, 0)
    assert active_span(np.zeros(10, np.int16)) == (0, 0)


def test_excerpt_is_level_and_fades():
    samples = tone(700, start=100, length=15800, hiss=1)
    signal, before = excerpt(samples, 100, 15900)
    assert before == 100
    assert len(signal) == 16000
    assert acoustics.active_rms(signal[2000:14000]) == pytest.approx(1.0, rel=0.02)
    assert abs(signal[0]) < 0.01
    assert abs(signal[-1]) < 0.01


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": 0.0},
        {"minutes": float("nan")},
        {"rate": -1.0},
        {"snr_db": (30.0, 5.0)},
        {"unknown_share": 2.0},
        {"quiet_share": 1.0},
    ],
)
def test_settings_that_no_stream_can_have(change):
    with pytest.raises(DataError, match=r"possible|fractions"):
        StreamSettings(**change).check()


def test_memory_does_not_grow_with_the_stream(tree, tmp_path):
    from kws_tflm.stream.mix import CHUNK, Mixture

    found = find_recordings(tree, WORDS, "test")
    wanted = StreamSettings(minutes=3, rate=0)
    rng = np.random.default_rng(0)
    mixture = Mixture([], NoiseTrack(found.noise, wanted.samples, rng), wanted, rng)
    lengths = [len(chunk) for chunk in mixture.chunks()]
    assert max(lengths) == CHUNK
    assert sum(lengths) == wanted.samples
