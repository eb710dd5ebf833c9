"""The main job: from data and candidates to a verdict, a network and a page."""

from __future__ import annotations

import itertools
import json
import math
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ogive.errors import BadData, BadStudy, Interrupted, OgiveError
from ogive.functions import Activation
from ogive.functions.formula_parse import is_formula
from ogive.functions.registry import holds
from ogive.functions.timing import measure
from ogive.meanfield.gains import gain
from ogive.study.choice import Choice
from ogive.study.engine import carry_out_units, workers_of
from ogive.study.metrics import defined
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
    for_budget,
    make_plan,
    seconds,
)
from ogive.study.race import Race, follow, last_paid
from ogive.study.record import Run
from ogive.study.splits import outer
from ogive.study.store import Store
from ogive.study.task import Task, column_names, make_task
from ogive.study.verdict import check_margin
from ogive.study.work import Entrant, baseline, carry_out, count_inputs

Progress = Callable[[int, int], None]
START_UP = 4.0  # seconds until worker processes have loaded torch
_PACKAGES = ("ogive", "torch", "numpy", "scipy", "scikit-learn", "pandas")
_GRID = np.linspace(-5, 5, 201)


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
            "catalogued": holds(function.definition) or is_formula(function.label),
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


def _with_costs(stored: Mapping[str, Any], chosen: Sequence[Candidate]) -> dict[str, Any]:
    """``stored`` with what each candidate costs here, in nanoseconds an element.

    It is kept with the study, so that its recommendation is the same wherever it is read.
    """
    costs = measure([candidate.function for candidate in chosen])
    return dict(stored) | {
        candidate.label: {
            **stored[candidate.label],
            "nanoseconds": {
                "forward": float(f"{cost.forward:.4g}"),
                "backward": float(f"{cost.backward:.4g}"),
                "copy": float(f"{cost.copy:.4g}"),
            },
        }
        for candidate, cost in zip(chosen, costs, strict=True)
    }


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
        "metric_range": [task.metric.low, task.metric.high],
        "higher_is_better": task.metric.higher_is_better,
        "steps_by_row": task.metric.name in {"accuracy", "balanced_accuracy", "auc"},
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


def splits_within(
    budget: float, task: Task, plan: Plan, entrants: Mapping[str, Entrant], workers: int
) -> int:
    """How many splits of all candidates the budget (seconds) pays for, from a timed trial of a few.

    Training is assumed to run to the last rung and the trial itself is paid for, so the study
    ends within the budget. Raises :class:`BadStudy` if not even the fewest splits fit.
    """
    started = perf_counter()
    labels = [label for label in entrants if label != BASELINE]
    sampled = dict.fromkeys([labels[0], labels[len(labels) // 2], labels[-1]])

    def took(label: str, rungs: int) -> float:
        trial = replace(plan, splits=FEWEST_SPLITS, rungs=rungs, cuts=())
        unit = Unit(label, tuple(range(FEWEST_SPLITS)))
        return carry_out(task, trial, entrants[label], unit)[1]

    took(labels[0], 1)  # the first training also warms torch up
    short = float(np.mean([took(label, 1) for label in sampled]))
    longer = float(np.mean([took(label, 4) for label in sampled]))
    a_split = (short + max(longer - short, 0.0) / 3 * (plan.longest - 1)) / FEWEST_SPLITS

    def lasts(splits: int) -> float:
        """Seconds for all units: turns of the workers, the longest unit setting the pace."""
        paid = for_budget(plan, splits)
        rounds = [end for end in paid.looks or (splits,) if end <= splits]
        seconds = START_UP * len(rounds)
        for begin, end in itertools.pairwise((0, *rounds)):
            units = [unit for unit in paid.units() if begin <= unit.splits[0] < end]
            longest = max(len(unit.splits) for unit in units)
            seconds += 1.1 * math.ceil(len(units) / workers) * a_split * longest
        return seconds

    left = budget - (perf_counter() - started)
    for splits in range(MOST_SPLITS, FEWEST_SPLITS - 1, -1):
        if lasts(splits) <= left:
            return splits
    raise BadStudy(
        f"a budget of {budget:g} s is too short: the smallest honest study of these "
        f"{len(labels)} candidates ({FEWEST_SPLITS} splits) takes up to "
        f"{lasts(FEWEST_SPLITS) + perf_counter() - started:.0f} s on this machine; raise --budget, "
        "or name fewer --candidates"
    )


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
    drop: str | Sequence[str] | None = (),
    group: str | None = None,
    time: str | None = None,
    test_file: str | Path | None = None,
    depth: int | None = None,
    width: int | None = None,
    rates: float | Sequence[float] | None = None,
    seed: int = 0,
    paired: bool = True,
    race: bool = True,
    store: str | Path | None = None,
    engine: Executor | str | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Train the same network with each candidate function, fairly, and say which to use.

    ``data`` is a built-in name (``"digits"``), a path (.csv, .parquet, .npz), a DataFrame or
    ``(X, y)``. ``candidates`` is a text ``"relu,elu:alpha=0.5"``, a list of names and
    activations, or ``{label: function}``. ``seeds`` is the largest number of splits;
    ``budget`` (``"5m"``) sets the work from a timed trial instead. ``margin`` is the
    difference in the metric's own units that matters in practice. ``paired=False`` gives each
    candidate its own random draws within the same splits. By default candidates race: those
    clearly behind are stopped, tuning gives learning rates up early, and the study ends when its
    verdict is settled (see :mod:`ogive.study.race` for the bound on errors); ``race=False``
    trains every candidate in full. ``store`` is a SQLite file that
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
    left_out = column_names(drop)
    made = make_task(
        data,
        target=target,
        task=task,
        metric=metric,
        drop=left_out,
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
        race=race,
        margin=margin,
    )
    request = _request(made, plan, seeds, budget)
    _check_metric(made, plan)
    opened = Store(store)
    try:
        if opened.empty:
            stored = _with_costs(stored, chosen)  # before any worker keeps the machine busy
            if limit is not None:
                workers = workers_of(engine, len(entrants))
                plan = for_budget(plan, splits_within(limit, made, plan, entrants, workers))
            asked = _asked(
                data=str(data) if isinstance(data, str | Path) else None,
                target=target,
                task=task,
                metric=metric,
                candidates=None if candidates is None else list(plan.labels),
                seeds=seeds,
                budget=budget,
                drop=left_out,
                group=group,
                time=time,
                test_file=str(test_file) if isinstance(test_file, str | Path) else None,
                depth=depth,
                width=width,
                rates=None if rates is None else list(plan.rates),
                seed=seed,
                paired=paired,
                race=None if race else False,
                margin=margin,
            )
            about = _about(made, plan) | {"given": asked}
            opened.begin(request, plan, about, stored, _versions())
        opened.check_same(request)
        _carry_out(made, opened.plan, entrants, opened, engine, progress)
        return Choice(opened.study(), margin, made, entrants, opened)
    except BaseException:
        opened.close()
        raise


def _check_metric(task: Task, plan: Plan) -> None:
    """Raise :class:`BadData` if the metric has no value on the test rows of some split."""
    for split in range(plan.splits):
        rows = task.test_target
        if rows is None:
            rows = task.target[outer(task, plan.seed, split).test]
        if not defined(task.metric, rows):
            raise BadData(
                f"the test rows of split {split + 1} hold one class only, so that "
                f"{task.metric.title} has no value; choose another --metric"
            )


def _asked(**settings: Any) -> dict[str, Any]:
    """The settings that were given, in the order of the command that repeats the study."""
    return {name: value for name, value in settings.items() if value not in (None, [])}


def _request(
    task: Task, plan: Plan, seeds: int | None, budget: str | float | None
) -> dict[str, Any]:
    """What makes a study this one: a store holding anything else is refused."""
    settled = plan.to_dict()
    # The margin may change from one reading of a study to the next; the race keeps its own.
    for dependent in ("splits", "candidates", "labels", "protocol", "looks", "allowance", "margin"):
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

    place = str(Path(str(data)).resolve()) if Path(str(data)).exists() else str(data)
    text = json.dumps({k: str(v) for k, v in {**settings, "data": place}.items()}, sort_keys=True)
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
    """Carry out round after round of units, until the race that they decide is over."""
    race = follow(store.study())
    count = len(store.done())
    total = _foreseen(plan, race, count)
    tell = progress or (lambda done, total: None)
    tell(count, total)
    if race.over:
        return
    store.check_versions(_versions())

    def keep(unit: Unit, runs: list[Run], took: float) -> None:
        nonlocal count
        store.add(unit, runs, took)
        count += 1
        tell(count, total)

    try:
        while not race.over:
            carry_out_units(task, plan, entrants, race.missing, engine, keep)
            race = follow(store.study())
            total = _foreseen(plan, race, count)
            tell(count, total)
    except KeyboardInterrupt:
        raise Interrupted(
            f"{count} of {'at most ' if plan.looks else ''}{total} pieces of work are finished"
            + (
                ""
                if store.path is None
                else f" and stored in {store.path}; the same command goes on"
            )
        ) from None


def _foreseen(plan: Plan, race: Race, count: int) -> int:
    """Units in all, if none of those still racing is stopped any more."""
    if race.end is not None:
        return count + len(race.missing)
    most = dict(race.wanted) | dict.fromkeys(race.racing, last_paid(plan, race))
    return count + len(race.missing) + len(plan.units(most)) - len(plan.units(race.wanted))
