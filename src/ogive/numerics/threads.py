"""Large arrays in pieces, on several threads.

Compiled kernels let other Python threads run, so a pool of ordinary threads suffices: any number
of callers may use it at once, and a forked child makes its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ogive.errors import OgiveError

PIECE = 1 << 17  # elements below which a second thread costs more than it gains

_pools: dict[int, dict[int, ThreadPoolExecutor]] = {}  # by process and size
_limit: list[int | None] = [None]


def available() -> int:
    """The threads that a large array is computed on: as set, else one for each CPU allowed."""
    limit = _limit[0]
    if limit is None:
        given = os.environ.get("OGIVE_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
        if given.isdigit() and int(given) > 0:
            limit = int(given)
        elif hasattr(os, "sched_getaffinity"):
            limit = len(os.sched_getaffinity(0))
        else:
            limit = os.cpu_count() or 1
        _limit[0] = limit
    return limit


def set_threads(count: int | None) -> None:
    """Compute large arrays on ``count`` threads; None goes back to one for each CPU.

    Raises :class:`OgiveError` for a count below 1.
    """
    if count is not None and (not isinstance(count, int) or count < 1):
        raise OgiveError(f"the number of threads is {count!r}; give a whole number from 1 on")
    _limit[0] = count


def in_pieces(work: Callable[[int, int], None], count: int, threads: int) -> None:
    """``work(start, stop)`` over pieces of ``range(count)``, in no fixed order."""
    pieces = min(threads, count // PIECE)
    if pieces <= 1:
        work(0, count)
        return
    step = -(-count // pieces // 64) * 64  # whole cache lines
    starts = range(0, count, step)
    pool = _pool(pieces)
    others = [pool.submit(work, s, min(s + step, count)) for s in starts[1:]]
    work(0, min(step, count))
    for other in others:
        other.result()


def _pool(size: int) -> ThreadPoolExecutor:
    own = os.getpid()  # threads do not survive a fork
    for process in list(_pools):
        if process != own:
            _pools.pop(process, None)
    # Each step is one that other threads cannot split: a lock might be held at a fork.
    pools = _pools.setdefault(own, {})
    if size not in pools:
        pools.setdefault(size, ThreadPoolExecutor(size - 1 or 1, thread_name_prefix="ogive"))
    return pools[size]
