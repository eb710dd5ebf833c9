"""What a notebook shows of functions and small records: whole, well-formed, and safe."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

import ogive
from ogive.report import notebook

RECORDS = {
    "activation": (lambda: ogive.get("elu:alpha=0.5"), ("elu:alpha=0.5", "alpha = 0.5", "<math")),
    "formula": (lambda: ogive.get("where(x<0, x, 0)"), ("where(x&lt;0, x, 0)", "<svg")),
    "card": (lambda: ogive.get("gelu").card(), ("gelu", "second moment", "holds")),
    "theory": (lambda: ogive.theory("tanh"), ("tanh", "trainable depth")),
    "moments": (lambda: ogive.moments("gelu"), ("x ~ N(0, 1)", "0.425221", "0.282095")),
    "pair": (lambda: ogive.pair_moments("relu", 0.5), ("correlation 0.5", "0.304499")),
    "critical": (lambda: ogive.theory("relu").critical(), ("stable", "1.41421", "<td", "-</td>")),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_shown_whole_and_well_formed(name: str) -> None:
    make, words = RECORDS[name]
    record: Any = make()
    shown = record._repr_html_()
    ElementTree.fromstring(f"<div>{shown}</div>".replace("&#160;", " "))
    for word in words:
        assert word in shown


def test_text_is_no_markup() -> None:
    shown = notebook.sheet("<b>", [("a<", "&")], "<i>")
    assert shown.count("<b>") == shown.count("<i>") == 0
    assert "&lt;b&gt;" in shown
    assert "-0" not in notebook.numbers("n", [("zero", -0.0)])
