"""The accuracy certificate: how far every function's value and slope is from the truth.

Value and slope of every elementwise entry, at the usual parameters and two other settings: all
float16 and bfloat16; every float32 of 2^-30 <= abs(x) <= 2^7 and a sample elsewhere, and all 2^32
bit patterns for functions that PyTorch, JAX or Keras have; more than a million float64. The truth
is that of the oracles in ``tests/oracles``, with mpmath for every doubtful and every worst case.
PyTorch's and JAX's functions get the same inputs.

    python benchmarks/certify.py [--only gelu,elu:alpha=0.3] [--processes 2] [--no-write]

Two cores need some hours. Each finished piece is kept in the state file at once: stop it when you
like, and the same command goes on. Pieces whose kernels, oracle or package versions have changed
are done again. At the end ``docs/accuracy.md`` and ``docs/accuracy.json`` are written.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loky import get_reusable_executor
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from _certify import Piece, measured, pieces, stamp
from _certify_judge import Tally
from _certify_page import write
from _certify_peers import peers
from ogive.functions import get
from oracles.settings import everywhere

HERE = Path(__file__).resolve().parent
PACKAGES = ("numpy", "scipy", "mpmath", "llvmlite", "torch", "jax", "jaxlib")


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def work(piece: Piece) -> tuple[dict[str, dict[str, Any]], float]:
    """What a worker does: the tallies of a piece, and the seconds they took."""
    started = time.process_time()
    if hasattr(os, "setpriority"):  # other work on this machine goes first
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    act = get(piece.label)
    beside = peers(act.name, piece.what) if act.label == act.name else {}
    made = measured(piece, beside)
    return {name: asdict(tally) for name, tally in made.items()}, time.process_time() - started


class State:
    """The finished pieces, a line of JSON each; the last line of a piece counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    found = json.loads(line)
                except json.JSONDecodeError:  # cut off while it was written
                    continue
                self.done[found["piece"]] = found

    def holds(self, piece: Piece, mark: str) -> bool:
        return self.done.get(piece.key, {}).get("stamp") == mark

    def add(self, piece: Piece, mark: str, tallies: dict[str, Any], seconds: float) -> None:
        line = {"piece": piece.key, "stamp": mark, "seconds": round(seconds, 3), "found": tallies}
        self.done[piece.key] = line
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def run(ahead: list[Piece], marks: dict[tuple[str, str], str], state: State, number: int) -> None:
    """Do all of ``ahead`` on ``number`` processes; Ctrl-C loses only what is under way."""
    columns = (
        TextColumn("{task.description:40.40}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    pool = get_reusable_executor(max_workers=number, timeout=60, env={"PYTHONPATH": path})
    waiting, left = {}, iter(ahead)
    with Progress(*columns, refresh_per_second=1) as progress:
        task = progress.add_task("certify", total=sum(piece.weight for piece in ahead))

        def more() -> None:
            for piece in left:
                waiting[pool.submit(work, piece)] = piece
                if len(waiting) >= 2 * number:
                    return

        more()
        while waiting:
            done: set[Future[Any]] = wait(waiting, return_when=FIRST_COMPLETED).done
            for future in done:
                piece = waiting.pop(future)
                try:
                    made = future.result()
                except Exception as error:  # one piece must not cost the hours of the others
                    progress.print(f"{piece.key} failed: {error!r}")
                    continue
                state.add(piece, marks[piece.label, piece.what], *made)
                progress.update(
                    task,
                    advance=piece.weight,
                    description=f"{piece.label} {piece.what} {piece.grid}",
                )
            more()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="functions, with commas between them")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--state", type=Path, default=HERE.parent / "build" / "certify.jsonl")
    parser.add_argument("--docs", type=Path, default=HERE.parent / "docs")
    parser.add_argument("--no-write", action="store_true", help="only measure")
    parser.add_argument("--no-measure", action="store_true", help="only write")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    told = versions()
    only = set(filter(None, given.only.split(",")))
    every = pieces()
    chosen = [p for p in every if not only or p.label in only or p.label.split(":")[0] in only]
    if not chosen:
        raise SystemExit(f"no function of the catalogue is called {given.only}")
    text = json.dumps(told)
    kinds = dict.fromkeys((p.label, p.what) for p in every)
    marks = {kind: stamp(get(kind[0]), kind[1], text) for kind in kinds}
    given.state.parent.mkdir(parents=True, exist_ok=True)
    state = State(given.state)
    ahead = [p for p in chosen if not state.holds(p, marks[p.label, p.what])]
    ahead.sort(key=lambda p: (p.beyond, p.count > 0 and everywhere(get(p.label))))  # longest last
    print(f"{len(ahead)} of {len(chosen)} pieces to do; results in {given.state}", flush=True)
    try:
        run([] if given.no_measure else ahead, marks, state, given.processes)
    except KeyboardInterrupt:
        get_reusable_executor().shutdown(wait=False, kill_workers=True)
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        raise SystemExit(130) from None
    have = [p for p in every if state.holds(p, marks[p.label, p.what])]
    missing = set(every) - set(have)
    if missing:
        print(f"{len(missing)} of {len(every)} pieces of the whole certificate are missing.")
    if given.no_write or any(not p.beyond for p in missing):
        print("Nothing is written.")
        return
    found = {
        p.key: {name: Tally(**t) for name, t in state.done[p.key]["found"].items()} for p in have
    }
    seconds = sum(state.done[p.key]["seconds"] for p in have)
    write(found, told, seconds, given.docs)


if __name__ == "__main__":
    main()
