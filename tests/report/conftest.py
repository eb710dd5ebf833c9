"""The synthetic studies of studies.py, one for each kind of verdict."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from ogive.study.plan import BASELINE
from ogive.study.record import Study
from ogive.study.verdict import Verdict, verdict
from studies import make_study

NASTY = "<script>alert(1)</script>"


def cases() -> dict[str, Study]:
    """One study for each kind of verdict."""
    four = {"relu": 0.975, "elu": 0.976, "gelu": 0.9755, "tanh": 0.9752}
    clear = {"relu": 0.95, "elu": 0.98, "gelu": 0.96, "tanh": 0.955}
    many = {f"candidate_{i}:alpha=0.123456789": 0.97 - 0.001 * i for i in range(24)}
    return {
        "tie": make_study(four),
        "timed": make_study(four, nanoseconds={"relu": 3.0, "elu": 2.0, "gelu": 1.5, "tanh": 4.0}),
        "clear": make_study(clear),
        "partial": make_study({"relu": 0.96, "elu": 0.9785, "gelu": 0.978, "tanh": 0.95}),
        "two": make_study({"relu": 0.95, "tanh": 0.98}),
        "diverged": make_study(clear, diverged=["gelu"]),
        "all diverged": make_study(clear, diverged=[*clear, BASELINE]),
        "all but one": make_study(clear, diverged=["relu", "gelu", "tanh"]),
        "one": make_study({"relu": 0.975}),
        "linear": make_study(four, linear=0.9751),
        "linear better": make_study(four, linear=0.99),
        "rmse": make_study(
            {"relu": 54.0, "elu": 53.8, "tanh": 60.0},
            metric="rmse",
            spread=2,
            noise=0.4,
            linear=58.0,
        ),
        "r2": make_study({"relu": 0.45, "elu": 0.452}, metric="r2", spread=0.03, linear=-0.2),
        "fixed": make_study(four, fixed=True),
        "same": make_study({"relu": 0.97, "elu": 0.97}, spread=0, noise=0),
        "many": make_study(many, noise=0.004),
        "nasty": make_study(
            {f"{NASTY}a": 0.97, "[red]b[/red]": 0.972, "cost $x$ & $y_": 0.971},
            name=NASTY,
            classes=[NASTY, "b", "c"],
            notes=[f"The column {NASTY!r} is constant."],
            note=f"no gain for {NASTY}",
            given={"data": NASTY, "paired": True},
        ),
    }


@pytest.fixture(scope="session")
def studies() -> dict[str, Study]:
    """All of :func:`cases`."""
    return cases()


@pytest.fixture(scope="session")
def judge(studies: dict[str, Study]) -> Callable[..., Verdict]:
    """The verdict on a case, ``judge(name, margin=None)``, worked out once."""
    return functools.cache(lambda name, margin=None: verdict(studies[name], margin))


@pytest.fixture(scope="session")
def build() -> Callable[..., Study]:
    """:func:`make_study`."""
    return make_study
