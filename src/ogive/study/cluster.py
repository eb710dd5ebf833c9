"""Units of work on a Dask cluster: one that runs already, or one started on this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from ogive.errors import BadStudy
from ogive.study import versions
from ogive.study.parcel import Refused, Ticket, Work, carry_out_sent
from ogive.study.plan import Unit
from ogive.study.pools import TRIES, Keep, local_workers

ANSWER = 15.0  # seconds in which a scheduler must answer
NO_WORKER = 60.0  # seconds that a study waits where no worker can take its units
LOOK = 1.0  # seconds between two looks at who is there
AHEAD = 2  # units handed out for each thread: one in work, one at hand
GATHER = 60.0  # seconds in which a finished result must arrive

_log = logging.getLogger("ogive")


class Cluster:
    """A Dask cluster as seen from the driver.

    The driver hands out a few units a thread and more as results arrive, so that a worker that
    joins late gets its share. A worker gets units once its versions are known to be the driver's.
    """

    def __init__(self, address: str | None = None, client: Any = None) -> None:
        """``address`` of a scheduler, or None to start a cluster here; or a client of the user's.

        Raises :class:`BadStudy` where the package ``distributed`` is missing.
        """
        if find_spec("distributed") is None:
            raise BadStudy(
                "a Dask cluster needs the package distributed, which is not installed; "
                'install it with: pip install "ogive[cluster]"'
            )
        self._address = address
        self._client, self._own = client, client is None
        self._local: _LocalCluster | None = None
        self._quiet = contextlib.ExitStack()
        self._known: dict[str, str | None] = {}  # worker -> why it is refused
        self._threads: dict[str, int] = {}  # of the workers that may take units
        self._looked = -LOOK
        self._study: tuple[str, Any] = ("", None)  # digest and future of what has been sent

    def workers(self, units: int) -> int:
        """Threads of all workers that are fit for a study, waiting for the first."""
        self._connect(units)
        self._wait_for_workers()
        return sum(self._threads.values())

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._study = ("", None)
        if self._own and self._client is not None:
            with contextlib.suppress(Exception):
                self._client.close(timeout=ANSWER)
            self._client = None
        if self._local is not None:
            self._local.close()
            self._local = None
        self._quiet.close()

    def carry_out(self, work: Work, units: list[Unit], keep: Keep) -> None:
        """Carry out ``units``; those whose worker was lost or refused are handed out again.

        Raises whatever a unit raises, and :class:`BadStudy` where scheduler or workers are lost.
        """
        self._connect(len(units))
        self._wait_for_workers()
        waiting, left = deque(units), {unit.id for unit in units}
        flying: dict[Any, tuple[Unit, frozenset[str]]] = {}  # with the workers allowed, if not all
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        deaths: Counter[str] = Counter()
        try:
            while left:
                self._wait_for_workers()
                while waiting and len(flying) < AHEAD * sum(self._threads.values()):
                    unit = waiting.popleft()
                    future, allowed = self._hand_out(work, unit)
                    flying[future] = unit, allowed
                    future.add_done_callback(arrived.put)
                for future in [*_drained(arrived), *self._stranded(flying)]:
                    if future not in flying:
                        continue
                    unit, _ = flying.pop(future)
                    answer = self._answer(future, unit, deaths)
                    if answer is None:
                        waiting.appendleft(unit)
                    elif unit.id in left:
                        keep(unit, *answer)
                        left.remove(unit.id)
        finally:
            if self._client is not None and self._client.status == "running":
                with contextlib.suppress(Exception):
                    self._client.cancel(list(flying), force=True)

    def _hand_out(self, work: Work, unit: Unit) -> tuple[Any, frozenset[str]]:
        """Submit a unit: to any worker, or where some are refused to the others."""
        import dask

        if self._study[0] != work.digest or self._study[1].status in {"cancelled", "lost", "error"}:
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "100GB"}):
                # A task, not data of the driver's: where its worker is lost, it is made again.
                sent = self._client.submit(_as_sent, work.content, pure=False, priority=1)
            self._study = work.digest, sent
        ticket = Ticket(work.digest, versions.decisive())
        refused = any(self._known[worker] for worker in self._known)
        allowed = frozenset(self._threads) if refused else frozenset[str]()
        future = self._client.submit(
            carry_out_sent,
            ticket,
            unit,
            self._study[1],
            pure=False,
            workers=sorted(allowed) or None,
        )
        return future, allowed

    def _answer(self, future: Any, unit: Unit, deaths: Counter[str]) -> tuple[Any, float] | None:
        """What became of a unit: its runs and seconds, or None where it is to be handed out again.

        Raises what the unit raised, and :class:`BadStudy` where it ends every worker it meets.
        """
        from distributed.scheduler import KilledWorker

        if future.status == "finished":
            try:
                answer = future.result(timeout=GATHER)
            except Exception:  # its worker went before the result had come
                return None
            if not isinstance(answer, Refused):
                return answer  # type: ignore[no-any-return]
            self._refuse(answer.worker, answer)  # it joined since the last look
            return None
        if future.status != "error":
            return None
        error = future.exception(timeout=GATHER)
        if isinstance(error, KilledWorker):
            deaths[unit.id] += 1
            if deaths[unit.id] < TRIES:
                return None
            raise BadStudy(
                f"every worker that took the piece of work {unit.id} was lost, most likely for "
                "want of memory; what was finished is stored, so repeat the command on workers "
                "with more memory, or with a smaller --width"
            )
        before = self._refusals()
        self._looked = -LOOK
        self._look()
        if isinstance(error, ImportError) and self._refusals() != before:
            return None
        raise error

    def _stranded(self, flying: dict[Any, tuple[Unit, frozenset[str]]]) -> Iterator[Any]:
        """Units that none of the workers left may take, cancelled."""
        for future, (_, allowed) in list(flying.items()):
            if allowed and not allowed & self._threads.keys():
                future.cancel()
                yield future

    def _connect(self, units: int) -> None:
        if self._client is not None:
            return
        from distributed import Client

        self._quiet.enter_context(_silence())
        address: Any = self._address
        if address is None:
            self._local = _LocalCluster(local_workers(units))
            address = self._local.address
        try:
            self._client = Client(address, timeout=ANSWER, set_as_default=False, name="ogive")
        except (OSError, ValueError) as error:
            raise BadStudy(
                f"no Dask scheduler answers at {address} ({_first_line(error)}); start one with "
                "`dask scheduler` and give the address that it prints, as tcp://HOST:PORT"
            ) from None

    def _look(self) -> None:
        """Learn, at most once in a while, who is there and who of them is fit."""
        if time.monotonic() - self._looked < LOOK:
            return
        began = time.monotonic()
        while self._client.status == "connecting" and time.monotonic() - began < ANSWER:
            time.sleep(0.1)  # it connects again by itself where the scheduler comes back
        try:
            if self._client.status != "running":
                raise OSError("the connection ended")
            there = dict(self._client.nthreads())
            if there.keys() - self._known.keys():
                said = self._client.get_versions(packages=list(versions.DECISIVE))
                for worker in there.keys() - self._known.keys():
                    if said["workers"].get(worker):  # else it is busy, or gone again
                        self._judge(worker, said["workers"][worker], said["client"])
        except (OSError, TimeoutError):
            raise BadStudy(
                f"the Dask scheduler {self._address or ''} was lost; what was finished is stored, "
                "so start it again and repeat the command, which goes on"
            ) from None
        self._known = {w: refusal for w, refusal in self._known.items() if w in there}
        self._threads = {
            w: count for w, count in there.items() if w in self._known and not self._known[w]
        }
        self._looked = time.monotonic()

    def _judge(self, worker: str, said: Any, ours: Any) -> None:
        differs = versions.difference(said["packages"], ours["packages"])
        self._known[worker] = None
        if differs is not None:
            self._refuse(worker, Refused(worker, differs))

    def _refuse(self, worker: str, refused: Refused) -> None:
        if not self._known.get(worker):
            _log.warning("%s", refused)
        self._known[worker] = str(refused)
        self._threads.pop(worker, None)

    def _refusals(self) -> list[str]:
        return [refusal for refusal in self._known.values() if refusal]

    def _wait_for_workers(self) -> None:
        """Return once a worker may take units; raises :class:`BadStudy` after a while without."""
        had, began = bool(self._threads), time.monotonic()
        self._look()
        while not self._threads:
            refusals = self._refusals()
            if refusals and not had:
                raise BadStudy(refusals[0])
            if time.monotonic() - began > NO_WORKER:
                where = self._address or "on this machine"
                raise BadStudy(
                    f"the Dask cluster {where} has had no worker for {NO_WORKER:g} s; start one "
                    "with `dask worker ADDRESS` and repeat the command (what was finished is "
                    "stored)" + (f"; {refusals[0]}" if refusals else "")
                )
            time.sleep(0.1)
            self._look()


class _LocalCluster:
    """A scheduler in this process, and workers with one thread each that end with it."""

    def __init__(self, workers: int) -> None:
        from distributed import LocalCluster

        self._scheduler = LocalCluster(
            n_workers=0, dashboard_address=":0", silence_logs=logging.CRITICAL
        )
        self.address = str(self._scheduler.scheduler_address)
        self._folder = tempfile.TemporaryDirectory(prefix="ogive-", ignore_cleanup_errors=True)
        # Not through multiprocessing, which would run the caller's program again in each worker;
        # in a session of their own, where Ctrl-C does not reach them.
        self._workers = subprocess.Popen(
            [
                *(sys.executable, "-m", "distributed.cli.dask_worker", self.address),
                *("--nworkers", str(workers), "--nthreads", "1", "--no-dashboard"),
                *("--death-timeout", "20", "--local-directory", self._folder.name),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def close(self) -> None:
        self._workers.terminate()
        with contextlib.suppress(Exception):
            self._scheduler.close(timeout=ANSWER)
        try:
            self._workers.wait(ANSWER)
        except subprocess.TimeoutExpired:
            self._workers.kill()
            self._workers.wait()
        self._folder.cleanup()


def _as_sent(content: bytes) -> bytes:
    """The study, kept by the worker that was asked for it; the others fetch it from there."""
    return content


def _drained(arrived: queue.SimpleQueue[Any]) -> list[Any]:
    """All that has arrived, waiting a moment for the first."""
    found = []
    with contextlib.suppress(queue.Empty):
        found.append(arrived.get(timeout=LOOK))
        while True:
            found.append(arrived.get_nowait())
    return found


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Lost connections are said in a sentence of ours, not in Dask's log as well."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in ("client", "core", "comm")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).partition("\n")[0].rstrip(".")
