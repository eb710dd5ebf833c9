"""Running measures of a place in a model: sums over batches, of constant memory.

Means and variances are merged batch by batch (Chan, Golub and LeVeque 1979), so that a large
mean costs no digits. Whether a position is saturated or a unit dead is judged by the function's
own slope against its own scale, the root of E f'(z)^2 at z ~ N(0, 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

import torch
from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.meanfield.moments import moments
from torch import Tensor

SATURATED = 0.01  # of the scale: a smaller slope lets next to nothing through
DEAD = 1e-3  # of the scale: practically 0
FAR = 50.0  # where a function's slope is that of its ends
REACH, BINS = 6.0, 60  # of the histogram; what lies beyond is in one bin on each side
MOST_SAMPLES = 64  # of a batch, which are compared with each other
MOST_VALUES = 1 << 15  # of a sample, taken at even steps
ALIKE = 1e-12  # share of a signal that rounding alone makes
LIGHT, LEAST = 1 << 13, 16  # values of a place that are looked at in passing; samples of them
HALVES = (torch.float16, torch.bfloat16)

Off: TypeAlias = Literal["all", "left", "right", "none"]


@dataclass(frozen=True)
class Flatness:
    """When a function's slope counts as small, and on which side that is by design.

    ``scale`` is sqrt(E f'(z)^2). ``off`` says where a small slope is the off side of a ReLU-like
    function and no saturation: "all" small slopes where f is flat on one side only, or in the
    middle; "left" or "right" where it is flat on both, but on that one for a third of standard
    normal inputs (ReLU6); "none" for sigmoid, tanh and the like.
    """

    scale: float
    off: Off


@lru_cache(maxsize=256)
def flatness(act: Activation) -> Flatness:
    """The :class:`Flatness` of ``act``."""
    with np.errstate(all="ignore"):
        z = np.linspace(-4, 4, 1601)
        slopes = np.abs(act.slope(z))
        try:
            scale = math.sqrt(moments(act).slope_second)
        except OgiveError:  # no finite moment
            scale = float(np.nanmax(slopes))
        if not (math.isfinite(scale) and scale > 0):
            return Flatness(1.0, "all")
        weight = np.exp(-z * z / 2)
        low = np.abs(act.slope(np.array([-FAR, FAR]))) < SATURATED * scale
    small = slopes < SATURATED * scale
    shares = [float(weight[small & side].sum() / weight.sum()) for side in (z <= 0, z >= 0)]
    if not low.all():
        return Flatness(scale, "all")
    if shares[0] > 1 / 3:
        return Flatness(scale, "left")
    return Flatness(scale, "right" if shares[1] > 1 / 3 else "none")


@lru_cache(maxsize=256)
def passes_scale(act: Activation) -> bool:
    """Whether far from 0 f(c x) is about c f(x) for c > 0: that of ReLU and GELU, not of tanh."""
    ends = np.array([-FAR, FAR])
    with np.errstate(all="ignore"):
        once, more = act(ends), act(10 * ends) / 10
    return bool(np.isfinite(more).all()) and bool(abs(more - once).max() < 0.05 * abs(once).max())


class Moving:
    """Mean and variance of each unit, merged batch by batch, in float64."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Tensor | None = None
        self.squares: Tensor | None = None  # of the deviations from the mean

    def add(self, count: int, mean: Tensor, squares: Tensor) -> None:
        """Take in what :func:`centred` gives for (positions, units)."""
        self._merge(count, mean.double(), squares.double())

    def merge(self, other: Moving) -> None:
        """Take in what another has seen."""
        if other.mean is not None and other.squares is not None:
            self._merge(other.count, other.mean, other.squares)

    def _merge(self, count: int, mean: Tensor, squares: Tensor) -> None:
        if self.mean is None or self.squares is None:
            self.count, self.mean, self.squares = count, mean.clone(), squares.clone()
            return
        total = self.count + count
        apart = mean - self.mean
        self.squares = self.squares + squares + apart.square() * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def units(self) -> int | None:
        """How many units it holds; None before the first batch."""
        return None if self.mean is None else len(self.mean)

    def pool(self) -> None:
        """Make one unit of all."""
        if self.mean is None or self.squares is None:
            return
        units, middle = len(self.mean), self.mean.mean(0, keepdim=True)
        spread = self.squares.sum() + self.count * (self.mean - middle).square().sum()
        self.mean, self.squares, self.count = middle, spread.reshape(1), self.count * units

    def figures(self) -> tuple[list[float], list[float]]:
        """Mean and variance of each unit."""
        if self.mean is None or self.squares is None:
            return [], []
        return self.mean.tolist(), (self.squares / self.count).tolist()


class Sums:
    """What is kept of a place: a few numbers a unit and a histogram, however many batches."""

    def __init__(self) -> None:
        self.before, self.after = Moving(), Moving()
        self.peak: Tensor | None = None  # the largest |slope| of each unit
        self.saturated: Tensor | float = 0.0
        self.off: Tensor | float = 0.0
        self.histogram: Tensor | None = None
        self.bad = 0  # positions that are no finite numbers
        self.alike: list[float] = [0.0, 0.0, 0.0]  # correlation, rank, batches
        self.inner: list[float] = [0.0, 0.0]  # along an axis: entropy, rows
        self.gradient, self.gradients, self.gradient_bad = 0.0, 0, 0
        self.into: Sums | None = None  # where the rest of what comes in belongs
        self.pooled = False  # the units are not the same ones in every batch

    def pool(self) -> None:
        """Make one unit of all, where their number changes."""
        if self.pooled:
            return
        self.pooled = True
        self.before.pool()
        self.after.pool()
        if self.peak is not None:
            self.peak = self.peak.amax(0, keepdim=True)
            self.saturated = torch.as_tensor(self.saturated).sum().reshape(1)
            self.off = torch.as_tensor(self.off).sum().reshape(1)

    def add(self, x: Tensor, y: Tensor, slope: Tensor, flat: Flatness, binned: bool = True) -> None:
        """Take in pre-activations, activations and slopes, each (positions, units)."""
        if self.before.units not in (None, x.shape[1]):
            self.pool()
        if self.pooled:
            x, y, slope = x.reshape(-1, 1), y.reshape(-1, 1), slope.reshape(-1, 1)
        before, after = centred(x), centred(y)
        if not math.isfinite(float(before[2].sum() + after[2].sum())):
            right = torch.isfinite(x) & torch.isfinite(y)
            whole = right.all(1)
            self.bad += right.numel() - int(right.sum())
            x, y, slope = x[whole].double(), y[whole].double(), slope[whole]
            if not len(x):
                return
            before, after = centred(x), centred(y)
        self.before.add(*before)
        self.after.add(*after)
        size = slope.abs()
        peak = size.amax(0)
        self.peak = peak if self.peak is None else torch.maximum(self.peak, peak)
        small = size < SATURATED * flat.scale
        if flat.off == "all":
            self.off = self.off + small.sum(0)
        elif flat.off == "none":
            self.saturated = self.saturated + small.sum(0)
        else:
            off = (small & ((x <= 0) if flat.off == "left" else (x >= 0))).sum(0)
            self.off = self.off + off
            self.saturated = self.saturated + (small.sum(0) - off)
        if not binned:
            return
        counts = histogram(x)
        self.histogram = counts if self.histogram is None else self.histogram + counts

    def add_rows(self, p: Tensor) -> None:
        """Take in probabilities, (rows, classes): their entropy, and whether they are one-hot."""
        bad = ~torch.isfinite(p).all(-1)
        self.bad += int(bad.sum())
        p = p[~bad].double()
        classes = (p > 0).sum(-1).clamp(min=2)
        entropy = torch.special.entr(p).sum(-1) / classes.double().log()
        # The trace of softmax's Jacobian is 1 - sum p^2, and 1 - 1/n where all are equal.
        trace = (1 - p.square().sum(-1)) / (1 - 1 / classes)
        self.saturated = self.saturated + float((trace < SATURATED).sum())
        self.inner[0] += float(entropy.sum())
        self.inner[1] += len(p)

    def compare(self, x: Tensor, most: int = MOST_SAMPLES) -> None:
        """Take in how alike the samples of a batch are; x is (samples, values)."""
        found = likeness(x, most)
        if found is not None:
            self.alike = [self.alike[0] + found[0], self.alike[1] + found[1], self.alike[2] + 1]

    def merge(self, other: Sums) -> None:
        """Take in what another place has seen."""
        if other.pooled or self.before.units not in (None, other.before.units):
            self.pool()
            other.pool()
        self.before.merge(other.before)
        self.after.merge(other.after)
        if other.peak is not None:
            self.peak = other.peak if self.peak is None else torch.maximum(self.peak, other.peak)
        self.saturated, self.off = self.saturated + other.saturated, self.off + other.off
        if other.histogram is not None:
            mine = self.histogram
            self.histogram = other.histogram if mine is None else mine + other.histogram
        self.bad += other.bad
        self.alike = [a + b for a, b in zip(self.alike, other.alike, strict=True)]
        self.inner = [a + b for a, b in zip(self.inner, other.inner, strict=True)]
        self.gradient += other.gradient
        self.gradients += other.gradients
        self.gradient_bad += other.gradient_bad
        other.into = self

    def hear(self, gradient: Tensor) -> None:
        """A hook for the gradient of the activations; sums alone are kept."""
        sums = self
        while sums.into is not None:
            sums = sums.into
        square = squares(gradient.detach())
        if math.isfinite(square):
            sums.gradient += square
            sums.gradients += 1
        else:
            sums.gradient_bad += 1


def centred(x: Tensor) -> tuple[int, Tensor, Tensor]:
    """How many rows x has, and of each column the mean and the squares about it."""
    mean = x.mean(0)
    apart = x - mean
    return x.shape[0], mean, apart.mul_(apart).sum(0)


def squares(x: Tensor) -> float:
    """The sum of the squares of x, in one pass; not finite where a value is not."""
    size = float(torch.linalg.vector_norm(x, dtype=torch.float32 if x.dtype in HALVES else None))
    if math.isfinite(size) or x.dtype == torch.float64:
        return size**2 if size < 1e150 else math.inf
    return float(x.double().square().sum())  # large numbers, or none


def thinned(x: Tensor, kept: tuple[int, ...], turn: int) -> tuple[slice, ...]:
    """Where to look at in a large x: all along the axes ``kept``, some places along the others.

    About LIGHT values are left, of LEAST samples along the first axis or more; ``turn`` moves on
    through the rest.
    """
    index = [slice(None)] * x.dim()
    over = x.numel() / LIGHT
    free = [a for a in range(x.dim()) if a not in {k % x.dim() for k in kept}]
    for place, axis in enumerate(free):
        if over <= 1:
            break
        size = x.shape[axis]
        most = max(1, size // LEAST) if axis == 0 else size
        # What is too much is shared among the axes that are left, the samples first.
        by = min(most, math.ceil(over if axis == 0 else over ** (1 / (len(free) - place))))
        index[axis] = slice(turn % by, None, by)
        over /= by
    return tuple(index)


def histogram(x: Tensor) -> Tensor:
    """Counts in BINS bins from -REACH to REACH, and of what lies below and above."""
    place = ((x + REACH) * (BINS / (2 * REACH))).clamp(-1, BINS).floor().long() + 1
    return torch.bincount(place.flatten(), minlength=BINS + 2)


def likeness(x: Tensor, most: int = MOST_SAMPLES) -> tuple[float, float] | None:
    """Mean correlation between samples, and effective rank, of (samples, values).

    The correlation is that of the theory, not centred: x_a x_b/(|x_a||x_b|). The effective rank is
    exp of the entropy of the singular values of the centred matrix (Roy and Vetterli 2007); it is
    at most one less than the samples, and 0 where all are equal. None for fewer than three.
    """
    if x.shape[0] < 3 or x.shape[1] == 0:
        return None
    x = x[:: -(-x.shape[0] // most)]
    x = x[:, :: -(-x.shape[1] // MOST_VALUES)].double()
    if x.shape[0] < 3 or not bool(torch.isfinite(x.sum())):
        return None
    x = x / x.abs().amax().clamp(min=1e-300)
    samples = x.shape[0]
    lengths = x.norm(dim=1, keepdim=True)
    unit = x / lengths.clamp(min=1e-300)
    unit = torch.where(lengths > 0, unit, torch.full_like(unit, x.shape[1] ** -0.5))
    pairs = samples * (samples - 1)
    correlation = float((unit.sum(0).square().sum() - samples) / pairs)
    centred = x - x.mean(0)
    gram = centred @ centred.T
    total = float(gram.trace())
    if total <= ALIKE * float(x.square().sum()):
        return min(correlation, 1.0), 0.0
    sizes = torch.linalg.eigvalsh(gram).clamp(min=0).sqrt()
    entropy = float(torch.special.entr(sizes / sizes.sum()).sum())
    return min(correlation, 1.0), math.exp(entropy)
