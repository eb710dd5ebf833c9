"""Time contenders in turn, in a process of its own for each number of threads.

JAX and OpenMP fix their threads when they start, hence the processes. Each piece of work is one
function; its rows go to standard output as one line of JSON.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import logging
import math
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Call = Callable[[], Any]
Row = dict[str, Any]

LARGE = 1 << 24
CHECKED = 1 << 14  # elements compared before timing
BATCH = 1e-4  # seconds that one timing lasts at least
# Seconds for one cell, all contenders together; the fewest timings of each come first.
BUDGET = {1 << 14: 0.06, 1 << 20: 0.35, LARGE: 0.5}
FEWEST, MOST = 3, 41
ROUTE_BUDGET = 0.03


@dataclass(frozen=True)
class Job:
    """What a process measures."""

    threads: int
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    route: tuple[int, ...]  # sizes for autograd
    dtypes: tuple[str, ...] = ("float32", "float64")
    compile: bool = True
    haste: float = 1.0  # the budget is divided by it

    def pieces(self) -> list[tuple[str, str, float]]:
        """(kind of work, function, its weight in time)."""
        kernels = sum(30 if n >= LARGE else 1 + 6 * (n >> 20) for n in self.sizes)
        kernels *= len(self.dtypes) * (3 if self.threads == 1 else 1)
        kernels += 15 if self.compile and self.threads == 1 else 0
        route = [("route", name, 8.0) for name in self.names if self.route]
        return [("kernels", name, float(kernels)) for name in self.names if self.sizes] + route


def environment(threads: int) -> dict[str, str]:
    """The variables that hold every contender to that many threads."""
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OGIVE_THREADS": str(threads),
        "NPROC": str(threads),  # the size of JAX's pool
        "XLA_FLAGS": flags if threads == 1 else "",
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
    }


def alternate(calls: dict[str, Call], budget: float) -> dict[str, tuple[float, float, float, int]]:
    """(median, quartiles, number) of seconds a call, the contenders taking turns.

    :func:`check` has called all before, so that compiling and first touches of memory do not
    count.
    """
    batch: dict[str, int] = {}
    total = 0.0
    for name, call in calls.items():
        started = time.perf_counter()
        call()
        once = time.perf_counter() - started
        batch[name] = max(1, math.ceil(BATCH / max(once, 1e-7)))
        total += batch[name] * once
    repeats = min(MOST, max(FEWEST, int(budget / total)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    gc.disable()
    try:
        for turn in range(repeats):
            # Nobody always follows the same neighbour.
            shift = turn % len(order)
            for name in order[shift:] + order[:shift]:
                call, times = calls[name], range(batch[name])
                started = time.perf_counter()
                for _ in times:
                    call()
                taken[name].append((time.perf_counter() - started) / batch[name])
    finally:
        gc.enable()
    return {
        name: (
            statistics.median(t),
            float(np.quantile(t, 0.25)),
            float(np.quantile(t, 0.75)),
            repeats,
        )
        for name, t in taken.items()
    }


def rows_of(timings: dict[str, tuple[float, float, float, int]], **cell: Any) -> Iterator[Row]:
    for contender, (median, low, high, repeats) in timings.items():
        yield cell | {
            "contender": contender,
            "seconds": median,
            "quartiles": [low, high],
            "repeats": repeats,
        }


def check(name: str, calls: dict[str, Call]) -> None:
    """Stop unless all contenders compute the same: else it is no comparison."""
    expected = np.asarray(calls["ogive"]())[:CHECKED].copy()
    for contender, call in calls.items():
        result = call()
        if contender == "floor":
            continue
        found = np.asarray(result[:CHECKED])
        if not np.allclose(found, expected, rtol=1e-4, atol=1e-4):
            gap = float(np.max(np.abs(found - expected)))
            raise SystemExit(f"{name}: {contender} differs from ogive by {gap:.1e}")


class Compiler:
    """``torch.compile``, as long as it works."""

    def __init__(self) -> None:
        self.works: bool | None = None  # None: not tried yet
        self.notes: list[str] = []
        self._ready: dict[Any, Any] = {}

    def call(self, bench: Any, name: str, backward: bool) -> Call | None:
        """The compiled call, or None where there is none, with a note that says so."""
        if self.works is False or (name, backward) in self._failed():
            return None
        try:
            made: Call = bench.compiled(backward, self._ready.setdefault(name, {}))
            made()
        except Exception as error:
            reason = " ".join(str(error).split())[:100]
            what = f"{name} {'backward' if backward else 'forward'}" if self.works else "everything"
            self.works = bool(self.works)
            self._ready[name, backward] = None
            self.notes.append(f"torch.compile is left out for {what}: it fails here ({reason}).")
            return None
        self.works = True
        return made

    def _failed(self) -> set[Any]:
        return {key for key, made in self._ready.items() if made is None}


def kernels(name: str, job: Job, compiler: Compiler) -> list[Row]:
    """The rows of one function, called directly."""
    import torch
    from _peers import Bench

    rows: list[Row] = []
    has_jax = importlib.util.find_spec("jax") is not None
    for size in job.sizes:
        for dtype in job.dtypes:
            bench = Bench(name, dtype, size)
            for backward in (False, True):
                for out in _ways(job, dtype, size):
                    calls: dict[str, Call | None] = {
                        "ogive": bench.ours(backward, out),
                        "torch": bench.eager(backward, out),
                        "floor": bench.floor(backward, out),
                    }
                    if has_jax:
                        calls["jax"] = bench.jax(backward, out)
                    if not out:
                        calls["numpy"] = bench.numpy(backward)
                        if job.compile and dtype == "float32":
                            calls["compiled"] = compiler.call(bench, name, backward)
                    present = {k: c for k, c in calls.items() if c is not None}
                    check(f"{name}, {dtype}{', backward' * backward}", present)
                    timings = alternate(present, BUDGET.get(size, 0.1) / job.haste)
                    rows += rows_of(
                        timings,
                        function=name,
                        group=bench.peer.group,
                        threads=job.threads,
                        dtype=dtype,
                        size=size,
                        direction="backward" if backward else "forward",
                        out=out,
                    )
    if compiler.works:
        torch._dynamo.reset()  # else it counts the next function as the same one, made again
    return rows


def _ways(job: Job, dtype: str, size: int) -> tuple[bool, ...]:
    """Whether into ``out``: both ways, but only that one where it would take minutes more."""
    brief = job.threads > 1 or (size >= LARGE and dtype == "float64")
    return (True,) if brief else (False, True)


def route(name: str, job: Job) -> list[Row]:
    """PyTorch modules, forward without gradients, and forward and backward with autograd."""
    import ogive
    import torch
    from _peers import PEERS

    modules = {"ogive": ogive.get(name).module(), "torch": PEERS[name].module}
    rows: list[Row] = []
    for size in job.route:
        x = torch.randn(size, generator=torch.Generator().manual_seed(17)) * 3
        given, leaf = torch.ones_like(x), x.clone().requires_grad_()

        def forward(module: Any, x: Any = x) -> Call:
            return lambda: module(x)

        def both(module: Any, leaf: Any = leaf, given: Any = given) -> Call:
            return lambda: torch.autograd.grad(module(leaf), leaf, given)[0]

        for direction, make in (("forward", forward), ("both", both)):
            calls = {k: make(m) for k, m in modules.items()}
            with torch.set_grad_enabled(direction == "both"):
                check(f"{name}, {direction}", {k: _detached(c) for k, c in calls.items()})
                timings = alternate(calls, ROUTE_BUDGET / job.haste)
            rows += rows_of(
                timings,
                function=name,
                group=PEERS[name].group,
                threads=job.threads,
                size=size,
                direction=direction,
                route=True,
            )
    return rows


def _detached(call: Call) -> Call:
    return lambda: call().detach()


def jax_cpus() -> float | None:
    """How many CPUs JAX keeps busy: proof that its threads are as asked."""
    try:
        import jax
    except ImportError:
        return None
    call = jax.jit(jax.nn.mish)
    x = jax.numpy.linspace(-3, 3, 1 << 22, dtype="float32")
    call(x).block_until_ready()
    wall, used = time.perf_counter(), time.process_time()
    for _ in range(10):
        call(x).block_until_ready()
    return (time.process_time() - used) / (time.perf_counter() - wall)


def serve(job: Job) -> None:
    """Carry out ``job``, telling the parent of each piece done."""
    import ogive.numerics.threads
    import torch

    torch.set_num_threads(job.threads)
    torch.set_grad_enabled(False)
    ogive.numerics.threads.set_threads(job.threads)
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    _say(jax_cpus={str(job.threads): jax_cpus()})
    compiler = Compiler()
    for kind, name, weight in job.pieces():
        gc.collect()
        gc.freeze()  # what lives now is not looked through again
        rows = kernels(name, job, compiler) if kind == "kernels" else route(name, job)
        _say(rows=rows, weight=weight, did=f"{name} ({kind}, {_threads(job.threads)})")
    _say(notes=compiler.notes)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _say(**told: Any) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    serve(Job(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}))
