"""Least squares with coefficients that are not negative (Lawson and Hanson's active set)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


def nonnegative_least_squares(matrix: Float, wanted: Float) -> Float:
    """x >= 0 that minimises |matrix x - wanted|.

    C. Lawson, R. Hanson, "Solving Least Squares Problems", chapter 23. Columns are scaled to one length
    first: features differ by six orders of magnitude.
    """
    lengths = np.linalg.norm(matrix, axis=0)
    lengths[lengths == 0] = 1.0
    columns = matrix / lengths
    free = np.zeros(matrix.shape[1], bool)
    solution = np.zeros(matrix.shape[1])
    for _ in range(10 * matrix.shape[1]):
        gradient = columns.T @ (wanted - columns @ solution)
        gradient[free] = 0.0
        if gradient.max(initial=0.0) <= 1e-9:
            break
        free[int(np.argmax(gradient))] = True
        while True:
            trial = np.zeros_like(solution)
            trial[free] = np.linalg.lstsq(columns[:, free], wanted, rcond=None)[0]
            blocked = free & (trial <= 0)
            if not blocked.any():
                break
            steps = solution[blocked] / (solution[blocked] - trial[blocked])
            solution = solution + steps.min() * (trial - solution)
            free &= solution > 1e-12
            solution[~free] = 0.0
        solution = trial
    return np.asarray(solution / lengths)
