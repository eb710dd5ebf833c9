"""The rows, the JSON document and the terminal's table."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from ogive.report import summary
from ogive.study import wording
from ogive.study.plan import BASELINE
from ogive.study.record import Study
from ogive.study.verdict import Verdict, verdict

Judge = Callable[..., Verdict]

CASES = (
    "tie", "timed", "clear", "partial", "diverged", "all diverged", "all but one", "one", "linear",
    "rmse", "r2", "fixed", "same", "many", "nasty",
)  # fmt: skip


def rendered(study: Study, found: Verdict, width: int) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(summary.terminal(study, found))
    return captured.get()


@pytest.mark.parametrize("name", CASES)
def test_rows_make_a_table_best_first(studies: dict[str, Study], judge: Judge, name: str) -> None:
    study = studies[name]
    found = judge(name)
    table = pd.DataFrame(summary.rows(study, found))
    assert list(table.candidate) == [*(s.label for s in found.standings), BASELINE]
    assert list(table.candidate[table.recommended]) == [found.recommended] * bool(found.recommended)
    scores = table[found.metric][:-1].dropna()
    ordered = scores.is_monotonic_decreasing or scores.is_monotonic_increasing
    assert ordered
    sound = table.dropna(subset=["low"])
    assert (sound.low <= sound[found.metric]).all()
    assert (sound[found.metric] <= sound.high).all()
    assert (table.runs == 20).all()


def test_rows_hold_what_the_runs_hold(studies: dict[str, Study], judge: Judge) -> None:
    study = studies["diverged"]
    by_label = {row["candidate"]: row for row in summary.rows(study, judge("diverged"))}
    assert by_label["elu"]["accuracy"] == pytest.approx(0.98)
    assert by_label["elu"]["difference"] == 0
    assert by_label["tanh"]["difference"] == pytest.approx(0.955 - 0.98)
    assert by_label["tanh"]["log_loss"] == pytest.approx(0.1)
    assert by_label["tanh"]["learning_rate"] == 0.003
    assert by_label["tanh"]["seconds"] == 2.5
    assert by_label["gelu"]["accuracy"] is None
    assert by_label["gelu"]["log_loss"] is None
    assert by_label["gelu"]["diverged_runs"] == 6
    assert by_label["gelu"]["verdict"] == "diverged (6 of 20)"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("margin", [None, 0.01])
def test_document_goes_through_json(
    studies: dict[str, Study], judge: Judge, name: str, margin: float | None
) -> None:
    study = studies[name]
    found = judge(name, margin)
    document = summary.document(study, found)
    again = json.loads(json.dumps(document, allow_nan=False))
    assert json.dumps(again, allow_nan=False) == json.dumps(document, allow_nan=False)
    assert again["sentence"] == wording.recommendation(study, found)
    assert again["remarks"] == wording.remarks(study, found)
    assert again["recommended"] == found.recommended
    assert again["ties"] == list(found.ties)
    assert again["stopped"] == []
    assert again["margin"] == margin
    assert [c["label"] for c in again["candidates"]] == [s.label for s in found.standings]
    assert again["baseline"]["label"] == BASELINE
    assert again["protocol"]["splits"] == study.plan.splits
    assert again["data"]["rows"] == 1797
    assert again["notes"] == list(study.about["notes"])
    assert again["versions"] == dict(study.versions)
    for line in (*again["candidates"], again["baseline"]):
        assert len(line["final_runs"]) == 20
        assert [t["rate"] for t in line["tuning"]] == list(study.plan.rates)


def test_document_states_scores_and_tuning(studies: dict[str, Study], judge: Judge) -> None:
    study = studies["diverged"]
    document = summary.document(study, judge("diverged"))
    best = document["candidates"][0]
    assert best["score"] == pytest.approx(0.98)
    assert best["function"]["gain"] == 1.245
    assert "curve" not in best["function"]
    finals = [run["score"] for run in best["final_runs"]]
    assert sum(finals) / len(finals) == pytest.approx(0.98)
    lost = next(c for c in document["candidates"] if c["label"] == "gelu")
    assert sum(run["diverged"] for run in lost["final_runs"]) == 6
    assert lost["tuning"][-1] == {
        "rate": 0.03, "mean": None, "low": None, "high": None, "runs": 10, "diverged": 10
    }  # fmt: skip


def test_infinities_stay_valid_json(studies: dict[str, Study]) -> None:
    study = studies["tie"]
    functions = {k: dict(v) for k, v in study.functions.items()}
    functions["relu"]["gain"] = float("inf")
    changed = Study(**{**vars(study), "functions": functions})
    document = summary.document(changed, verdict(changed))
    gains = [c["function"]["gain"] for c in document["candidates"]]
    assert "inf" in gains
    json.dumps(document, allow_nan=False)


def test_tuned_takes_out_what_a_draw_has_in_common(build: Callable[..., Study]) -> None:
    quiet = build({"relu": 0.97, "elu": 0.96}, spread=0.02, noise=0.0)
    for line in summary.tuned(quiet, "relu"):
        # All scores of a split move together, so nothing is left around the mean.
        assert line["low"] == pytest.approx(line["mean"])
        assert line["high"] == pytest.approx(line["mean"])
    assert max(summary.tuned(quiet, "relu"), key=lambda line: line["mean"])["rate"] == 0.003


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", CASES)
def test_terminal_fits_and_is_complete(
    studies: dict[str, Study], judge: Judge, name: str, width: int
) -> None:
    study = studies[name]
    found = judge(name)
    shown = rendered(study, found, width)
    assert all(len(line) <= width for line in shown.splitlines())
    assert "…" not in shown
    everything = "".join(shown.split())
    assert "".join(wording.recommendation(study, found).split()) in everything
    for said in (*wording.remarks(study, found), *study.about["notes"]):
        assert "".join(said.split()) in everything
    assert shown.count("worse") >= sum(s.status == "worse" for s in found.standings)


def test_terminal_shows_more_where_there_is_room(studies: dict[str, Study], judge: Judge) -> None:
    narrow, wide = (
        rendered(studies["tie"], judge("tie"), 80),
        rendered(studies["tie"], judge("tie"), 120),
    )
    for head in ("candidate", "verdict", "accuracy %", "difference", "(points)"):
        assert head in narrow
        assert head in wide
    for head in ("rate", "epochs", "time"):
        assert head not in narrow.splitlines()[2]
        assert head in wide.splitlines()[2]


def test_terminal_takes_labels_as_they_are(studies: dict[str, Study], judge: Judge) -> None:
    shown = rendered(studies["nasty"], judge("nasty"), 120)
    assert "[red]b[/red]" in shown
    assert "<script>alert(1)</script>" in shown


def test_terminal_sets_the_tie_group_apart(studies: dict[str, Study], judge: Judge) -> None:
    lines = rendered(studies["partial"], judge("partial"), 120).splitlines()
    at = {label: next(i for i, s in enumerate(lines) if s.lstrip().startswith(label))
          for label in ("elu", "gelu", "relu", "tanh", "linear")}  # fmt: skip
    assert at["gelu"] == at["elu"] + 1
    assert at["relu"] == at["gelu"] + 2  # a section's line between
    assert at["tanh"] == at["relu"] + 1
    assert at["linear"] == at["tanh"] + 2
    assert summary.group_end(judge("partial")) == 2


def test_a_broken_tie_group_has_no_line(studies: dict[str, Study], judge: Judge) -> None:
    found = judge("many")
    top = {s.label for s in found.standings[: len(found.ties)]}
    assert top != set(found.ties), "the case is meant to have a worse candidate among the ties"
    assert summary.group_end(found) == 0


def test_text_is_plain(
    studies: dict[str, Study], judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    study = studies["clear"]
    choice: Any = SimpleNamespace(study=study, verdict=judge("clear"))
    written = summary.text(choice)
    assert "\x1b" not in written
    assert "Use elu: it is better than each of the 3 other candidates" in written
    assert max(map(len, written.splitlines())) <= 90
