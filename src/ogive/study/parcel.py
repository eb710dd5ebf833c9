"""What travels to a worker, and what the worker does with it.

The study (task, plan, entrants) travels once to each worker, as bytes or as a file; every unit of
work after it is a label and a few numbers.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cloudpickle

from ogive.study import versions
from ogive.study.modeltask import AnyTask
from ogive.study.plan import Plan, Unit
from ogive.study.record import Run
from ogive.study.work import Entrant, carry_out

_KEPT = 2  # studies that a worker holds unpacked
_unpacked: dict[str, tuple[AnyTask, Plan, dict[str, Entrant]]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Work:
    """What the units of a study share."""

    task: AnyTask
    plan: Plan
    entrants: Mapping[str, Entrant]

    @cached_property
    def content(self) -> bytes:
        """The pickle that a worker unpacks."""
        return cloudpickle.dumps((self.task, self.plan, dict(self.entrants)))  # type: ignore[no-any-return]

    @cached_property
    def digest(self) -> str:
        """The name of the content."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    def carry_out(self, unit: Unit) -> tuple[list[Run], float]:
        """The unit's runs and seconds, in this process."""
        return carry_out(self.task, self.plan, self.entrants[unit.label], unit)


@dataclass(frozen=True)
class Ticket:
    """How a worker finds the study, and which versions it must have."""

    digest: str
    versions: versions.Versions
    path: str | None = None


@dataclass(frozen=True)
class Refused:
    """A worker's answer where it is not fit for the study."""

    worker: str
    difference: str

    def __str__(self) -> str:
        return (
            f"the worker {self.worker} was refused, since {self.difference}; install the driver's "
            "versions there and start it again"
        )


@dataclass(frozen=True)
class Unread:
    """A worker's answer where it cannot read the driver's file: send the content."""


Answer = tuple[list[Run], float] | Refused | Unread


def carry_out_sent(ticket: Ticket, unit: Unit, content: bytes | None = None) -> Answer:
    """:func:`ogive.study.work.carry_out` on a worker, for the study that the driver sent."""
    differs = versions.difference(versions.decisive(), ticket.versions)
    if differs:
        return Refused(_own_name(), differs)
    with _lock:  # threads of one worker unpack the study once
        if ticket.digest not in _unpacked:
            if content is None:
                try:
                    content = Path(ticket.path or "").read_bytes()
                except OSError:
                    return Unread()
            while len(_unpacked) >= _KEPT:
                del _unpacked[next(iter(_unpacked))]
            _unpacked[ticket.digest] = pickle.loads(content)
        task, plan, entrants = _unpacked[ticket.digest]
    return carry_out(task, plan, entrants[unit.label], unit)


def _own_name() -> str:
    """A Dask worker's address, or else host and process."""
    if "distributed" in sys.modules:
        with contextlib.suppress(ValueError):  # loaded, but this is no worker of it
            return str(sys.modules["distributed"].get_worker().address)
    return f"{socket.gethostname()} (process {os.getpid()})"
