"""The sentences, word for word, for every kind of verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ogive.study import wording
from ogive.study.plan import BASELINE, Plan
from ogive.study.race import Race
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale

LABELS = ("relu", "elu", "gelu")


def standing(label: str, status: str, score: float | None = None, **changes: Any) -> Standing:
    """A line with a difference of ``score - 0.98`` and intervals of +-0.01."""
    gap = None if score is None else score - 0.98
    made = Standing(
        label=label,
        splits=10,
        status=status,
        score=score,
        interval=None if score is None else (score - 0.01, score + 0.01),
        difference=gap,
        difference_interval=None if gap is None else (gap - 0.01, gap + 0.01),
        rate=0.003,
        rates=(0.003,) * 10,
        epochs=12.0,
        seconds=3.0,
        diverged=0,
        unfinished=0,
        close=status in {"leader", "tied", "equivalent"},
        simplicity=(1, 5, 0),
    )
    return dataclasses.replace(made, **changes)


def case(*standings: Standing, baseline: Standing | None = None, **changes: Any) -> Any:
    """(study, verdict) with these lines, best first."""
    ties = tuple(s.label for s in standings if s.status in {"leader", "tied", "equivalent"})
    settings: dict[str, Any] = {
        "leader": ties[0] if ties else None,
        "recommended": ties[-1] if ties else None,
        "sees": None,
        "margin": None,
        "linear_does_as_well": False,
        "metric": "accuracy",
        "higher_is_better": True,
    } | changes
    verdict = Verdict(
        standings=standings,
        baseline=baseline or standing(BASELINE, "worse", 0.9),
        ties=ties,
        diverged=tuple(s.label for s in standings if s.status == "diverged"),
        critical=3.0,
        stopped=(),
        race=Race("splits", {}, (), splits=10),
        undecided=None,
        **settings,
    )
    labels = tuple(s.label for s in standings)
    plan = Plan(
        candidates=labels, labels=labels, inputs=4, width=8, depth=2, splits=10, tunings=2,
        finals=2, rates=(0.001, 0.003, 0.01), batch_size=32, evaluate_every=36, rungs=40,
        patience=8, stack=40, splits_a_unit=10, seed=0, paired=True, holdout_ratio=0.25,
    )  # fmt: skip
    titles = {"accuracy": "accuracy", "rmse": "root mean squared error"}
    about = {"metric_title": titles[settings["metric"]], "higher_is_better": True}
    study = Study({}, plan, about, {name: {} for name in (*labels, BASELINE)}, {}, (), {})
    return study, verdict


LEADER = standing("gelu", "leader", 0.98)
TIED = standing("elu", "tied", 0.979)
TIMED = standing("gelu", "leader", 0.98, nanoseconds=1.5)
CHEAP = standing("relu", "tied", 0.978, simplicity=(0, 5, 0))
WORSE = standing("relu", "worse", 0.95)
LOST = standing("relu", "diverged", diverged=4)
WITHIN = standing("elu", "equivalent", 0.979)
FAR = standing("relu", "tied", 0.97, close=False, simplicity=(0, 5, 0))

SENTENCES = {
    "all tie": (
        case(LEADER, TIED, CHEAP),
        "No difference found: all 3 candidates tie for the best score; use relu, the cheapest to "
        "compute of them.",
    ),
    "two tie": (
        case(LEADER, CHEAP),
        "No difference found: both candidates tie for the best score; use relu, the cheaper to "
        "compute of them.",
    ),
    "some are close": (
        case(
            LEADER, standing("silu", "tied", 0.9795, simplicity=(3, 1, 0)), FAR, recommended="gelu"
        ),
        "No difference found: all 3 candidates tie for the best score; use gelu, which has the "
        "best score and is the cheaper to compute of the 2 within one standard error of the best "
        "score.",
    ),
    "none is close": (
        case(LEADER, FAR, recommended="gelu"),
        "No difference found: both candidates tie for the best score; use gelu, which leads by "
        "more than one standard error of the difference, though not by enough to rule out chance.",
    ),
    "some tie": (
        case(LEADER, TIED, WORSE, recommended="gelu"),
        "2 of 3 candidates (gelu and elu) tie for the best score; use gelu, which has the best "
        "score and is as cheap to compute as any of them.",
    ),
    "some tie, one lost": (
        case(LEADER, TIED, standing("tanh", "worse", 0.9), LOST),
        "2 of 3 candidates that trained (gelu and elu) tie for the best score; use elu, as cheap "
        "to compute as any of them.",
    ),
    "many tie": (
        case(LEADER, *(standing(f"f{i}", "tied", 0.97) for i in range(7)), WORSE),
        "8 of 9 candidates tie for the best score; use f6, as cheap to compute as any of them.",
    ),
    "all within the margin": (
        case(LEADER, WITHIN, margin=0.025),
        "Both candidates are within the margin (2.5 percentage points) of the best score; use "
        "elu, as cheap to compute as any of them.",
    ),
    "a tie, and within the margin": (
        case(LEADER, WITHIN, CHEAP, margin=0.01),
        "All 3 candidates tie for the best score or are within the margin (1 percentage point) of "
        "it; use relu, the cheapest to compute of them.",
    ),
    "all tie, times measured": (
        case(TIMED, standing("elu", "tied", 0.979, nanoseconds=0.8123)),
        "No difference found: both candidates tie for the best score; use elu, the cheaper to "
        "compute of them, at 0.81 ns an element forward and backward.",
    ),
    "times that count as equal": (
        case(TIMED, standing("elu", "tied", 0.979, nanoseconds=1.6), WORSE, recommended="gelu"),
        "2 of 3 candidates (gelu and elu) tie for the best score; use gelu, which has the best "
        "score and is as cheap to compute as any of them, at 1.5 ns an element forward and "
        "backward.",
    ),
    "clear": (
        case(LEADER, WORSE, standing("tanh", "worse", 0.9)),
        "Use gelu: it is better than each of the 2 other candidates, and than the nearest of them "
        "(relu) by 2.0 to 4.0 percentage points.",
    ),
    "clear of one": (
        case(LEADER, WORSE),
        "Use gelu: it is better than relu by 2.0 to 4.0 percentage points.",
    ),
    "clear, others lost": (
        case(LEADER, standing("tanh", "worse", 0.95), LOST),
        "Use gelu: it is better than the only other candidate that trained, tanh, by 2.0 to 4.0 "
        "percentage points.",
    ),
    "all others lost": (case(LEADER, LOST), "Use gelu: every other candidate diverged."),
    "all lost": (
        case(LOST, standing("elu", "diverged", diverged=1)),
        "No recommendation: every candidate diverged in at least one final run; choose again with "
        "smaller learning rates (--rates).",
    ),
    "the only one lost": (
        case(LOST),
        "No recommendation: the only candidate diverged in at least one final run; choose again "
        "with smaller learning rates (--rates).",
    ),
    "one": (
        case(LEADER),
        "Only gelu was trained, so there was nothing to choose between; its accuracy on new data "
        "is about 98.0% (97.0 to 99.0).",
    ),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence(name: str) -> None:
    (study, verdict), sentence = SENTENCES[name]
    assert wording.recommendation(study, verdict) == sentence


def test_a_metric_without_percent_names_its_unit() -> None:
    worse = standing(
        "relu", "worse", 60.0, difference=6.0, difference_interval=(4.0, 8.0), interval=(58, 62)
    )
    best = standing("gelu", "leader", 54.0, interval=(52.0, 56.0), difference_interval=(0.0, 0.0))
    found = wording.recommendation(*case(best, worse, metric="rmse", higher_is_better=False))
    assert found == "Use gelu: it is better than relu by 4 to 8 in root mean squared error."


WORSE_BASE = "A linear model is worse than gelu by 7.0 to 9.0 percentage points, so the hidden layers earn their place."  # noqa: E501
BASE = "A linear model, with no activation function at all,"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, [WORSE_BASE]),
        (
            {"sees": 0.012},
            [
                "A true difference of 1.2 percentage points from the best would have been found "
                "with a chance of about 80%; smaller ones may exist.",
                WORSE_BASE,
            ],
        ),
        (
            {"sees": 0.012, "margin": 0.005},
            [
                "A true difference of 1.2 percentage points from the best would have been found "
                "with a chance of about 80%; smaller ones may exist, and more splits (--seeds) or "
                "more rows would be needed to settle the margin.",
                "By the margin given, differences of less than 0.5 percentage points do not "
                "matter.",
                WORSE_BASE,
            ],
        ),
        (
            {"sees": 0.012, "baseline": standing(BASELINE, "tied", 0.975),
             "linear_does_as_well": True},
            [
                f"{BASE} cannot be told from the best (97.5%; its difference from gelu is -1.5 to "
                "+0.5 percentage points): on these data no activation function is shown to help.",
                "A true difference of 1.2 percentage points from the best would have been found "
                "with a chance of about 80%; smaller ones may exist.",
            ],
        ),
        (
            {"baseline": standing(BASELINE, "equivalent", 0.98), "linear_does_as_well": True},
            [
                f"{BASE} is within the margin of the best (98.0%; its difference from gelu is "
                "-1.0 to +1.0 percentage points): on these data the activation function is not "
                "the problem."
            ],
        ),
        (
            {"baseline": standing(BASELINE, "tied", 0.995), "linear_does_as_well": True},
            [
                f"{BASE} does better (99.5%; its difference from gelu is +0.5 to +2.5 percentage "
                "points): on these data the activation function is not the problem, and no hidden "
                "layer is needed."
            ],
        ),
        (
            {"baseline": standing(BASELINE, "diverged", diverged=1)},
            ["The linear model diverged, so there is no baseline to compare with."],
        ),
    ],
)  # fmt: skip
def test_remarks_on_reach_margin_and_linear_model(changes: dict[str, Any], said: list[str]) -> None:
    assert wording.remarks(*case(LEADER, TIED, **changes)) == said


def test_remarks_gather_candidates() -> None:
    high = {"rates": (0.01,) * 9 + (0.003,)}
    study, verdict = case(
        LEADER,
        dataclasses.replace(TIED, **high, unfinished=6),
        standing("tanh", "tied", 0.97, **high),
        standing("selu", "tied", 0.97, rates=(0.001,) * 6 + (0.01,) * 4),
        LOST,
        standing("mish", "diverged", diverged=1),
        baseline=standing(BASELINE, "worse", 0.9, **high),
    )
    study.functions["gelu"]["note"] = "a note."
    assert wording.remarks(study, verdict)[1:] == [
        "relu (4 of 20 final runs) and mish (1 of 20 final runs) diverged, which means that the "
        "loss was no longer a finite number, and are not ranked.",
        "In most splits the lowest learning rate of the grid (0.001) was chosen for selu; a wider "
        "grid (--rates) might do better.",
        "In most splits the highest learning rate of the grid (0.01) was chosen for elu, tanh and "
        "the linear model; a wider grid (--rates) might do better.",
        "Still improving at the last training step: elu (6 of 20 runs); longer training might "
        "help.",
        "gelu: a note.",
    ]


@pytest.mark.parametrize(
    ("line", "recommended", "words"),
    [
        (LEADER, "gelu", "best, recommended"),
        (LEADER, "relu", "best score"),
        (TIED, "elu", "tie, recommended"),
        (TIED, "gelu", "tie"),
        (WITHIN, "gelu", "tie within margin"),
        (WORSE, "gelu", "worse"),
        (LOST, "gelu", "diverged (4 of 20)"),
        (standing(BASELINE, "tied", 0.98), "gelu", "tie"),
        (standing(BASELINE, "tied", 0.995), "gelu", "does better"),
    ],
)
def test_status(line: Standing, recommended: str, words: str) -> None:
    study, verdict = case(LEADER, TIED, recommended=recommended)
    assert wording.status(study, verdict, line) == words


def test_a_baseline_of_lower_error_does_better() -> None:
    study, verdict = case(LEADER, TIED, higher_is_better=False)
    assert wording.status(study, verdict, standing(BASELINE, "tied", 0.95)) == "does better"
    assert wording.status(study, verdict, standing(BASELINE, "tied", 0.995)) == "tie"


def test_amounts() -> None:
    percent = Scale(True, 1, "accuracy", "accuracy")
    assert percent.amount(0.97123) == "97.1"
    assert percent.amount(-0.0001, signed=True) == "0.0"
    assert percent.amount(0.004, signed=True) == "+0.4"
    assert percent.cell(0.97, (0.96, 0.98)) == "97.0 (96.0 to 98.0)"
    assert percent.cell(None, None) == "-"
    plain = Scale(False, 0, "mean absolute error", "MAE")
    assert plain.amount(12345.6) == "12,346"
    assert plain.amount(1.23456e12) == "1.23e+12"
    assert Scale(False, 9, "log loss", "log loss").amount(0.000012345) == "1.23e-05"


@pytest.mark.parametrize(
    ("half", "score", "shown"),
    [(0.02, 0.5, "0.50"), (0.002, 0.5, "0.500"), (2.0, 54.3, "54"), (1.5, 54.3, "54.3")],
)
def test_digits_follow_the_intervals(half: float, score: float, shown: str) -> None:
    line = standing(
        "a", "tied", score, interval=(score - half, score + half), difference_interval=(-half, half)
    )
    study, verdict = case(LEADER, line, metric="rmse")
    assert Scale.of(study, verdict).amount(score) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (59.7, "1 min 0 s"),
        (245, "4 min 5 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words


def test_folded() -> None:
    assert wording.folded("elu:alpha=0.5", 26) == "elu:alpha=0.5"
    assert wording.folded("elu:alpha=0.123456", 12) == "elu:\nalpha=0.1234\n56"
    assert wording.folded("", 5) == ""


def test_listed_and_counted() -> None:
    assert [wording.listed("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert wording.counted(1, "row") == "1 row"
    assert wording.counted(1797, "row") == "1,797 rows"
