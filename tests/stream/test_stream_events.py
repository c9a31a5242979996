"""The event rule: windows, repetitions, order; and what false alarms are called."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.console.score import Label
from kws_tflm.runtime import Detection
from kws_tflm.stream.events import KINDS, judge

LATE = 100
WORDS = ("yes", "no", "cat")
KEYWORDS = ("yes", "no")


def heard(word, sample):
    return Detection(word, 0.9, sample)


YES, NO, CAT = Label("yes", 1000, 1050), Label("no", 1060, 1090), Label("cat", 2000, 2040)


@st.composite
def streams(draw):
    """(labels that do not overlap, detections), both shuffled."""
    labels, position = [], 0
    for _ in range(draw(st.integers(0, 8))):
        start = position + draw(st.integers(0, 150))
        position = start + draw(st.integers(1, 60))
        labels.append(Label(draw(st.sampled_from(WORDS)), start, position))
    samples = draw(st.lists(st.integers(0, position + 2 * LATE), max_size=12))
    detections = [heard(draw(st.sampled_from(KEYWORDS)), sample) for sample in samples]
    return draw(st.permutations(labels)), draw(st.permutations(detections))


def most_heard(labels, detections):
    """The largest number of labels that could be heard, by trying every assignment."""
    targets = [label for label in labels if label.word in KEYWORDS]

    def fits(label, detection):
        return label.word == detection.word and label.start <= detection.sample <= label.end + LATE

    owner = {}

    def augment(index, seen):
        for number, detection in enumerate(detections):
            if number not in seen and fits(targets[index], detection):
                seen.add(number)
                if number not in owner or augment(owner[number], seen):
                    owner[number] = index
                    return True
        return False

    return sum(augment(index, set()) for index in range(len(targets)))


@given(streams())
def test_every_label_and_every_detection_is_counted_once(stream):
    labels, detections = stream
    result = judge(detections, labels, KEYWORDS, LATE)
    assert result.said == sum(label.word in KEYWORDS for label in labels)
    assert len(result.score.heard) + result.false_alarms == len(detections)
    assert len(result.score.heard) + result.missed == result.said
    assert sum(result.kinds.values()) == result.false_alarms
    assert tuple(result.kinds) == KINDS
    assert sum(h for h, _ in result.words().values()) == len(result.score.heard)
    assert sum(s for _, s in result.words().values()) == result.said


@given(streams())
def test_what_is_heard_was_said_in_its_window(stream):
    labels, detections = stream
    result = judge(detections, labels, KEYWORDS, LATE)
    for label, detection in result.score.heard:
        assert label.word == detection.word
        assert label.start <= detection.sample <= label.end + LATE
    assert all(-1000 < delay <= LATE for delay in result.delays())


@given(streams())
def test_as_many_are_heard_as_can_be(stream):
    labels, detections = stream
    assert len(judge(detections, labels, KEYWORDS, LATE).score.heard) == most_heard(labels, detections)


@given(streams(), st.randoms(use_true_random=False))
def test_order_does_not_matter(stream, random):
    labels, detections = stream
    result = judge(detections, labels, KEYWORDS, LATE)
    for items in (labels, detections):
        random.shuffle(items)
    again = judge(detections, labels, KEYWORDS, LATE)
    assert (again.missed, again.false_alarms, again.kinds) == (result.missed, result.false_alarms, result.kinds)


@given(streams(), st.data())
def test_fewer_detections_never_give_more_false_alarms_nor_fewer_misses(stream, data):
    labels, detections = stream
    fewer = [d for d in detections if data.draw(st.booleans())]
    whole, part = (judge(found, labels, KEYWORDS, LATE) for found in (detections, fewer))
    assert part.false_alarms <= whole.false_alarms
    assert part.missed >= whole.missed


@given(streams(), st.integers(0, 300))
def test_a_longer_window_hears_no_less(stream, longer):
    labels, detections = stream
    assert judge(detections, labels, KEYWORDS, LATE + longer).missed <= judge(detections, labels, KEYWORDS, LATE).missed


def kinds(*detections):
    return {kind: count for kind, count in judge(detections, [YES, NO, CAT], KEYWORDS, LATE).kinds.items() if count}


def test_window_begins_with_the_word_and_ends_late_after_it():
    for sample, expected in ((999, 1), (1000, 0), (1050 + LATE, 0), (1051 + LATE, 1)):
        assert judge([heard("yes", sample)], [YES], KEYWORDS, LATE).false_alarms == expected


def test_a_repetition_is_a_false_alarm():
    assert kinds(heard("yes", 1040), heard("yes", 1100)) == {"repeated": 1}


def test_another_keyword_is_confused():
    assert kinds(heard("no", 1010)) == {"confused": 1}


def test_an_unknown_word_is_never_a_target():
    assert kinds(heard("yes", 2030)) == {"unknown_word": 1}
    assert judge([], [CAT], KEYWORDS, LATE).said == 0
    assert judge([heard("cat", 2030)], [CAT], (*KEYWORDS, "cat"), LATE).missed == 0, "unless the model knows it"


def test_elsewhere_is_no_word():
    assert kinds(heard("yes", 999), heard("yes", 1500), heard("no", 5000)) == {"no_word": 3}


def test_two_words_said_twice_in_a_row_are_heard_in_order():
    labels = [Label("yes", 0, 50), Label("yes", 60, 100)]
    result = judge([heard("yes", 70), heard("yes", 120)], labels, KEYWORDS, LATE)
    assert [(label.start, detection.sample) for label, detection in result.score.heard] == [(0, 70), (60, 120)]
    for first, second in itertools.pairwise(sorted(result.delays())):
        assert first <= second


def test_heard_by_signal_to_noise_ratio():
    ratios = (-0.1, 0.0, 4.9, 5.0, 12.0, None)
    labels = [Label("yes", 1000 * i, 1000 * i + 50, snr_db=ratio) for i, ratio in enumerate(ratios)]
    result = judge([heard("yes", 1040), heard("yes", 3040), heard("yes", 5040)], labels, KEYWORDS, LATE)
    assert result.snr_bands() == {-5: (0, 1), 0: (1, 2), 5: (1, 1), 10: (0, 1)}
    assert list(result.snr_bands()) == [-5, 0, 5, 10]
    assert judge([heard("yes", 1040)], [YES, NO], KEYWORDS, LATE).snr_bands() == {}, "labels from elsewhere have none"
