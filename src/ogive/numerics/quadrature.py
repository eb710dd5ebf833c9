"""Gauss-Legendre quadrature on panels that end where an integrand has a corner or a jump."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NODES = 20


def panel_edges(kinks: tuple[float, ...], reach: float) -> Floats:
    """Edges from -reach to reach: the integers, and steps that halve towards 0 and each kink.

    The halving serves functions that bend sharply there.
    """
    near = 0.5 ** np.arange(1.0, 25.0)
    around = np.concatenate([[0.0], near, -near])
    centres = np.array([0.0, *(k for k in kinks if abs(k) < reach)])
    whole = np.arange(-np.floor(reach), np.floor(reach) + 1)
    edges = np.concatenate([[-reach, reach], whole, (centres[:, None] + around).ravel()])
    return np.unique(edges[np.abs(edges) <= reach])


def halved(edges: Floats) -> Floats:
    """The same panels, each cut in two."""
    return np.sort(np.concatenate([edges, (edges[:-1] + edges[1:]) / 2]))


def nodes_and_weights(edges: Floats) -> tuple[Floats, Floats]:
    """Points and weights, one row a panel: the integral of f is (weights * f(points)).sum()."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1] + edges[1:])[:, None] / 2 + half * nodes, half * weights
