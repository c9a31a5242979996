"""Training: float -> prune -> prune-preserving QAT, in one resumable run folder."""

from kws_tflm.train.dataset_source import DatasetSource, open_source
from kws_tflm.train.run import last_stage, load_model, train_run
from kws_tflm.train.run_folder import RunFolder, default_run_dir, open_run
from kws_tflm.train.source import FeatureSource, LabelledFeatures

__all__ = [
    "DatasetSource",
    "FeatureSource",
    "LabelledFeatures",
    "RunFolder",
    "default_run_dir",
    "last_stage",
    "load_model",
    "open_run",
    "open_source",
    "train_run",
]
