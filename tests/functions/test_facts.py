"""Every claim of every entry holds, and each check fails for an entry that breaks its claim."""

from __future__ import annotations

import math
import textwrap
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

import oracles
from ogive.functions import Activation, Facts, activation, get
from ogive.functions.conformance import check_facts
from ogive.numerics import elementary

CLAIMS = ("defined", "slope", "range", "limits", "lipschitz", "monotone", "parity", "kinks")


@pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)
def test_every_claim_holds(act: Activation) -> None:
    assert [c for c in check_facts(act) if not c.holds] == []


def outcome(act: Activation) -> dict[str, bool]:
    return dict(zip(CLAIMS, (c.holds for c in check_facts(act)), strict=True))


def broken(name: str, *, facts: dict[str, Any] | None = None, **changes: Any) -> Activation:
    """The entry ``name`` with false facts, or with another value or slope."""
    entry = get(name).definition
    claimed = entry().facts
    false: Facts = replace(claimed, **(facts or {}))
    return replace(entry, facts=lambda **_: false, **changes)()


BROKEN = {
    "a NaN for a number": ("defined", broken("relu", value=lambda x: x * (x > 0))),
    "a NaN that is lost": ("defined", broken("relu", slope=lambda x: (x > 0) * 1.0)),
    "a slope that is not the derivative": ("slope", broken("tanh", slope=lambda x: 1 - abs(x * 0))),
    "a range too narrow": ("range", broken("elu", facts={"range": (-0.5, math.inf)})),
    "a range too wide": ("range", broken("gelu", facts={"range": (-0.2, math.inf)})),
    "bounded, called unbounded": (
        "range",
        broken("tanh", facts={"range": (-1, math.inf)}),
    ),
    "a wrong limit": ("limits", broken("elu", facts={"limits": (-2.0, math.inf)})),
    "a finite limit called infinite": ("limits", broken("tanh", facts={"limits": (-1, math.inf)})),
    "a Lipschitz constant too small": ("lipschitz", broken("mish", facts={"lipschitz": 1.0})),
    "a Lipschitz constant too large": ("lipschitz", broken("sigmoid", facts={"lipschitz": 1.0})),
    "no jump where one is claimed": ("lipschitz", broken("relu", facts={"lipschitz": math.inf})),
    "flat, called increasing": ("monotone", broken("relu", facts={"monotone": "increasing"})),
    "increasing, called flat": ("monotone", broken("tanh", facts={"monotone": "non-decreasing"})),
    "dipping, called increasing": ("monotone", broken("silu", facts={"monotone": "increasing"})),
    "increasing, called not monotone": ("monotone", broken("tanh", facts={"monotone": None})),
    "odd, called even": ("parity", broken("tanh", facts={"parity": "even"})),
    "neither, called odd": ("parity", broken("relu", facts={"parity": "odd"})),
    "odd, called neither": ("parity", broken("softsign", facts={"parity": None})),
    "a corner not claimed": ("kinks", broken("relu", facts={"kinks": ()})),
    "a jump not claimed": ("kinks", broken("sign", facts={"kinks": ()})),
    "a corner that is none": ("kinks", broken("tanh", facts={"kinks": (1.0,)})),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_each_check_catches_a_broken_entry(case: tuple[str, Activation]) -> None:
    claim, act = case
    assert outcome(act)[claim] is False


def test_the_card_of_sigmoid_says_that_the_range_is_closed_in_floats() -> None:
    found = check_facts(get("sigmoid"))[CLAIMS.index("range")].found
    assert "0 and 1 are reached in float64" in found


def test_the_entry_in_the_guide_holds() -> None:
    guide = resources.files("ogive.functions").joinpath("README.md").read_text("utf-8")
    example = textwrap.dedent(guide.split("   ```python\n")[1].split("   ```")[0])
    names = {**vars(activation), **vars(elementary), "register": lambda entry: entry}
    exec(example, names)
    assert [c for c in check_facts(names["bell"]()) if not c.holds] == []
