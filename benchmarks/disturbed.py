"""Kill drivers and workers of a study on a Dask cluster, and see whether its outcome changes.

A scheduler and two workers run as processes of this machine. A study is carried out undisturbed:
`ogive.choose` on iris, its trainings cut short so that it has many small units. Then the same
study begins again from nothing, while its driver (started again each time) or one of the workers
(replaced each time) is ended with SIGKILL: each time a random number of units and a random moment
after the kill before, so that some drivers die before they have done anything. When the study
outlives the kills of one round, another round begins from nothing, until all kills are done. Each
finished round must equal the undisturbed study, run for run, and give the same verdict.

    python benchmarks/disturbed.py --drivers 10 --workers 10
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ogive.study.record import Study
from ogive.study.store import read_study
from ogive.study.verdict import verdict

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))
from clusters import Processes  # noqa: E402

LONGEST = 1800.0  # seconds that a driver may take without being killed
MOST_BETWEEN = 20  # units stored between two kills
MOST_MOMENT = 1.0  # seconds more


def driver(store: Path, address: str, splits: int) -> subprocess.Popen[bytes]:
    program = (
        "import clusters; from ogive.study import cluster;"
        f"cluster.ANSWER = cluster.GATHER = cluster.NO_WORKER = {LONGEST / 2};"  # a busy machine
        f"clusters.choose_quickly({str(store)!r}, {address!r}, {splits})"
    )
    return subprocess.Popen([sys.executable, "-c", program], cwd=TESTS)


def count(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM units").fetchone()[0])


def emptied(store: Path, copy: Path) -> None:
    """A copy of a study at its very beginning, with the costs measured then."""
    for path in copy.parent.glob(copy.name + "*"):
        path.unlink()
    shutil.copy(store, copy)
    with closing(sqlite3.connect(copy)) as db, db:
        for name in ("units", "runs", "files"):
            db.execute(f"DELETE FROM {name}")


def outcome(study: Study) -> tuple[object, ...]:
    """All that a study came to; the seconds that its units took are no part of it."""
    timeless = replace(study, seconds=dict.fromkeys(study.seconds, 1.0))
    return timeless, verdict(timeless, None)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--drivers", type=int, default=10, help="kills of the driver")
    options.add_argument("--workers", type=int, default=10, help="kills of a worker")
    options.add_argument("--splits", type=int, default=60, help="of the study; 3 units each")
    options.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    given = options.parse_args()
    moments = random.Random(given.seed)
    kills = ["driver"] * given.drivers + ["worker"] * given.workers
    moments.shuffle(kills)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processes = Processes(folder)
        try:
            result = disturb(processes, folder, kills, moments, given.splits)
        finally:
            processes.close()
    print(json.dumps(result, indent=1))
    sys.exit(0 if result["rounds that equal it"] == result["rounds"] else 1)


def ended(running: subprocess.Popen[bytes], store: Path, moments: random.Random) -> bool:
    """Wait for the moment of a kill; whether the driver was done before."""
    more, moment = moments.randint(0, MOST_BETWEEN), moments.uniform(0, MOST_MOMENT)
    goal, deadline = count(store) + more, time.monotonic() + LONGEST
    while count(store) < goal and running.poll() is None:
        if time.monotonic() > deadline:
            raise RuntimeError("the study stands still")
        time.sleep(0.02)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(moment)
    if running.returncode:
        raise RuntimeError(f"a driver ended with {running.returncode}, not killed")
    return running.returncode is not None


def disturb(
    processes: Processes, folder: Path, kills: list[str], moments: random.Random, splits: int
) -> dict[str, object]:
    workers = [processes.worker(), processes.worker()]
    processes.wait_for(2)
    whole, store = folder / "whole.sqlite", folder / "disturbed.sqlite"
    began = time.monotonic()
    if driver(whole, processes.address, splits).wait(LONGEST):
        raise RuntimeError("the undisturbed study failed")
    undisturbed = time.monotonic() - began
    wanted = outcome(read_study(whole))
    units, rounds, equal = count(whole), 0, 0
    done: list[dict[str, object]] = []
    left = list(kills)
    while left:
        rounds += 1
        emptied(whole, store)
        running = driver(store, processes.address, splits)
        while True:
            if not left:
                if running.wait(LONGEST):
                    raise RuntimeError("the last driver failed")
                break
            if ended(running, store, moments):
                break
            kind = left.pop()
            if kind == "driver":
                running.send_signal(signal.SIGKILL)
                running.wait()
                running = driver(store, processes.address, splits)
            else:
                place = moments.randrange(2)
                workers[place].send_signal(signal.SIGKILL)
                workers[place].wait()
                workers[place] = processes.worker()
            done.append({"killed": kind, "round": rounds, "stored": count(store)})
            print(f"{kind} killed with {count(store)} of {units} units stored", file=sys.stderr)
        equal += outcome(read_study(store)) == wanted
    return {
        "units": units,
        "undisturbed seconds": round(undisturbed, 1),
        "drivers killed": sum(d["killed"] == "driver" for d in done),
        "workers killed": sum(d["killed"] == "worker" for d in done),
        "units stored at each kill": [d["stored"] for d in done],
        "rounds": rounds,
        "rounds that equal it": equal,
    }


if __name__ == "__main__":
    main()
