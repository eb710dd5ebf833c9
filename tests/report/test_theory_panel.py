"""Theory beside each candidate of a study: what is told, and what is a dash."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from markupsafe import escape

import ogive
from ogive.report.page import page
from ogive.report.theory_panel import NONE, _theory, brief, caption, told
from ogive.study.record import Study
from ogive.study.verdict import verdict

Build = Callable[..., Study]


def with_gains(study: Study) -> Study:
    """The study with each function's own gain, as ``ogive choose`` stores it."""
    functions = {**study.functions}
    for label in study.plan.labels:
        functions[label] = {**functions[label], "gain": ogive.gain(label)}
    return replace(study, functions=functions)


def test_the_figures_are_those_of_the_theory_at_the_gain(build: Build) -> None:
    study = with_gains(build({"relu": 0.97, "tanh": 0.97, "sigmoid": 0.9, "unit_step": 0.9}))
    relu, tanh, sigmoid, step = told(study)
    theory = ogive.theory("tanh")
    assert tanh.chi == f"{theory.chi:.3f}"
    assert tanh.depth == f"{theory.trainable_depth:.0f}"
    assert tanh.gain == "1.593"
    assert tanh.mean_shift == "0.00"
    assert tanh.words == (
        "Signal keeps its variance; gradient grows × 1.09 a layer; inputs nearby part."
    )
    assert relu.depth == "any"
    assert relu.mean_shift == "0.56"
    assert relu.words == "Signal keeps every variance; gradient keeps its size."
    assert sigmoid.depth == "3"
    assert "inputs come to look alike" in sigmoid.words
    assert (step.chi, step.depth) == (NONE, NONE)
    assert "lost after one layer; a jump parts" in step.words


def test_scales_away_from_the_gain_are_told_as_they_are() -> None:
    assert brief(ogive.theory("relu", sigma_w=2.0)).startswith("Signal grows without bound; grad")
    assert brief(ogive.theory("tanh", sigma_w=0.5)).startswith("Signal fades; gradient shrinks")
    assert "not stably" in brief(ogive.theory("gelu"))


def test_a_function_without_theory_has_dashes_and_a_reason(build: Build) -> None:
    study = build({"relu": 0.97, "no_such_function": 0.96, "x*exp(x*x)": 0.5})
    own = {**study.functions["relu"], "catalogued": False}
    study = replace(study, functions={**study.functions, "relu": own})
    for line in told(study):
        assert (line.mean_shift, line.chi, line.depth) == (NONE, NONE, NONE)
    ours, unknown, steep = told(study)
    assert "Not known here" in ours.words
    assert "Not known here" in unknown.words
    assert "not finite" in steep.words
    assert "Not known here" in page(study, verdict(study))


def test_the_page_shows_it_once_computed(build: Build) -> None:
    study = with_gains(build({"relu": 0.97, "elu": 0.97}))
    found = verdict(study)
    html = page(study, found)
    assert "What theory says before training" in html
    assert escape(caption(study)) in html
    assert "have 2 hidden layers" in html
    assert all(line.words in html for line in told(study))
    _theory.cache_clear()
    started = time.perf_counter()
    told(study)
    first = time.perf_counter() - started
    started = time.perf_counter()
    told(study)
    assert time.perf_counter() - started < max(first / 5, 0.005)


@pytest.mark.parametrize("name", ["relu", "gelu", "sigmoid", "unit_step", "sine"])
def test_the_short_verdict_is_short(name: str) -> None:
    assert 20 < len(brief(ogive.theory(name))) < 110
