"""Pictures of functions: the numbers first, then what is drawn."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb

import ogive
from ogive.errors import OgiveError
from ogive.functions import get
from ogive.report import labels
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
    assert sorted(text.get_text() for text in ax.texts) == ["selu", "slope of selu"]
    pyplot.close(ax.figure)


def test_given_axes_are_used_and_get_a_legend() -> None:
    figure, ax = pyplot.subplots()
    assert draw_functions([get("relu"), get("elu")], ax, slope=False) is ax
    assert ogive.plot("elu:alpha=0.5..1..2", ax=ax, slope=False) is ax
    assert ax.get_ylabel() == "f(x)"
    legend = ax.get_legend()
    assert legend is not None
    family = ["elu:alpha=0.5", "elu:alpha=1", "elu:alpha=2"]
    assert [text.get_text() for text in legend.get_texts()] == ["relu", "elu", *family]
    assert not ax.texts
    pyplot.close(figure)


def test_slopes_get_a_panel_of_their_own_and_every_function_its_name_in_each() -> None:
    chosen = [get("relu"), get("sign"), get("mish")]
    figure = function_figure(chosen, slope=True)
    assert [ax.get_ylabel() for ax in figure.axes] == ["f(x)", "slope f'(x)"]
    for ax in figure.axes:
        assert sorted(text.get_text() for text in ax.texts) == ["mish", "relu", "sign"]
    assert len(function_figure(chosen, slope=False).axes) == 1


def overlaps(figure: Any) -> int:
    """How many pairs of names lie over one another, or over the panel."""
    figure.draw_without_rendering()
    found = 0
    for ax in figure.axes:
        boxes = [text.get_window_extent() for text in ax.texts]
        found += sum(a.overlaps(b) for a, b in combinations(boxes, 2))
        found += sum(box.overlaps(ax.get_window_extent()) for box in boxes)
    return found


@pytest.mark.parametrize(
    "functions",
    [
        ["relu"],
        ["elu:alpha=0.1..2", "relu", "gelu", "mish"],
        ["tanh", "sigmoid", "unit_step", "exp(x)*0"],
        ["elu:alpha=0.1..2", "celu:alpha=0.1..2", "swish_beta:beta=0.1..4", "relu", "tanh"],
    ],
)
def test_no_name_lies_over_another(functions: list[str]) -> None:
    assert overlaps(function_figure(functions, slope=True)) == 0


def test_names_without_room_between_them_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "spaced", lambda wanted, height: wanted)
    assert overlaps(function_figure(["relu", "gelu", "mish"], slope=True)) > 0


def test_names_stand_where_they_would_and_as_far_apart_as_they_must() -> None:
    near = labels.spaced(np.array([0.1, 0.5, 0.9]), 0.1)
    np.testing.assert_allclose(near, [0.1, 0.5, 0.9])
    np.testing.assert_allclose(labels.spaced(np.full(3, 0.5), 0.1), [0.4, 0.5, 0.6])
    np.testing.assert_allclose(labels.spaced(np.ones(3), 0.1), [0.8, 0.9, 1.0])


def test_names_stand_where_the_curves_are_apart() -> None:
    figure = function_figure(["elu:alpha=0.1..2"], slope=False)
    (ax,) = figure.axes
    names = {text.get_text(): text for text in ax.texts}
    assert list(names) == [f"elu:alpha={v}" for v in ("2", "1.525", "1.05", "0.575", "0.1")]
    assert all(text.get_horizontalalignment() == "right" for text in names.values())
    right = function_figure(["tanh", "sine"], slope=False).axes[0]
    assert all(text.get_horizontalalignment() == "left" for text in right.texts)


def test_a_family_is_ordered_by_lightness_and_neighbours_differ_in_their_dashes() -> None:
    drawn = curves(["elu:alpha=0.1..2", "relu"])
    assert [c.label for c in drawn[:2]] == ["elu:alpha=0.1", "elu:alpha=0.575"]
    np.testing.assert_array_equal(drawn[4].value, get("elu", alpha=2)(drawn[4].x))
    light = [np.dot(to_rgb(c.look["color"]), [0.2126, 0.7152, 0.0722]) for c in drawn[:5]]
    assert light == sorted(light)
    assert light[-1] < 0.75
    assert drawn[5].look["color"] in COLOURS
    assert all(a.look["linestyle"] != b.look["linestyle"] for a, b in pairwise(drawn))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("elu:alpha=0.1..", "'0.1..' is no range of numbers; write its ends with two dots"),
        ("elu:alpha=a..b", "'a..b' is no range of numbers"),
        ("elu:alpha=0..inf", "'0..inf' is no range of numbers"),
        ("elu:alpha=2..1", "the values of '2..1' do not ascend"),
        ("elu:alpha=" + "..".join(map(str, range(1, 14))), "names 13 values; give at most 12"),
        ("elu:..", "'..' is no range; write it as alpha=0.1..2"),
        ("elu:alpha=-1..1", "alpha=-1 is out of bounds"),
        ("relu:alpha=1..2", "relu has no parameter 'alpha'"),
        ("softmax:axis=1..2", "works along an axis"),
        ("x*tanh(a*x)+b:a=1..2:b=1..2", "lets 2 parameters vary; give a range to one"),
    ],
)
def test_a_bad_family_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(OgiveError) as raised:
        curves([text])
    assert sentence in str(raised.value)


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(OgiveError, match="there is no function to draw; name at least one"):
        ogive.plot()


def test_as_many_functions_as_there_are_looks_look_different() -> None:
    every = [entry() for entry in ogive.functions.registry.entries() if hasattr(entry, "slope")]
    every = every[: len(COLOURS) * len(STYLES)]
    assert len(every) == 35
    lines = [
        line
        for line in function_figure(every, slope=False).axes[0].get_lines()
        if not str(line.get_label()).startswith("_")
    ]
    assert len(lines) == len(every)
    looks = [curve.look for curve in curves(every)]
    assert len({(look["color"], look["linestyle"]) for look in looks}) == len(every)


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
