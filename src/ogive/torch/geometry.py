"""Variances of pre-activations, and of gradients, by place: what theory says of a chain.

In wide layers all channels of a place are alike, so a map of one channel does for all. A layer
takes the mean of E f^2 over the places it sees (zeros of padding among them) times sigma_w^2, and
adds sigma_b^2; gradients go back the same way with E f'^2. A Linear layer sees every place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.nn import functional

import torch
from ogive.functions.activation import Activation
from ogive.meanfield.covariance import at_variances, covariances
from ogive.meanfield.finite import mean_cosine
from torch import Tensor, nn

LEAST = 1e-300


@dataclass(frozen=True)
class Scaled:
    """A layer of a chain: its module, the scales of its weights, what it takes in, its outputs."""

    module: nn.Module
    sigma_w: float
    sigma_b: float
    function: Activation | None
    units: int  # outputs at one place

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution."""
        return isinstance(self.module, nn.modules.conv._ConvNd)


@dataclass(frozen=True)
class Predicted:
    """By layer; NaN from where a moment does not exist."""

    second: list[float]
    correlation: list[float]
    gradient: list[float]


def seen(layer: Scaled, maps: Tensor) -> Tensor:
    """The mean of ``maps`` (rows, 1, places) over what each output of the layer sees."""
    module = layer.module
    if not layer.convolves:
        return maps.flatten(1).mean(1, keepdim=True)
    assert isinstance(module, nn.modules.conv._ConvNd)
    kernel = torch.ones(1, 1, *module.kernel_size, dtype=maps.dtype) / math.prod(module.kernel_size)
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[
        len(module.kernel_size) - 1
    ]
    padding = module.padding
    found: Tensor = convolve(maps, kernel, None, module.stride, padding, module.dilation)
    return found


def predict(layers: Sequence[Scaled], inputs: Tensor, gradient: Tensor) -> Predicted:
    """Theory for a chain from its measured ``inputs`` and the measured ``gradient`` at its end.

    ``inputs`` are (rows, channels or values, places), float64, and ``gradient`` has the shape of
    the last layer's outputs.
    """
    rows = len(inputs)
    first, other = (torch.from_numpy(part) for part in np.triu_indices(rows, 1))
    squares = inputs.square().mean(1, keepdim=True)
    products = (inputs[first] * inputs[other]).mean(1, keepdim=True)
    variances: list[Tensor] = []
    inner: list[Tensor] = []
    slopes: list[Tensor] = []
    for layer in layers:
        if layer.function is not None:
            squares, products, slope = _through(
                layer.function, variances[-1], inner[-1], first, other
            )
            slopes.append(slope)
        scale, shift = layer.sigma_w**2, layer.sigma_b**2
        variances.append(scale * seen(layer, squares) + shift)
        inner.append(scale * seen(layer, products) + shift if len(first) else products)
    sizes = [gradient.square().mean(1, keepdim=True)]
    for i in range(len(layers) - 1, 0, -1):
        layer = layers[i]
        maps = torch.zeros_like(slopes[i - 1], requires_grad=True)
        with torch.enable_grad():
            out = seen(layer, maps)
            (back,) = torch.autograd.grad(out, maps, sizes[0].reshape(out.shape))
        inwards = layers[i - 1].units
        if layer.convolves:
            inwards //= int(layer.module.groups)  # type: ignore[arg-type]
        outwards = layer.units // (int(layer.module.groups) if layer.convolves else 1)  # type: ignore[arg-type]
        sizes.insert(0, layer.sigma_w**2 * outwards / inwards * back * slopes[i - 1])
    return Predicted(
        [float(v.mean()) for v in variances],
        [_cosine(v, p, rows) for v, p in zip(variances, inner, strict=True)],
        [float(g.mean()) for g in sizes],
    )


def _through(
    act: Activation, variances: Tensor, products: Tensor, first: Tensor, other: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """E f^2 and E f f of pairs and E f'^2, place by place."""
    flat = variances.flatten().clamp_min(LEAST).numpy()
    if not np.isfinite(flat).all():
        lost = torch.full_like(variances, math.nan)
        return lost, torch.full_like(products, math.nan), lost
    found = at_variances(act, flat)
    second = torch.from_numpy(found.second).reshape(variances.shape)
    slopes = torch.from_numpy(found.slopes).reshape(variances.shape)
    if not len(first):
        return second, products, slopes
    number = torch.arange(len(flat)).reshape(variances.shape)
    one, two = number[first].flatten().numpy(), number[other].flatten().numpy()
    cosines = np.clip(products.flatten().numpy() / np.sqrt(flat[one] * flat[two]), -1, 1)
    paired = covariances(found.rows(one), found.rows(two), cosines)
    return second, torch.from_numpy(paired).reshape(products.shape), slopes


def _cosine(variances: Tensor, products: Tensor, rows: int) -> float:
    """The mean cosine of whole layers: over all places."""
    lengths = variances.flatten(1).sum(1).numpy()
    matrix = np.diag(lengths)
    matrix[np.triu_indices(rows, 1)] = products.flatten(1).sum(1).numpy() if rows > 1 else 0.0
    return float(mean_cosine(matrix))


@dataclass(frozen=True)
class Sampled:
    """Statistics of layers, (networks, layers) each."""

    second: np.ndarray
    correlation: np.ndarray
    gradient: np.ndarray


def redraw(
    layers: Sequence[Scaled],
    inputs: Tensor,
    gradient: Tensor,
    networks: int,
    generator: torch.Generator,
) -> Sampled:
    """The statistics of ``networks`` chains with Gaussian weights of the same scales.

    The modules run with the drawn weights; ``inputs`` and ``gradient`` are as measured, in the
    shapes and the dtype that the modules take.
    """
    rows = [_redrawn(layers, inputs, gradient, generator) for _ in range(networks)]
    return Sampled(*(np.array(column) for column in zip(*rows, strict=True)))


def _redrawn(
    layers: Sequence[Scaled], inputs: Tensor, gradient: Tensor, generator: torch.Generator
) -> tuple[list[float], list[float], list[float]]:
    values, outs = inputs, []
    with torch.enable_grad():
        for layer in layers:
            drawn = _weights(layer, values.dtype, generator)
            if layer.function is not None:
                values = layer.function(values)
                if not layer.convolves and values.dim() > 2:
                    values = values.flatten(1)
            values = torch.func.functional_call(layer.module, drawn, (values,))
            if not values.requires_grad:
                values = values.requires_grad_()
            outs.append(values)
        backs = torch.autograd.grad(values, outs, gradient.reshape(values.shape))
    return (
        [mean_square(out) for out in outs],
        [cosine(out) for out in outs],
        [mean_square(back) for back in backs],
    )


def _weights(layer: Scaled, dtype: torch.dtype, generator: torch.Generator) -> dict[str, Tensor]:
    weight, bias = layer.module.weight, layer.module.bias
    assert isinstance(weight, Tensor)
    drawn = torch.randn(weight.shape, generator=generator) * (
        layer.sigma_w / math.sqrt(weight[0].numel())
    )
    found = {"weight": drawn.to(dtype)}
    if isinstance(bias, Tensor):
        shift = torch.randn(bias.shape, generator=generator) * layer.sigma_b
        found["bias"] = shift.to(dtype)
    return found


def mean_square(values: Tensor) -> float:
    """Over everything."""
    return float(values.detach().double().square().mean())


def cosine(values: Tensor) -> float:
    """The mean over pairs of rows of their cosine; NaN for one row."""
    flat = values.detach().double().flatten(1)
    return float(mean_cosine((flat @ flat.T).numpy()))
