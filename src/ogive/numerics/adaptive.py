"""Integrals of many functions at once, by panels that are halved where it is needed.

A panel is taken by Gauss-Legendre quadrature as a whole and in two halves; the difference is its
error. Every *owner* (one function, or one function at one setting) has panels of its own and
several integrands that share the points, so that thousands of integrals need few calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ogive.numerics.quadrature import NODES, Floats

Whole = npt.NDArray[np.intp]
# Points (panels, nodes) and the owner of each panel -> integrands (kinds, panels, nodes).
Integrand = Callable[[Floats, Whole], Floats]

TOLERANCE = 1e-11  # relative to the integral of the absolute value
GENERATIONS = 60  # of halving
MOST = 1 << 18  # panels an owner
CHUNK = 4096  # panels evaluated at a time: what they need stays near the processor
FINE, INFINITE, UNSETTLED = 0, 1, 2


@dataclass(frozen=True)
class Integrals:
    """One row an owner and one column an integrand.

    ``size`` is the integral of the absolute value, ``error`` an estimate from above, ``state`` one
    of ``FINE``, ``INFINITE`` (not a finite number somewhere, or not negligible at the ends) and
    ``UNSETTLED`` (no convergence).
    """

    value: Floats
    size: Floats
    error: Floats
    state: npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Panels:
    """Panels, one column each; ``halves`` holds the integrals over their two halves."""

    owner: Whole
    left: Floats
    right: Floats
    halves: Floats  # (2, kinds, panels)
    size: Floats  # (kinds, panels)
    error: Floats

    def chosen(self, which: npt.NDArray[np.bool_]) -> _Panels:
        return _Panels(
            self.owner[which],
            self.left[which],
            self.right[which],
            self.halves[:, :, which],
            self.size[:, which],
            self.error[:, which],
        )

    def joined(self, other: _Panels) -> _Panels:
        return _Panels(
            np.concatenate([self.owner, other.owner]),
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.halves, other.halves], axis=2),
            np.concatenate([self.size, other.size], axis=1),
            np.concatenate([self.error, other.error], axis=1),
        )


def integrate(
    integrand: Integrand,
    edges: Floats,
    *,
    tolerance: float = TOLERANCE,
    ends: float = np.inf,
    floor: Floats | float = 0.0,
    most: int = MOST,
) -> Integrals:
    """The integrals of ``integrand`` for every row of ``edges`` (owners, edges in order).

    Panels without a width are left out. What lies beyond ``ends`` on either side must be
    negligible; where it is not, the integral is taken to be infinite. An error below ``floor``
    (one number, or one for each integrand) is good enough whatever the integral. An owner may
    have ``most`` panels.
    """
    owners = len(edges)
    owner = np.repeat(np.arange(owners), edges.shape[1] - 1)
    left, right = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    wide = right > left
    owner, left, right = owner[wide], left[wide], right[wide]
    whole, _ = _rule(integrand, owner, left, right)
    panels = _made(integrand, owner, left, right, whole)
    state = np.zeros((owners, whole.shape[0]), dtype=np.int8)
    for _ in range(GENERATIONS):
        panels = _without_infinite(panels, state)
        error, size = _sums(panels.error, panels, owners), _sums(panels.size, panels, owners)
        wanted = np.maximum(tolerance * size, floor)
        open_ = (state == FINE) & (error > wanted)
        count = np.bincount(panels.owner, minlength=owners)
        state[(count > most)[:, None] & open_] = UNSETTLED
        open_ &= state == FINE
        if not open_.any():
            break
        allowed = wanted / (2 * np.maximum(count, 1)[:, None])
        at = panels.owner
        split = (open_[at] & (allowed[at] < panels.error.T)).any(axis=1)
        split &= panels.right - panels.left > 1e-14 * (abs(panels.left) + abs(panels.right))
        if not split.any():
            break
        panels = panels.chosen(~split).joined(_children(integrand, panels.chosen(split)))
    panels = _without_infinite(panels, state)
    value = _sums(panels.halves.sum(axis=0), panels, owners)
    error, size = _sums(panels.error, panels, owners), _sums(panels.size, panels, owners)
    state[(state == FINE) & (error > np.maximum(tolerance * size, floor))] = UNSETTLED
    outer = (panels.left >= ends) | (panels.right <= -ends)
    beyond = _sums(panels.size * outer, panels, owners)
    state[(state != INFINITE) & (beyond > np.maximum(1e-9 * size, floor))] = INFINITE
    return Integrals(value, size, error, state)


def _children(integrand: Integrand, parents: _Panels) -> _Panels:
    middle = (parents.left + parents.right) / 2
    return _made(
        integrand,
        np.concatenate([parents.owner, parents.owner]),
        np.concatenate([parents.left, middle]),
        np.concatenate([middle, parents.right]),
        np.concatenate(list(parents.halves), axis=1),
    )


def _made(
    integrand: Integrand, owner: Whole, left: Floats, right: Floats, whole: Floats
) -> _Panels:
    middle = (left + right) / 2
    first, size = _rule(integrand, owner, left, middle)
    second, rest = _rule(integrand, owner, middle, right)
    with np.errstate(all="ignore"):
        error = np.abs(first + second - whole)
        return _Panels(owner, left, right, np.stack([first, second]), size + rest, error)


def _rule(integrand: Integrand, owner: Whole, left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """The integrals over the panels, and those of the absolute values: (kinds, panels) each."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    values, sizes = [], []
    for start in range(0, max(len(owner), 1), CHUNK):
        part = slice(start, start + CHUNK)
        half = (right[part] - left[part]) / 2
        points = ((left[part] + right[part]) / 2)[:, None] + half[:, None] * nodes
        with np.errstate(all="ignore"):
            found = integrand(points, owner[part])
            # Not by BLAS, which would wake its threads for so little.
            values.append(np.einsum("kpn,n->kp", found, weights) * half)
            sizes.append(np.einsum("kpn,n->kp", np.abs(found), weights) * half)
    return np.concatenate(values, axis=1), np.concatenate(sizes, axis=1)


def _without_infinite(panels: _Panels, state: npt.NDArray[np.int8]) -> _Panels:
    """``panels`` with integrands that are not finite somewhere noted in ``state`` and zeroed."""
    with np.errstate(all="ignore"):
        bad = ~np.isfinite(panels.size + panels.error)
    if not bad.any():
        return panels
    kinds, places = np.nonzero(bad)
    state[panels.owner[places], kinds] = INFINITE
    dead = (state[panels.owner] == INFINITE).T
    return replace(
        panels,
        halves=np.where(dead, 0.0, panels.halves),
        size=np.where(dead, 0.0, panels.size),
        error=np.where(dead, 0.0, panels.error),
    )


def _sums(values: Floats, panels: _Panels, owners: int) -> Floats:
    """``values`` (kinds, panels) summed for each owner: (owners, kinds)."""
    columns = [np.bincount(panels.owner, weights=row, minlength=owners) for row in values]
    return np.stack(columns, axis=1)
