"""The frozen figures of a diagnosis: plain numbers, made from the running sums."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from ogive.diagnosis.book import Book, Row
from ogive.diagnosis.measures import DEAD, Moving, flatness
from ogive.torch.steps import WEIGHTED
from torch import Tensor, nn

EQUAL = 1e-6  # relative: units whose weights differ by less are the same unit


@dataclass(frozen=True)
class Units:
    """The figures of each unit of a layer, in tuples of one length.

    ``peak_slope`` is the largest |f'| of all samples; ``saturated`` and ``off`` are shares of the
    unit's positions.
    """

    before_mean: tuple[float, ...]
    before_variance: tuple[float, ...]
    mean: tuple[float, ...]
    variance: tuple[float, ...]
    peak_slope: tuple[float, ...]
    dead: tuple[bool, ...]
    saturated: tuple[float, ...]
    off: tuple[float, ...]


@dataclass(frozen=True)
class LayerHealth:
    """What an activation does at one place of the model.

    ``before_mean`` and ``before_variance`` are of the pre-activations, ``mean`` and ``variance``
    of the activations, over all positions and units; ``mean_shift`` is E f/sqrt(E f^2). ``dead``
    counts the units whose slope is at most 0.1% of the function's scale sqrt(E f'(z)^2),
    z ~ N(0, 1), on every sample; ``saturated`` is the share of positions where it is below 1% of
    the scale and ``off`` the same on the off side of a ReLU-like function, where half is healthy.
    ``gradient`` is the norm of the gradient with respect to the activations, the root mean
    square over batches.
    ``correlation`` and ``rank`` tell how alike the samples' pre-activations are. Of a softmax,
    ``saturated`` counts rows that are one-hot and ``entropy`` is their mean entropy over that of
    equal shares. ``scaled_after`` says that a normalisation follows which undoes any scale. None is
    what does not apply.
    """

    where: str
    function: str
    role: str
    kind: str
    units: int
    positions: int
    before_mean: float | None = None
    before_variance: float | None = None
    mean: float | None = None
    variance: float | None = None
    mean_shift: float | None = None
    dead: int = 0
    saturated: float | None = None
    off: float | None = None
    gradient: float | None = None
    correlation: float | None = None
    rank: float | None = None
    entropy: float | None = None
    not_finite: int = 0
    gradients_not_finite: int = 0
    histogram: tuple[int, ...] = ()
    unit: Units | None = None
    scaled_after: bool = False

    @property
    def dead_share(self) -> float:
        """Dead units over all."""
        return self.dead / self.units if self.units else 0.0

    @property
    def before_size(self) -> float | None:
        """The root mean square of the pre-activations."""
        if self.before_mean is None or self.before_variance is None:
            return None
        return math.sqrt(self.before_mean**2 + self.before_variance)


@dataclass(frozen=True)
class WeightHealth:
    """The weights of a layer: ``gain`` is their root mean square times sqrt(fan_in).

    ``mean_square`` is that of the layer's outputs; ``gradient`` the norm of the weights' gradient;
    ``update`` the mean of |change|/|weights| of a step; ``alike`` says that all units have the
    same weights. ``scaled_after`` says that a normalisation follows which undoes any scale.
    """

    name: str
    path: str
    shape: tuple[int, ...]
    kind: str
    size: float
    gain: float
    bias: float | None = None
    mean_square: float | None = None
    gradient: float | None = None
    update: float | None = None
    alike: bool = False
    scaled_after: bool = False


@dataclass(frozen=True)
class InputHealth:
    """The model's inputs: mean, root mean square, and how much the columns differ in scale.

    ``spread`` is the largest standard deviation of a column over the smallest that is not 0 (1
    where the inputs are no table).
    """

    mean: float
    size: float
    spread: float
    correlation: float | None
    rank: float | None
    normed: bool


def layers(book: Book) -> tuple[LayerHealth, ...]:
    """The rows of the book, in the order in which they ran first."""
    return tuple(_softmax(row) if row.kind == "softmax" else _layer(row, book)
                 for row in book.rows.values())  # fmt: skip


def _softmax(row: Row) -> LayerHealth:
    sums = row.sums
    entropy, rows = sums.inner
    return LayerHealth(
        row.where, row.label, row.role, row.kind, 0, int(rows),
        saturated=float(sums.saturated) / rows if rows else None,
        entropy=entropy / rows if rows else None,
        not_finite=sums.bad,
    )  # fmt: skip


def _layer(row: Row, book: Book) -> LayerHealth:
    sums, act = row.sums, row.function
    assert act is not None
    shared: dict[str, Any] = {
        "where": row.where, "function": row.label, "role": row.role, "kind": row.kind,
        "not_finite": sums.bad, "gradients_not_finite": sums.gradient_bad,
        "scaled_after": row.scaled_after,
        "gradient": math.sqrt(sums.gradient / max(1, book.backwards)) if sums.gradients else None,
    }  # fmt: skip
    if sums.peak is None:  # nothing finite was seen
        return LayerHealth(**shared, units=0, positions=0)
    before_mean, before_variance = sums.before.figures()
    mean, variance = sums.after.figures()
    peak = sums.peak.tolist()
    count = sums.before.count
    dead = tuple(p <= DEAD * flatness(act).scale for p in peak)
    saturated, off = (_shares(c, count, len(peak)) for c in (sums.saturated, sums.off))
    centre, spread = pooled(sums.before)
    after, after_spread = pooled(sums.after)
    second = after**2 + after_spread
    correlation, rank, times = sums.alike
    return LayerHealth(
        **shared,
        units=len(peak),
        positions=count,
        before_mean=centre,
        before_variance=spread,
        mean=after,
        variance=after_spread,
        mean_shift=after / math.sqrt(second) if second else 0.0,
        dead=sum(dead),
        saturated=sum(saturated) / len(peak),
        off=sum(off) / len(peak),
        correlation=correlation / times if times else None,
        rank=rank / times if times else None,
        histogram=() if sums.histogram is None else tuple(sums.histogram.tolist()),
        unit=Units(
            tuple(before_mean), tuple(before_variance), tuple(mean), tuple(variance), tuple(peak),
            dead, saturated, off,
        ),
    )  # fmt: skip


def _shares(counts: Tensor | float, of: int, units: int) -> tuple[float, ...]:
    return tuple((torch.as_tensor(counts).double().expand(units) / of).tolist())


def pooled(moving: Moving) -> tuple[float, float]:
    """Mean and variance over all units and positions together."""
    if moving.mean is None or moving.squares is None:
        return 0.0, 0.0
    middle = moving.mean.mean()
    spread = moving.squares.mean() / moving.count + (moving.mean - middle).square().mean()
    return float(middle), float(spread)


def inputs(book: Book) -> InputHealth | None:
    """The figures of the inputs, None where they are no floating-point numbers."""
    if not book.inputs.count:
        return None
    mean, variance = pooled(book.inputs)
    _, spreads = book.inputs.figures()
    varied = [v for v in spreads if v > 0]
    correlation, rank, times = book.input_alike.alike
    return InputHealth(
        mean,
        math.sqrt(mean**2 + variance),
        math.sqrt(max(varied) / min(varied)) if varied else 1.0,
        correlation / times if times else None,
        rank / times if times else None,
        book.normed_first,
    )


def weights(
    model: nn.Module, book: Book, gradients: dict[str, float], updates: dict[str, float]
) -> tuple[WeightHealth, ...]:
    """The figures of every matrix or kernel among the parameters."""
    owners = dict(model.named_modules())
    found = []
    for name, p in model.named_parameters():
        if p.dim() < 2 or not p.is_floating_point() or not p.numel():
            continue
        path, _, own = name.rpartition(".")
        module = owners.get(path)
        values = p.detach().double()
        size = float(values.square().mean().sqrt())
        weighted = isinstance(module, WEIGHTED) and own == "weight"
        turned = weighted and getattr(module, "transposed", False)
        fan = values[:, 0].numel() if turned else values[0].numel()
        sums = book.signal.get(path, [0.0, 0.0]) if weighted else [0.0, 0.0]
        bias = getattr(module, "bias", None) if weighted else None
        found.append(
            WeightHealth(
                name, path, tuple(p.shape), type(module).__name__ if weighted else "other",
                size, size * math.sqrt(fan),
                float(bias.detach().double().square().mean().sqrt())
                if isinstance(bias, Tensor) else None,
                sums[0] / sums[1] if sums[1] else None,
                gradients.get(name), updates.get(name),
                weighted and not turned and _alike(values.flatten(1)),
                weighted and path in book.scaled_after,
            )
        )  # fmt: skip
    return tuple(found)


def _alike(rows: Tensor) -> bool:
    largest = float(rows.abs().max())
    return len(rows) > 1 and float((rows - rows[0]).abs().max()) <= EQUAL * largest


def plain(record: Any) -> dict[str, Any]:
    """A record as a dict, nested records too."""
    from dataclasses import asdict

    return asdict(record)
