"""Units of work on local processes, or on an executor of the user's."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, as_completed
from pathlib import Path
from typing import Any

from ogive.errors import BadStudy
from ogive.study import versions
from ogive.study.parcel import Refused, Ticket, Unread, Work, carry_out_sent
from ogive.study.plan import Unit
from ogive.study.record import Run

Keep = Callable[[Unit, list[Run], float], None]
TRIES = 3  # pools lost one after the other, without a finished unit between


def local_workers(units: int) -> int:
    """Processes worth starting for so many units: one for each core that this process may use.

    Affinity, a container's share and the environment's LOKY_MAX_CPU_COUNT limit them.
    """
    import loky

    return max(1, min(int(loky.cpu_count()), units))


class Given:
    """An executor of the user's, which stays the user's to shut down."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._folder = tempfile.TemporaryDirectory(prefix="ogive-")

    def workers(self, units: int) -> int:
        """The executor's workers where it says how many it has, else 1."""
        known = getattr(self._executor, "_max_workers", 1)
        return known if isinstance(known, int) and known > 0 else 1

    def carry_out(self, work: Work, units: list[Unit], keep: Keep) -> None:
        """Carry out ``units``; raises whatever a unit raises, and BadStudy for lost workers."""
        left = {unit.id: unit for unit in units}
        try:
            self._carry_out_on(self._executor, work, left, keep)
        except BrokenExecutor as broken:
            raise BadStudy(
                f"the executor that was given lost its workers ({broken}); what was finished is "
                "stored where there is a store, so repeat the call with a new executor"
            ) from None

    def close(self) -> None:
        """Remove what was written for the workers."""
        self._folder.cleanup()

    def _carry_out_on(
        self, executor: Executor, work: Work, left: dict[str, Unit], keep: Keep
    ) -> None:
        """Carry out the units ``left``, taking each out as it is kept.

        Workers that cannot read this machine's files are sent the study with each unit.
        """
        path = Path(self._folder.name) / work.digest
        if not path.exists():
            path.write_bytes(work.content)
        ticket = Ticket(work.digest, versions.decisive(), str(path))
        for content in (None, work.content):
            if not left:
                return
            more = () if content is None else (content,)
            futures = {
                executor.submit(carry_out_sent, ticket, unit, *more): unit for unit in left.values()
            }
            try:
                for future in as_completed(futures):
                    answer = future.result()
                    if isinstance(answer, Refused):
                        raise BadStudy(str(answer))
                    if not isinstance(answer, Unread):
                        keep(futures[future], *answer)
                        del left[futures[future].id]
            finally:
                self._stop(futures)

    def _stop(self, futures: Any) -> None:
        """After an error, what has not begun is not to begin."""
        for future in futures:
            future.cancel()


class Local(Given):
    """Processes of our own on this machine, one thread each, that end with this one."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ogive-")
        self._pool: Any = None
        self._size = 0

    def workers(self, units: int) -> int:
        """Processes for so many units."""
        return local_workers(units)

    def carry_out(self, work: Work, units: list[Unit], keep: Keep) -> None:
        """Carry out ``units``; those whose worker died are handed out again, in a fresh pool."""
        left = {unit.id: unit for unit in units}
        lost = 0
        while left:
            before = len(left)
            try:
                self._carry_out_on(self._opened(before), work, left, keep)
            except BrokenExecutor:
                self._end(at_once=True)
                lost = 1 if len(left) < before else lost + 1
                if lost == TRIES:
                    raise BadStudy(
                        f"worker processes died {TRIES} times, most likely for want of memory; "
                        "what was finished is stored, so repeat the command on a machine with "
                        "more memory, or with a smaller --width"
                    ) from None
            except BaseException:
                # After Ctrl-C or an error the units in flight are of no use to anyone.
                self._end(at_once=True)
                raise

    def close(self) -> None:
        """End the processes."""
        self._end(at_once=False)
        super().close()

    def _opened(self, units: int) -> Executor:
        import loky

        if self._pool is None or self._size < local_workers(units):
            self._end(at_once=False)
            self._size = local_workers(units)
            self._pool = loky.ProcessPoolExecutor(
                self._size,
                env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                initializer=_end_with,
                initargs=(os.getpid(),),
            )
        return self._pool  # type: ignore[no-any-return]

    def _end(self, at_once: bool) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=not at_once, kill_workers=at_once)
            self._pool = None

    def _stop(self, futures: Any) -> None:
        """Our own workers are killed; their pool must not find its work cancelled beneath it."""


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
