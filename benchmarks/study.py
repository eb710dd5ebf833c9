"""Batched training beside a plain loop of single trainings of the same runs.

Both carry out runs of the default study on digits on the same two worker processes, one thread
each, in one run of this program, alternating. The loop is what one would write by hand:
``torch.nn`` layers and activations, ``torch.optim.Adam``, early stopping. It is given the same
initial weights and the same order of rows, so its curves can be compared; in float64, where
rounding does not grow into different trainings, they must agree.

    python benchmarks/study.py [--splits N] [--repeats N]
    python benchmarks/study.py --grid [--functions N]

With ``--grid`` the runs are those of a whole grid, 20 functions x 5 learning rates x 10 seeds, in
a network of 3 hidden layers of 64 units; a third way is timed beside the two, the same network
given as a model of one's own, whose runs ``torch.func`` trains side by side. Each function is
timed alone, so the ratio of some (``--functions``) stands for all.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from loky import ProcessPoolExecutor

import torch
from ogive.functions import Activation
from ogive.meanfield.gains import gain
from ogive.study.modeltask import Fold as OwnFold
from ogive.study.modeltask import ModelTask
from ogive.study.modeltask import train as train_own
from ogive.study.network import OUTPUT_UNITS, draw_weights
from ogive.study.ownmodel import OwnModel, make_model_task
from ogive.study.plan import Candidate, Plan, candidates_from, make_plan
from ogive.study.splits import generator, inner, outer
from ogive.study.task import Task, make_task
from ogive.study.train import Fold, Job, Recipe, train
from ogive.study.work import Entrant, count_inputs, prepare, recipe, shape

TORCH = {
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "elu": torch.nn.ELU,
    "selu": torch.nn.SELU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "mish": torch.nn.Mish,
    "tanh": torch.nn.Tanh,
    "softplus": torch.nn.Softplus,
    "sigmoid": torch.nn.Sigmoid,
    "celu": torch.nn.CELU,
    "relu6": torch.nn.ReLU6,
    "hard_tanh": torch.nn.Hardtanh,
    "hard_swish": torch.nn.Hardswish,
    "hard_sigmoid": torch.nn.Hardsigmoid,
    "softsign": torch.nn.Softsign,
    "log_sigmoid": torch.nn.LogSigmoid,
    "tanhshrink": torch.nn.Tanhshrink,
    "softshrink": torch.nn.Softshrink,
    "hardshrink": torch.nn.Hardshrink,
}
GRID_RATES = (1e-3, 2e-3, 5e-3, 1e-2, 2e-2)
GRID_SEEDS = 10


@dataclass(frozen=True)
class Work:
    """The tuning runs of one candidate on some splits."""

    entrant: Entrant
    folds: list[Fold]
    jobs: list[Job]


def single(work: Work, job: Job, task: Task, plan: Plan, settings: Recipe) -> list[float]:
    """One training by hand; its validation loss at each rung."""
    fold, unit = work.folds[job.fold], OUTPUT_UNITS[task.kind]
    dtype = fold.x_train.dtype
    layers: list[torch.nn.Module] = []
    sizes = shape(task, plan)
    for i, (fan_in, fan_out) in enumerate(sizes.layers):
        if i:
            layers.append(TORCH[work.entrant.candidate.label]())
        layers.append(torch.nn.Linear(fan_in, fan_out, dtype=dtype))
    net = torch.nn.Sequential(*layers)
    drawn = draw_weights(
        sizes, work.entrant.gain, fold.input_power, 0.0, generator("weights", *job.identity)
    )
    with torch.no_grad():
        for layer, w, b in zip(layers[::2], drawn[::2], drawn[1::2], strict=True):
            layer.weight.copy_(torch.from_numpy(w).T)
            layer.bias.copy_(torch.from_numpy(b)[0])
    optimiser = torch.optim.Adam(net.parameters(), lr=job.rate)
    random, rows = generator("order", *job.identity), len(fold.x_train)
    left = np.empty(0, np.int64)
    curve: list[float] = []
    best, stale = float("inf"), 0
    for _ in range(settings.rungs):
        for _ in range(settings.evaluate_every):
            while len(left) < settings.batch_size:
                left = np.concatenate([left, random.permutation(rows)])
            chosen, left = left[: settings.batch_size], left[settings.batch_size :]
            index = torch.from_numpy(chosen)
            loss = torch.nn.functional.cross_entropy(net(fold.x_train[index]), fold.y_train[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            valid = float(unit.loss_and_gradient(net(fold.x_valid), fold.y_valid)[0].mean())
        curve.append(valid)
        if valid < best:
            best, stale = valid, 0
            _ = {k: v.clone() for k, v in net.state_dict().items()}
        else:
            stale += 1
        if stale >= settings.patience:
            break
    return curve


def carry_out(
    how: str, work: Work, task: Task, plan: Plan, settings: Recipe
) -> tuple[int, float, list[list[float]]]:
    """(steps trained over all runs, seconds, validation curves)."""
    torch.set_num_threads(1)
    started = time.perf_counter()
    if how == "loop":
        curves = [single(work, job, task, plan, settings) for job in work.jobs]
    else:
        done = train(
            work.entrant.candidate.function,
            work.entrant.gain,
            shape(task, plan),
            task.kind,
            work.folds,
            work.jobs,
            settings,
        )
        curves = [[point[2] for point in outcome.curve] for outcome in done]
    steps = sum(len(curve) for curve in curves) * settings.evaluate_every
    return steps, time.perf_counter() - started, curves


def prepared(task: Task, plan: Plan, entrant: Entrant, splits: Sequence[int]) -> Work:
    """The tuning runs of ``entrant`` on ``splits``, ready to train."""
    folds, jobs = [], []
    for split in splits:
        development = outer(task, plan.seed, split).development
        for draw in range(plan.tunings):
            identity = (plan.seed, "", split, "tune", draw)
            rows, valid = inner(task, development, *identity)
            jobs += [Job(len(folds), rate, identity) for rate in plan.rates]
            folds.append(prepare(task, rows, valid, plan.inputs).fold)
    return Work(entrant, folds, jobs)


def wide(work: Work) -> Work:
    """The same work in float64."""
    folds = [replace(f, x_train=f.x_train.double(), x_valid=f.x_valid.double()) for f in work.folds]
    return replace(work, folds=folds)


def measure(
    pool: ProcessPoolExecutor, how: str, works: list[Work], task: Task, plan: Plan
) -> tuple[float, float, list[list[list[float]]]]:
    """(run-steps a second over the wall clock, wall seconds, curves by candidate)."""
    started = time.perf_counter()
    futures = [pool.submit(carry_out, how, w, task, plan, recipe(plan)) for w in works]
    results = [future.result() for future in futures]
    wall = time.perf_counter() - started
    return sum(steps for steps, _, _ in results) / wall, wall, [c for _, _, c in results]


@dataclass(frozen=True)
class OwnWork:
    """The same grid for one function, of the network as a model of one's own."""

    task: ModelTask
    function: Activation
    folds: list[OwnFold]
    jobs: list[Job]


def perceptron(inputs: int, plan: Plan, classes: int) -> torch.nn.Module:
    """The network of ``plan``, as one would write it."""
    layers: list[torch.nn.Module] = []
    sizes = [inputs, *[plan.width] * plan.depth]
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(plan.width, classes))


def own_work(task: Task, plan: Plan, chosen: Sequence[Candidate]) -> list[OwnWork]:
    """The grid of each function."""
    x = prepare(task, np.arange(task.rows), np.arange(0), plan.inputs).fold.x_train
    y = torch.from_numpy(task.target)
    make = partial(perceptron, plan.inputs, plan, len(task.classes))
    own = make_model_task((x, y), OwnModel(make), None, True, plan.batch_size)
    print(f"the model of one's own is {'looped: ' + own.looped if own.looped else 'batched'}")
    jobs, folds = [], []
    for split in range(plan.splits):
        identity = (plan.seed, "", split, "tune", 0)
        jobs += [Job(len(folds), rate, identity) for rate in plan.rates]
        folds.append(OwnFold(*own.parts(plan.seed, split, *identity)))
    return [OwnWork(own, c.function, folds, jobs) for c in chosen]


def carry_out_own(work: OwnWork, settings: Recipe) -> tuple[int, float]:
    """(steps trained over all runs, seconds)."""
    torch.set_num_threads(1)
    started = time.perf_counter()
    done = train_own(work.task, work.task.built(work.function), work.folds, work.jobs, settings)
    return sum(outcome.steps for outcome in done), time.perf_counter() - started


def grid(functions: int, repeats: int, rungs: int | None) -> None:
    """Throughput over the whole grid: a plain loop, batched perceptrons, a batched model."""
    task = make_task("digits")
    chosen = candidates_from(list(TORCH)[:functions])
    plan = make_plan(task, chosen, count_inputs(task), depth=3, width=64, rates=GRID_RATES,
                     seeds=GRID_SEEDS)  # fmt: skip
    plan = replace(plan, tunings=1, stack=GRID_SEEDS * len(GRID_RATES), rungs=rungs or plan.rungs)
    entrants = [Entrant(c, gain(c.function)) for c in chosen]
    batched = [prepared(task, plan, e, range(GRID_SEEDS)) for e in entrants]
    looped = [prepared(task, plan, e, range(1)) for e in entrants]
    own = own_work(task, plan, chosen)
    print(
        f"torch {torch.__version__}, {platform.machine()}, 2 worker processes of one thread; "
        f"digits, 3 hidden layers of 64, batches of {plan.batch_size}, {len(GRID_RATES)} rates x "
        f"{GRID_SEEDS} seeds; {len(chosen)} of {len(TORCH)} functions; the loop trains one seed"
    )
    ratios: dict[str, list[float]] = {"perceptrons": [], "model": []}
    with ProcessPoolExecutor(2, env={"OMP_NUM_THREADS": "1"}) as pool:
        measure(pool, "batched", looped[:2], task, plan)  # warm both workers up
        for repeat in range(repeats):
            slow, wall, _ = measure(pool, "loop", looped, task, plan)
            fast, fast_wall, _ = measure(pool, "batched", batched, task, plan)
            started = time.perf_counter()
            done = [pool.submit(carry_out_own, work, recipe(plan)) for work in own]
            steps = sum(one.result()[0] for one in done)
            own_wall = time.perf_counter() - started
            ratios["perceptrons"].append(fast / slow)
            ratios["model"].append(steps / own_wall / slow)
            print(
                f"run {repeat + 1}: loop {slow:,.0f} run-steps/s ({wall:.1f} s), batched "
                f"{fast:,.0f} ({fast_wall:.1f} s, ratio {fast / slow:.2f}), a model of one's own "
                f"{steps / own_wall:,.0f} ({own_wall:.1f} s, ratio {steps / own_wall / slow:.2f})"
            )
    for name, found in ratios.items():
        print(f"median ratio, {name}: {statistics.median(found):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=10, help="splits batched together")
    parser.add_argument("--loop-splits", type=int, default=1, help="splits the loop trains")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--grid", action="store_true", help="time the whole grid")
    parser.add_argument("--functions", type=int, default=len(TORCH), help="of the grid, to time")
    parser.add_argument("--rungs", type=int, help="of the grid, at most; fewer to see that it runs")
    given = parser.parse_args()
    if given.grid:
        grid(given.functions, given.repeats, given.rungs)
        return
    task = make_task("digits")
    chosen = candidates_from(None)
    plan = make_plan(task, chosen, count_inputs(task))
    entrants = [Entrant(c, gain(c.function)) for c in chosen]
    batched = [prepared(task, plan, e, range(given.splits)) for e in entrants]
    looped = [prepared(task, plan, e, range(given.loop_splits)) for e in entrants]
    print(
        f"torch {torch.__version__}, {platform.machine()}, 2 worker processes of one thread; "
        f"digits, {plan.depth} hidden layers of {plan.width}, batches of {plan.batch_size}; "
        f"{len(chosen)} functions"
    )
    ratios = []
    with ProcessPoolExecutor(2, env={"OMP_NUM_THREADS": "1"}) as pool:
        measure(pool, "batched", looped[:2], task, plan)  # warm both workers up
        for repeat in range(given.repeats):
            slow, slow_wall, slow_curves = measure(pool, "loop", looped, task, plan)
            fast, fast_wall, fast_curves = measure(pool, "batched", batched, task, plan)
            ratios.append(fast / slow)
            print(
                f"run {repeat + 1}: loop {slow:,.0f} run-steps/s ({slow_wall:.1f} s), "
                f"batched {fast:,.0f} ({fast_wall:.1f} s), ratio {fast / slow:.2f}"
            )
        print(f"median ratio {statistics.median(ratios):.2f}")
        first = [
            abs(a[0] - b[0]) / abs(a[0])
            for one, many in zip(slow_curves, fast_curves, strict=True)
            for a, b in zip(one, many, strict=False)
        ]
        print(f"float32: validation loss after the first rung differs by at most {max(first):.1e}")
        exact = [wide(w) for w in looped]
        loop_curves = measure(pool, "loop", exact, task, plan)[2]
        batch_curves = measure(pool, "batched", exact, task, plan)[2]
    gaps = [
        np.abs(np.array(a[: len(b)]) / np.array(b[: len(a)]) - 1)
        for one, many in zip(loop_curves, batch_curves, strict=True)
        for a, b in zip(one, many, strict=True)
    ]
    whole = sum(gap.max() < 1e-9 for gap in gaps)
    print(
        f"float64: the validation curves of {len(gaps)} runs differ by at most "
        f"{max(gap[:3].max() for gap in gaps):.1e} (relative) over the first three rungs; over "
        f"whole trainings by {statistics.median(gap.max() for gap in gaps):.1e} in the median run, "
        f"and by less than 1e-9 in {whole} of {len(gaps)}"
    )
    rates = [job.rate for work in exact for job in work.jobs]
    gap, rate = max(zip(gaps, rates, strict=True), key=lambda pair: pair[0].max())
    grown = ", ".join(f"{g:.0e}" for g in gap[:: max(1, len(gap) // 8)])
    print(f"rounding grows at high rates; most at {rate:g}, from rung to rung: {grown}")


if __name__ == "__main__":
    main()
