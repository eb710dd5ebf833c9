"""What the theory of deep random networks is worth: beside measurement, and in training.

Three questions. Do random networks of width 1,000 and depth 50 do what mean-field theory says,
within a simultaneous 99% band for their width? Do plain networks of 50 layers train better from
``ogive.init_`` than from PyTorch's default initialisation? Do critical gains serve the networks
that ``ogive choose`` compares functions in, which are shallow by default?

    python benchmarks/depth.py [--data FILE.json] [--write]

Finished parts are kept in ``--data`` and not done again. ``--write`` writes docs/depth.md and
docs/depth.svg from it. One thread; about ten minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _depth_bands
import _depth_page
import _depth_train
import torch
from _depth_train import STEPS, Cell

DEEP = ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "softsign", "sigmoid")
# Functions whose critical weights differ from those that keep variance 1.
DIFFERENT = ("tanh", "softsign", "erf", "elu", "selu")
SHALLOW = (3, 10)

Job = tuple[str, float, Callable[[], Any]]


def jobs() -> list[Job]:
    """(key, relative time, work) of every part."""
    found: list[Job] = [
        (f"band/{name}", 3e3, lambda name=name: _depth_bands.measure(name))
        for name in _depth_bands.NAMES
    ]
    cells = [
        Cell(name, 50, init, 5, STEPS)
        for name in DEEP
        for init in ("default", "critical", "corrected")
    ]
    cells += [
        Cell(name, depth, init, 10, STEPS)
        for depth in SHALLOW
        for name in DIFFERENT
        for init in ("forward", "critical")
    ]
    return found + [
        (cell.key, cell.cost, lambda cell=cell: _depth_train.train(cell)) for cell in cells
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("depth.json"))
    parser.add_argument("--write", action="store_true", help="write docs/depth.md and the picture")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # where gradients vanish, arithmetic on them is slow
    done: dict[str, Any] = json.loads(given.data.read_text()) if given.data.exists() else {}
    every = jobs()
    left = [job for job in every if job[0] not in done]
    total, gone, began = sum(cost for _, cost, _ in left), 0.0, time.monotonic()
    for key, cost, work in left:
        started = time.monotonic()
        found = work()
        done[key] = {"found": found, "seconds": time.monotonic() - started}
        part = given.data.with_suffix(".part")
        part.write_text(json.dumps(done))
        part.replace(given.data)
        gone += cost
        rest = (time.monotonic() - began) * (total - gone) / gone
        print(f"{key}: {done[key]['seconds']:.1f} s; about {rest / 60:.1f} min left", flush=True)
    if given.write:
        _depth_page.write({key: done[key]["found"] for key, *_ in every})


if __name__ == "__main__":
    main()
