"""The runs of one candidate of a model of the user's own, and the trained model to take home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ogive.errors import OgiveError
from ogive.study import splits
from ogive.study.modeltask import Fold, ModelTask, scored, train
from ogive.study.plan import Plan
from ogive.study.record import Run
from ogive.study.train import Job
from ogive.study.work import DRAWS, Entrant, recipe, resampled, run_of
from torch import nn


def model_runs(
    task: ModelTask,
    plan: Plan,
    entrant: Entrant,
    stage: str,
    draws: int,
    rates: Mapping[int, Sequence[float]],
) -> list[Run]:
    """``draws`` draws of each split in ``rates`` at each of its learning rates, scored.

    On validation rows in the stage "tune", on test rows in the stage "final".
    """
    jobs: list[Job] = []
    places: list[tuple[int, int]] = []
    folds: list[Fold] = []
    for split, tried in rates.items():
        for draw in range(draws):
            identity = (plan.seed, "" if plan.paired else entrant.salt, split, stage, draw)
            contest = split if plan.cuts and stage == "tune" else None
            jobs += [Job(len(folds), rate, identity, contest) for rate in tried]
            places += [(split, draw)] * len(tried)
            folds.append(Fold(*task.parts(plan.seed, split, *identity)))
    built = task.built(entrant.candidate.function)
    done = train(task, built, folds, jobs, recipe(plan))
    runs = []
    for job, (split, draw), outcome in zip(jobs, places, done, strict=True):
        fold = folds[job.fold]
        run = run_of(entrant.candidate.label, split, stage, draw, job, outcome, len(fold.train))
        if not outcome.diverged:
            model = built.with_state(outcome.weights)
            run = _scored(task, plan, run, model, fold)
        runs.append(run)
    return runs


def _scored(task: ModelTask, plan: Plan, run: Run, model: nn.Module, fold: Fold) -> Run:
    if run.stage == "tune":
        return replace(run, score=scored(task, model, fold.valid).score)
    found = scored(task, model, fold.test)
    if found.score is None:
        return replace(run, diverged=True)
    made = replace(run, score=found.score, scores=dict(found.scores), test_rows=len(fold.test))
    if not task.test_given:
        return made
    again = resampled(plan, found.size, found.of_sample, found.score)
    return replace(made, resampled=again)


def fitted(task: ModelTask, plan: Plan, entrant: Entrant, rate: float) -> tuple[nn.Module, int]:
    """The model trained at ``rate`` on all rows but those that stop it early, and their number.

    Fixed validation rows stop it, or a fifth of the others; fixed test rows are left out. Of three
    runs the one with the lowest validation loss is kept. Raises :class:`OgiveError` if all
    diverge.
    """
    everything = np.arange(task.rows)
    identity = (plan.seed, "take home")
    if task.valid_given:
        rows, valid = everything, task.examples.part(1)
    else:
        rows, valid = splits.inner(task, everything, *identity)
    fold = Fold(rows, valid, rows[:0])
    built = task.built(entrant.candidate.function)
    jobs = [Job(0, rate, (*identity, draw)) for draw in range(DRAWS)]
    sound = [o for o in train(task, built, [fold], jobs, recipe(plan)) if not o.diverged]
    if not sound:
        raise OgiveError(
            f"every training of {entrant.candidate.label} on all rows diverged; choose again "
            "with smaller learning rates (--rates)"
        )
    best = min(sound, key=lambda outcome: outcome.valid_loss)
    return built.with_state(best.weights), len(rows)
