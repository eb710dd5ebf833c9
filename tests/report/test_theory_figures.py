"""The pictures of a theory: the numbers first, then what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib import pyplot

from ogive.functions import get
from ogive.meanfield.edge import critical
from ogive.meanfield.theory import theory
from ogive.report.theory_figures import (
    CHAOTIC,
    GROWING,
    ORDERED,
    Phases,
    correlation_curve,
    length_curve,
    marks,
    phases,
    theory_figure,
)


def test_the_maps_are_those_of_the_theory() -> None:
    curve = length_curve(theory("erf", 2.0, 0.1))
    q = curve.before
    truth = 4 * 2 / math.pi * np.arcsin(2 * q / (1 + 2 * q)) + 0.01
    np.testing.assert_allclose(curve.after, truth, rtol=1e-9)
    (point,) = curve.fixed
    assert np.interp(point[0], q, curve.after) == pytest.approx(point[0], rel=1e-3)
    drawn = correlation_curve(theory("relu"))
    assert drawn is not None
    angle = np.arccos(drawn.before)
    truth = (np.sin(angle) + (np.pi - angle) * drawn.before) / np.pi
    np.testing.assert_allclose(drawn.after, truth, atol=1e-9)
    assert drawn.fixed == ((1.0, True),)


def test_where_no_length_is_kept_there_is_no_correlation_map() -> None:
    assert correlation_curve(theory("exponential", 1.0)) is None
    figure = theory_figure(theory("exponential", 1.0))
    assert "none: no length is kept" in [text.get_text() for text in figure.axes[1].texts]
    assert correlation_curve(theory("relu", 2.0)) is not None  # only ratios matter to the ReLU


def check_phases(drawn: Phases, name: str) -> None:
    """Below the edge the cells are ordered and above it chaotic."""
    for j in range(20, len(drawn.sigma_b), 45):
        edge = critical(get(name), float(drawn.sigma_b[j])).sigma_w
        near = np.abs(drawn.sigma_w - edge) < 2 * drawn.sigma_w[0]
        below, above = drawn.sigma_w < edge, drawn.sigma_w > edge
        assert (drawn.kind[below & ~near, j] == ORDERED).all()
        assert (drawn.kind[above & ~near, j] == CHAOTIC).all()


def test_the_phases_meet_at_the_edge() -> None:
    check_phases(phases(theory("tanh")), "tanh")
    with pytest.raises(AssertionError):
        check_phases(phases(theory("erf")), "tanh")
    relu = phases(theory("relu"))
    assert (relu.kind[relu.sigma_w > 1.42] == GROWING).all()
    assert (relu.kind[relu.sigma_w < 1.41] == ORDERED).all()
    assert (phases(theory("sign")).kind == CHAOTIC).all()


def test_initialisations_are_marked() -> None:
    usual, here = marks(theory("tanh"))
    assert usual.sigma_w**2 == pytest.approx(1 / 3)
    assert usual.sigma_b**2 == pytest.approx(1 / (3 * 256))
    assert here.label == "this initialisation: the gain"
    labels = [mark.label for mark in marks(theory("tanh", 1.1))]
    assert labels[1:] == ["variance-keeping gain", "this initialisation"]


def test_the_default_of_pytorch_is_as_marked() -> None:
    import torch

    torch.manual_seed(1)
    layer = torch.nn.Linear(256, 4000)
    usual = marks(theory("tanh"))[0]
    assert 256 * float(layer.weight.detach().var()) == pytest.approx(usual.sigma_w**2, rel=0.01)
    assert float(layer.bias.detach().var()) == pytest.approx(usual.sigma_b**2, rel=0.06)


def test_a_figure_has_both_maps_and_the_phases() -> None:
    found = theory("gelu", 1.6, 0.2)
    figure = theory_figure(found)
    assert [ax.get_title() for ax in figure.axes] == [
        "Length map", "Correlation map", "Phases of gelu",
    ]  # fmt: skip
    legend = figure.axes[2].get_legend()
    assert legend is not None
    names = {text.get_text() for text in legend.get_texts()}
    assert names == {
        "edge of chaos",
        "edge of chaos, length not stable",
        "PyTorch's default (fan_in 256)",
        "variance-keeping gain",
        "this initialisation",
    }
    ax = pyplot.subplots()[1]
    assert found.plot(ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("sigma_b", "sigma_w")
    other = theory("relu").plot()
    assert other is not ax
    pyplot.close("all")
