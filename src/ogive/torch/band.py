"""A band that holds a share of random networks in all layers and quantities at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ogive.torch.geometry import Sampled

CONFIDENCE = 0.99
FEWEST = math.ceil(CONFIDENCE / (1 - CONFIDENCE) - 1e-9)  # fewer draws reach no such rank
QUANTITIES = ("variance", "correlation", "gradient")
ROUNDING = {"variance": 1e-5, "correlation": 1e-3, "gradient": 1e-5}  # of float32, when deep
ALIKE = 1e-12  # 1 - cosine below which rounding is all there is
LEAST = 1e-300


@dataclass(frozen=True)
class Band:
    """For each quantity the lower and the upper end by layer; NaN where there is none."""

    ends: dict[str, tuple[np.ndarray, np.ndarray]]


def simultaneous(samples: Sequence[Sampled], confidence: float = CONFIDENCE) -> list[Band]:
    """The band of each chain, from draws of all of them (networks, layers).

    Logarithms (for cosines atanh) are put in units of their own spread: from the median to the
    5% point below it, and to the 95% point above it, since where a length is not stable they are
    far from normal. The band reaches as many units to both sides as the largest deviation of a
    draw, over everything, at rank ceil(confidence (networks + 1)). One more network of the same
    law then stays in it with that probability, over the draws of all.
    """
    parts = [{name: _flat(name, _values(one, name)) for name in QUANTITIES} for one in samples]
    units = [{name: _units(name, x) for name, x in part.items()} for part in parts]
    deviations = [
        _deviation(x, *units[i][name]) for i, part in enumerate(parts) for name, x in part.items()
    ]
    together = np.concatenate(deviations, axis=1)
    together = together[:, np.isfinite(together).all(0)]
    largest = np.sort(together.max(1)) if together.shape[1] else np.zeros(len(together))
    rank = min(math.ceil(confidence * (len(largest) + 1)), len(largest))
    reach = largest[rank - 1]
    return [
        Band(
            {
                name: (_back(name)(middle - reach * below), _back(name)(middle + reach * above))
                for name, (middle, below, above) in part.items()
            }
        )
        for part in units
    ]


def _values(one: Sampled, name: str) -> np.ndarray:
    found: np.ndarray = {
        "variance": one.second,
        "correlation": one.correlation,
        "gradient": one.gradient,
    }[name]
    return found


def _flat(name: str, values: np.ndarray) -> np.ndarray:
    if name == "correlation":
        cosines: np.ndarray = np.arctanh(np.clip(values, ALIKE - 1, 1 - ALIKE))
        return cosines
    logarithms: np.ndarray = np.log(np.maximum(values, LEAST))
    return logarithms


def _units(name: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    least = ROUNDING[name]
    return middle, np.maximum(middle - low, least), np.maximum(high - middle, least)


def _deviation(
    values: np.ndarray, middle: np.ndarray, below: np.ndarray, above: np.ndarray
) -> np.ndarray:
    away = values - middle
    found: np.ndarray = np.maximum(away / above, -away / below)
    return found


def _back(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return _cosine if name == "correlation" else _exponential


def _exponential(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        found: np.ndarray = np.exp(values)
    return np.where(found <= 2 * LEAST, 0.0, found)


def _cosine(values: np.ndarray) -> np.ndarray:
    # The ends of the clip stand for all that rounding cannot tell from -1 and 1.
    top = np.arctanh(1 - ALIKE) - ROUNDING["correlation"]
    found: np.ndarray = np.where(np.abs(values) >= top, np.sign(values), np.tanh(values))
    return found
