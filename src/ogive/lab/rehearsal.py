"""Training in the playground: one network, step by step, with what happens inside it.

Two functions that are trained with the same settings share the data, the order of its rows and
the normal draws behind the weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import torch
from ogive.diagnosis.measures import DEAD, SATURATED, flatness
from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.lab.playdata import Played
from ogive.meanfield.gains import gain
from ogive.numerics.quadrature import Floats
from ogive.study.network import (
    OUTPUT_UNITS,
    OutputUnit,
    Shape,
    backward,
    draw_weights,
    forward,
    mean_loss,
)
from ogive.study.splits import generator
from torch import Tensor

BATCH = 32
FRAMES = 6  # looks at the network during a training


@dataclass(frozen=True)
class Plan:
    """How a network is trained; ``sigma_w`` None stands for the function's own gain."""

    depth: int = 3
    width: int = 16
    rate: float = 0.01
    epochs: int = 30
    seed: int = 0
    sigma_w: float | None = None


@dataclass(frozen=True)
class Frame:
    """One look: ``losses`` and ``scores`` so far, and by hidden layer the shares and gradients.

    ``score`` is the accuracy, or R^2 for a number, on the rows held out. ``dead`` is the share of
    units whose slope is practically 0 on every row, ``saturated`` that of values where it is below
    1% of its usual size (for ReLU-like functions half is healthy), ``gradient`` the norm of the
    mean loss's gradient by the layer's net inputs. ``weights`` are those of this moment.
    """

    label: str
    epochs: tuple[float, ...]
    losses: tuple[float, ...]
    test_losses: tuple[float, ...]
    score: float
    dead: tuple[float, ...]
    saturated: tuple[float, ...]
    gradient: tuple[float, ...]
    weights: tuple[Tensor, ...]
    done: bool
    diverged: bool


def train(act: Activation, data: Played, plan: Plan, frames: int = FRAMES) -> Iterator[Frame]:
    """Train with Adam and yield ``frames`` looks, the first before the first step.

    Raises :class:`OgiveError` for settings out of bounds and a function that has no gain.
    """
    unit = OUTPUT_UNITS[data.task]
    weights = _drawn(act, data, plan, unit)
    gradients = [torch.empty_like(w) for w in weights]
    optimiser = torch.optim.Adam(weights, lr=plan.rate)
    for w, g in zip(weights, gradients, strict=True):
        w.grad = g
    order = generator("lab", "play", plan.seed)
    rows = len(data.x_train)
    looks = sorted({round(i * plan.epochs / max(1, frames - 1)) for i in range(frames)})
    epochs: list[float] = []
    losses: list[float] = []
    tests: list[float] = []
    with torch.no_grad():
        for epoch in range(plan.epochs + 1):
            if epoch:
                for start in range(0, rows, BATCH):
                    if not start:
                        shuffled = torch.from_numpy(order.permutation(rows))
                    chosen = shuffled[start : start + BATCH]
                    backward(weights, data.x_train[chosen][None], data.y_train[chosen][None],
                             act, unit, gradients)  # fmt: skip
                    optimiser.step()
            epochs.append(float(epoch))
            losses.append(_loss(weights, data.x_train, data.y_train, act, unit))
            tests.append(_loss(weights, data.x_test, data.y_test, act, unit))
            bad = not math.isfinite(losses[-1])
            if epoch in looks or bad:
                yield _look(act, data, weights, unit, (epochs, losses, tests),
                            bad or epoch == plan.epochs, bad)  # fmt: skip
            if bad:
                return


def _drawn(act: Activation, data: Played, plan: Plan, unit: OutputUnit) -> list[Tensor]:
    for name, value, low, high in (
        ("depth", plan.depth, 1, 20), ("width", plan.width, 1, 256),
        ("epochs", plan.epochs, 1, 1000), ("rate", plan.rate, 1e-6, 10),
    ):  # fmt: skip
        if not low <= value <= high:
            raise OgiveError(f"{name} is {value:g}; give a number from {low:g} to {high:g}")
    shape = Shape(data.x_train.shape[1], plan.width, plan.depth, unit.outputs(data.classes))
    power = float(data.x_train.square().mean(0).sum())
    scale = gain(act) if plan.sigma_w is None else plan.sigma_w
    drawn = draw_weights(shape, scale, power, 0.0, generator("lab", "weights", plan.seed))
    return [torch.from_numpy(part)[None].clone() for part in drawn]


def _loss(weights: list[Tensor], x: Tensor, y: Tensor, act: Activation, unit: OutputUnit) -> float:
    return float(mean_loss(weights, x[None], y[None], act, unit))


def _look(
    act: Activation,
    data: Played,
    weights: list[Tensor],
    unit: OutputUnit,
    curves: tuple[list[float], list[float], list[float]],
    done: bool,
    diverged: bool,
) -> Frame:
    x, y = data.x_train[None], data.y_train[None]
    nets = []
    for i in range(0, len(weights) - 2, 2):
        nets.append(torch.baddbmm(weights[i + 1], x, weights[i]))
        x = act(nets[-1])
    z = torch.baddbmm(weights[-1], x, weights[-2])
    delta = unit.loss_and_gradient(z, y)[1] / y.shape[-1]
    scale = flatness(act).scale
    dead, saturated, norms = [], [], []
    for layer in range(len(nets) - 1, -1, -1):
        slope = act.slope(nets[layer]).abs()
        dead.append(float((slope.amax(1) <= DEAD * scale).double().mean()))
        saturated.append(float((slope < SATURATED * scale).double().mean()))
        delta = delta @ weights[2 * layer + 2].transpose(1, 2)
        delta = act.times_slope(delta, nets[layer])
        norms.append(float(delta.double().square().sum().sqrt()))
    epochs, losses, tests = curves
    return Frame(
        act.label, tuple(epochs), tuple(losses), tuple(tests), _score(act, data, weights, unit),
        tuple(dead[::-1]), tuple(saturated[::-1]), tuple(norms[::-1]),
        tuple(w.clone() for w in weights), done, diverged,
    )  # fmt: skip


def _score(act: Activation, data: Played, weights: list[Tensor], unit: OutputUnit) -> float:
    guess = unit.predict(forward(weights, data.x_test[None], act))[0]
    if data.kind == "curve":
        left = (guess - data.y_test).square().sum()
        return float(1 - left / (data.y_test - data.y_test.mean()).square().sum())
    return float((guess.argmax(-1) == data.y_test).double().mean())


@torch.no_grad()
def surface(frame: Frame, act: Activation, data: Played, points: Floats) -> Floats:
    """What the network of ``frame`` predicts at ``points`` (rows, inputs).

    The probability of the second class in the plane, the number itself for a curve.
    """
    unit = OUTPUT_UNITS[data.task]
    x = torch.from_numpy(np.asarray(points, dtype=np.float32))[None]
    made = unit.predict(forward(frame.weights, x, act))[0]
    return (made if data.kind == "curve" else made[:, 1]).double().numpy()
