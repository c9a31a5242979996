"""Host runtime: the very C++ sources that the firmware links, as Python classes.

numpy in, numpy out. `FeatureExtractor` and `Detector` are the firmware's front end and detector,
`Interpreter` is TensorFlow Lite Micro with the custom operators, `Spotter` is the firmware's
application pipeline. What they return is what the board returns, byte for byte.
"""

from kws_tflm.runtime.detector import Detection, Detector
from kws_tflm.runtime.features import FeatureExtractor
from kws_tflm.runtime.interpreter import Interpreter
from kws_tflm.runtime.spotter import Spotter

__all__ = ["Detection", "Detector", "FeatureExtractor", "Interpreter", "Spotter"]
