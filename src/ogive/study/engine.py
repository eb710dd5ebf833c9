"""Who carries out the units of work: this process, local processes, an executor, a Dask cluster.

Only the driver, which calls :func:`carry_out_units`, hears of results and stores them. An engine
is opened once and may serve many rounds of units; it starts or connects on the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, runtime_checkable

from ogive.errors import BadStudy
from ogive.study.modeltask import AnyTask
from ogive.study.parcel import Work
from ogive.study.plan import Plan, Unit
from ogive.study.pools import Given, Keep, Local
from ogive.study.record import Run
from ogive.study.work import Entrant

HERE = "here"  # the engine that is this very process
LOCAL_CLUSTER = "local-cluster"


@runtime_checkable
class Engine(Protocol):
    """An opened engine."""

    def workers(self, units: int) -> int:
        """How many of so many units are carried out at once."""
        ...

    def carry_out(self, work: Work, units: list[Unit], keep: Keep) -> None:
        """Carry out ``units``, calling ``keep(unit, runs, seconds)`` as each ends."""
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...


class Here:
    """This very process, one unit after the other."""

    def workers(self, units: int) -> int:
        """One."""
        return 1

    def carry_out(self, work: Work, units: list[Unit], keep: Keep) -> None:
        """Carry out ``units`` in their order."""
        for unit in units:
            keep(unit, *work.carry_out(unit))

    def close(self) -> None:
        """Nothing is open."""


def open_engine(engine: Engine | Executor | str | None) -> Engine:
    """The engine that a setting names; one that is open already is returned as it is.

    None is local processes, "here" this process, ``tcp://HOST:PORT`` the scheduler of a Dask
    cluster, "local-cluster" a Dask cluster on this machine; or any
    ``concurrent.futures.Executor``. Raises :class:`BadStudy` for anything else, and where the
    packages of a cluster are missing.
    """
    if engine is None:
        return Local()
    if isinstance(engine, Engine):
        return engine
    if isinstance(engine, Executor):
        client = getattr(engine, "_client", None)
        if type(engine).__module__.partition(".")[0] == "distributed" and client is not None:
            from ogive.study.cluster import Cluster

            return Cluster(client=client)
        return Given(engine)
    if engine == HERE:
        return Here()
    if isinstance(engine, str) and (engine == LOCAL_CLUSTER or "://" in engine):
        from ogive.study.cluster import Cluster

        return Cluster(None if engine == LOCAL_CLUSTER else engine)
    raise BadStudy(
        f"the engine {engine!r} is not known; leave it out for local processes, or name "
        f"{HERE!r} for this process, tcp://HOST:PORT for the scheduler of a Dask cluster, "
        f"{LOCAL_CLUSTER!r} for one on this machine, or (in Python) a concurrent.futures.Executor"
    )


def workers_of(engine: Engine | Executor | str | None, units: int) -> int:
    """How many of so many units are carried out at once; 1 where an executor does not say."""
    opened = open_engine(engine)
    try:
        return opened.workers(units)
    finally:
        if opened is not engine:
            opened.close()


def carry_out_units(
    task: AnyTask,
    plan: Plan,
    entrants: Mapping[str, Entrant],
    units: Sequence[Unit],
    engine: Engine | Executor | str | None,
    store: Keep,
) -> None:
    """Carry out ``units``, calling ``store(unit, runs, seconds)`` once for each, as it ends.

    Units whose worker was lost are handed out again, and a result that arrives twice counts once.
    Give what :func:`open_engine` returned to keep processes and connections for further rounds.
    Raises whatever a unit raises, and :class:`BadStudy` where there is nobody left to work.
    """
    kept: set[str] = set()

    def store_once(unit: Unit, runs: list[Run], seconds: float) -> None:
        if unit.id not in kept:
            store(unit, runs, seconds)
            kept.add(unit.id)

    opened = open_engine(engine)
    try:
        opened.carry_out(Work(task, plan, entrants), list(units), store_once)
    finally:
        if opened is not engine:
            opened.close()
