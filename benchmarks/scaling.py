"""How a study scales from 2 to 1,000 workers, simulated from the measured times of its units.

A discrete-event simulation of what `ogive.study.cluster` does: the driver hands out two units a
worker and one more for each result, and handles one result at a time; the scheduler passes each
message on; a worker loads torch, fetches the study once, and carries out one unit after another.
Times of units, the size of the study and of results, the driver's handling and a worker's start
are measured; the network, Dask's share and a round trip are assumed (ASSUMED). Larger studies
than the measured one draw their units' times from those of the same kind of unit.

    python benchmarks/scaling.py                    # from docs/clusters.json; writes clusters.svg
    python benchmarks/scaling.py --store FILE DATA  # measures anew: a finished store and its data
"""

from __future__ import annotations

import argparse
import heapq
import json
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).resolve().parents[1] / "docs"
WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
AHEAD = 2  # as ogive.study.cluster has it
ASSUMED = {
    "bandwidth, bytes a second": 125e6,  # 1 Gbit/s
    "scheduler, seconds a task": 1e-3,  # Dask's documentation: about 1 ms a task
    "round trip, seconds a result": 5e-3,  # the driver asks for each result
}
# Candidates (the baseline comes to them), splits, and what the picture calls the study.
STUDIES = (
    (10, 20, "default study: 10 functions, 20 splits"),
    (20, 100, "20 functions, 100 splits"),
    (100, 200, "largest study: 100 functions, 200 splits"),
)
SPLITS_A_UNIT = 10


@dataclass(frozen=True)
class Measured:
    """What was measured on one machine."""

    seconds: dict[str, list[float]]  # of the units of each label
    study_bytes: int
    result_bytes: int
    driver: float  # seconds to unpack and store one result
    start: float  # seconds until a worker has loaded what it needs

    def units(self, candidates: int, splits: int) -> np.ndarray:
        """Seconds of each unit in the order of the plan, drawn from the measured ones."""
        random = np.random.default_rng(0)
        functions = [v for k, v in self.seconds.items() if k != "linear model"]
        drawn = []
        for _ in range(splits // SPLITS_A_UNIT):
            drawn += [random.choice(functions[i % len(functions)]) for i in range(candidates)]
            drawn.append(random.choice(self.seconds["linear model"]))
        return np.array(drawn)


def simulate(units: np.ndarray, workers: int, measured: Measured) -> float:
    """Seconds from the first unit handed out to the last result stored."""
    bandwidth, a_task, trip = ASSUMED.values()
    copy = measured.study_bytes / bandwidth
    # Each worker that has the study passes it on, so the number that have it doubles.
    ready = [measured.start + copy * np.ceil(np.log2(i + 2)) for i in range(workers)]
    handling = measured.driver + trip + measured.result_bytes / bandwidth
    driver = scheduler = 0.0
    free = list(ready)
    left = iter(units)
    ends: list[tuple[float, int]] = []  # results on their way to the driver

    def hand_out(worker: int, now: float) -> None:
        nonlocal scheduler
        seconds = next(left, None)
        if seconds is None:
            return
        scheduler = max(scheduler, now) + a_task
        begin = max(scheduler, free[worker])
        free[worker] = begin + seconds
        heapq.heappush(ends, (free[worker] + a_task, worker))

    for _ in range(AHEAD):
        for worker in range(workers):
            hand_out(worker, 0.0)
    while ends:
        arrived, worker = heapq.heappop(ends)
        driver = max(driver, arrived) + handling
        hand_out(worker, driver)
    return driver


def measure(store: Path, data: str) -> tuple[Measured, dict[str, str]]:
    """What the simulation is fed with, from a finished study and the data that it was made on."""
    import cloudpickle

    from ogive.study.plan import Unit
    from ogive.study.store import Store, read_study
    from ogive.study.task import make_task

    study = read_study(store)
    seconds: dict[str, list[float]] = {}
    for unit, took in study.seconds.items():
        seconds.setdefault(unit.rpartition("/")[0], []).append(round(took, 2))
    label = study.plan.labels[0]
    runs = [r for r in study.runs if r.label == label and r.split < SPLITS_A_UNIT]
    result = pickle.dumps((runs, 1.0))
    with tempfile.TemporaryDirectory() as folder:
        kept = Store(Path(folder) / "study.sqlite")
        kept.begin({}, study.plan, {}, {}, {})
        driver = 0.0
        for i in range(20):
            splits = tuple(range(10 * i, 10 * i + 10))
            shifted = pickle.dumps(([replace(r, split=r.split + 10 * i) for r in runs], 1.0))
            began = time.process_time()
            kept.add(Unit(label, splits), *pickle.loads(shifted))
            driver += (time.process_time() - began) / 20
        kept.close()
    program = "import time, ogive.study.parcel; print(time.process_time())"
    started = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    task = make_task(data, target=study.about["target"])
    return Measured(
        seconds, len(cloudpickle.dumps(task)), len(result), driver, float(started.stdout)
    ), dict(study.versions)


def table(measured: Measured) -> list[dict[str, Any]]:
    """For each study and number of workers the time and the speed-up over one worker."""
    found = []
    for candidates, splits, name in STUDIES:
        units = measured.units(candidates, splits)
        for workers in WORKERS:
            took = simulate(units, workers, measured)
            found.append(
                {
                    "study": name,
                    "units": len(units),
                    "workers": workers,
                    "seconds": took,
                    "speedup": float(units.sum()) / took,
                    "longest": float(units.max()),
                }
            )
    return found


def draw(rows: list[dict[str, Any]]) -> None:
    """docs/clusters.svg: speed-up beside the ideal, on logarithmic axes."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ogive"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    axes.loglog([1, 1000], [1, 1000], color="0.6", linewidth=1)
    axes.text(330, 480, "ideal", color="0.4", ha="right")
    styles = (("o", "-", "#0072b2"), ("s", "--", "#d55e00"), ("^", ":", "#000000"))
    for (_, _, name), (marker, line, colour) in zip(STUDIES, styles, strict=True):
        own = [r for r in rows if r["study"] == name]
        axes.loglog(
            [r["workers"] for r in own],
            [r["speedup"] for r in own],
            marker=marker,
            linestyle=line,
            color=colour,
            label=f"{name} ({own[0]['units']:,} units)",
        )
    axes.set_xlabel("workers, one thread each")
    axes.set_ylabel("times as fast as one worker")
    axes.set_title("A study on a cluster (simulated)", loc="left")
    ticks = [1, 10, 100, 1000]
    axes.set_xticks(ticks, [f"{t:,}" for t in ticks])
    axes.set_yticks(ticks, [f"{t:,}" for t in ticks])
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    axes.grid(color="0.9")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(DOCS / "clusters.svg", metadata={"Date": None}, facecolor="white")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--store", nargs=2, metavar=("FILE", "DATA"))
    given = options.parse_args()
    if given.store:
        measured, versions = measure(Path(given.store[0]), given.store[1])
        content = {"measured": measured.__dict__, "versions": versions}
        (DOCS / "clusters.json").write_text(json.dumps(content, indent=1) + "\n")
    stored = json.loads((DOCS / "clusters.json").read_text())
    measured = Measured(**stored["measured"])
    rows = table(measured)
    draw(rows)
    print("| study | units | workers | seconds | times as fast as one |\n|---|---|---|---|---|")
    for r in rows:
        print(
            f"| {r['study']} | {r['units']:,} | {r['workers']:,} | {r['seconds']:,.0f} "
            f"| {r['speedup']:.1f} |"
        )
    for key in ("study_bytes", "result_bytes", "driver", "start"):
        print(f"{key}: {stored['measured'][key]:.4g}")


if __name__ == "__main__":
    main()
