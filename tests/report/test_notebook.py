"""What a notebook shows of functions and small records: whole, well-formed, and safe."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

import ogive
from ogive.shown import Shown, figure, listed

RECORDS = {
    "activation": (lambda: ogive.get("elu:alpha=0.5"), ("elu:alpha=0.5", "alpha = 0.5", "<math")),
    "formula": (lambda: ogive.get("where(x<0, x, 0)"), ("where(x&lt;0, x, 0)", "<svg")),
    "card": (lambda: ogive.get("gelu").card(), ("gelu", "second moment", "holds")),
    "theory": (lambda: ogive.theory("tanh"), ("tanh", "trainable depth")),
    "moments": (lambda: ogive.moments("gelu"), ("x ~ N(0, 1)", "0.425221", "0.282095")),
    "pair": (lambda: ogive.pair_moments("relu", 0.5), ("correlation 0.5", "0.304499")),
    "critical": (
        lambda: ogive.theory("relu").critical(),
        ("(stable)", "1.41421", "every length"),
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_shown_whole_and_well_formed(name: str) -> None:
    make, words = RECORDS[name]
    record: Any = make()
    shown = record._repr_html_()
    ElementTree.fromstring(f"<div>{shown}</div>".replace("&#160;", " "))
    for word in words:
        assert word in shown


def test_text_is_no_markup_and_numbers_stand_to_the_right() -> None:
    class Table(Shown):
        def title(self) -> str:
            return "<b>"

        def rows(self) -> list[dict[str, Any]]:
            return [{"name": "<i>", "share": "█ 4e-2", "n": 1}, {"name": "2", "share": "-", "n": 2}]

    shown = Table()._repr_html_()
    assert shown.count("<b>") == shown.count("<i>") == 0
    assert '<td style="text-align: left">&lt;i&gt;</td>' in shown
    assert '<td style="text-align: left">2</td>' in shown
    assert '<td style="text-align: right">█ 4e-2</td>' in shown
    assert '<th style="text-align: right">n</th>' in shown


def test_long_lists_are_cut_and_zero_has_no_sign() -> None:
    assert listed(map(str, range(14))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"
    assert (figure(-0.0), figure(1 / 3)) == ("0", "0.333333")
