"""The network of a study: a plain multilayer perceptron, one or many side by side.

Weights carry a leading axis of runs, so a stack of networks that share a shape and a function
is one program. :class:`Network` is a single network as a ``torch.nn.Module``, for taking home.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from torch.nn import functional

import torch
from ogive.functions import Activation
from torch import Tensor


@dataclass(frozen=True)
class Shape:
    """Sizes of a network: ``depth`` hidden layers of ``width`` units; depth 0 is a linear model."""

    inputs: int
    width: int
    depth: int
    outputs: int

    @property
    def layers(self) -> list[tuple[int, int]]:
        """(fan-in, fan-out) of each weight matrix."""
        sizes = [self.inputs, *[self.width] * self.depth, self.outputs]
        return list(itertools.pairwise(sizes))

    @property
    def parameters(self) -> int:
        """Weights and biases of one network."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in self.layers)


class OutputUnit(Protocol):
    """What turns the net input of the last layer into a prediction, and its loss."""

    name: str
    reason: str

    def outputs(self, classes: int) -> int:
        """Units in the last layer."""

    def loss_and_gradient(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Each row's loss (…, rows), and its derivative by the net input z (…, rows, outputs)."""

    def predict(self, z: Tensor) -> Tensor:
        """Probabilities (…, rows, classes), or values on the scaled target (…, rows)."""


class Softmax:
    """softmax(z) with cross-entropy: exclusive classes, probabilities that sum to 1."""

    name = "softmax"
    reason = (
        "the target has several exclusive classes, and softmax gives them probabilities that sum "
        "to 1; with cross-entropy its slope cancels, so it cannot saturate the gradient"
    )

    def outputs(self, classes: int) -> int:
        return classes

    def loss_and_gradient(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        # Written out: PyTorch's softmax takes five times as long along so short an axis.
        z, y = z - z.amax(-1, keepdim=True), y.unsqueeze(-1)
        e = z.exp()
        total = e.sum(-1, keepdim=True)
        loss = (total.log() - z.gather(-1, y)).squeeze(-1)
        return loss, (e / total).scatter_add_(-1, y, z.new_full((), -1.0).expand_as(y))

    def predict(self, z: Tensor) -> Tensor:
        return z.softmax(-1)


class Logistic:
    """sigmoid(z) with cross-entropy: the probability of the second of two classes."""

    name = "logistic (sigmoid)"
    reason = (
        "the target has two classes, and one sigmoid unit gives the probability of the second; "
        "with cross-entropy its slope cancels, so it cannot saturate the gradient"
    )

    def outputs(self, classes: int) -> int:
        return 1

    def loss_and_gradient(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        only = z.squeeze(-1)
        return functional.softplus(only) - y * only, z.sigmoid() - y.unsqueeze(-1)

    def predict(self, z: Tensor) -> Tensor:
        return torch.cat([(-z).sigmoid(), z.sigmoid()], -1)


class _Value:
    """Squared error of a number: what :class:`Identity` and :class:`Softplus` share."""

    def outputs(self, classes: int) -> int:
        return 1

    def slope(self, z: Tensor) -> Tensor | float:
        """Derivative of the prediction by the net input."""
        raise NotImplementedError

    def predict(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def loss_and_gradient(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        error = self.predict(z) - y
        return error.square(), 2 * error.unsqueeze(-1) * self.slope(z)


class Identity(_Value):
    """z itself with squared error: a target that may take any value."""

    name = "identity"
    reason = (
        "the target is a number that may take any value, and the identity does not bound it; "
        "the loss is the squared error of the target standardised on the training rows"
    )

    def slope(self, z: Tensor) -> float:
        return 1.0

    def predict(self, z: Tensor) -> Tensor:
        return z.squeeze(-1)


class Softplus(_Value):
    """softplus(z) with squared error: a target that is never negative."""

    name = "softplus"
    reason = (
        "the target is a number that is never negative, and softplus keeps every prediction "
        "above 0; the loss is the squared error in units of the target's standard deviation"
    )

    def slope(self, z: Tensor) -> Tensor:
        return z.sigmoid()

    def predict(self, z: Tensor) -> Tensor:
        return functional.softplus(z.squeeze(-1))


OUTPUT_UNITS: dict[str, OutputUnit] = {
    "multiclass": Softmax(),
    "binary": Logistic(),
    "regression": Identity(),
    "positive": Softplus(),
}


@dataclass(frozen=True)
class TargetScale:
    """How a numeric target is scaled for training: (y - center) / scale.

    The bias of the output unit starts at ``start``, so that an untrained network predicts the
    mean of the training rows.
    """

    center: float = 0.0
    scale: float = 1.0
    start: float = 0.0

    @classmethod
    def of(cls, kind: str, train: np.ndarray) -> TargetScale:
        """Fitted on the training rows' targets."""
        if kind not in {"regression", "positive"}:
            return cls()
        mean, spread = float(train.mean()), float(train.std()) or 1.0
        if kind == "regression":
            return cls(mean, spread)
        ratio = mean / spread
        # softplus(start) = ratio; log(expm1(r)) = r + log(1 - exp(-r))
        start = ratio + math.log(-math.expm1(-max(ratio, 1e-6)))
        return cls(0.0, spread, start)

    def forward(self, y: np.ndarray) -> np.ndarray:
        return (y - self.center) / self.scale

    def backward(self, y: np.ndarray) -> np.ndarray:
        return y * self.scale + self.center


def draw_weights(
    shape: Shape, gain: float, input_power: float, start: float, normal: np.random.Generator
) -> list[np.ndarray]:
    """Weights and biases of one network: [W1, b1, W2, b2, ...], float32.

    W1 ~ N(0, 1/input_power), where ``input_power`` is the sum of the inputs' mean squares, and
    later layers N(0, gain^2/fan_in): each pre-activation then has variance 1. Biases start at 0,
    the last at ``start``. The draws depend on the generator and the shape only, so candidates
    that share a seed share their normal draws.
    """
    drawn: list[np.ndarray] = []
    for i, (fan_in, fan_out) in enumerate(shape.layers):
        spread = 1 / math.sqrt(input_power) if i == 0 else gain / math.sqrt(fan_in)
        drawn.append(normal.standard_normal((fan_in, fan_out), np.float32) * np.float32(spread))
        drawn.append(np.zeros((1, fan_out), np.float32))
    drawn[-1] += np.float32(start)
    return drawn


def mean_loss(
    weights: Sequence[Tensor], x: Tensor, y: Tensor, function: Activation, unit: OutputUnit
) -> Tensor:
    """Each run's mean loss over its rows: (runs,)."""
    return unit.loss_and_gradient(forward(weights, x, function), y)[0].mean(-1)


def forward(weights: Sequence[Tensor], x: Tensor, function: Activation) -> Tensor:
    """Net input of the output unit: x (runs, rows, inputs) -> (runs, rows, outputs)."""
    for i in range(0, len(weights) - 2, 2):
        x = function(torch.baddbmm(weights[i + 1], x, weights[i]))
    return torch.baddbmm(weights[-1], x, weights[-2])


def backward(
    weights: Sequence[Tensor],
    x: Tensor,
    y: Tensor,
    function: Activation,
    unit: OutputUnit,
    gradients: Sequence[Tensor],
) -> Tensor:
    """Fill ``gradients`` with those of each run's mean loss; return the mean losses (runs,).

    Back-propagation written out: a multilayer perceptron needs no recorded graph, and writing
    into one buffer keeps the optimiser's passes over memory few.
    """
    inputs, net = [x], []
    for i in range(0, len(weights) - 2, 2):
        net.append(torch.baddbmm(weights[i + 1], inputs[-1], weights[i]))
        inputs.append(function(net[-1]))
    z = torch.baddbmm(weights[-1], inputs[-1], weights[-2])
    losses, delta = unit.loss_and_gradient(z, y)
    delta = delta / y.shape[-1]
    for i in range(len(weights) - 2, -1, -2):
        torch.bmm(inputs[i // 2].transpose(1, 2), delta, out=gradients[i])
        torch.sum(delta, 1, keepdim=True, out=gradients[i + 1])
        if i:
            delta = torch.bmm(delta, weights[i].transpose(1, 2))
            delta = function.times_slope(delta, net[i // 2 - 1])
    return losses.mean(-1)


class Network(torch.nn.Module):
    """One network of a study: Linear layers with the function between them.

    ``forward`` gives the net input of the output unit (logits for classes, the scaled target
    otherwise); ``predict`` applies the output unit and undoes the target's scaling.
    """

    def __init__(self, shape: Shape, function: Activation, kind: str, scale: TargetScale) -> None:
        super().__init__()
        self.shape, self.function, self.kind, self.scale = shape, function, kind, scale
        steps: list[torch.nn.Module] = []
        for i, (fan_in, fan_out) in enumerate(shape.layers):
            if i:
                steps.append(function.module())
            steps.append(torch.nn.Linear(fan_in, fan_out))
        self.layers = torch.nn.Sequential(*steps)

    @property
    def linear(self) -> list[torch.nn.Linear]:
        """The weight layers, first to last."""
        return [m for m in self.layers if isinstance(m, torch.nn.Linear)]

    def set_weights(self, weights: Sequence[Tensor]) -> None:
        """Copy in weights of one run, each (fan_in, fan_out), and biases (1, fan_out)."""
        with torch.no_grad():
            for layer, w, b in zip(self.linear, weights[::2], weights[1::2], strict=True):
                layer.weight.copy_(w.T)
                layer.bias.copy_(b.flatten())

    def forward(self, x: Tensor) -> Tensor:
        """x (rows, inputs), preprocessed -> (rows, outputs)."""
        return self.layers(x)  # type: ignore[no-any-return]

    @torch.no_grad()
    def predict(self, x: Tensor) -> np.ndarray:
        """Probabilities (rows, classes), or values of the target (rows,)."""
        made = OUTPUT_UNITS[self.kind].predict(self(x)).double().numpy()
        return made if self.kind in {"binary", "multiclass"} else self.scale.backward(made)
