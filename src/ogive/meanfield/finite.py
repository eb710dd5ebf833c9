"""Random networks of finite width, drawn exactly without drawing their weights.

Given what m inputs become in a layer, the pre-activations of the next one are independent over
its units, and those of a unit are Gaussian with an m x m covariance. So a network is drawn unit
by unit at the cost of its units, not of its weights. With A = [sigma_w H/sqrt(n); sigma_b 1'] for
the values H (n, m) that come in, Z = M A for M of independent standard normals; with A = Q R, Q
orthonormal, only N = M Q is met, and the rest of M is still free when the gradient comes back:
M'G = Q N'G + (1 - QQ') M0'G with M0 fresh. So forward and backward pass have their exact joint law
for Gaussian weights; other weights of the same variance come near it as layers grow wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ogive.functions.activation import Activation
from ogive.numerics.quadrature import Floats

LOST = 1e-13  # relative: a direction of smaller variance counts as none
CHUNK = 1 << 23  # numbers kept of one quantity, for the memory's sake


@dataclass(frozen=True)
class Dense:
    """A layer: how many units, the scales of its weights and biases, what it takes values from.

    ``function`` is applied to the pre-activations of the layer before; the first layer has None.
    """

    units: int
    sigma_w: float
    sigma_b: float
    function: Activation | None


@dataclass(frozen=True)
class Drawn:
    """Of random networks, one row each and one column a layer.

    ``second`` is the mean square of pre-activations, ``correlation`` the mean over pairs of inputs
    of the cosine between theirs (NaN for one input), ``gradient`` the mean squared gradient.
    """

    second: Floats
    correlation: Floats
    gradient: Floats


def draw_networks(
    layers: Sequence[Dense],
    inputs: Floats,
    gradient: Floats,
    networks: int,
    random: np.random.Generator,
) -> Drawn:
    """Draw ``networks`` at the ``inputs`` (values, m), with ``gradient`` (units, m) at the end.

    The gradient is that of some number with respect to the pre-activations of the last layer.
    """
    size = sum(layer.units for layer in layers) * inputs.shape[1]
    at_once = max(1, min(networks, CHUNK // size))
    parts = [
        _draw(layers, inputs, gradient, min(at_once, networks - start), random)
        for start in range(0, networks, at_once)
    ]
    return Drawn(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _draw(
    layers: Sequence[Dense],
    inputs: Floats,
    gradient: Floats,
    count: int,
    random: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    values = np.broadcast_to(inputs, (count, *inputs.shape))
    met: list[tuple[Floats, Floats, Floats | None]] = []  # N, Q, f'(z before)
    second, alike = [], []
    slope: Floats | None = None
    for layer in layers:
        scaled = np.empty((count, values.shape[1] + 1, values.shape[2]))
        scaled[:, :-1] = values * (layer.sigma_w / math.sqrt(values.shape[1]))
        scaled[:, -1] = layer.sigma_b
        basis, root = _split(scaled)
        normal = random.standard_normal((count, layer.units, basis.shape[2]))
        z = normal @ root
        met.append((normal, basis, slope))
        products = z.transpose(0, 2, 1) @ z
        second.append(np.einsum("rii->r", products) / (layer.units * z.shape[2]))
        alike.append(mean_cosine(products))
        following = layers[len(met)].function if len(met) < len(layers) else None
        if following is not None:
            values, slope = following.value_and_slope(z)
        else:
            values, slope = z, None
    back = np.broadcast_to(gradient, (count, *gradient.shape))
    sizes = [np.square(back).mean((1, 2))]
    for layer, (normal, basis, slope) in zip(layers[:0:-1], met[:0:-1], strict=True):
        inner = back.transpose(0, 2, 1) @ back
        variances, axes = np.linalg.eigh(inner)
        mixed = axes * np.sqrt(np.maximum(variances, 0))[:, None, :]
        fresh = random.standard_normal((count, basis.shape[1], back.shape[2]))
        free = fresh @ mixed.transpose(0, 2, 1)
        basis_t = basis.transpose(0, 2, 1)
        whole = free + basis @ (normal.transpose(0, 2, 1) @ back - basis_t @ free)
        back = whole[:, :-1] * (layer.sigma_w / math.sqrt(whole.shape[1] - 1))
        if slope is not None:
            back = back * slope
        sizes.append(np.square(back).mean((1, 2)))
    return np.stack(second, 1), np.stack(alike, 1), np.stack(sizes[::-1], 1)


def _split(scaled: Floats) -> tuple[Floats, Floats]:
    """Q with orthonormal columns and R with QR = ``scaled``; lost directions are 0 in both."""
    variances, axes = np.linalg.eigh(scaled.transpose(0, 2, 1) @ scaled)
    kept = variances > LOST * variances[:, -1:]
    roots = np.sqrt(np.where(kept, variances, 0.0))
    with np.errstate(divide="ignore"):
        inverse = np.where(kept & (roots > 0), 1 / roots, 0.0)
    basis = scaled @ (axes * inverse[:, None, :])
    return basis, (axes * roots[:, None, :]).transpose(0, 2, 1)


def mean_cosine(products: Floats) -> Floats:
    """The mean over pairs of the cosines, from inner products (..., m, m); NaN for m = 1."""
    count = products.shape[-1]
    first, other = np.triu_indices(count, 1)
    if not len(first):
        return np.full(products.shape[:-2], np.nan)
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosines = products[..., first, other] / np.sqrt(squares[..., first] * squares[..., other])
    found: Floats = cosines.mean(-1)
    return found
