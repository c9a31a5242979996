"""The one place that imports TensorFlow: `from kws_tflm._tf import tf, keras, tfmot`.

`tfmot` 0.8 works with Keras 2 only, and TensorFlow reads the switch for it, the log level and the
thread counts once, at the first import. Import TensorFlow nowhere else in the package.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")


@contextlib.contextmanager
def native_stderr_hidden() -> Iterator[None]:
    """Hide what C++ libraries write to file descriptor 2; shown after all when the block raises.

    TensorFlow and its converter print start-up notices before, or in spite of, any log level.
    """
    with tempfile.TemporaryFile() as sink:
        saved = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            sink.seek(0)
            os.write(2, sink.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


with native_stderr_hidden():
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot
    import tf_keras as keras
    from tensorflow_model_optimization.python.core.quantization.keras.collab_opts.prune_preserve import (
        default_8bit_prune_preserve_quantize_scheme as prune_preserve_scheme,
    )
    from tensorflow_model_optimization.python.core.quantization.keras.default_8bit import (
        default_8bit_quantize_configs as quantize_configs,
    )

    tf.get_logger().setLevel("ERROR")
    with contextlib.suppress(RuntimeError):  # the embedding program has started TensorFlow: its choice stands
        # One operator at a time, all cores inside it: fastest on two cores, and the order of sums is fixed.
        tf.config.threading.set_intra_op_parallelism_threads(len(os.sched_getaffinity(0)))
        tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()

__all__ = ["keras", "native_stderr_hidden", "prune_preserve_scheme", "quantize_configs", "tf", "tfmot"]
