"""Integrals by halving: many owners at once, and every failure is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ogive.numerics.adaptive import FINE, INFINITE, UNSETTLED, integrate

EDGES = np.array([[0.0, 1.0, 1.0, 2.0], [-1.0, 0.0, 0.5, 1.0]])  # a panel without a width too


def test_each_owner_has_its_own_integrals() -> None:
    rates = np.array([1.0, 40.0])

    def integrand(x: np.ndarray, owner: np.ndarray) -> np.ndarray:
        rate = rates[owner][:, None]
        return np.stack([np.cos(rate * x), np.abs(x - 1 / 3), rate + 0 * x])

    found = integrate(integrand, EDGES)
    assert (found.state == FINE).all()
    truth = [
        [math.sin(2), (1 / 9 + 25 / 9) / 2, 2.0],
        [2 * math.sin(40) / 40, (16 / 9 + 4 / 9) / 2, 80.0],
    ]
    np.testing.assert_allclose(found.value, truth, rtol=1e-10)
    np.testing.assert_allclose(found.size[:, 1:], np.array(truth)[:, 1:], rtol=1e-10)
    assert found.size[1, 0] == pytest.approx(4 / math.pi, rel=0.02)


def test_an_integrand_that_fails_leaves_the_others_alone() -> None:
    def integrand(x: np.ndarray, owner: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            noise = np.sin(1e13 * x)
            late = np.where(owner[:, None] == 1, np.sqrt(x - 0.5), x)
        return np.stack([x * x, 2 + noise, late])

    found = integrate(integrand, EDGES, most=200)
    assert found.state.tolist() == [[FINE, UNSETTLED, FINE], [FINE, UNSETTLED, INFINITE]]
    np.testing.assert_allclose(found.value[:, 0], [8 / 3, 2 / 3])


def test_a_pole_never_settles() -> None:
    found = integrate(lambda x, _: 1 / np.abs(x)[None], np.array([[0.0, 1.0]]))
    assert found.state.tolist() == [[UNSETTLED]]
    root = integrate(lambda x, _: np.abs(x)[None] ** -0.5, np.array([[0.0, 1.0]]))
    assert root.state.tolist() == [[FINE]]
    assert root.value[0, 0] == pytest.approx(2, rel=1e-10)


def test_what_is_left_at_the_ends_is_told() -> None:
    edges = np.array([[-9.0, -8.0, 0.0, 8.0, 9.0]])
    assert integrate(lambda x, _: np.exp(-x * x)[None], edges, ends=8).state[0, 0] == FINE
    assert integrate(lambda x, _: np.exp(-x * x / 99)[None], edges, ends=8).state[0, 0] == INFINITE


def test_a_floor_spares_what_cancels() -> None:
    calls = []

    def noisy(x: np.ndarray, _: np.ndarray) -> np.ndarray:
        calls.append(x.size)
        return 1e-14 * np.sin(1e13 * x)[None]

    assert integrate(noisy, EDGES[:1], floor=1e-11).state[0, 0] == FINE
    assert len(calls) == 3
    assert integrate(noisy, EDGES[:1], most=200).state[0, 0] == UNSETTLED
