"""The card: its figures, its three forms, and a claim that fails."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

import ogive
from ogive.functions import registry
from ogive.report.card import Card, card
from ogive.report.plain import jsonable


@pytest.mark.parametrize("name", registry.names())
def test_every_entry_has_a_card_whose_claims_hold(name: str) -> None:
    shown = card(registry.find(name))
    assert [c for c in shown.checks if not c.holds] == []
    assert name in str(shown)
    assert shown.formula in str(shown).replace("\n               ", " ")
    assert json.loads(json.dumps(shown.to_dict(), allow_nan=False))["name"] == name


def test_the_figures_on_the_card() -> None:
    shown = ogive.get("elu", alpha=0.5).card()
    assert shown.parameters == {"alpha": 0.5}
    assert shown.range == (-0.5, float("inf"))
    assert shown.kinks == (0.0,)
    assert shown.lipschitz == 1.0
    assert shown.monotone == "increasing"
    assert ogive.get("relu").card().mean == pytest.approx(0.3989, abs=5e-5)
    assert ogive.get("relu").card().second_moment == pytest.approx(0.5)
    assert ogive.get("relu").card().gain == pytest.approx(2**0.5)
    assert ogive.get("tanh").card().parity == "odd"


def test_the_text_says_what_a_reader_needs() -> None:
    text = str(ogive.get("sigmoid").card())
    for part in (
        "f(x) = 1/(1 + exp(-x + offset))",
        "offset = 0: the input at which the value is 0.5",
        "0 to 1",
        "in float64, so there the range is closed",
        "E f(z) = 0.5000",
        "Rumelhart",
        "logistic, expit",
        "torch.nn.Sigmoid",
    ):
        assert part in text
    assert "the slope at 0 is 0, that of the left side" in str(ogive.get("relu").card())
    assert "-0.0000" not in str(ogive.get("tanh").card())
    assert max(map(len, text.splitlines())) <= 100


def test_json_keeps_infinities_apart() -> None:
    document = ogive.get("elu").card().to_dict()
    assert document["range"] == [-1.0, "inf"]
    assert document["checks"][0]["holds"] is True
    assert jsonable({"a": (float("nan"), -float("inf"), 1.5)}) == {"a": ["nan", "-inf", 1.5]}


def test_html_is_escaped() -> None:
    page = ogive.get("relu").card()._repr_html_()
    assert "<table>" in page
    odd = replace(ogive.get("relu").card(), summary="<b>&", checks=())
    assert "&lt;b&gt;&amp;" in odd._repr_html_()


def test_a_failed_claim_is_shown_as_failed() -> None:
    entry = registry.definition("relu")
    false = replace(entry().facts, range=(-1.0, float("inf")))
    shown = card(replace(entry, facts=lambda: false)())
    assert "FAILS  the range is from -1 to inf" in str(shown)
    assert "FAILS" in shown._repr_html_()
    assert "FAILS" not in str(ogive.get("relu").card())


def test_a_function_without_gain_still_has_a_card() -> None:
    entry = registry.definition("identity")
    flat = replace(entry().facts, range=(0, 0), limits=(0, 0), lipschitz=0.0)
    zero = replace(entry, value=lambda x: 0 * x, slope=lambda x: 0 * x, facts=lambda: flat)
    assert card(zero()).gain is None


def test_a_function_along_an_axis_has_a_shorter_card() -> None:
    shown = card(registry.find("softmax"))
    assert shown.range is None
    assert shown.checks == ()
    assert "Bridle" in str(shown)


def test_the_card_is_frozen() -> None:
    shown: Card = ogive.get("relu").card()
    with pytest.raises(FrozenInstanceError):
        shown.name = "other"  # type: ignore[misc]
