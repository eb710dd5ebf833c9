"""The main job: from data and candidates to a verdict, a network and a page."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.door import room
from ogive.errors import BadStudy, Interrupted, OgiveError
from ogive.functions import Activation
from ogive.functions.registry import holds
from ogive.meanfield.gains import gain
from ogive.study import wording
from ogive.study.engine import carry_out_units, local_workers
from ogive.study.network import OUTPUT_UNITS
from ogive.study.plan import (
    BASELINE,
    FEWEST_SPLITS,
    MOST_SPLITS,
    PROTOCOL,
    Candidate,
    Plan,
    Unit,
    candidates_from,
    make_plan,
    seconds,
)
from ogive.study.record import Run, Study
from ogive.study.store import Store, has_begun
from ogive.study.takehome import TakeHome, fit
from ogive.study.task import Task, make_task
from ogive.study.verdict import Verdict, check_margin, verdict
from ogive.study.work import Entrant, baseline, carry_out, count_inputs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Progress = Callable[[int, int], None]
_PACKAGES = ("ogive", "torch", "numpy", "scipy", "scikit-learn", "pandas")
_GRID = np.linspace(-5, 5, 201)


class Choice:
    """The result of a study: the verdict, the evidence, and the network to take home."""

    def __init__(
        self,
        study: Study,
        margin: float | None,
        task: Task,
        entrants: Mapping[str, Entrant],
        store: Store,
    ) -> None:
        self.study = study
        self.verdict: Verdict = verdict(study, margin)
        self._task, self._entrants, self._store = task, dict(entrants), store
        self._taken: TakeHome | None = None

    @property
    def best(self) -> str | None:
        """The recommended candidate: the cheapest of the tie group. None if all diverged."""
        return self.verdict.recommended

    @property
    def ties(self) -> tuple[str, ...]:
        """Candidates that the study cannot tell from the leader, the leader first."""
        return self.verdict.ties

    @property
    def diverged(self) -> tuple[str, ...]:
        """Candidates that diverged in at least one final run."""
        return self.verdict.diverged

    @property
    def stopped(self) -> tuple[str, ...]:
        """Candidates stopped early: none, since this protocol trains each of them in full."""
        return ()

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return wording.recommendation(self.study, self.verdict)

    @property
    def remarks(self) -> list[str]:
        """What a careful reader should know besides."""
        return [*wording.remarks(self.study, self.verdict), *self.study.about["notes"]]

    def table(self) -> pd.DataFrame:
        """One row a candidate, best first, the linear baseline last."""
        import pandas as pd

        return pd.DataFrame(room("report.summary").rows(self.study, self.verdict))

    def to_dict(self) -> dict[str, Any]:
        """The verdict and the protocol as plain values: the document of ``--json``."""
        return room("report.summary").document(self.study, self.verdict)  # type: ignore[no-any-return]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Scores with their intervals, best first."""
        return room("report.study_figures").draw_scores(self.study, self.verdict, ax=ax)  # type: ignore[no-any-return]

    def report(self, path: str | Path) -> Path:
        """Write the self-contained HTML page to ``path``."""
        return room("report.page").write(self.study, self.verdict, path)  # type: ignore[no-any-return]

    def take_home(self) -> TakeHome:
        """The recommended candidate, trained on all rows (kept in the store once trained).

        Raises :class:`OgiveError` if nothing is recommended.
        """
        if self._taken is None:
            self._taken = self._stored_network() or self._trained_network()
        return self._taken

    def model(self) -> Any:
        """The trained network as a ``torch.nn.Module``; its input is preprocessed rows."""
        return self.take_home().model()

    def predict(self, rows: Any) -> np.ndarray:
        """Predictions on new rows, preprocessed as in training."""
        return self.take_home().predict(rows)

    def save(self, folder: str | Path) -> Path:
        """Save the network: safetensors, skops and JSON; :func:`ogive.load` reads it."""
        return self.take_home().save(folder)

    def _names(self) -> tuple[str, ...]:
        return tuple(
            f"{self.best}/{n}"
            for n in ("weights.safetensors", "preprocessing.skops", "network.json")
        )

    def _stored_network(self) -> TakeHome | None:
        files = {n.rpartition("/")[2]: self._store.file(n) for n in self._names()}
        found = {name: content for name, content in files.items() if content is not None}
        return TakeHome.from_files(found) if len(found) == len(files) else None

    def _trained_network(self) -> TakeHome:
        if self.best is None:
            raise OgiveError("every candidate diverged, so there is no network to take home")
        standing = next(s for s in self.verdict.standings if s.label == self.best)
        about = {
            "study": self.study.about["name"],
            "metric": self.verdict.metric,
            "expected_score": standing.score,
            "interval": standing.interval,
            "versions": dict(self.study.versions),
        }
        rate = pooled_rate(self.study, self.best)
        made = fit(self._task, self.study.plan, self._entrants[self.best], rate, about)
        try:
            for name, content in made.to_files().items():
                self._store.keep_file(f"{self.best}/{name}", content)
        except OgiveError:
            pass  # a function outside the catalogue: the network lives as long as this object
        return made

    def __rich__(self) -> Any:
        return room("report.summary").terminal(self.study, self.verdict)

    def __str__(self) -> str:
        return room("report.summary").text(self)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<Choice on {self.study.about['name']}: {self.sentence}>"

    def _repr_html_(self) -> str:
        return room("report.page").fragment(self.study, self.verdict)  # type: ignore[no-any-return]


def pooled_rate(study: Study, label: str) -> float:
    """The rate of ``label`` with the best mean validation score over all splits."""
    sign = 1.0 if study.about["higher_is_better"] else -1.0
    means = {}
    for rate in study.plan.rates:
        scores = [
            r.score for r in study.runs if (r.label, r.stage, r.rate) == (label, "tune", rate)
        ]
        if scores and None not in scores:
            means[rate] = sign * float(np.mean(np.array(scores, float)))
    return max(means, key=lambda rate: means[rate]) if means else study.plan.rates[0]


def _entrants(chosen: Sequence[Candidate]) -> tuple[dict[str, Entrant], dict[str, Any]]:
    """Entrants with their gains, and what the study stores about each function."""
    entrants = {BASELINE: baseline()}
    stored: dict[str, Any] = {BASELINE: {"function": "identity", "simplicity": [0, 0, 0]}}
    for candidate in chosen:
        function, note, scale = candidate.function, None, 1.0
        try:
            scale = gain(function)
        except OgiveError as error:
            note = f"{error}; its weights were set with gain 1."
        entrants[candidate.label] = Entrant(candidate, scale)
        operations = function.operations
        value, slope = function.value_and_slope(_GRID)
        stored[candidate.label] = {
            "function": function.label,
            "catalogued": holds(function.definition),
            "formula": function.definition.formula,
            "parameters": function.parameters,
            "source": str(function.definition.source),
            "gain": scale,
            "note": note,
            "simplicity": [operations.transcendental, operations.simple, len(function.settings)],
            "curve": {
                "x": _plain(_GRID),
                "value": _plain(value),
                "slope": _plain(slope),
            },
        }
    return entrants, stored


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values]


def _about(task: Task, plan: Plan) -> dict[str, Any]:
    unit = OUTPUT_UNITS[task.kind]
    return {
        "name": task.name,
        "target": task.target_name,
        "kind": task.kind,
        "why": task.why,
        "classes": [str(c) for c in task.classes],
        "rows": len(task.frame),
        "columns": task.frame.shape[1],
        "inputs": plan.inputs,
        "metric": task.metric.name,
        "metric_title": task.metric.title,
        "higher_is_better": task.metric.higher_is_better,
        "steps_by_row": task.metric.name in {"accuracy", "balanced_accuracy"},
        "output_unit": unit.name,
        "output_reason": unit.reason,
        "test_rows": None if task.test_frame is None else len(task.test_frame),
        "test_origin": task.test_origin,
        "grouped": task.groups is not None,
        "ordered": task.ordered,
        "notes": list(task.notes),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    return found | {name: metadata.version(name) for name in _PACKAGES}


def splits_within(budget: float, task: Task, plan: Plan, entrants: Mapping[str, Entrant]) -> int:
    """How many splits the budget (seconds) pays for, from a timed trial of a few candidates.

    Training is assumed to run to the last rung, so the study ends within the budget.
    Raises :class:`BadStudy` if not even the fewest splits fit.
    """
    labels = [label for label in entrants if label != BASELINE]
    sampled = dict.fromkeys([labels[0], labels[len(labels) // 2], labels[-1]])

    def took(label: str, rungs: int) -> float:
        trial = replace(plan, splits=FEWEST_SPLITS, rungs=rungs)
        unit = Unit(label, tuple(range(FEWEST_SPLITS)))
        return carry_out(task, trial, entrants[label], unit)[1]

    took(labels[0], 1)  # the first training also warms torch up
    short = float(np.mean([took(label, 1) for label in sampled]))
    longer = float(np.mean([took(label, 4) for label in sampled]))
    whole = short + max(longer - short, 0.0) / 3 * (plan.rungs - 1)
    a_split = whole / FEWEST_SPLITS * len(entrants)
    workers = local_workers(len(entrants))
    fit_in = int(0.9 * budget * workers / a_split)
    if fit_in < FEWEST_SPLITS:
        least = FEWEST_SPLITS * a_split / workers / 0.9
        raise BadStudy(
            f"a budget of {budget:g} s is too short: the smallest honest study of these "
            f"{len(labels)} candidates ({FEWEST_SPLITS} splits) takes up to {least:.0f} s on this "
            "machine; raise --budget, or name fewer --candidates"
        )
    return min(fit_in, MOST_SPLITS)


def choose(
    data: Any,
    *,
    target: str | None = None,
    task: str | None = None,
    metric: str | None = None,
    candidates: str | Sequence[str | Activation] | Mapping[str, str | Activation] | None = None,
    seeds: int | None = None,
    budget: str | float | None = None,
    margin: float | None = None,
    drop: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    test_file: str | Path | None = None,
    depth: int | None = None,
    width: int | None = None,
    rates: Sequence[float] | None = None,
    seed: int = 0,
    paired: bool = True,
    store: str | Path | None = None,
    engine: Executor | str | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Train the same network with each candidate function, fairly, and say which to use.

    ``data`` is a built-in name (``"digits"``), a path (.csv, .parquet, .npz), a DataFrame or
    ``(X, y)``. ``candidates`` is a text ``"relu,elu:alpha=0.5"``, a list of names and
    activations, or ``{label: function}``. ``seeds`` is the number of splits (final runs a
    candidate); ``budget`` (``"5m"``) sets it from a timed trial instead. ``margin`` is the
    difference in the metric's own units that matters in practice. ``paired=False`` gives each
    candidate its own random draws within the same splits. ``store`` is a SQLite file that
    resumes the study; without one the study lives in memory. ``engine`` is any
    ``concurrent.futures.Executor``, "here" for this process, or None for local processes.
    ``progress(done, total)`` is called as units of work end.

    Raises :class:`ogive.errors.OgiveError` for data or settings that cannot be used, and
    :class:`ogive.errors.Interrupted` on Ctrl-C, with what was finished kept in the store.
    """
    chosen = candidates_from(candidates)
    if seeds is not None and budget is not None:
        raise BadStudy("both seeds and a budget were given, and each sets the size; give one")
    limit = None if budget is None else seconds(budget)
    made = make_task(
        data,
        target=target,
        task=task,
        metric=metric,
        drop=tuple(drop),
        group=group,
        time=time,
        test_file=test_file,
    )
    check_margin(margin)
    entrants, stored = _entrants(chosen)
    plan = make_plan(
        made,
        chosen,
        count_inputs(made),
        seeds=seeds,
        depth=depth,
        width=width,
        rates=rates,
        seed=seed,
        paired=paired,
    )
    request = _request(made, plan, seeds, budget)
    if limit is not None and not has_begun(store):
        plan = replace(plan, splits=splits_within(limit, made, plan, entrants))
    opened = Store(store)
    try:
        if opened.empty:
            asked = _asked(
                data=str(data) if isinstance(data, str | Path) else None,
                target=target,
                task=task,
                metric=metric,
                candidates=None if candidates is None else list(plan.labels),
                seeds=seeds,
                budget=budget,
                drop=list(drop),
                group=group,
                time=time,
                test_file=None if test_file is None else str(test_file),
                depth=depth,
                width=width,
                rates=None if rates is None else list(plan.rates),
                seed=seed,
                paired=paired,
            )
            about = _about(made, plan) | {"given": asked}
            opened.begin(request, plan, about, stored, _versions())
        opened.check_same(request)
        _carry_out(made, opened.plan, entrants, opened, engine, progress)
        return Choice(opened.study(), margin, made, entrants, opened)
    except BaseException:
        opened.close()
        raise


def _asked(**settings: Any) -> dict[str, Any]:
    """The settings that were given, in the order of the command that repeats the study."""
    return {name: value for name, value in settings.items() if value not in (None, [])}


def _request(
    task: Task, plan: Plan, seeds: int | None, budget: str | float | None
) -> dict[str, Any]:
    """What makes a study this one: a store holding anything else is refused."""
    settled = plan.to_dict()
    for dependent in ("splits", "candidates", "labels", "protocol"):
        settled.pop(dependent)
    return {
        "protocol": PROTOCOL,
        "data": task.name,
        "target": task.target_name,
        "fingerprint": task.fingerprint,
        "kind": task.kind,
        "metric": task.metric.name,
        "candidates": ", ".join(plan.labels),
        "formulas": list(plan.candidates),
        "seeds": plan.splits if budget is None else seeds,
        "budget": None if budget is None else str(budget),
        **settled,
    }


def default_store(data: Any, settings: Mapping[str, Any]) -> Path:
    """``ogive-<data>-<hash of the settings>.sqlite`` in the current folder."""
    import hashlib

    text = json.dumps({k: str(v) for k, v in settings.items()}, sort_keys=True)
    stem = "".join(c if c.isalnum() else "-" for c in Path(str(data)).stem).strip("-") or "data"
    return Path(f"ogive-{stem}-{hashlib.sha256(text.encode()).hexdigest()[:6]}.sqlite")


def _carry_out(
    task: Task,
    plan: Plan,
    entrants: Mapping[str, Entrant],
    store: Store,
    engine: Executor | str | None,
    progress: Progress | None,
) -> None:
    units = plan.units()
    done = store.done()
    left = [unit for unit in units if unit.id not in done]
    count = len(units) - len(left)
    tell = progress or (lambda done, total: None)
    tell(count, len(units))

    def keep(unit: Unit, runs: list[Run], took: float) -> None:
        nonlocal count
        store.add(unit, runs, took)
        count += 1
        tell(count, len(units))

    if not left:
        return
    try:
        carry_out_units(task, plan, entrants, left, engine, keep)
    except KeyboardInterrupt:
        raise Interrupted(
            f"{count} of {len(units)} pieces of work are finished"
            + (
                ""
                if store.path is None
                else f" and stored in {store.path}; the same command goes on"
            )
        ) from None


__all__ = ["Choice", "choose"]
