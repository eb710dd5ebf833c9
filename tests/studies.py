"""Synthetic studies: what `ogive choose` would have stored, from a seeded generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ogive.study.plan import BASELINE, Plan
from ogive.study.record import Run, Study

RATES = (0.001, 0.003, 0.01, 0.03)
STEPS, RUNGS, FINALS = 36, 40, 2
METRICS = {
    "accuracy": ("accuracy", True, "multiclass", ["0", "1", "2"], True),
    "rmse": ("root mean squared error", False, "positive", [], False),
    "r2": ("R²", True, "regression", [], False),
}


def _curve(random: np.random.Generator, stop: int, level: float, speed: float) -> tuple[Any, ...]:
    steps = np.arange(1, stop + 1)
    valid = level + 2.0 * np.exp(-speed * steps) * np.exp(0.1 * random.standard_normal(stop))
    return tuple(
        (int(s * STEPS), float(v * 0.9), float(v)) for s, v in zip(steps, valid, strict=True)
    )


def make_study(
    means: dict[str, float],
    *,
    metric: str = "accuracy",
    spread: float = 0.01,
    noise: float = 0.002,
    linear: float = 0.9,
    splits: int = 10,
    diverged: Sequence[str] = (),
    fixed: bool = False,
    costs: dict[str, tuple[int, ...]] | None = None,
    nanoseconds: dict[str, float] | None = None,
    name: str = "digits",
    notes: Sequence[str] = (),
    classes: Sequence[str] | None = None,
    note: str | None = None,
    rates: tuple[float, ...] = RATES,
    best_rate: float = 0.003,
    late: Sequence[str] = (),
    given: dict[str, Any] | None = None,
    seed: int = 1,
) -> Study:
    """A finished study: ``spread`` is common to all candidates of a split, ``noise`` is not.

    Each candidate's scores are centred, so that its mean is exactly the one given. ``costs`` are
    counts of operations; without ``nanoseconds`` it is a study whose store holds no times.
    """
    random = np.random.default_rng(seed)
    title, higher, kind, known, by_row = METRICS[metric]
    labels = list(means)
    shared = spread * random.standard_normal(splits)
    shared -= shared.mean()
    sign = 1 if higher else -1
    runs: list[Run] = []
    for label, mean in {**means, BASELINE: linear}.items():
        own = noise * random.standard_normal(splits)
        scores = mean + shared + own - own.mean()
        lost = label in diverged
        for split in range(splits):
            for rate in rates:
                off = abs(math.log10(rate / best_rate))
                score = float(scores[split] - sign * 0.05 * off * max(abs(mean), 0.1))
                runs.append(
                    Run(
                        label,
                        split,
                        "tune",
                        0,
                        rate,
                        None if lost and rate == rates[-1] else score,
                        0.3 + 0.1 * off,
                        10 * STEPS,
                        18 * STEPS,
                        lost and rate == rates[-1],
                        1149,
                        287,
                    )
                )
            for draw in range(FINALS):
                stop = int(random.integers(12, 30))
                fail = lost and split < 3
                score = None if fail else float(scores[split]) + (draw - 0.5) * noise
                again = scores[split] + 0.004 * random.standard_normal(200) if fixed else ()
                best = RUNGS if label in late else stop - 8
                runs.append(
                    Run(
                        label,
                        split,
                        "final",
                        draw,
                        best_rate,
                        score,
                        None if fail else 0.2,
                        best * STEPS,
                        stop * STEPS,
                        fail,
                        1149,
                        359,
                        curve=_curve(random, stop, 0.1 + 0.2 * abs(0.98 - abs(mean)), 0.3),
                        scores={} if score is None else {metric: score, "log_loss": 0.1},
                        resampled=() if fail else tuple(float(v) for v in again),
                    )
                )
    x = np.linspace(-5, 5, 101)
    costs = costs or {}
    functions: dict[str, Any] = {BASELINE: {"function": "identity", "simplicity": [0, 0, 0]}}
    for place, label in enumerate(labels):
        value = np.where(x > 0, x, (0.1 + 0.1 * place) * np.expm1(x))
        functions[label] = {
            "function": label,
            "catalogued": True,
            "formula": "where(x > 0, x, alpha*(exp(x) - 1))",
            "parameters": {"alpha": 1.0},
            "source": "Clevert, Unterthiner and Hochreiter 2016, arXiv:1511.07289",
            "gain": 1.245,
            "note": note if place == 0 else None,
            "simplicity": list(costs.get(label, (place, 1, 0))),
            "curve": {
                "x": x.tolist(),
                "value": value.tolist(),
                "slope": np.gradient(value, x).tolist(),
            },
        }
    for label, time in (nanoseconds or {}).items():
        functions[label]["nanoseconds"] = {
            "forward": time / 4,
            "backward": time * 3 / 4,
            "copy": 0.1,
        }
    plan = Plan(
        candidates=tuple(labels),
        labels=tuple(labels),
        inputs=64,
        width=64,
        depth=2,
        splits=splits,
        tunings=1,
        finals=FINALS,
        rates=rates,
        batch_size=32,
        evaluate_every=STEPS,
        rungs=RUNGS,
        patience=8,
        stack=40,
        splits_a_unit=10,
        seed=0,
        paired=True,
        holdout_ratio=0.3 if fixed else 0.25,
    )
    about = {
        "name": name,
        "target": "target",
        "kind": kind,
        "why": "the target has 3 whole numbers",
        "classes": list(known if classes is None else classes),
        "rows": 1797,
        "columns": 64,
        "inputs": 64,
        "metric": metric,
        "metric_title": title,
        "metric_range": [None, None],
        "higher_is_better": higher,
        "steps_by_row": by_row,
        "output_unit": "softmax",
        "output_reason": "the target has several exclusive classes",
        "test_rows": 359 if fixed else None,
        "test_origin": "the rows of new.csv" if fixed else "",
        "grouped": False,
        "notes": list(notes),
        "ordered": False,
        "given": {"data": name, "paired": True} if given is None else given,
    }
    seconds = {unit.id: 2.5 for unit in plan.units()}
    asked = {"data": name, "candidates": ", ".join(labels), "seeds": splits}
    return Study(
        asked, plan, about, functions, {"ogive": "0.1.0", "torch": "2.13"}, tuple(runs), seconds
    )
