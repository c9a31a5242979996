"""Spoken keywords from Keras to an STM32F7 over TensorFlow Lite Micro, with sparse operators."""

__version__ = "0.1.0"
