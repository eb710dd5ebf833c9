"""The figures of a study: their numbers, and that they can be drawn in every case."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from ogive.report import study_figures, study_panels
from ogive.report.svg import svg
from ogive.study.plan import BASELINE
from ogive.study.record import Study
from ogive.study.verdict import Verdict, verdict

Judge = Callable[..., Verdict]

DRAWN = {
    "scores": lambda s, v: study_figures.draw_scores(s, v).figure,
    "differences": lambda s, v: study_figures.draw_differences(s, v).figure,
    "curves": study_panels.draw_learning_curves,
    "tuning": study_panels.draw_tuning,
    "functions": study_panels.draw_functions,
}


def words(figure: Figure) -> str:
    """All text of a figure as SVG."""
    root = ElementTree.fromstring(svg(figure, "x"))
    return " ".join(" ".join(e.itertext()) for e in root.iter() if e.tag == "text")


def test_scores_are_the_verdicts(studies: dict[str, Study], judge: Judge) -> None:
    marks = study_figures.scores(studies["partial"], judge("partial"))
    assert [m.label for m in marks] == ["elu", "gelu", "relu", "tanh", BASELINE]
    assert [m.kind for m in marks] == ["recommended", "tie", "worse", "worse", "linear"]
    assert marks[0].value == pytest.approx(97.85)  # in percent
    assert all(m.low < m.value < m.high for m in marks if m.value is not None)


def test_differences_are_the_verdicts(studies: dict[str, Study], judge: Judge) -> None:
    found = judge("rmse")
    marks = study_figures.differences(studies["rmse"], found)
    assert [m.label for m in marks] == ["relu", "tanh", BASELINE]
    assert [m.value for m in marks] == pytest.approx([0.2, 6.2, 4.2])
    assert found.leader == "elu"


def test_diverged_candidates_have_no_mark(studies: dict[str, Study], judge: Judge) -> None:
    marks = {m.label: m for m in study_figures.scores(
        studies["diverged"], judge("diverged"))}  # fmt: skip
    assert marks["gelu"].kind == "diverged"
    assert marks["gelu"].value is None
    figure = study_figures.draw_scores(studies["diverged"], judge("diverged")).figure
    assert "diverged" in words(figure)


def test_learning_curves_are_of_the_same_runs_throughout(studies: dict[str, Study]) -> None:
    study = studies["tie"]
    curve = study_panels.learning_curves(study)["relu"]
    runs = [r for r in study.runs if (r.label, r.stage) == ("relu", "final")]
    assert len(curve.epochs) == max(len(r.curve) for r in runs)
    lowest = [min(v for _, _, v in r.curve if v is not None) for r in runs]
    assert curve.median[-1] == pytest.approx(np.median(lowest))
    assert curve.epochs[0] == pytest.approx(36 * 32 / 1149)
    assert (np.diff(curve.median) <= 0).all()
    assert (curve.low <= curve.median).all()
    assert (curve.median <= curve.high).all()


def test_learning_curves_leave_out_what_diverged(build: Callable[..., Study]) -> None:
    study = build({"relu": 0.97, "elu": 0.97}, diverged=["elu"], splits=3)
    assert list(study_panels.learning_curves(study)) == ["relu"]
    assert "all runs diverged" in words(study_panels.draw_learning_curves(study, verdict(study)))


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("name", ["diverged", "all diverged", "nasty"])
def test_every_figure_shows_every_candidate(
    studies: dict[str, Study], judge: Judge, name: str, kind: str
) -> None:
    study = studies[name]
    found = judge(name)
    shown = "".join(words(DRAWN[kind](study, found)).split())
    for label in study.plan.labels:
        assert "".join(label.split()) in shown
    assert "$\\" not in shown


@pytest.mark.parametrize("kind", ["scores", "differences"])
def test_many_long_labels_do_not_overlap_or_leave_the_figure(
    studies: dict[str, Study], judge: Judge, kind: str
) -> None:
    study = studies["many"]
    figure = DRAWN[kind](study, judge("many"))
    figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in figure.axes[0].get_yticklabels()]
    assert all(not a.overlaps(b) for a, b in itertools.pairwise(boxes))
    assert min(b.x0 for b in boxes) >= 0


def test_units_are_on_the_axes(studies: dict[str, Study], judge: Judge) -> None:
    found = judge("rmse")
    scores = words(study_figures.draw_scores(studies["rmse"], found).figure)
    assert "RMSE on new data (mean, 95% interval; lower is better)" in scores
    differences = study_figures.draw_differences(studies["rmse"], found)
    label = differences.get_xlabel()
    assert label.startswith("← better")
    assert label.endswith("worse →")
    tie = judge("tie")
    assert "points of accuracy" in study_figures.draw_differences(studies["tie"], tie).get_xlabel()
    assert "training, epochs" in words(study_panels.draw_learning_curves(studies["tie"], tie))


def test_the_margin_is_a_band(studies: dict[str, Study], judge: Judge) -> None:
    study = studies["tie"]
    ax = study_figures.draw_differences(study, judge("tie", 0.005))
    bands = [p for p in ax.patches if p.get_label() == "within the margin"]
    assert [(p.get_x(), p.get_width()) for p in bands] == [(-0.5, 1.0)]
    assert not study_figures.draw_differences(study, judge("tie")).patches


def test_a_far_value_is_written_not_drawn(build: Callable[..., Study]) -> None:
    study = build({"relu": 0.97, "elu": 0.971, "tanh": 0.1}, spread=0.002)
    ax = study_figures.draw_scores(study, verdict(study))
    low, high = ax.get_xlim()
    assert 90 < low < 97 < high
    assert "← off the scale: 10.0" in words(ax.figure)
    assert "linear model: 90.0, off the scale" in words(ax.figure)


def test_scores_draw_on_axes_given(studies: dict[str, Study], judge: Judge) -> None:
    ax = Figure().add_subplot()
    assert study_figures.draw_scores(studies["tie"], judge("tie"), ax=ax) is ax
    assert len(ax.get_yticklabels()) == 4


def test_no_setting_is_left_changed(studies: dict[str, Study], judge: Judge) -> None:
    before = dict(matplotlib.rcParams)
    figure = study_figures.draw_scores(studies["tie"], judge("tie")).figure
    svg(figure, "x")
    assert dict(matplotlib.rcParams) == before


def test_svg_is_the_same_each_time_and_stands_alone(
    studies: dict[str, Study], judge: Judge
) -> None:
    study = studies["partial"]
    found = judge("partial")
    made = {
        k: [svg(draw(study, found), "words & <more>") for _ in "ab"] for k, draw in DRAWN.items()
    }
    used: set[str] = set()
    for first, second in made.values():
        assert first == second
        assert "http" not in first
        assert "<style" not in first
        root = ElementTree.fromstring(first)
        assert root.attrib["aria-label"] == "words & <more>"
        names = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
        assert len(names) == len(set(names))
        assert not used & set(names), "names of two figures of a page collide"
        used |= set(names)
        referred = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', first))
        assert referred
        assert referred <= set(names)


def test_text_that_xml_and_fonts_lack_is_no_trouble(build: Callable[..., Study]) -> None:
    study = build({"a\x00b\x1b[0m": 0.97, "日本語": 0.971, "$x^$": 0.972, "": 0.97})
    for draw in DRAWN.values():
        shown = words(draw(study, verdict(study)))
        assert "日本語" in shown
        assert "$x^$" in shown


def test_pyplot_is_not_loaded() -> None:
    code = (
        "import sys; from ogive.report import study_figures, study_panels, svg\n"
        "from matplotlib.figure import Figure\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
