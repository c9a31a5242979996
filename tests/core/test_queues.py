"""Interrupt queues, the microphone watch and the checksum, against plain Python models."""

from __future__ import annotations

import zlib
from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

CAPACITY, DEPTH = 16, 8


@given(operations=st.lists(st.one_of(st.binary(max_size=20), st.none()), max_size=120))
def test_byte_ring_is_a_bounded_fifo(core, operations):
    ring, model = core.ring_new(), deque()
    for data in operations:
        if data is None:
            assert core.ring_pop(ring) == (model.popleft() if model else -1)
        else:
            fits = len(data) <= CAPACITY - len(model)
            assert core.ring_push(ring, data, len(data)) == fits  # all of it or nothing
            model.extend(data if fits else b"")
        assert core.ring_free_bytes(ring) == CAPACITY - len(model)
    core.ring_free(ring)


@given(pushes=st.lists(st.booleans(), max_size=200))
def test_hop_queue_numbers_hops_and_counts_the_lost(core, pushes):
    queue, model, sequence, lost = core.hops_new(), deque(), 0, 0
    samples = np.zeros(4, np.int16)
    for push in pushes:
        if push:
            fits = len(model) < DEPTH
            assert core.hops_push(queue, sequence) == fits
            lost += not fits
            if fits:
                model.append(sequence)
            sequence += 1
        elif not model:
            assert core.hops_pop(queue, samples.ctypes.data) == -1
        else:
            expected = model.popleft()
            assert core.hops_pop(queue, samples.ctypes.data) == expected
            assert samples.tolist() == list(range(expected, expected + 4))
    assert core.hops_overruns(queue) == lost
    core.hops_free(queue)


@given(runs=st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 30)), max_size=20), chunk=st.integers(1, 17))
def test_microphone_watch_counts_equal_samples(core, runs, chunk):
    limit = 20
    samples = np.concatenate([np.zeros(0), *(np.full(n, v) for v, n in runs)]).astype(np.int16)
    watch = core.watch_new(limit)
    alarms = sum(
        core.watch_update(watch, part.ctypes.data, len(part))
        for part in (np.ascontiguousarray(samples[i : i + chunk]) for i in range(0, len(samples), chunk))
    )
    core.watch_free(watch)

    changes = np.flatnonzero(np.diff(samples)) + 1
    lengths = np.diff(np.concatenate([[0], changes, [len(samples)]])) if len(samples) else []
    assert alarms == sum(int(length) // limit for length in lengths)


@given(data=st.binary(max_size=300))
def test_crc32_is_zlib(core, data):
    assert core.crc32(data, len(data)) == zlib.crc32(data)
