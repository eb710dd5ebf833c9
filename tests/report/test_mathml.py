"""Formulas in print: every one of the catalogue is well-formed, and says what its text says."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from ogive.functions import registry
from ogive.functions.formula import FAMILY
from ogive.report.mathml import GREEK, mathml

SPACE = "{http://www.w3.org/1998/Math/MathML}"
ENTRIES = [entry for entry in registry.entries() if entry.family != FAMILY]


def read(element: ElementTree.Element) -> str:
    """The print as one line: fractions as (a)/(b), powers as a^{b}, cases in braces."""
    kind, children = element.tag.removeprefix(SPACE), [read(child) for child in element]
    match kind:
        case "mfrac":
            return f"({children[0]})/({children[1]})"
        case "msup":
            return f"{children[0]}^{{{children[1]}}}"
        case "msub" | "munder":
            return f"{children[0]}_{{{children[1]}}}"
        case "msqrt":
            return f"√{{{''.join(children)}}}"
        case "mtr":
            return " ".join(children) + ";"
    text = (element.text or "").replace("\u2061", "").replace("\u2062", "").replace("\xa0", " ")
    return text + "".join(children)


def printed(formula: str) -> str:
    return read(ElementTree.fromstring(mathml(formula))).removeprefix("f(x)=")


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("alpha*(exp(x) - 1)", "α(e^{x}−1)"),
        ("where(x > 0, x, where(x <= -1, 2, -x))", "{x if x>0;2 if x≤−1;−x otherwise;"),
        ("x/(1 + exp(-x))", "(x)/(1+e^{−x})"),
        ("x - (a - b)", "x−(a−b)"),
        ("-(x + 1)*y", "−(x+1)y"),
        ("(x + 1)**2", "(x+1)^{2}"),
        ("sin(a*x)**2/a", "(sin^{2}(ax))/(a)"),
        ("max(0, x)**2", "max(0,x)^{2}"),
        ("2**3*x", "2^{3}x"),
        ("x*2", "x·2"),
        ("negative_slope*x", "negative_slope·x"),
        ("alpha_p*x", "α_{p}x"),
        ("sqrt(2/pi)*abs(x)", "√{(2)/(π)}|x|"),
        ("1.5*where(x > 0, x, 0)", "1.5({x if x>0;0 otherwise;)"),
        ("exp(x[i])/sum(exp(x[j]) for j)", "(e^{x_{i}})/(∑_{j}e^{x_{j}})"),
        ("a[i]*b[i] with a, b the two halves of x", "a_{i}b_{i} with a, b the two halves of x"),
        ("relu(x) followed by relu(-x)", "relu(x) followed by relu(−x)"),
    ],
)
def test_a_formula_is_printed_as_it_is_written(formula: str, shown: str) -> None:
    assert printed(formula) == shown


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_every_formula_prints_every_number_and_name_in_order(entry: Any) -> None:
    shown = printed(entry.formula)
    numbers = re.findall(r"\d+(?:\.\d+)?", entry.formula)
    if "where(" not in entry.formula:  # whose conditions stand behind the values
        assert re.findall(r"\d+(?:\.\d+)?", shown) == numbers
    assert sorted(re.findall(r"\d+(?:\.\d+)?", shown)) == sorted(numbers)
    for letter, written in GREEK.items():
        assert (written in shown) == (re.search(rf"\b{letter}(?![a-z])", entry.formula) is not None)


def test_what_is_no_expression_stays_text_and_is_safe() -> None:
    assert "the first &lt;place&gt;" in mathml("the first <place>")
    assert printed("the first <place>") == "the first <place>"
