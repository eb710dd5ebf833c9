"""How good a prediction is: the metrics, and which of them fit which kind of task.

Plain NumPy, since a study scores thousands of times; the tests compare with scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ogive.errors import BadData, BadStudy, nearest

Kind = Literal["binary", "multiclass", "regression", "positive"]
Vector = NDArray[Any]

CLASSES: tuple[Kind, ...] = ("binary", "multiclass")
NUMBERS: tuple[Kind, ...] = ("regression", "positive")


@dataclass(frozen=True)
class Metric:
    """A metric: plain values only, so that a study stores it.

    ``kinds`` are the kinds of task it fits; ``unit_per_row`` says that it is a mean of one
    figure a row (so that rows can be resampled). ``low`` and ``high`` bound its values.
    """

    name: str
    title: str
    higher_is_better: bool
    kinds: tuple[Kind, ...]
    unit_per_row: bool
    low: float | None = None
    high: float | None = None


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("accuracy", "accuracy", True, CLASSES, True, 0.0, 1.0),
        Metric("balanced_accuracy", "balanced accuracy", True, CLASSES, False, 0.0, 1.0),
        Metric("log_loss", "log loss", False, CLASSES, True, 0.0),
        Metric("auc", "area under the ROC curve", True, CLASSES, False, 0.0, 1.0),
        Metric("r2", "R²", True, NUMBERS, False, None, 1.0),
        Metric("rmse", "root mean squared error", False, NUMBERS, False, 0.0),
        Metric("mae", "mean absolute error", False, NUMBERS, True, 0.0),
    )
}

_SPELLINGS = {
    "acc": "accuracy",
    "balancedaccuracy": "balanced_accuracy",
    "logloss": "log_loss",
    "crossentropy": "log_loss",
    "neglogloss": "log_loss",
    "rocauc": "auc",
    "aucroc": "auc",
    "rocaucovr": "auc",
    "r²": "r2",
    "r^2": "r2",
    "rootmeansquarederror": "rmse",
    "meanabsoluteerror": "mae",
}


def applicable(kind: Kind) -> list[Metric]:
    """The metrics that fit tasks of ``kind``, the default first."""
    return [m for m in METRICS.values() if kind in m.kinds]


def default(kind: Kind) -> Metric:
    """Accuracy for classes, R² for numbers."""
    return applicable(kind)[0]


def named(name: str, kind: Kind) -> Metric:
    """The metric called ``name``: case, spaces, ``-`` and ``_`` do not matter.

    Raises :class:`BadStudy` where there is none of that name, or it does not fit ``kind``.
    """
    plain = str(name).strip().lower()
    for mark in " -_":
        plain = plain.replace(mark, "")
    known = {m.replace("_", ""): m for m in METRICS}
    found = METRICS.get({**known, **_SPELLINGS}.get(plain, ""))
    fitting = [m.name for m in applicable(kind)]
    if found is None:
        close = nearest(plain, [*METRICS])
        raise BadStudy(
            f"there is no metric {name!r}{close}; a {kind} task takes {', '.join(fitting)}"
        )
    if kind not in found.kinds:
        raise BadStudy(
            f"the metric {found.name} does not fit a {kind} task; choose one of "
            f"{', '.join(fitting)}"
        )
    return found


def score(metric: Metric, target: Any, prediction: Any) -> float:
    """The metric of ``prediction`` against ``target``.

    Shapes: ``target`` (n,) class codes with ``prediction`` (n, classes) probabilities, or
    both (n,) numbers. A prediction that is not finite scores NaN. Raises :class:`BadData`
    where there are no rows, or no class to make a ROC curve of.
    """
    target, prediction = np.asarray(target), np.asarray(prediction)
    if len(target) == 0:
        raise BadData(f"there are no rows to take the {metric.title} of; give at least one")
    if not np.issubdtype(prediction.dtype, np.floating):
        prediction = prediction.astype(np.float64)
    if not np.isfinite(prediction).all():
        return float("nan")
    with np.errstate(over="ignore"):
        return float(_FUNCTIONS[metric.name](target, prediction))


def _accuracy(target: Vector, probabilities: Vector) -> Any:
    return np.mean(probabilities.argmax(axis=1) == target)


def _balanced_accuracy(target: Vector, probabilities: Vector) -> Any:
    """The mean, over the classes present, of the share of their rows found."""
    rows = np.bincount(target)
    found = np.bincount(target[probabilities.argmax(axis=1) == target], minlength=len(rows))
    return np.mean(found[rows > 0] / rows[rows > 0])


def _log_loss(target: Vector, probabilities: Vector) -> Any:
    """-mean log p(class), p clipped to [eps, 1 - eps] of its own floating type."""
    chosen = probabilities[np.arange(len(target)), target]
    eps = np.finfo(chosen.dtype).eps
    return -np.mean(np.log(np.clip(chosen, eps, 1 - eps), dtype=np.float64))


def defined(metric: Metric, target: Vector) -> bool:
    """Whether ``metric`` has a value on rows with these targets: AUC needs two classes."""
    return metric.name != "auc" or len(np.unique(target)) > 1


def _auc(target: Vector, probabilities: Vector) -> Any:
    """The area for class 1 of two; else the mean of one-versus-rest areas.

    Classes that are absent from the rows, or that all rows have, make no curve and are left
    out of the mean.
    """
    if probabilities.shape[1] == 2:
        areas = [_area(target == 1, probabilities[:, 1])] if 0 < target.sum() < len(target) else []
    else:
        present = np.unique(target)
        areas = [_area(target == c, probabilities[:, c]) for c in present if len(present) > 1]
    if not areas:
        raise BadData(
            "the rows to score hold one class only, so that there is no ROC curve; "
            "give rows of at least two classes or another metric"
        )
    return np.mean(areas)


def _area(positive: Vector, scores: Vector) -> float:
    """P(score of a positive > of a negative) + P(equal)/2, from mean ranks."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def _r2(target: Vector, values: Vector) -> Any:
    """1 - residual / total sum of squares; for a constant target 1 if exact, else 0."""
    residual = np.sum((target - values) ** 2, dtype=np.float64)
    total = np.sum((target - np.mean(target)) ** 2, dtype=np.float64)
    if total == 0:
        return float(residual == 0)
    return 1 - residual / total


def _rmse(target: Vector, values: Vector) -> Any:
    return np.sqrt(np.mean((target - values) ** 2, dtype=np.float64))


def _mae(target: Vector, values: Vector) -> Any:
    return np.mean(np.abs(target - values), dtype=np.float64)


_FUNCTIONS = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "log_loss": _log_loss,
    "auc": _auc,
    "r2": _r2,
    "rmse": _rmse,
    "mae": _mae,
}
