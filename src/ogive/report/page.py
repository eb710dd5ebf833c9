"""The page of a study: one HTML file that needs nothing outside itself, and no script."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ogive.functions.timing import nanoseconds
from ogive.report import health_panel, race_figure, study_figures, study_panels
from ogive.report.protocol import command, network, protocol
from ogive.report.summary import columns, group_end, lines
from ogive.report.svg import svg
from ogive.report.theory_panel import caption, told
from ogive.report.written import written
from ogive.study.plan import BASELINES, NO_FUNCTION
from ogive.study.race_wording import next_step, story
from ogive.study.record import Study
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale, counted, duration, listed, recommendation, remarks, status

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_CLASSES = 12  # of which the names are listed
KINDS = {
    "binary": "two classes",
    "multiclass": "several classes",
    "regression": "a number",
    "positive": "a number that is never negative",
    "own": "what your own loss makes of them",
}


@dataclass(frozen=True)
class Picture:
    """A figure on the page: its SVG and the words that go with it."""

    title: str
    svg: Any  # Markup: the one text that the template does not escape
    caption: str


def write(study: Study, verdict: Verdict, path: str | Path) -> Path:
    """Write the page to ``path`` and return it; raises :class:`OgiveError` where that fails.

    The file appears whole or not at all, whatever happens while it is written.
    """
    return written(page(study, verdict), path)


def page(study: Study, verdict: Verdict) -> str:
    """The whole page as HTML."""
    view = _brief(study, verdict)
    view |= _rest(study, verdict, view["figures"])
    return environment().get_template("page.html").render(view=view).lstrip()


def fragment(study: Study, verdict: Verdict) -> str:
    """The sentence, the table and the scores as HTML to stand inside a notebook."""
    return environment().get_template("fragment.html").render(view=_brief(study, verdict))


@functools.cache
def environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def picture(figure: Any, title: str, words: str, caption: str) -> Picture:
    from markupsafe import Markup

    return Picture(title, Markup(svg(figure, f"{title}. {words}")), caption)


def _brief(study: Study, verdict: Verdict) -> dict[str, Any]:
    shown = columns(study, verdict)
    cut = group_end(verdict)
    every = lines(verdict)
    return {
        "sentence": recommendation(study, verdict),
        "columns": shown,
        "caption": "Brackets hold 95% intervals: of each score on its own, and of the differences "
        "for all pairs at once. Learning rate and epochs are medians; training "
        "time is that of all runs, tuning included. "
        + ("The tie group is shaded." if len(verdict.ties) > 1 else ""),
        "lines": [
            {
                "label": standing.label,
                "classes": _classes(verdict, standing, place in {cut, len(every) - 1}),
                "cells": [
                    {
                        "text": _minus(column.cells[standing.label], column.numeric),
                        "numeric": column.numeric,
                    }
                    for column in shown[1:]
                ],
            }
            for place, standing in enumerate(every, 1)
        ],
        "remarks": remarks(study, verdict),
        "race": story(study, verdict),
        "next": next_step(study, verdict),
        "figures": {"scores": _scores_picture(study, verdict)},
    }


def _classes(verdict: Verdict, standing: Standing, cut: bool) -> str:
    names = {
        "in-group": standing.label in verdict.ties and len(verdict.ties) > 1,
        "recommended": standing.label == verdict.recommended,
        "linear": standing.label in BASELINES,
        "diverged": standing.status == "diverged",
        "cut": cut,
    }
    return " ".join(name for name, holds in names.items() if holds)


def _minus(text: str, numeric: bool) -> str:
    """Numbers with a true minus sign."""
    return text.replace("-", "−") if numeric else text


def _rest(study: Study, verdict: Verdict, figures: dict[str, Picture | None]) -> dict[str, Any]:
    about = study.about
    measured = any(s.nanoseconds is not None for s in verdict.standings)
    return {
        "title": f"Which activation function for {about['name']}?",
        "numbers": _numbers(study, verdict),
        "figures": figures
        | {
            "race": _race_picture(study, verdict),
            "differences": _differences_picture(study, verdict),
            "curves": _curves_picture(study, verdict),
            "tuning": _tuning_picture(study, verdict),
            "functions": _functions_picture(study, verdict),
        },
        "functions": [_function(study, s) for s in verdict.standings],
        "functions_caption": "Gain is the scale of the weights that keeps the signal's variance. "
        "Operations are counted for value and slope together; those like exp and log come first."
        + (
            " Cost is in nanoseconds an element, forward and backward, as measured when the study "
            "began."
            if measured
            else ""
        ),
        "measured": measured,
        "theory": told(study, [s.label for s in verdict.standings]),
        "outcomes": {s.label: _outcome(study, verdict, s) for s in verdict.standings},
        "theory_caption": caption(study),
        "health": health_panel.told(study, [s.label for s in verdict.standings]),
        "health_caption": health_panel.CAPTION,
        "network": network(study),
        "output_unit": about["output_unit"],
        "output_reason": about["output_reason"],
        "protocol": protocol(study, verdict),
        "data": _data(study),
        "notes": about["notes"],
        "command": command(study),
        "versions": listed([f"{name} {number}" for name, number in study.versions.items()]),
    }


def _numbers(study: Study, verdict: Verdict) -> str:
    about, plan = study.about, study.plan
    tests = about["test_rows"]
    baseline = (
        "the network with no activation" if plan.baseline == NO_FUNCTION else "a linear model"
    )
    rows = counted(about["rows"], "row") + (f" and {tests:,} fixed test rows" if tests else "")
    return (
        f"{rows}, {counted(len(plan.labels), 'candidate')} and {baseline}, "
        f"{counted(verdict.race.splits, 'split')}, {counted(len(study.runs), 'training')}, "
        f"{duration(sum(study.seconds.values()))} of training time."
    )


def _outcome(study: Study, verdict: Verdict, standing: Standing) -> str:
    """What came out, to stand beside what theory says."""
    said = status(study, verdict, standing)
    scale = Scale.of(study, verdict)
    if standing.score is None:
        return said
    return f"{scale.amount(standing.score)}{scale.unit}: {said}"


def _function(study: Study, standing: Standing) -> dict[str, str]:
    stored = study.functions[standing.label]
    hard, simple, *_ = stored["simplicity"]
    parameters = ", ".join(f"{k} = {v:g}" for k, v in stored["parameters"].items())
    return {
        "label": standing.label,
        "formula": stored["formula"],
        "parameters": parameters,
        "gain": f"{stored['gain']:.3f}",
        "operations": f"{hard} + {simple}",
        "cost": "" if standing.nanoseconds is None else f"{nanoseconds(standing.nanoseconds)} ns",
        "source": stored["source"],
    }


def _data(study: Study) -> list[tuple[str, str]]:
    about = study.about
    found = [
        ("Name", str(about["name"])),
        ("Target", f"{about['target']}: {KINDS[about['kind']]}, since {about['why']}"),
        (
            "Size",
            f"{counted(about['rows'], 'row')}"
            + (
                f" of {counted(about['columns'], 'column')}, "
                f"{counted(about['inputs'], 'network input')}"
                if "columns" in about
                else ""
            ),
        ),
    ]
    names = about["classes"]
    if names:
        more = len(names) - MOST_CLASSES
        shown = ", ".join(names[:MOST_CLASSES]) + (f" and {more} more" if more > 0 else "")
        found.append(("Classes", f"{len(names)}: {shown}"))
    if about["test_rows"] is not None:
        tests = f"{about['test_origin']} ({counted(about['test_rows'], 'row')})"
        found.append(("Test rows", tests))
    return found


def _scores_picture(study: Study, verdict: Verdict) -> Picture | None:
    if verdict.leader is None:
        return None
    scale = Scale.of(study, verdict)
    words = _spoken([(s.label, scale.cell(s.score, s.interval)) for s in lines(verdict)])
    return picture(
        study_figures.draw_scores(study, verdict).figure,
        f"Scores on new data, {scale.head}",
        words,
        "Mean over the splits and its 95% interval, best first. The intervals are of each score on "
        "its own: whether two candidates differ is told by their difference, not by the overlap.",
    )


def _differences_picture(study: Study, verdict: Verdict) -> Picture | None:
    if verdict.leader is None:
        return None
    scale = Scale.of(study, verdict)
    others = [s for s in lines(verdict) if s.label != verdict.leader]
    words = _spoken(
        [(s.label, scale.cell(s.difference, s.difference_interval, True)) for s in others]
    )
    return picture(
        study_figures.draw_differences(study, verdict).figure,
        f"Differences from {verdict.leader}",
        words,
        f"Each candidate's score less that of {verdict.leader}, paired over the splits, with 95% "
        "intervals that hold for all pairs at once. An interval that includes 0 means a tie.",
    )


def _race_picture(study: Study, verdict: Verdict) -> Picture | None:
    if not study.plan.looks:
        return None
    lanes = race_figure.lanes(study, verdict)
    words = _spoken([(lane.label, f"{lane.splits}: {lane.words}") for lane in lanes])
    return picture(
        race_figure.draw_race(study, verdict).figure,
        "Splits run by each candidate",
        words,
        "Each bar is as long as the candidate ran. Hatched bars are those that left: the words "
        "say how far behind whom, with an interval that holds for all pairs and all looks at once. "
        "A stopped candidate's score and difference rest on its own splits alone.",
    )


def _curves_picture(study: Study, verdict: Verdict) -> Picture:
    curves = study_panels.learning_curves(study)
    last = [(label, f"{curve.median[-1]:.3g}") for label, curve in curves.items()]
    return picture(
        study_panels.draw_learning_curves(study, verdict),
        "Learning curves of the final runs",
        f"Median of the lowest validation loss at the end: {_spoken(last)}",
        "The lowest validation loss that each final run had reached, whose weights early stopping "
        "keeps; a run that has stopped keeps its last value. " + _on_panels(verdict),
    )


def _tuning_picture(study: Study, verdict: Verdict) -> Picture | None:
    if len(study.plan.rates) == 1:
        return None
    chosen = [(s.label, f"{s.rate:g}") for s in verdict.standings]
    return picture(
        study_panels.draw_tuning(study, verdict),
        "Validation scores by learning rate",
        f"Learning rate chosen, median of the splits: {_spoken(chosen)}",
        "Mean score on validation rows in tuning. The band leaves out what all rates of a split "
        "have in common, so that it shows how much the best rate varies. "
        + "Rates that tuning gave up early show what they had reached by then. "
        * bool(study.plan.cuts)
        + _on_panels(verdict),
    )


def _functions_picture(study: Study, verdict: Verdict) -> Picture:
    formulas = [
        (label, str(study.functions[label]["formula"]))
        for label in study_panels.panel_labels(verdict)
    ]
    return picture(
        study_panels.draw_functions(study, verdict),
        "The functions and their slopes",
        _spoken(formulas),
        "Each function and its derivative. Where the slope is near 0, little is learned. "
        + _on_panels(verdict),
    )


def _on_panels(verdict: Verdict) -> str:
    mark = "" if verdict.recommended is None else "◆ marks the recommended function."
    shown, of = len(study_panels.panel_labels(verdict)), len(verdict.standings)
    return mark if shown == of else f"{mark} The best {shown} of {of} candidates are shown."


def _spoken(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{label} {words}" for label, words in pairs)
