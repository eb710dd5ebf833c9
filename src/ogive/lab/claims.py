"""The texts' claims about learning, measured on small networks over seeds.

Every candidate of a comparison has the same seeds: the same rows, the same order of rows and the
same normal draws behind its weights, so that differences are paired. Each gets the gain that
suits it, and where it is trained the best of the same learning rates, found on other seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import torch
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.lab.evidence import Claim, Estimate, paired
from ogive.meanfield.gains import gain
from ogive.meanfield.moments import moments
from ogive.numerics.quadrature import Floats
from ogive.study.network import Shape, TargetScale, draw_weights, forward
from ogive.study.splits import generator
from ogive.study.train import Fold, Job, Outcome, Recipe, train
from torch import Tensor

SEEDS = 12
RIVALS = ("elu", "relu", "leaky_relu", "selu")
# ReLU less its mean over standard normal inputs, 1/sqrt(2 pi): the same slope, no shift.
CENTRED = "max(x, 0) - 1/sqrt(2*pi)"
DEEP, WIDE, SAMPLES = 10, 100, 200
TRAIN, VALID = 500, 500
# Of the validation loss: one that nearly every run reaches, and one that is hard to reach.
LEVEL, LOW_LEVEL = 0.6, 0.4
NOISES = (0.0, 0.5, 1.0, 1.5, 2.0)
NOISE = 1.0  # standard deviations of an input, at which the claim is judged
RATES = (0.001, 0.003, 0.01)
TUNED = 2  # seeds that choose the rate


@dataclass(frozen=True)
class ByLayer:
    """(seeds, layers) of a function: mean activation, and gradient norm by the net inputs."""

    label: str
    mean: Floats
    gradient: Floats

    @property
    def factors(self) -> Floats:
        """Each seed's factor of the gradient's norm, a layer back: the geometric mean."""
        ends = self.gradient[:, 0] / self.gradient[:, -1]
        made: Floats = ends ** (1 / (self.gradient.shape[1] - 1))
        return made


@lru_cache(maxsize=64)
def by_layer(name: str, seeds: int = SEEDS) -> ByLayer:
    """Random networks of 10 layers with 100 units, 200 standard normal inputs, no training.

    The gradient is that of a random direction of the outputs.
    """
    act = registry.get(name)
    shape = Shape(WIDE, WIDE, DEEP, 1)
    drawn = [
        draw_weights(shape, gain(act), WIDE, 0.0, generator("lab", "layers", seed))
        for seed in range(seeds)
    ]
    weights = [torch.from_numpy(np.stack(part)).double() for part in zip(*drawn, strict=True)]
    x = torch.stack(
        [
            torch.from_numpy(generator("lab", "inputs", seed).standard_normal((SAMPLES, WIDE)))
            for seed in range(seeds)
        ]
    )
    nets: list[Tensor] = []
    means = []
    for i in range(0, 2 * DEEP, 2):
        nets.append(torch.baddbmm(weights[i + 1], x, weights[i]))
        x = act(nets[-1])
        means.append(x.mean((1, 2)))
    delta = weights[-2].transpose(1, 2).expand(-1, SAMPLES, -1)
    norms = []
    for layer in range(DEEP - 1, -1, -1):
        delta = act.times_slope(delta.contiguous(), nets[layer])
        norms.append(delta.square().sum((1, 2)).sqrt())
        delta = delta @ weights[2 * layer].transpose(1, 2)
    return ByLayer(act.label, torch.stack(means, 1).numpy(), torch.stack(norms[::-1], 1).numpy())


def vanishing(seeds: int = SEEDS) -> Claim:
    """S4: how much of the gradient's norm a layer lets through, on the way back."""
    found = {name: by_layer(name, seeds) for name in ("sigmoid", "tanh", "relu")}
    return Claim(
        "in a deep sigmoid network the gradient vanishes",
        "factor of the gradient's norm a layer",
        tuple(Estimate.of(name, one.factors) for name, one in found.items()),
        (Estimate.of("log10, sigmoid", np.log10(found["sigmoid"].factors)),),
        "below 0",
        f"{seeds} random networks of {DEEP} layers with {WIDE} units, weights at each function's "
        f"variance-keeping gain; below 0 means that the gradient shrinks",
    )


def predicted_factor(name: str) -> float:
    """What theory gives for :func:`vanishing`: sqrt(gain^2 E f'(z)^2)."""
    act = registry.get(name)
    return float(gain(act) * moments(act).slope_second ** 0.5)


def mean_shift(seeds: int = SEEDS) -> Claim:
    """S8 and S10: how far the mean activation is from 0, over all layers."""
    values = {name: np.abs(by_layer(name, seeds).mean).mean(1) for name in ("elu", "relu", "tanh")}
    return paired(
        "ELU's mean output is nearer to 0 than ReLU's",
        "absolute mean activation",
        {name: values[name] for name in ("elu", "relu")},
        "elu",
        "below 0",
        f"{seeds} random networks of {DEEP} layers with {WIDE} units, mean over the layers; "
        f"tanh, for comparison: {values['tanh'].mean():.4f}",
    )


@dataclass(frozen=True)
class Race:
    """What training gave one candidate; one entry a seed.

    ``accuracy`` (seeds, NOISES) is that on noisy validation rows, ``curves`` (seeds, rungs) the
    validation losses at ``at`` epochs.
    """

    label: str
    rate: float
    accuracy: Floats
    at: Floats
    curves: Floats

    def epochs(self, level: float) -> Floats:
        """Each seed's epochs to the validation loss ``level``; all of them where it never was."""
        found = np.array([reached(self.at, curve, level) for curve in self.curves])
        return np.asarray(np.nan_to_num(found, nan=float(self.at[-1])))

    def missed(self, level: float) -> int:
        """The seeds that never came to ``level``."""
        return sum(bool((curve > level).all()) for curve in self.curves)


@dataclass(frozen=True)
class Setting:
    """How the candidates are trained: ``seeds`` to measure, epochs, hidden layers and units."""

    seeds: int = SEEDS
    epochs: int = 20
    depth: int = 5
    width: int = 32
    batch: int = 50


@lru_cache(maxsize=8)
def folds(seeds: int) -> tuple[Fold, ...]:
    """TRAIN and VALID rows of the digits for each seed, standardised on the training rows."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    made = []
    for seed in range(seeds):
        rows = generator("lab", "rows", seed).permutation(len(x))[: TRAIN + VALID]
        mine, held = x[rows[:TRAIN]], x[rows[TRAIN:]]
        spread = mine.std(0)
        spread[spread == 0] = 1
        mean = mine.mean(0)
        inputs = [
            torch.from_numpy(((part - mean) / spread).astype(np.float32)) for part in (mine, held)
        ]
        targets = [torch.from_numpy(y[part].astype(np.int64)) for part in np.split(rows, [TRAIN])]
        power = float(inputs[0].square().mean(0).sum())
        made.append(Fold(inputs[0], targets[0], inputs[1], targets[1], TargetScale(), power))
    return tuple(made)


@lru_cache(maxsize=32)
def race(name: str, setting: Setting) -> Race:
    """Train ``name`` on the digits: the learning rate on TUNED seeds of its own, then the rest."""
    act = registry.get(name)
    steps = TRAIN // setting.batch  # an epoch
    recipe = Recipe(setting.batch, steps // 2, 2 * setting.epochs, 10**6, 64)
    shape = Shape(64, setting.width, setting.depth, 10)
    rows = folds(setting.seeds + TUNED)

    def run(jobs: Sequence[Job]) -> list[Outcome]:
        return train(act, gain(act), shape, "multiclass", rows, jobs, recipe)

    tuning = [Job(seed, rate, ("lab", seed)) for rate in RATES for seed in range(TUNED)]
    losses = [o.valid_loss for o in run(tuning)]
    merit = np.array(losses).reshape(len(RATES), TUNED).mean(1)
    rate = RATES[int(np.argmin(merit))]
    seeds = range(TUNED, setting.seeds + TUNED)
    done = run([Job(seed, rate, ("lab", seed)) for seed in seeds])
    at = np.array([step / steps for step, _, _ in done[0].curve])
    curves = np.array([[valid for _, _, valid in o.curve] for o in done])
    accuracy = np.array(
        [_robust(act, o, rows[seed], seed) for o, seed in zip(done, seeds, strict=True)]
    )
    return Race(act.label, rate, accuracy, at, curves)


def reached(at: Floats, curve: Floats, level: float) -> float:
    """When a curve first falls to ``level``, interpolated in its logarithm; NaN where never."""
    below = np.flatnonzero(curve <= level)
    if not len(below):
        return float("nan")
    i = int(below[0])
    if i == 0:
        return float(at[0])
    high, low = np.log(curve[i - 1 : i + 1])
    return float(at[i - 1] + (at[i] - at[i - 1]) * (high - np.log(level)) / (high - low))


@torch.no_grad()
def _robust(act: Activation, done: Outcome, fold: Fold, seed: int) -> list[float]:
    weights = [w[None] for w in done.weights]
    noise = generator("lab", "noise", seed).standard_normal(tuple(fold.x_valid.shape), np.float32)
    found = []
    for size in NOISES:
        x = fold.x_valid + size * torch.from_numpy(noise)
        guess = forward(weights, x[None], act)[0].argmax(-1)
        found.append(float((guess == fold.y_valid).double().mean()))
    return found


def _where(setting: Setting) -> str:
    return (
        f"{setting.seeds} seeds, each with {TRAIN} training and {VALID} validation rows of the "
        f"digits, {setting.depth} hidden layers of {setting.width} units, Adam, {setting.epochs} "
        f"epochs, the best of the rates {', '.join(f'{r:g}' for r in RATES)} on {TUNED} other seeds"
    )


def speed(setting: Setting | None = None, level: float = LEVEL) -> Claim:
    """S10: epochs to a validation loss, ELU beside its rivals."""
    setting = setting or Setting()
    runs = [race(name, setting) for name in RIVALS]
    missed = ", ".join(f"{r.label} {r.missed(level)}" for r in runs if r.missed(level))
    late = f"; not reached, and counted as {setting.epochs} epochs: {missed}" if missed else ""
    return paired(
        "ELU learns faster",
        f"epochs to a validation loss of {level:g}",
        {run.label: run.epochs(level) for run in runs},
        "elu",
        "below 0",
        _where(setting) + late,
    )


def robustness(setting: Setting | None = None) -> Claim:
    """S10: accuracy on noisy inputs, ELU beside its rivals."""
    setting = setting or Setting()
    at = NOISES.index(NOISE)
    return paired(
        "ELU is more robust to noise",
        f"accuracy with noise of {NOISE:g} standard deviation on every input",
        {name: race(name, setting).accuracy[:, at] for name in RIVALS},
        "elu",
        "above 0",
        _where(setting) + "; the weights of the best validation loss",
    )


def centring(setting: Setting | None = None) -> Claim:
    """S8: whether ReLU learns faster once its mean is taken away."""
    setting = setting or Setting()
    return paired(
        "a mean near 0 learns faster",
        f"epochs to a validation loss of {LEVEL:g}",
        {
            "ReLU less its mean": race(CENTRED, setting).epochs(LEVEL),
            "ReLU": race("relu", setting).epochs(LEVEL),
        },
        "ReLU less its mean",
        "below 0",
        _where(setting),
    )


def near_zero(seeds: int = SEEDS, steps: int = 150) -> Claim:
    """C2: gradient descent from hidden sigmoids whose outputs are near 0, or near one half.

    One hidden layer of 16 sigmoids on two half moons; the weights are the same, and only the
    hidden biases start at -6 or at 0. Measured is the loss after ``steps`` steps.
    """
    losses = {f"biases {b:g}": _descended(b, seeds, steps)[:, -1] for b in (-6.0, 0.0)}
    return paired(
        "outputs near 0 make a network learn very slowly",
        f"cross-entropy after {steps} steps",
        losses,
        "biases -6",
        "above 0",
        f"{seeds} seeds; 200 points in two half moons, 16 hidden sigmoids, gradient descent at "
        f"rate 1; with biases of -6 the hidden outputs start near 0.0025",
    )


@lru_cache(maxsize=16)
def _descended(bias: float, seeds: int, steps: int) -> Floats:
    """(seeds, steps + 1) losses."""
    from sklearn.datasets import make_moons

    from ogive.study.network import OUTPUT_UNITS, backward, mean_loss

    act, unit = registry.get("sigmoid"), OUTPUT_UNITS["binary"]
    shape = Shape(2, 16, 1, 1)
    drawn = [
        draw_weights(shape, gain(act), 2.0, 0.0, generator("lab", "moons", seed))
        for seed in range(seeds)
    ]
    weights = [torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True)]
    weights[1] += bias
    sets = [make_moons(200, noise=0.2, random_state=seed) for seed in range(seeds)]
    x = torch.from_numpy(np.stack([(p - p.mean(0)) / p.std(0) for p, _ in sets])).float()
    y = torch.from_numpy(np.stack([labels for _, labels in sets])).float()
    gradients = [torch.empty_like(w) for w in weights]
    losses = [mean_loss(weights, x, y, act, unit)]
    for _ in range(steps):
        backward(weights, x, y, act, unit, gradients)
        for w, g in zip(weights, gradients, strict=True):
            w.sub_(g)
        losses.append(mean_loss(weights, x, y, act, unit))
    return torch.stack(losses, 1).double().numpy()


def descent(bias: float, seeds: int = SEEDS, steps: int = 150) -> Floats:
    """(seeds, steps + 1): the losses behind :func:`near_zero`."""
    return _descended(bias, seeds, steps)
