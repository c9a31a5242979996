"""The acoustic features: float reference, tables of the fixed-point front end, quantisation into a model's input."""
