"""Who carries out the units of work: any ``concurrent.futures.Executor``.

The default is one local process a core, one thread each. Only the driver, which calls
:func:`carry_out_units`, hears of results and stores them.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import contextmanager
from pathlib import Path

import cloudpickle

from ogive.errors import BadStudy
from ogive.study.plan import Plan, Unit
from ogive.study.record import Run
from ogive.study.task import Task
from ogive.study.work import Entrant, carry_out, carry_out_from

HERE = "here"  # the engine that is this very process
Keep = Callable[[Unit, list[Run], float], None]
TRIES = 3  # times a unit is handed out again after its worker was lost


def workers_of(engine: Executor | str | None, units: int) -> int:
    """How many units are carried out at once; an executor of the user's may do more than 1."""
    return local_workers(units) if engine is None else 1


def local_workers(units: int) -> int:
    """Processes worth starting on this machine for so many units."""
    return max(
        1,
        min(
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1,
            units,
        ),
    )


def _end_with(driver: int) -> None:
    """In a worker: leave when the driver is gone, however it went, and ignore Ctrl-C until then.

    A terminal sends Ctrl-C to workers too; the driver alone decides what becomes of them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _executor(engine: Executor | None, units: int) -> Iterator[Executor]:
    if isinstance(engine, Executor):
        yield engine
        return
    import loky

    workers = local_workers(units)

    pool = loky.ProcessPoolExecutor(
        workers,
        env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        initializer=_end_with,
        initargs=(os.getpid(),),
    )
    finished = False
    try:
        yield pool
        finished = True
    finally:
        # After Ctrl-C or an error the units in flight are of no use to anyone.
        pool.shutdown(wait=finished, kill_workers=not finished)


def carry_out_units(
    task: Task,
    plan: Plan,
    entrants: Mapping[str, Entrant],
    units: Sequence[Unit],
    engine: Executor | str | None,
    store: Keep,
) -> None:
    """Carry out ``units``, calling ``store(unit, runs, seconds)`` as each ends.

    A unit whose worker died is handed out again, in a fresh pool. Raises whatever a unit raises.
    """
    if isinstance(engine, str):
        if engine != HERE:
            raise BadStudy(
                f"the engine {engine!r} is not known; leave it out for local processes, use "
                f"{HERE!r} for this process, or give a concurrent.futures.Executor"
            )
        for unit in units:
            store(unit, *carry_out(task, plan, entrants[unit.label], unit))
        return
    left = {unit.id: unit for unit in units}
    with tempfile.TemporaryDirectory(prefix="ogive-") as folder:
        path = Path(folder) / "study.pickle"
        path.write_bytes(cloudpickle.dumps((task, plan, dict(entrants))))
        for attempt in range(1, TRIES + 1):
            try:
                _carry_out_on(engine, str(path), left, store)
                return
            except BrokenExecutor:
                if attempt == TRIES:
                    raise BadStudy(
                        f"worker processes died {TRIES} times, most likely for want of memory; "
                        "what was finished is stored, so repeat the command on a machine with "
                        "more memory, or with a smaller --width"
                    ) from None


def _carry_out_on(engine: Executor | None, path: str, left: dict[str, Unit], store: Keep) -> None:
    """Carry out the units ``left`` on a pool, taking each out as it is stored."""
    with _executor(engine, len(left)) as executor:
        futures = {executor.submit(carry_out_from, path, unit): unit for unit in left.values()}
        try:
            for future in as_completed(futures):
                unit = futures[future]
                store(unit, *future.result())
                del left[unit.id]
        finally:
            # After an error, what has not begun is not to begin. Our own workers are killed, and
            # their pool must not find its work cancelled beneath it.
            for future in futures if engine is not None else ():
                future.cancel()
