"""Recordings and synthetic speech: from files and voices to memory-mapped clips and features."""

from kws_tflm.data.augment import augment_batch
from kws_tflm.data.dataset import Dataset, Split, load_dataset
from kws_tflm.data.demo_stream import StreamLabel, make_demo_stream
from kws_tflm.data.features import epoch_features, plain_features
from kws_tflm.data.wav import read_wav, write_wav

__all__ = [
    "Dataset",
    "Split",
    "StreamLabel",
    "augment_batch",
    "epoch_features",
    "load_dataset",
    "make_demo_stream",
    "plain_features",
    "read_wav",
    "write_wav",
]
