"""What does the race cost, and what does it miss, beside the full grid?

On each task the same study is carried out twice, with `race=False` (every candidate, rate and
draw in full) and with the race, on the same splits. Printed are the epochs of the race as a share
of the full grid's, whether its recommendation lies in the full grid's tie group, and what of that
group it left out. From the full grid's learning curves it is counted how often a candidate that
was clearly behind at an early rung ended in the tie group: curves that cross. Finished studies
are kept in ``--folder`` and are not carried out again; what is unfinished goes on.

    python benchmarks/race.py [--folder race-stores] [--tasks wine,deep] [--write docs]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import ogive
from ogive.study.record import Study
from ogive.study.store import read_study
from ogive.study.verdict import verdict

SIX = "relu,elu,gelu,tanh,softplus,sigmoid"
RUNGS = (2, 4, 8, 16, 32)
Rows = tuple[np.ndarray, np.ndarray]


def periodic(rows: int = 300) -> Rows:
    """A number with four periods in one input, on which most networks stay on a plateau."""
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (rows, 3))
    y = np.sin(4 * x[:, 0]) + 0.5 * np.cos(3 * x[:, 1])
    return x, y + 0.1 * random.standard_normal(rows)


def waves(rows: int = 300) -> Rows:
    """A gentler periodic number, which every network learns in part."""
    random = np.random.default_rng(1)
    x = random.uniform(-2, 2, (rows, 2))
    return x, np.sin(2 * x[:, 0]) + np.cos(2 * x[:, 1]) + 0.2 * random.standard_normal(rows)


def rings(rows: int = 300) -> Rows:
    """Classes in rings, for a deep plain network of little width."""
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, 4))
    y = np.sin(3 * np.hypot(x[:, 0], x[:, 1])) + 0.3 * random.standard_normal(rows) > 0
    return x, y.astype(int)


def marked(rows: int = 400) -> Rows:
    """Classes that no linear network gets: in the rows marked by x2 the sign of x0*x1 counts."""
    random = np.random.default_rng(0)
    x = random.uniform(0.2, 1, (rows, 2)) * random.choice([-1, 1], (rows, 2))
    mark = random.random(rows) < 0.3
    y = np.where(mark, x[:, 0] * x[:, 1], x[:, 0]) > 0
    return np.column_stack([x, mark]), y.astype(int)


WITH_SINE = "relu,elu,gelu,tanh,sigmoid,sin"
TASKS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "wine": (lambda: "wine", {}),
    "iris": (lambda: "iris", {}),
    "diabetes": (lambda: "diabetes", {}),
    "breast_cancer": (lambda: "breast_cancer", {}),
    "marked": (marked, {"width": 16}),
    "waves": (waves, {"candidates": WITH_SINE, "width": 16}),
    "periodic": (periodic, {"candidates": WITH_SINE}),
    "deep": (rings, {"depth": 8, "width": 16}),
}


def carried_out(name: str, race: bool, folder: Path) -> Study:
    """The study of a task, from its store if it is finished there."""
    path = folder / f"{name}-{'race' if race else 'full'}.sqlite"
    if path.exists():
        study = read_study(path)
        if study.finished:
            return study
    make, settings = TASKS[name]
    return ogive.choose(make(), store=path, race=race, **{"candidates": SIX, **settings}).study


def steps(study: Study) -> int:
    """Training steps of all runs, tuning and baseline included (batches are of one size)."""
    return sum(run.steps for run in study.runs)


def beside(name: str, full: Study, raced: Study) -> dict[str, Any]:
    """One line of the table."""
    whole, quick = verdict(full), verdict(raced)
    return {
        "task": name,
        "share": steps(raced) / steps(full),
        "splits": quick.race.splits,
        "end": quick.race.end,
        "left": [f"{e.label} ({e.splits})" for e in quick.race.exits],
        "full": list(whole.ties),
        "race": list(quick.ties),
        "recommended": quick.recommended,
        "inside": quick.recommended in whole.ties,
        "lost": [label for label in whole.ties if label not in quick.ties],
        "sees": None if not quick.sees or not whole.sees else quick.sees / whole.sees,
    }


def lowest(study: Study, label: str, rung: int) -> np.ndarray:
    """By split, the mean over its final runs of the lowest validation loss up to ``rung``."""
    of_split: list[list[float]] = [[] for _ in range(study.plan.splits)]
    for run in study.runs:
        if (run.label, run.stage) == (label, "final"):
            seen = [loss for _, _, loss in run.curve[:rung] if loss is not None]
            of_split[run.split].append(min(seen, default=np.inf))
    return np.array([np.mean(losses) for losses in of_split])


def crossings(study: Study) -> dict[int, tuple[int, int]]:
    """At each rung: how many candidates are clearly behind, and how many of those end tied.

    Clearly behind is what a race on rungs would stop: the mean validation loss above that of the
    best there by a corrected resampled t beyond the point that this study's pairs ask for.
    """
    found = verdict(study)
    labels = [label for label in study.plan.labels if label not in found.diverged]
    splits = study.plan.splits
    point = stats.t.ppf(1 - 0.025 / (len(labels) * (len(labels) - 1) / 2), splits - 1)
    counts = {}
    for rung in RUNGS:
        losses = {label: lowest(study, label, rung) for label in labels}
        best = min(labels, key=lambda label: float(losses[label].mean()))
        behind = []
        for label in labels:
            gap = losses[label] - losses[best]
            error = np.sqrt(gap.var(ddof=1) * (1 / splits + study.plan.holdout_ratio))
            if label != best and error > 0 and gap.mean() > point * error:
                behind.append(label)
        counts[rung] = (len(behind), sum(label in found.ties for label in behind))
    return counts


def table(rows: list[dict[str, Any]]) -> str:
    """The lines as Markdown."""
    head = (
        "| task | epochs | ended after | recommended | full grid's tie group | left out of it |"
        " sees |\n| --- | ---: | --- | --- | --- | --- | ---: |\n"
    )
    return head + "".join(
        f"| {r['task']} | {r['share']:.0%} | {r['splits']} splits ({r['end']}) | "
        f"{r['recommended']}{'' if r['inside'] else ' (not in the group)'} | "
        f"{', '.join(r['full'])} | {', '.join(r['lost']) or 'nothing'} | "
        f"{'-' if r['sees'] is None else format(r['sees'], '.2f') + ' x'} |\n"
        for r in rows
    )


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """The share of epochs as bars, one a task; those that lost something are hatched."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 0.34 * len(rows) + 0.9), layout="constrained")
    ax = figure.add_subplot()
    for place, row in enumerate(rows):
        look = {"hatch": "////", "facecolor": "white"} if row["lost"] else {"facecolor": "#0072B2"}
        ax.barh(place, 100 * row["share"], height=0.6, edgecolor="#0072B2", **look)
        ax.text(100 * row["share"] + 0.5, place, f"{row['share']:.0%}", va="center", fontsize=8)
    ax.axvline(25, color="black", ls="--", lw=1)
    ax.set_yticks(range(len(rows)), [row["task"] for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("epochs of the race, % of the full grid's (dashed: a quarter)")
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("race-stores"))
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--write", type=Path, help="a folder for race.svg and race.json")
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    rows: list[dict[str, Any]] = []
    crossed = {rung: np.zeros(2, int) for rung in RUNGS}
    for name in given.tasks.split(","):
        raced = carried_out(name, True, given.folder)
        full = carried_out(name, False, given.folder)
        rows.append(beside(name, full, raced))
        print(json.dumps(rows[-1]), flush=True)
        for rung, counts in crossings(full).items():
            crossed[rung] += counts
    print("\n" + table(rows))
    for rung, (behind, tied) in crossed.items():
        print(f"rung {rung}: {behind} candidates clearly behind, {tied} of them in the tie group")
    if given.write:
        draw(rows, given.write / "race.svg")


if __name__ == "__main__":
    main()
