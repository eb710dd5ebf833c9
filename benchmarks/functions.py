"""Ogive's kernels beside PyTorch, JAX, and NumPy with SciPy: values, slopes and autograd.

One run; contenders take turns on the same arrays, and medians count. A process for each number
of threads holds everyone to it. PyTorch: its operators without autograd, eager and under
``torch.compile``; JAX: ``jax.jit``. *Backward* is the upstream gradient times the slope in one
call. *With out* writes into memory that is there: ``out=``, or for JAX an argument given up.
A copy (backward: a product of two arrays) shows what memory alone costs. The torch route is a
``torch.nn.Module`` of ours beside PyTorch's own, with autograd.

    python benchmarks/functions.py [--quick] [--only gelu,mish] [--sizes 14,20] [--write]

JAX takes part if it is installed (``pip install jax``).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _measure import Job, environment

HERE = Path(__file__).resolve().parent
SIZES, ROUTE = (14, 20, 24), (3, 5, 7, 9, 11, 13, 15, 17, 19, 22)  # powers of 2
QUICK = ("relu", "sigmoid", "gelu")
PACKAGES = ("ogive", "llvmlite", "numpy", "scipy", "torch", "jax", "jaxlib")


def jobs(given: argparse.Namespace, names: tuple[str, ...]) -> list[Job]:
    sizes = tuple(1 << n for n in given.sizes)
    route = tuple(1 << n for n in ROUTE if n <= max(given.sizes))
    if given.quick:
        return [Job(1, names, sizes, route[::4], ("float32",), False, haste=10.0)]
    large = tuple(n for n in sizes if n >= 1 << 20)
    counts = [n for n in (1, 2) if n <= len(os.sched_getaffinity(0))]
    split = tuple(n for n in route if n >= 1 << 15)  # what may be shared between threads
    one = Job(1, names, sizes, route)
    return [one if n == 1 else Job(n, names, large, split) for n in counts]


def measure(work: list[Job]) -> dict[str, Any]:
    """Everything that the processes tell, with the machine and the versions."""
    found: dict[str, Any] = {"rows": [], "notes": [], "jax_cpus": {}}
    total = sum(weight for job in work for _, _, weight in job.pieces())
    done, started = 0.0, time.monotonic()
    before = os.getloadavg()[0]
    for job in work:
        command = [sys.executable, str(HERE / "_measure.py"), json.dumps(asdict(job))]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment(job.threads)
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not line.startswith("{"):
                    continue  # a library talking
                told = json.loads(line)
                found["rows"] += told.get("rows", [])
                found["notes"] += told.get("notes", [])
                found["jax_cpus"] |= told.get("jax_cpus", {})
                if "weight" in told:
                    done += told["weight"]
                    left = (time.monotonic() - started) * (total - done) / done
                    print(f"{told['did']}: {done / total:.0%}, {left:.0f} s left", flush=True)
        if process.returncode:
            raise SystemExit("measuring stopped early; the reason stands above")
    if importlib.util.find_spec("jax") is None:
        found["notes"].append("JAX is left out, because it is not installed.")
    found["machine"] = machine() | {"load_before": before, "load_after": os.getloadavg()[0]}
    found["versions"] = versions()
    found["seconds"] = time.monotonic() - started
    found["date"] = time.strftime("%Y-%m-%d")
    return found


def machine() -> dict[str, Any]:
    import torch

    told = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        told = lines[0].partition(":")[2].strip() if lines else told
    return {
        "cpu": told,
        "cpus": len(os.sched_getaffinity(0)),
        "vectors": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    made = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            made[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            made[name] = "not installed"
    compiler = shutil.which("g++")
    if compiler:
        told = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
        made["g++"] = told.stdout.splitlines()[0] if told.stdout else "unknown"
    return made


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three functions in a few seconds")
    parser.add_argument("--only", default="", help="functions, with commas between them")
    parser.add_argument("--sizes", default="", help="powers of 2: 14,20,24")
    parser.add_argument("--write", action="store_true", help="write speed.md and speed.svg")
    parser.add_argument(
        "--docs", type=Path, help="where to write; docs, with --quick a folder for temporary files"
    )
    parser.add_argument("--data", type=Path, help="the raw medians; speed.json in --docs")
    parser.add_argument("--again", action="store_true", help="measure nothing; read --data")
    given = parser.parse_args()
    default = (14, 20) if given.quick else SIZES
    given.sizes = tuple(int(n) for n in given.sizes.split(",") if n) or default
    elsewhere = Path(tempfile.gettempdir()) / "ogive-speed"  # haste makes no record
    given.docs = given.docs or (elsewhere if given.quick else HERE.parent / "docs")
    given.data = given.data or given.docs / "speed.json"
    return given


def main() -> None:
    from _peers import PEERS
    from _speed_page import summary, write

    given = arguments()
    if given.again:
        found = json.loads(given.data.read_text())
    else:
        names = tuple(filter(None, given.only.split(","))) or (QUICK if given.quick else ())
        if unknown := [n for n in names if n not in PEERS]:
            raise SystemExit(f"{unknown[0]} is not among {', '.join(PEERS)}")
        found = measure(jobs(given, names or tuple(PEERS)))
        given.data.parent.mkdir(parents=True, exist_ok=True)
        given.data.write_text(json.dumps(found))
    print("\n".join(summary(found)))
    if given.write:
        write(found, given.docs)


if __name__ == "__main__":
    main()
