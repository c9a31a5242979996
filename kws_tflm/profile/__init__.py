"""Where the cycles go: a model operator by operator, or a stretch of any image between two symbols."""

from kws_tflm.profile.measure import profile_model
from kws_tflm.profile.result import Memory, ModelProfile, OperatorProfile, WindowProfile
from kws_tflm.profile.window import profile_window

__all__ = ["Memory", "ModelProfile", "OperatorProfile", "WindowProfile", "profile_model", "profile_window"]
