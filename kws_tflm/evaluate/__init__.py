"""Accuracy, and parity between the stages."""
