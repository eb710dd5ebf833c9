"""What ``help(ogive.elu)`` shows: complete, and its example printed as it says."""

from __future__ import annotations

import doctest
import inspect
import pydoc
from typing import Any

import numpy as np
import pytest

import ogive
from ogive.functions import Definition, registry
from ogive.functions.documents import WIDTH
from ogive.functions.formula import FAMILY

ENTRIES = [entry for entry in registry.entries() if entry.family != FAMILY]
EACH = pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)


def failures(document: str, name: str) -> int:
    """How many of the document's examples print something else."""
    found = doctest.DocTestParser().get_doctest(document, {}, name, None, None)
    assert len(found.examples) >= 2
    said: list[str] = []
    return doctest.DocTestRunner(verbose=False).run(found, out=said.append).failed


@EACH
def test_the_example_prints_what_it_says(entry: Any) -> None:
    assert failures(getattr(ogive, entry.name).__doc__, entry.name) == 0


def test_a_wrong_result_is_noticed() -> None:
    document = str(ogive.elu.__doc__)
    assert "-0.52763345" in document
    assert failures(document.replace("-0.52763345", "-0.52763346"), "elu") == 1


@EACH
def test_the_document_says_everything(entry: Any) -> None:
    document = str(getattr(ogive, entry.name).__doc__)
    words = " ".join(document.split())
    assert document.splitlines()[0] in entry.summary
    assert f"\n    f(x) = {entry.formula}\n" in document
    for begin in ("x: ", "Returns: ", "Slope: ", "Raises: OgiveError", "Source: ", "Example:"):
        assert f"\n{begin}" in document
    for name in (*entry.aliases, *entry.equivalents.values(), str(entry.source)):
        assert name in words
    if isinstance(entry, Definition):
        for p in entry.parameters:
            assert f" {p.name}: {p.meaning}; {p.bounds()} (default {p.default:g})." in words
        if entry().facts.at_kinks:
            assert f"Convention: {entry().facts.at_kinks}." in words
    else:
        assert "axis: " in words
    wide = [line for line in document.splitlines() if len(line) > WIDTH]
    assert all(line.startswith((" " * 4, ">>>")) for line in wide)


def test_lengths_along_the_axis_are_told() -> None:
    assert "half as long along the axis" in " ".join(str(ogive.glu.__doc__).split())
    assert "twice as long along the axis" in " ".join(str(ogive.crelu.__doc__).split())
    assert "as long along" not in str(ogive.softmax.__doc__)


def test_help_shows_the_signature_first() -> None:
    shown = pydoc.plain(pydoc.render_doc(ogive.elu))
    assert shown.splitlines()[0] == "Python Library Documentation: function elu in module ogive"
    assert "elu(x, alpha=1.0)" in shown
    assert str(inspect.signature(ogive.softmax2d)) == "(x, axis=-3)"
    assert "Any" not in shown


def test_a_formula_of_ones_own_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_formulas", {})
    ogive.define("tempered", "x*tanh(exp(a*x))", a=1.0)
    document = str(ogive.tempered.__doc__)
    assert "a: a parameter of the formula; it must be a finite number (default 1)." in document
    assert failures(document, "tempered") == 0


def test_the_users_print_options_do_not_matter() -> None:
    from ogive.functions.documents import document

    entry = registry.definition("elu")
    with np.printoptions(precision=2):
        assert document(entry) == ogive.elu.__doc__
