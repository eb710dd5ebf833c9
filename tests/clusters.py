"""A Dask cluster of real processes, to be disturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# A worker with this preload says that it has another torch.
OTHER_TORCH = """
from importlib import metadata
from distributed import versions
if not hasattr(metadata, "true_version"):  # Dask loads this twice
    metadata.true_version = metadata.version
metadata.version = versions.version = lambda name: (
    "0.0.1" if name == "torch" else metadata.true_version(name)
)
"""


class Processes:
    """A scheduler and workers, each a process of its own, ended together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[bytes]] = []
        self.scheduler, self.address = self._scheduler()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.started)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        )
        log.close()
        self.started.append(process)
        return process

    def _scheduler(self) -> tuple[subprocess.Popen[bytes], str]:
        import json

        place = self.folder / "scheduler.json"
        process = self._start(
            *("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1"),
            *("--no-dashboard", "--scheduler-file", str(place)),
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                return process, json.loads(place.read_text())["address"]
            except (OSError, ValueError):
                time.sleep(0.05)
        raise TimeoutError("the scheduler did not start")

    def worker(self, preload: str | None = None) -> subprocess.Popen[bytes]:
        """One more worker, with one thread and without a nanny to start it again."""
        more = ("--preload", preload) if preload else ()
        return self._start(
            *("distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny"),
            *("--no-dashboard", "--local-directory", str(self.folder), *more),
        )

    def wait_for(self, count: int) -> None:
        """Return once the scheduler knows ``count`` workers."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=90)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
