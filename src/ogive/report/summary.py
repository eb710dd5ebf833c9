"""The verdict as rows, as a JSON document, and as a table for the terminal."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ogive.report.health_panel import recorded
from ogive.report.plain import jsonable
from ogive.report.protocol import command, network, protocol
from ogive.study.plan import BASELINES
from ogive.study.race_wording import ending, next_step, race_remarks, stops
from ogive.study.record import Run, Study
from ogive.study.scores import CONFIDENCE
from ogive.study.verdict import Standing, Verdict
from ogive.study.wording import Scale, duration, final_runs, folded, recommendation, remarks, status

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text

NOTE = "Brackets hold 95% intervals; those of the differences hold for all pairs at once."
LABEL_WIDTH = 26  # a longer label is folded
COLOURS = {"leader": "green", "tied": "green", "equivalent": "green", "diverged": "red"}


class Chosen(Protocol):
    """What :func:`text` needs of a result."""

    @property
    def study(self) -> Study: ...
    @property
    def verdict(self) -> Verdict: ...


def lines(verdict: Verdict) -> tuple[Standing, ...]:
    """The candidates best first, then the linear baseline."""
    return (*verdict.standings, verdict.baseline)


def rows(study: Study, verdict: Verdict) -> list[dict[str, Any]]:
    """One dict a candidate, best first, the linear baseline last: the rows of a table.

    Scores and differences are in the metric's own units (accuracy is a fraction); what does not
    exist, such as the score of a candidate that diverged, is None. The means of the other
    metrics follow under their names.
    """
    others = sorted({m for s in lines(verdict) for m in s.scores} - {verdict.metric})
    return [_row(study, verdict, standing, others) for standing in lines(verdict)]


def _row(
    study: Study, verdict: Verdict, standing: Standing, others: Sequence[str]
) -> dict[str, Any]:
    low, high = standing.interval or (None, None)
    least, most = standing.difference_interval or (None, None)
    return {
        "candidate": standing.label,
        "verdict": status(study, verdict, standing),
        "recommended": standing.label == verdict.recommended,
        verdict.metric: standing.score,
        "low": low,
        "high": high,
        "difference": standing.difference,
        "difference_low": least,
        "difference_high": most,
        "learning_rate": standing.rate,
        "epochs": standing.epochs,
        "seconds": standing.seconds,
        "splits": standing.splits,
        "runs": final_runs(study, standing),
        "diverged_runs": standing.diverged,
        **{metric: standing.scores.get(metric) for metric in others},
    }


def document(study: Study, verdict: Verdict) -> dict[str, Any]:
    """Everything about the study but the learning curves, as JSON can hold it.

    Scores are in the metric's own units: accuracy is a fraction between 0 and 1.
    """
    about, plan = study.about, study.plan
    return jsonable(  # type: ignore[no-any-return]
        {
            "sentence": recommendation(study, verdict),
            "recommended": verdict.recommended,
            "leader": verdict.leader,
            "ties": verdict.ties,
            "diverged": verdict.diverged,
            "stopped": verdict.stopped,
            "race": _race(study, verdict),
            "next": next_step(study, verdict),
            "margin": verdict.margin,
            "sees": verdict.sees,
            "linear_does_as_well": verdict.linear_does_as_well,
            "remarks": remarks(study, verdict),
            "metric": {
                "name": verdict.metric,
                "title": about["metric_title"],
                "higher_is_better": verdict.higher_is_better,
            },
            "candidates": [_candidate(study, verdict, s) for s in verdict.standings],
            "baseline": _candidate(study, verdict, verdict.baseline),
            "data": {k: v for k, v in about.items() if k not in _ELSEWHERE},
            "notes": about["notes"],
            "network": network(study),
            "protocol": {
                **{k: v for k, v in plan.to_dict().items() if k not in {"candidates", "labels"}},
                "confidence": CONFIDENCE,
                "critical": verdict.critical,
                "runs": len(study.runs),
                "words": dict(protocol(study, verdict)),
            },
            "seconds": sum(study.seconds.values()),
            "versions": dict(study.versions),
            "request": dict(study.request),
            "command": command(study),
        }
    )


def _race(study: Study, verdict: Verdict) -> dict[str, Any]:
    """Who was stopped and why, why the study ended, and what is undecided."""
    race = verdict.race
    sign = 1.0 if verdict.higher_is_better else -1.0
    return {
        "raced": bool(study.plan.looks),
        "looks": study.plan.looks,
        "splits": race.splits,
        "end": race.end,
        "words": [text for text in (*stops(study, verdict), ending(study, verdict)) if text],
        "outlook": race.outlook,
        "exits": [
            {
                "candidate": left.label,
                "splits": left.splits,
                "reason": left.reason,
                "against": left.against,
                "difference": None if left.difference is None else sign * left.difference,
                "difference_interval": None
                if left.interval is None
                else sorted(sign * end for end in left.interval),
            }
            for left in race.exits
        ],
        "undecided": None if verdict.undecided is None else asdict(verdict.undecided),
    }


_ELSEWHERE = {"notes", "metric", "metric_title", "higher_is_better"}


def _candidate(study: Study, verdict: Verdict, standing: Standing) -> dict[str, Any]:
    function = {k: v for k, v in study.functions[standing.label].items() if k != "curve"}
    finals = [r for r in study.runs if (r.label, r.stage) == (standing.label, "final")]
    health = recorded(study, standing.label)
    return {
        **asdict(standing),
        "verdict": status(study, verdict, standing),
        "diverged_runs": standing.diverged,
        "function": function,
        "final_runs": [_final(study, run) for run in finals],
        "tuning": tuned(study, standing.label),
        "health": None if health is None else asdict(health),
    }


def _final(study: Study, run: Run) -> dict[str, Any]:
    return {
        "split": run.split,
        "draw": run.draw,
        "rate": run.rate,
        "score": run.score,
        "scores": dict(run.scores),
        "valid_loss": run.valid_loss,
        "epochs": study.plan.epochs(run.best_step, run.train_rows),
        "epochs_trained": study.plan.epochs(run.steps, run.train_rows),
        "train_rows": run.train_rows,
        "test_rows": run.test_rows,
        "diverged": run.diverged,
    }


def tuned(study: Study, label: str) -> list[dict[str, Any]]:
    """What tuning found for ``label``, one dict a learning rate.

    ``mean`` is the mean validation score over splits and draws, ``low`` and ``high`` the 10 and
    90% points once what the rates of one draw have in common is taken out (all None where no run
    ended soundly), ``runs`` and ``diverged`` count runs.
    """
    import numpy as np

    rates = study.plan.rates
    found: dict[tuple[int, int], list[float]] = {}
    for run in study.runs:
        if (run.label, run.stage) == (label, "tune"):
            line = found.setdefault((run.split, run.draw), [np.nan] * len(rates))
            line[rates.index(run.rate)] = np.nan if run.score is None else run.score
    scores = np.array(list(found.values()))
    always = ~np.isnan(scores).any(0)  # the rates that never diverged are common to all draws
    centre = scores[:, always].mean(1, keepdims=True) if always.any() else 0.0
    around = scores - centre + np.mean(centre)
    made = []
    for place, rate in enumerate(rates):
        sound = ~np.isnan(scores[:, place])
        summary: dict[str, Any] = {"rate": rate, "mean": None, "low": None, "high": None}
        if sound.any():
            low, high = np.quantile(around[sound, place], (0.1, 0.9))
            mean = scores[sound, place].mean()
            summary |= {"mean": float(mean), "low": float(low), "high": float(high)}
        made.append(summary | {"runs": len(sound), "diverged": int((~sound).sum())})
    return made


@dataclass(frozen=True)
class Column:
    """A column of the table for people: its head, its cells by label, and how it is set."""

    name: str
    head: str
    cells: Mapping[str, str]
    numeric: bool = True


def columns(study: Study, verdict: Verdict) -> list[Column]:
    """The columns of the table that people read, the most important first."""
    scale, every = Scale.of(study, verdict), lines(verdict)

    def column(name: str, head: str, cells: list[str], numeric: bool = True) -> Column:
        labels = [s.label for s in every]
        return Column(name, head, dict(zip(labels, cells, strict=True)), numeric)

    def gap(standing: Standing) -> str:
        if standing.label == verdict.leader:
            return "-"
        return scale.cell(standing.difference, standing.difference_interval, signed=True)

    return [
        column("candidate", "candidate", [folded(s.label, LABEL_WIDTH) for s in every], False),
        column("verdict", "verdict", [status(study, verdict, s) for s in every], False),
        column("score", scale.head, [scale.cell(s.score, s.interval) for s in every]),
        column("difference", scale.gap_head, [gap(s) for s in every]),
        column("rate", "learning rate", [f"{s.rate:g}" for s in every]),
        column("epochs", "epochs", [_epochs(s) for s in every]),
        column("time", "training time", [duration(s.seconds) for s in every]),
    ]


def _epochs(standing: Standing) -> str:
    return f"{standing.epochs:.{0 if standing.epochs >= 10 else 1}f}"


@dataclass(frozen=True)
class Summary:
    """The table, the sentence and the remarks; it leaves columns out where they do not fit."""

    study: Study
    verdict: Verdict

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.measure import Measurement
        from rich.padding import Padding
        from rich.text import Text

        shown = columns(self.study, self.verdict)
        table = self._table(shown)
        unbound = options.update(width=1000)
        while len(shown) > 4 and (
            Measurement.get(console, unbound, table).maximum > options.max_width
        ):
            shown = shown[:-1]
            table = self._table(shown)
        yield table
        yield Padding(
            Text(NOTE, style="dim"),
            (0, 0, 1, 1),
        )
        yield Text(recommendation(self.study, self.verdict), style="bold")
        said = [
            *race_remarks(self.study, self.verdict),
            *remarks(self.study, self.verdict),
            *self.study.about["notes"],
        ]
        if said:
            yield Text("")
            yield _bullets(said)

    def _table(self, shown: Sequence[Column]) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for column in shown:
            head = Text(
                column.head.replace(" (", "\n(")
                .replace("learning ", "learning\n")
                .replace("training ", "training\n")
            )
            if column.name in {"score", "difference"}:
                table.add_column(head, justify="right", no_wrap=True)
            elif column.name == "candidate":
                table.add_column(head, overflow="fold", max_width=LABEL_WIDTH)
            else:
                table.add_column(
                    head,
                    justify="right" if column.numeric else "left",
                    min_width=len("recommended") if column.name == "verdict" else None,
                )
        standings = self.verdict.standings
        breaks = {len(standings), group_end(self.verdict)}
        for place, standing in enumerate(standings, 1):
            table.add_row(*self._cells(shown, standing), end_section=place in breaks)
        table.add_row(*self._cells(shown, self.verdict.baseline))
        return table

    def _cells(self, shown: Sequence[Column], standing: Standing) -> list[Text]:
        from rich.text import Text

        chosen = standing.label == self.verdict.recommended
        style = "dim" if standing.label in BASELINES else COLOURS.get(standing.status, "")
        style = f"bold {style}" if chosen else style
        return [Text(column.cells[standing.label], style=style) for column in shown]


def group_end(verdict: Verdict) -> int:
    """How many lines from the top are the tie group; 0 where others stand between its members.

    (A noisy candidate may tie with the best although a steadier one above it does not.)
    """
    top = [s.label for s in verdict.standings[: len(verdict.ties)]]
    return len(top) if set(top) == set(verdict.ties) else 0


def _bullets(said: Sequence[str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for sentence in said:
        grid.add_row(Text("-"), Text(sentence))
    return grid


def terminal(study: Study, verdict: Verdict) -> Summary:
    """The verdict for a terminal (a rich renderable) of any width."""
    return Summary(study, verdict)


def text(choice: Chosen) -> str:
    """The same as plain text, as wide as the terminal (100 columns where there is none)."""
    from rich.console import Console

    width = min(max(shutil.get_terminal_size((100, 24)).columns, 60), 160)
    written = io.StringIO()
    Console(file=written, width=width, color_system=None).print(
        terminal(choice.study, choice.verdict)
    )
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())
