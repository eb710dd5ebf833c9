"""Panels end where they should, and polynomials are integrated exactly."""

from __future__ import annotations

import numpy as np
import pytest

from ogive.numerics.quadrature import halved, nodes_and_weights, panel_edges


def test_panels_end_at_the_kinks_and_at_the_reach() -> None:
    edges = panel_edges((0.3, -2.5, 99.0), 8.0)
    assert (np.diff(edges) > 0).all()
    assert {-8.0, -2.5, 0.0, 0.3, 8.0} <= set(edges)
    assert edges.max() == 8.0
    assert np.diff(edges).max() <= 1.0


def test_halving_doubles_the_panels() -> None:
    edges = np.array([0.0, 1.0, 4.0])
    assert halved(edges).tolist() == [0.0, 0.5, 1.0, 2.5, 4.0]


def test_polynomials_and_corners_are_integrated() -> None:
    z, weights = nodes_and_weights(panel_edges((0.25,), 2.0))
    assert weights.sum() == pytest.approx(4.0)
    assert (z**6 * weights).sum() == pytest.approx(2 * 2**7 / 7)
    assert (abs(z - 0.25) * weights).sum() == pytest.approx(2.25**2 / 2 + 1.75**2 / 2)
