"""One unit of work: from a task and a plan to runs. This is what a worker carries out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import torch
from ogive.functions import get
from ogive.numerics import threads
from ogive.study import metrics, splits
from ogive.study.health import health_of
from ogive.study.modeltask import MOST_VALIDATION_ROWS, AnyTask, ModelTask
from ogive.study.network import OUTPUT_UNITS, Network, Shape, TargetScale
from ogive.study.plan import BASELINE, Candidate, Plan, Unit
from ogive.study.record import Run
from ogive.study.task import Task
from ogive.study.train import Fold, Job, Outcome, Recipe, train

if TYPE_CHECKING:
    import pandas as pd

MOST_RESAMPLED_ROWS = 20_000
RESAMPLES = 200
DRAWS = 3  # initialisations of the network to take home, of which the best is kept


@dataclass(frozen=True)
class Entrant:
    """A candidate with its gain, or the linear baseline (no function, no hidden layer)."""

    candidate: Candidate
    gain: float
    hidden: bool = True

    @property
    def salt(self) -> str:
        """What sets this entrant's draws apart where candidates are not paired."""
        return self.candidate.label


def baseline(label: str = BASELINE) -> Entrant:
    """The linear model: the same output unit, loss, tuning and splits without a hidden layer.

    Of a model of one's own: the same model with identities in the place of its functions.
    """
    return Entrant(Candidate(label, get("identity")), 1.0, hidden=False)


def recipe(plan: Plan) -> Recipe:
    """The training settings of a plan."""
    return Recipe(
        plan.batch_size, plan.evaluate_every, plan.rungs, plan.patience, plan.stack, plan.cuts
    )


def shape(task: Task, plan: Plan, hidden: bool = True) -> Shape:
    """The network of a plan, or the linear model."""
    outputs = OUTPUT_UNITS[task.kind].outputs(len(task.classes))
    return Shape(plan.inputs, plan.width, plan.depth if hidden else 0, outputs)


def count_inputs(task: Task) -> int:
    """Columns after preprocessing, at most: fitted on all rows for the count alone."""
    from ogive.study.columns import preprocessor

    return int(preprocessor(task.columns).fit_transform(task.frame).shape[1])


@dataclass(frozen=True)
class Prepared:
    """A fold with the preprocessing that made it, fitted on its training rows."""

    fold: Fold
    preprocessing: Any
    inputs: int

    def matrix(self, frame: pd.DataFrame) -> torch.Tensor:
        """``frame`` as the network's input (rows, inputs)."""
        return as_inputs(self.preprocessing, frame, self.inputs)


def as_inputs(preprocessing: Any, frame: pd.DataFrame, inputs: int) -> torch.Tensor:
    """Preprocessed float32 rows; columns that a split lacks (an unseen category) are zeros."""
    if not len(frame):  # scikit-learn refuses to transform nothing
        return torch.zeros((0, inputs))
    made = np.asarray(preprocessing.transform(frame), np.float32)
    padded = np.zeros((len(made), inputs), np.float32)
    padded[:, : made.shape[1]] = made
    return torch.from_numpy(padded)


def prepare(task: Task, rows: np.ndarray, valid: np.ndarray, inputs: int) -> Prepared:
    """Fit preprocessing and target scale on the training ``rows``; apply them to both."""
    from ogive.study.columns import preprocessor

    fitted = preprocessor(task.columns).fit(task.frame.iloc[rows])
    scale = TargetScale.of(task.kind, task.target[rows])
    x = as_inputs(fitted, task.frame.iloc[rows], inputs)
    valid = valid[:MOST_VALIDATION_ROWS]
    fold = Fold(
        x_train=x,
        y_train=_target(task, rows, scale),
        x_valid=as_inputs(fitted, task.frame.iloc[valid], inputs),
        y_valid=_target(task, valid, scale),
        scale=scale,
        input_power=max(float(x.square().mean(0).sum()), 1e-6),
    )
    return Prepared(fold, fitted, inputs)


def _target(task: Task, rows: np.ndarray, scale: TargetScale) -> torch.Tensor:
    y = task.target[rows]
    if task.kind == "multiclass":
        return torch.from_numpy(y.astype(np.int64))
    return torch.from_numpy(scale.forward(y.astype(np.float64)).astype(np.float32))


def network(
    task: Task, plan: Plan, entrant: Entrant, outcome: Outcome, scale: TargetScale
) -> Network:
    """The trained run as a network of its own."""
    made = Network(shape(task, plan, entrant.hidden), entrant.candidate.function, task.kind, scale)
    made.set_weights(outcome.weights)
    return made.eval()


def choose_rates(plan: Plan, tuned: Sequence[Run], higher_is_better: bool) -> dict[int, float]:
    """For each split the learning rate with the best mean validation score over its draws.

    A rate that tuning cut short is not taken, and one that diverged in any draw only if every
    rate did; ties go to the lower
    validation loss, then to the smaller rate. Where the metric has no value on the validation
    rows (AUC with one class), the loss alone decides.
    """
    sign = 1.0 if higher_is_better else -1.0
    chosen: dict[int, float] = {}
    for split in sorted({run.split for run in tuned}):

        def merit(rate: float, split: int = split) -> tuple[bool, bool, float, float, float]:
            runs = [r for r in tuned if r.split == split and r.rate == rate]
            finished = not any(r.cut for r in runs)
            if any(r.diverged for r in runs):
                return (finished, False, 0.0, 0.0, -rate)
            scores = [r.score for r in runs if r.score is not None]
            score = float(np.mean(scores)) if scores else 0.0
            loss = float(np.mean([r.valid_loss or 0.0 for r in runs]))
            return (finished, True, sign * score, -loss, -rate)

        chosen[split] = max(plan.rates, key=merit)
    return chosen


def run_of(
    label: str, split: int, stage: str, draw: int, job: Job, done: Outcome, train_rows: int
) -> Run:
    """What is stored of an outcome before it is scored."""

    def number(x: float) -> float | None:
        return float(f"{x:.6g}") if np.isfinite(x) else None

    return Run(
        label=label,
        split=split,
        stage=stage,
        draw=draw,
        rate=job.rate,
        score=None,
        valid_loss=None if done.diverged else number(done.valid_loss),
        best_step=done.best_step,
        steps=done.steps,
        diverged=done.diverged,
        train_rows=train_rows,
        test_rows=0,
        curve=tuple((step, number(a), number(b)) for step, a, b in done.curve),
        cut=done.cut,
    )


def carry_out(task: AnyTask, plan: Plan, entrant: Entrant, unit: Unit) -> tuple[list[Run], float]:
    """All runs of a unit, tuning then final, and the seconds they took."""
    started = time.perf_counter()
    with one_thread():
        everything = dict.fromkeys(unit.splits, plan.rates)
        tuned = _trained(task, plan, entrant, "tune", plan.tunings, everything)
        rates = choose_rates(plan, tuned, task.metric.higher_is_better)
        chosen = {split: (rates[split],) for split in unit.splits}
        runs = tuned + _trained(task, plan, entrant, "final", plan.finals, chosen)
        return runs, time.perf_counter() - started


_in_work: list[tuple[int, int]] = []  # what to go back to, once for each unit in work
_in_work_lock = threading.Lock()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch and for the kernels; the last of several units to end undoes it."""
    with _in_work_lock:
        _in_work.append(_in_work[0] if _in_work else (torch.get_num_threads(), threads.available()))
    torch.set_num_threads(1)  # of the thread that calls, so each unit says it
    threads.set_threads(1)
    try:
        yield
    finally:
        with _in_work_lock:
            torches, ours = _in_work.pop()
            if not _in_work:
                torch.set_num_threads(torches)
                threads.set_threads(ours)


@dataclass
class _Batch:
    """Runs of one stage gathered for training, and what scoring them needs."""

    jobs: list[Job]
    places: list[tuple[int, int]]  # (split, draw) of each job
    made: list[Prepared]  # by fold
    valid: list[np.ndarray]
    test: list[np.ndarray]


def _batch(
    task: Task,
    plan: Plan,
    entrant: Entrant,
    stage: str,
    draws: int,
    rates: Mapping[int, Sequence[float]],
) -> _Batch:
    """``draws`` draws of each split in ``rates``, at each of its learning rates."""
    batch = _Batch([], [], [], [], [])
    for split, tried in rates.items():
        outer = splits.outer(task, plan.seed, split)
        for draw in range(draws):
            identity = (plan.seed, "" if plan.paired else entrant.salt, split, stage, draw)
            rows, valid = splits.inner(task, outer.development, *identity)
            contest = split if plan.cuts and stage == "tune" else None
            batch.jobs += [Job(len(batch.made), rate, identity, contest) for rate in tried]
            batch.places += [(split, draw)] * len(tried)
            batch.made.append(prepare(task, rows, valid, plan.inputs))
            batch.valid.append(valid[:MOST_VALIDATION_ROWS])
            batch.test.append(outer.test)
    return batch


def _trained(
    task: AnyTask,
    plan: Plan,
    entrant: Entrant,
    stage: str,
    draws: int,
    rates: Mapping[int, Sequence[float]],
) -> list[Run]:
    """The runs of a stage: scored on validation rows (tune) or on test rows (final)."""
    if isinstance(task, ModelTask):
        from ogive.study.modelwork import model_runs

        return model_runs(task, plan, entrant, stage, draws, rates)
    batch = _batch(task, plan, entrant, stage, draws, rates)
    done = train(
        entrant.candidate.function,
        entrant.gain,
        shape(task, plan, entrant.hidden),
        task.kind,
        [made.fold for made in batch.made],
        batch.jobs,
        recipe(plan),
    )
    runs = []
    for job, (split, draw), outcome in zip(batch.jobs, batch.places, done, strict=True):
        made = batch.made[job.fold]
        rows = len(made.fold.x_train)
        run = run_of(entrant.candidate.label, split, stage, draw, job, outcome, rows)
        if not outcome.diverged:
            trained = network(task, plan, entrant, outcome, made.fold.scale)
            if stage == "final":
                run = _scored(task, plan, run, trained, made, batch.test[job.fold])
                if draw == 0:
                    fold = made.fold
                    run = replace(run, health=health_of(trained, fold.x_valid, fold.y_valid))
            else:
                prediction = trained.predict(made.fold.x_valid)
                target = task.target[batch.valid[job.fold]]
                if metrics.defined(task.metric, target):
                    run = replace(run, score=metrics.score(task.metric, target, prediction))
        runs.append(run)
    return runs


def _scored(
    task: Task, plan: Plan, run: Run, trained: Network, prepared: Prepared, test: np.ndarray
) -> Run:
    """``run`` with its scores on the test rows of its split, or on the fixed test rows."""
    if task.test_frame is None or task.test_target is None:
        frame, target, fixed = task.frame.iloc[test], task.target[test], False
    else:
        frame, target, fixed = task.test_frame, task.test_target, True
    prediction = trained.predict(prepared.matrix(frame))
    if not np.isfinite(prediction).all():
        return replace(run, diverged=True)
    scores = {
        m.name: float(metrics.score(m, target, prediction))
        for m in metrics.applicable(task.kind)
        if metrics.defined(m, target) and (m.name != "auc" or m == task.metric)
    }
    score = scores[task.metric.name]

    def of_sample(rows: np.ndarray) -> float | None:
        if not metrics.defined(task.metric, target[rows]):
            return None
        return float(metrics.score(task.metric, target[rows], prediction[rows]))

    return replace(
        run,
        score=score,
        scores=scores,
        test_rows=len(target),
        resampled=resampled(plan, len(target), of_sample, score) if fixed else (),
    )


def resampled(
    plan: Plan, size: int, score_of: Callable[[np.ndarray], float | None], score: float
) -> tuple[float, ...]:
    """The metric on bootstrap resamples of ``size`` fixed test rows, the same for every run.

    Sharing the resamples pairs differences by row. From many rows only some are drawn, and what
    their scores deviate is scaled down to what that of all rows would. A resample without a value
    (``score_of`` gives None) is drawn again.
    """
    random = splits.generator("resample", plan.seed, size)
    count = min(size, MOST_RESAMPLED_ROWS)
    shrink = float(np.sqrt(count / size))
    made: list[float] = []
    while len(made) < RESAMPLES:
        again = score_of(random.integers(0, size, count))
        if again is not None:
            made.append(score + shrink * (again - score))
    return tuple(made)
