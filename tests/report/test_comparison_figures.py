"""The pictures of a comparison: the numbers first, then what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot

import ogive
import torch
from ogive.errors import OgiveError
from ogive.report.comparison_figures import comparison_figure, line
from ogive.torch.compare import Beside, Comparison, LayerComparison
from torch import nn


@pytest.fixture(scope="module")
def found() -> Comparison:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 20), nn.Tanh(), nn.Linear(20, 20), nn.LayerNorm(20), nn.Tanh(),
        nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3),
    )  # fmt: skip
    return ogive.compare(model, torch.randn(8, 6), networks=99)


def test_the_numbers_are_those_of_the_record(found: Comparison) -> None:
    drawn = line(found, "gradient")
    assert [layer.gradient.measured for layer in found.layers] == drawn.measured.tolist()
    assert np.isnan(drawn.low).tolist() == [False, True, False, True]
    assert not drawn.outside.any()


def test_each_chain_is_a_line_of_its_own(found: Comparison) -> None:
    ax = found.plot()
    predicted = [part for part in ax.lines if part.get_color() == "#0072B2"]
    assert [list(part.get_xdata()) for part in predicted] == [[1, 2], [3, 4]]
    assert ax.get_yscale() == "log"
    pyplot.close(ax.figure)


def test_what_is_outside_is_marked(found: Comparison) -> None:
    moved = Beside(0.1, 5.0, 0.05, 0.2)
    first = found.layers[0]
    layer = LayerComparison(**{**vars(first), "variance": moved})
    wrong = Comparison(**{**vars(found), "layers": (layer, *found.layers[1:])})
    assert moved.inside is False
    assert wrong.outside == (layer,)
    assert "1 outside" in wrong.title()
    assert " ! |" in str(wrong)
    names = [text.get_text() for text in comparison_figure(wrong).legends[0].get_texts()]
    assert "outside" in names
    names = [text.get_text() for text in comparison_figure(found).legends[0].get_texts()]
    assert "outside" not in names


def test_many_layers_are_numbered_and_few_are_named(found: Comparison) -> None:
    ax = found.plot(quantity="correlation")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "2", "5", "7"]
    pyplot.close(ax.figure)


def test_an_unknown_quantity_is_named(found: Comparison) -> None:
    with pytest.raises(OgiveError, match="choose variance, correlation, gradient"):
        found.plot(quantity="mean")
