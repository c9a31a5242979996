"""Network architectures by name: `build(config)` makes the one that the configuration names."""

from kws_tflm.models.register import MODELS, build, register

__all__ = ["MODELS", "build", "register"]
