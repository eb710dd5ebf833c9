"""Pictures of functions: the numbers first, then what is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot

import ogive
from ogive.errors import OgiveError
from ogive.functions import get
from ogive.report.figures import STYLES, curves, draw_functions, function_figure, save
from ogive.report.style import COLOURS


def test_the_numbers_are_the_function() -> None:
    (curve,) = curves([get("elu", alpha=0.5)], -2, 3)
    assert curve.label == "elu:alpha=0.5"
    assert curve.x[0] == -2
    assert curve.x[-1] == 3
    assert (np.diff(curve.x) > 0).all()
    np.testing.assert_array_equal(curve.value, get("elu", alpha=0.5)(curve.x))
    corner = curve.x == 0
    assert np.isnan(curve.slope[corner]).all()
    assert not np.isnan(curve.slope[~corner]).any()


def test_a_jump_breaks_the_line_and_keeps_its_point() -> None:
    (step,) = curves([get("unit_step")])
    assert step.points == ((0.0, 0.5),)
    assert np.isnan(step.value[step.x == 0]).all()
    (smooth,) = curves([get("tanh")])
    assert smooth.points == ()
    assert not np.isnan(smooth.value).any()


def test_a_function_draws_itself_with_its_slope() -> None:
    ax = ogive.get("selu").plot()
    assert [line.get_label() for line in ax.get_lines()[:2]] == ["selu", "slope of selu"]
    assert ax.get_xlabel() == "x"
    assert ax.get_ylabel() == "f(x) and slope f'(x)"
    assert ax.get_legend() is not None
    pyplot.close(ax.figure)


def test_given_axes_are_used() -> None:
    figure, ax = pyplot.subplots()
    assert draw_functions([get("relu"), get("elu")], ax, slope=False) is ax
    assert ax.get_ylabel() == "f(x)"
    pyplot.close(figure)


def test_slopes_get_a_panel_of_their_own_and_every_function_a_legend_entry() -> None:
    chosen = [get("relu"), get("sign"), get("mish")]
    figure = function_figure(chosen, slope=True)
    assert [ax.get_ylabel() for ax in figure.axes] == ["f(x)", "slope f'(x)"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["relu", "sign", "mish"]
    assert len(function_figure(chosen, slope=False).axes) == 1


def test_as_many_functions_as_there_are_looks_look_different() -> None:
    every = [entry() for entry in ogive.functions.registry.entries() if hasattr(entry, "slope")]
    every = every[: len(COLOURS) * len(STYLES)]
    assert len(every) == 28
    lines = [
        line
        for line in function_figure(every, slope=False).axes[0].get_lines()
        if not str(line.get_label()).startswith("_")
    ]
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == len(lines) == len(every)


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_pictures_are_saved_by_suffix(tmp_path: Path, suffix: str, start: bytes) -> None:
    path = save(function_figure([get("relu")]), tmp_path / f"f.{suffix}")
    assert path.read_bytes().startswith(start)


def test_what_cannot_be_drawn_or_saved_is_said(tmp_path: Path) -> None:
    figure = function_figure([get("relu")])
    with pytest.raises(OgiveError, match=r"has no picture's suffix; name a file that ends in .png"):
        save(figure, tmp_path / "f.jpg")
    with pytest.raises(OgiveError, match=r"cannot be written .No such file or directory.; name a"):
        save(figure, tmp_path / "none" / "f.png")
    for low, high in [(1.0, 1.0), (2.0, -2.0), (float("nan"), 1.0), (0.0, float("inf"))]:
        with pytest.raises(OgiveError, match=r"give two numbers between .*, the lower first"):
            curves([get("relu")], low, high)
