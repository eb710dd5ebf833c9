"""The panel of what the functions did in the trained networks of a study."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import ogive
import torch
from ogive.report.health_panel import recorded, told
from ogive.report.page import page
from ogive.report.summary import document
from ogive.study.health import health_of
from ogive.study.network import Network, Shape, TargetScale
from ogive.study.record import Run, Study
from ogive.study.verdict import verdict
from studies import make_study


def layer(**given: Any) -> dict[str, Any]:
    usual = {"units": 10, "dead": 0, "saturated": 0.0, "off": 0.5, "before_size": 1.0}
    return usual | {"gradient": 1.0, "correlation": 0.2, "rank": 4.0} | given


def with_health(study: Study) -> Study:
    """Two networks of relu: one healthy, and one with dead units and a finding."""
    made = {
        0: {"rows": 9, "layers": [layer(), layer(before_size=2.0)], "findings": []},
        1: {
            "rows": 9,
            "layers": [layer(dead=6, gradient=3.0), layer(off=None, before_size=4.0)],
            "findings": ["dead units"],
        },
    }

    def given(run: Run) -> Run:
        here = (run.label, run.stage, run.draw) == ("relu", "final", 0)
        return replace(run, health=made.get(run.split) if here else None)

    return replace(study, runs=tuple(given(run) for run in study.runs))


def test_figures_are_those_of_all_networks() -> None:
    one = recorded(with_health(make_study({"relu": 0.9, "tanh": 0.8})), "relu")
    assert one is not None
    assert (one.networks, one.findings) == (2, {"dead units": 1})
    assert one.dead == pytest.approx((0 + 6 / 20) / 2)
    assert one.off == pytest.approx(0.5)
    assert one.size == (1.0, 3.0)
    assert one.gradient == pytest.approx(2.0)


def test_the_page_has_the_panel_and_one_without_records_has_none() -> None:
    plain = make_study({"relu": 0.9, "tanh": 0.8})
    seen = with_health(plain)
    made = page(seen, verdict(seen))
    assert "What the functions do once trained" in made
    assert "Dead units in 1 of 2." in made
    assert [line["label"] for line in told(seen, seen.plan.labels)] == ["relu"]
    assert "What the functions do once trained" not in page(plain, verdict(plain))
    found = json.loads(json.dumps(document(seen, verdict(seen)), allow_nan=False))
    health = {c["label"]: c["health"] for c in found["candidates"]}
    assert health["relu"]["findings"] == {"dead units": 1}
    assert health["tanh"] is None


def test_a_stored_run_keeps_its_health_and_an_old_one_has_none() -> None:
    study = with_health(make_study({"relu": 0.9}))
    run = next(r for r in study.runs if r.health is not None)
    assert Run.from_json(run.to_json()) == run
    old = json.loads(run.to_json())
    del old["health"]
    assert Run.from_json(json.dumps(old)).health is None


@pytest.mark.parametrize("kind", ["multiclass", "binary", "regression", "positive"])
def test_planted_dead_units_are_recorded(kind: str) -> None:
    torch.manual_seed(0)
    outputs = 3 if kind == "multiclass" else 1
    network = Network(Shape(4, 8, 2, outputs), ogive.get("relu"), kind, TargetScale())
    with torch.no_grad():
        network.linear[0].bias[:5] = -100
    y = torch.arange(20) % 3 if kind == "multiclass" else torch.arange(20).float() % 2
    found = health_of(network, torch.randn(20, 4), y)
    assert found is not None
    assert found["layers"][0]["dead"] == 5
    assert [row["units"] for row in found["layers"]] == [8, 8]  # none is of the output's loss
    assert "dead units" in found["findings"]
    assert json.loads(json.dumps(found)) == found
    linear = Network(Shape(4, 8, 0, outputs), ogive.get("identity"), kind, TargetScale())
    assert health_of(linear, torch.randn(20, 4), y) is None
