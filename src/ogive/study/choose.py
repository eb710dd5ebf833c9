"""The main job: from data and candidates to a verdict, a network and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from ogive.errors import BadData, BadStudy, Interrupted, OgiveError
from ogive.functions import Activation
from ogive.functions.formula_parse import is_formula
from ogive.functions.registry import holds
from ogive.functions.timing import measure
from ogive.meanfield.gains import gain
from ogive.study import versions
from ogive.study.budget import splits_within
from ogive.study.choice import Choice
from ogive.study.engine import Engine, carry_out_units, open_engine, workers_of
from ogive.study.metrics import defined
from ogive.study.modeltask import AnyTask
from ogive.study.network import OUTPUT_UNITS
from ogive.study.ownmodel import OwnModel, own_study, shown
from ogive.study.plan import (
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
from ogive.study.task import column_names, make_task
from ogive.study.verdict import check_margin
from ogive.study.work import Entrant, baseline, count_inputs

Progress = Callable[[int, int], None]
_GRID = np.linspace(-5, 5, 201)


def scale_of(function: Activation) -> tuple[float, str | None]:
    """The gain of a function's weights; for one that has none 1, and a note that says so."""
    try:
        return gain(function), None
    except OgiveError as error:
        return 1.0, f"{error}; its weights were set with gain 1."


def _entrants(chosen: Sequence[Candidate], base: str) -> tuple[dict[str, Entrant], dict[str, Any]]:
    """Entrants with their gains, and what the study stores about each function."""
    entrants = {base: baseline(base)}
    stored: dict[str, Any] = {base: {"function": "identity", "simplicity": [0, 0, 0]}}
    for candidate in chosen:
        function = candidate.function
        scale, note = scale_of(function)
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


def _about(task: AnyTask, plan: Plan) -> dict[str, Any]:
    output = OUTPUT_UNITS.get(task.kind)
    unit = {} if output is None else {"output_unit": output.name, "output_reason": output.reason}
    return {
        **unit,
        "inputs": plan.inputs,
        "metric": task.metric.name,
        "metric_title": task.metric.title,
        "metric_range": [task.metric.low, task.metric.high],
        "higher_is_better": task.metric.higher_is_better,
        "steps_by_row": task.metric.name in {"accuracy", "balanced_accuracy", "auc"},
        "grouped": task.groups is not None,
        "ordered": task.ordered,
        "notes": list(task.notes),
        **task.about(),
    }


def choose(
    data: Any,
    *,
    target: str | None = None,
    task: str | None = None,
    metric: str | Callable[..., Any] | None = None,
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
    engine: Engine | Executor | str | None = None,
    progress: Progress | None = None,
    model: Any = None,
    valid: Any = None,
    test: Any = None,
    loss: str | Callable[..., Any] | None = None,
    objective: str | Callable[..., Any] | None = None,
    higher_is_better: bool = True,
    replace: Any = None,
    optimizer: str | None = None,
    epochs: float | None = None,
    batch_size: int | None = None,
    init: str | None = None,
    device: Any = None,
    precision: str | None = None,
) -> Choice:
    """Train the same network with each candidate function, fairly, and say which to use.

    The network is a multilayer perceptron on a table, or with ``model`` one of your own.

    ``data`` is a built-in name (``"digits"``), a path (.csv, .parquet, .npz), a DataFrame or
    ``(X, y)``. ``candidates`` is a text ``"relu,elu:alpha=0.5"``, a list of names and
    activations, or ``{label: function}``. ``seeds`` is the largest number of splits;
    ``budget`` (``"5m"``) sets the work from a timed trial instead. ``margin`` is the
    difference in the metric's own units that matters in practice. ``paired=False`` gives each
    candidate its own random draws within the same splits. By default candidates race: those
    clearly behind are stopped, tuning gives learning rates up early, and the study ends when its
    verdict is settled (see :mod:`ogive.study.race` for the bound on errors); ``race=False``
    trains every candidate in full. ``store`` is a SQLite file that resumes the study; without one
    the study lives in memory. ``engine`` is None for local processes, "here" for this process,
    ``tcp://HOST:PORT`` for the scheduler of a Dask cluster, "local-cluster" for one on this
    machine, or any ``concurrent.futures.Executor``.
    ``progress(done, total)`` is called as units of work end.

    ``model`` is a ``torch.nn.Module``, which stays as it is, or a function that makes one. Then
    ``data`` are tensors or arrays (X, y), a ``Dataset`` or a ``DataLoader`` (of which the dataset,
    the batch size and ``collate_fn`` are used); X may be a tuple of arguments or a dict of named
    ones. Splits are redrawn as for tables; ``valid`` and ``test``, in the same forms, are fixed
    validation and test rows. In each candidate's copy the functions that ``replace`` selects are
    swapped as :func:`ogive.swap` does. ``init`` None sets the weights as :func:`ogive.init_` does,
    "own" as the model does itself, and "pretrained" keeps them, for fine-tuning; every run draws
    its own.

    ``loss`` is "cross_entropy" (outputs (n, classes, ...), class codes (n, ...)), "bce" (a logit a
    target), "mse", or a function of (output, target); without one the targets decide.
    ``objective(model, batch)`` takes its place where a loss needs the model itself, as that of a
    physics-informed network does: ``batch`` is what the data hold, ``model`` is called as yours
    is, and the held-out objective is the score. Both return the mean over the batch. ``metric`` is
    a name that fits, "loss", or a function of (outputs, targets), ``higher_is_better`` or not.
    ``optimizer`` is "adam" (the default), "adamw" or "sgd", with settings as in
    "sgd:momentum=0.5"; ``rates``, the grid, is the same for every candidate. ``epochs`` and
    ``batch_size`` bound a training, which stops early; ``device`` is PyTorch's name of one,
    ``precision`` "bfloat16" or None. Runs are trained side by side, or one by one where the model
    allows nothing else; a note says why. ``model``, ``loss``, ``objective`` and ``data`` may also
    be texts ``path.py:name``, and ``data`` a dict of "train", "valid" and "test".

    Raises :class:`ogive.errors.OgiveError` for data or settings that cannot be used, and
    :class:`ogive.errors.Interrupted` on Ctrl-C, with what was finished kept in the store.
    """
    chosen = candidates_from(candidates)
    if seeds is not None and budget is not None:
        raise BadStudy("both seeds and a budget were given, and each sets the size; give one")
    limit = None if budget is None else seconds(budget)
    left_out = column_names(drop)
    check_margin(margin)
    of_tables = {
        "target": target,
        "task": task,
        "drop": left_out or None,
        "group": group,
        "time": time,
        "test_file": test_file,
        "depth": depth,
        "width": width,
    }
    own = OwnModel(
        model,
        valid,
        test,
        loss,
        objective,
        replace,
        optimizer,
        epochs,
        batch_size,
        init,
        device,
        precision,
    )
    made: AnyTask
    sizes: dict[str, Any] = {"seeds": seeds, "rates": rates, "seed": seed, "paired": paired}
    sizes |= {"race": race, "margin": margin}
    if model is None:
        _none_of(own.given(), "goes with a model of your own; give that too, or leave it out")
        if callable(metric):
            raise BadStudy(f"metric={metric!r} scores outputs of a model of your own; name one")
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
        plan = make_plan(made, chosen, count_inputs(made), depth=depth, width=width, **sizes)
    else:
        _none_of(of_tables, "goes with a table; leave it out beside a model of your own")
        made, plan = own_study(data, own, chosen, metric, higher_is_better, **sizes)
    entrants, stored = _entrants(chosen, plan.baseline)
    request = _request(made, plan, seeds, budget)
    _check_metric(made, plan)
    opened, carrier = Store(store), open_engine(engine)
    try:
        if opened.empty:
            stored = _with_costs(stored, chosen)  # before any worker keeps the machine busy
            if limit is not None:
                workers = workers_of(carrier, len(entrants))
                plan = for_budget(plan, splits_within(limit, made, plan, entrants, workers))
            asked = _asked(
                data=str(data) if isinstance(data, str | Path) else None,
                target=target,
                task=task,
                metric=shown("metric", metric),
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
                **own.given(),
                race=None if race else False,
                margin=margin,
            )
            about = _about(made, plan) | {"given": asked}
            opened.begin(request, plan, about, stored, versions.stored())
        opened.check_same(request)
        _carry_out(made, opened.plan, entrants, opened, carrier, progress)
        return Choice(opened.study(), margin, made, entrants, opened)
    except BaseException:
        opened.close()
        raise
    finally:
        if carrier is not engine:
            carrier.close()


def _none_of(settings: Mapping[str, Any], why: str) -> None:
    for name, value in settings.items():
        if value is not None:
            raise BadStudy(f"{name}={value!r} {why}")


def _check_metric(task: AnyTask, plan: Plan) -> None:
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
    task: AnyTask, plan: Plan, seeds: int | None, budget: str | float | None
) -> dict[str, Any]:
    """What makes a study this one: a store holding anything else is refused."""
    settled = plan.to_dict()
    # The margin may change from one reading of a study to the next; the race keeps its own.
    for dependent in (
        *("splits", "candidates", "labels", "protocol"),
        *("looks", "allowance", "margin", "baseline"),
    ):
        settled.pop(dependent)
    return {
        "protocol": PROTOCOL,
        "data": task.name,
        **task.settings(),
        "fingerprint": task.fingerprint,
        "kind": task.kind,
        "metric": task.metric.name,
        "candidates": ", ".join(plan.labels),
        "formulas": list(plan.candidates),
        "seeds": plan.splits if budget is None else seeds,
        "budget": None if budget is None else str(budget),
        **settled,
    }


def _carry_out(
    task: AnyTask,
    plan: Plan,
    entrants: Mapping[str, Entrant],
    store: Store,
    engine: Engine,
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
    store.check_versions(versions.stored())

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
