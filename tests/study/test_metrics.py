"""Metrics agree with scikit-learn, and refuse what they cannot score."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from ogive.errors import BadData, BadStudy
from ogive.study.metrics import METRICS, applicable, default, named, score

_REFERENCES: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": lambda y, p: reference.accuracy_score(y, p.argmax(1)),
    "balanced_accuracy": lambda y, p: reference.balanced_accuracy_score(y, p.argmax(1)),
    "log_loss": lambda y, p: reference.log_loss(y, p, labels=np.arange(p.shape[1])),
    "auc": lambda y, p: (
        reference.roc_auc_score(y, p[:, 1])
        if p.shape[1] == 2
        else reference.roc_auc_score(y, p, multi_class="ovr", average="macro")
    ),
    "r2": reference.r2_score,
    "rmse": reference.root_mean_squared_error,
    "mae": reference.mean_absolute_error,
}


def _reference(name: str, y: Any, p: Any) -> float:
    return float(_REFERENCES[name](y, p))


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("name", [m.name for m in applicable("multiclass")])
@given(seed=st.integers(0, 2**32), n=st.integers(10, 80), ties=st.booleans())
@settings(max_examples=20, deadline=None)
def test_classification_agrees_with_sklearn(
    name: str, classes: int, seed: int, n: int, ties: bool
) -> None:
    random = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), random.integers(0, classes, n)])
    p = random.dirichlet(np.ones(classes), len(y))
    if ties:
        p = np.round(p, 1) + 0.05
        p /= p.sum(1, keepdims=True)
        p = np.round(p, 9)  # equal figures exactly equal
        p /= p.sum(1, keepdims=True)
    assert score(METRICS[name], y, p) == pytest.approx(_reference(name, y, p), abs=1e-12)


@pytest.mark.parametrize("name", [m.name for m in applicable("regression")])
@given(seed=st.integers(0, 2**32), n=st.integers(2, 80), scale=st.floats(1e-6, 1e6))
@settings(max_examples=20, deadline=None)
def test_regression_agrees_with_sklearn(name: str, seed: int, n: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    y = random.normal(3, scale, n)
    p = y + random.normal(0, scale / 2, n)
    assert score(METRICS[name], y, p) == pytest.approx(_reference(name, y, p), rel=1e-10)


def test_known_values() -> None:
    y = np.array([0, 1, 1, 1])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    assert score(METRICS["accuracy"], y, p) == 0.75
    assert score(METRICS["balanced_accuracy"], y, p) == pytest.approx((1 + 2 / 3) / 2)
    assert score(METRICS["auc"], y, p) == 1.0
    assert score(METRICS["log_loss"], y, p) == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())


def test_log_loss_of_a_certain_mistake_is_finite() -> None:
    certain = np.array([[1.0, 0.0]])
    loss = score(METRICS["log_loss"], np.array([1]), certain)
    assert loss == pytest.approx(-math.log(np.finfo(np.float64).eps))
    loss = score(METRICS["log_loss"], np.array([1]), certain.astype(np.float32))
    assert loss == pytest.approx(-math.log(np.finfo(np.float32).eps))


def test_whole_number_predictions_are_taken() -> None:
    assert score(METRICS["accuracy"], np.array([0, 1]), np.array([[1, 0], [0, 1]])) == 1
    assert score(METRICS["rmse"], np.array([0, 2]), np.array([0, 0])) == pytest.approx(2**0.5)


def test_auc_averages_over_the_classes_present() -> None:
    y = np.array([0, 0, 1, 1])  # class 2 is absent
    p = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.5, 0.1, 0.4]])
    # class 0 against the rest is in order; class 1 wins 2.5 of 4 pairs.
    assert score(METRICS["auc"], y, p) == pytest.approx((1 + 2.5 / 4) / 2)


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_of_one_class_says_so(classes: int) -> None:
    y, p = np.ones(5, dtype=int), np.full((5, classes), 1 / classes)
    with pytest.raises(BadData, match=r"one class only.*at least two classes"):
        score(METRICS["auc"], y, p)


@pytest.mark.parametrize("name", METRICS)
def test_no_rows_and_predictions_that_are_not_finite(name: str) -> None:
    classes = "binary" in METRICS[name].kinds
    with pytest.raises(BadData, match="no rows"):
        score(METRICS[name], np.array([], dtype=int), np.empty((0, 2)) if classes else np.empty(0))
    y = np.array([0, 1, 1])
    p = np.array([[0.5, 0.5], [np.nan, 1], [1, 0]]) if classes else np.array([0, np.inf, 1])
    assert math.isnan(score(METRICS[name], y, p))


def test_a_huge_miss_gives_infinity_without_a_warning() -> None:
    y, p = np.array([0.0, 1.0]), np.array([1e200, 0.0])
    assert score(METRICS["r2"], y, p) == -math.inf
    assert score(METRICS["rmse"], y, p) == math.inf


def test_r2_of_a_constant_target() -> None:
    y = np.ones(4)
    assert score(METRICS["r2"], y, y) == 1
    assert score(METRICS["r2"], y, y + 1) == 0


@pytest.mark.parametrize(
    ("written", "name"),
    [("log-loss", "log_loss"), ("Log Loss", "log_loss"), ("roc_auc", "auc"), ("AUC", "auc"),
     ("Balanced-Accuracy", "balanced_accuracy"), ("acc", "accuracy")],
)  # fmt: skip
def test_spellings_for_classes(written: str, name: str) -> None:
    assert named(written, "binary") is METRICS[name]


@pytest.mark.parametrize(
    ("written", "name"), [("R2", "r2"), ("R²", "r2"), ("r-2", "r2"), ("RMSE", "rmse")]
)
def test_spellings_for_numbers(written: str, name: str) -> None:
    assert named(written, "positive") is METRICS[name]


def test_defaults() -> None:
    assert default("binary").name == default("multiclass").name == "accuracy"
    assert default("regression").name == default("positive").name == "r2"


def test_unknown_and_unfitting_metrics_list_what_fits() -> None:
    with pytest.raises(BadStudy, match=r"no metric 'acuracy'; the nearest names are accuracy.*auc"):
        named("acuracy", "binary")
    with pytest.raises(BadStudy, match="r2 does not fit a binary task; choose one of accuracy"):
        named("r2", "binary")
    with pytest.raises(BadStudy, match="auc does not fit a positive task; choose one of r2, rmse"):
        named("auc", "positive")
