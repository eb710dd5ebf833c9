"""The pieces of the accuracy certificate: what there is to do, and what it depends on."""

from __future__ import annotations

import hashlib
import marshal
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from _certify_judge import NANS, Contender, Tally, halves, nans, patterns, sampled
from ogive.functions import Activation, get
from ogive.numerics.compiled import Wanted
from ogive.numerics.walk import source
from oracles.grids import BFLOAT16, FLOAT16, FLOAT32, FLOAT64
from oracles.judge import oracle, results
from oracles.settings import everywhere, swept

GRIDS = {grid.name: grid for grid in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)}
SIGN = 1 << 31
INFINITY = 0x7F800000
NAN = INFINITY + 1
FROM, TO = (127 - 30) << 23, (127 + 7) << 23  # the float32 patterns of 2^-30 and 2^7
PIECE = 1 << 26


@dataclass(frozen=True)
class Piece:
    """A part of the work: float32 patterns ``start`` to ``start + count``, or a sample."""

    label: str
    what: str
    grid: str
    start: int = -1
    count: int = 0  # 0: a sample

    @property
    def key(self) -> str:
        """Its name in the file of results."""
        return f"{self.label} {self.what} {self.grid} {self.start} {self.count}"

    @property
    def weight(self) -> float:
        """About how long it takes, in float32 patterns."""
        return self.count or {"float32": 3e7, "float64": 4e8}.get(self.grid, 2e7)

    @property
    def beyond(self) -> bool:
        """Whether it is a part of the sweep of all patterns, and has none of the central range."""
        size = self.start % SIGN
        return self.count > 0 and (size + self.count <= FROM or size > TO)


def pieces(acts: list[Activation] | None = None) -> list[Piece]:
    """The whole work, those that need one compiled kernel next to each other."""
    made = []
    for act in swept() if acts is None else acts:
        for what in ("value", "slope"):
            made += [Piece(act.label, what, name) for name in GRIDS]
            low, high = (0, INFINITY) if everywhere(act) else (FROM, TO + 1)
            made += [
                Piece(act.label, what, "float32", sign + start, min(PIECE, high - start))
                for sign in (0, SIGN)
                for start in range(low, high, PIECE)
            ]
            if everywhere(act):
                made += [Piece(act.label, what, "float32", sign + NAN, NANS) for sign in (0, SIGN)]
    return made


def stamp(act: Activation, what: str, versions: str) -> str:
    """What the results of a piece depend on: our kernels, the oracle's code, the versions."""
    if act.compiled is None:
        raise ValueError(f"{act.label} has no kernels to certify")
    wanted = (Wanted(int(what == "slope")),)
    told = [source(act.compiled.plan(wanted, kind)) for kind in ("float", "double")]
    code = getattr(oracle(act, what), "__code__", None)  # mpmath's own functions show none
    seen = marshal.dumps(_bare_code(code)) if code else b""
    return hashlib.sha256("\n".join([*told, versions]).encode() + seen).hexdigest()[:16]


def _bare_code(code: CodeType) -> CodeType:
    """Code without the lines and the file that it stands in."""
    inner = tuple(_bare_code(c) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(
        co_filename="", co_firstlineno=1, co_linetable=b"", co_consts=inner, co_exceptiontable=b""
    )


def measured(piece: Piece, peers: dict[str, Contender]) -> dict[str, Tally]:
    """Everyone's tally of one piece; ``peers`` beside Ogive, which is always first."""
    act, kind = get(piece.label), GRIDS[piece.grid].dtype
    everyone: dict[str, Contender] = {"ogive": lambda x: results(act, piece.what, x)}
    everyone |= {name: peer for name, peer in peers.items() if _takes(peer, kind)}
    if piece.start % SIGN == NAN:
        return {name: nans(piece.start, compute) for name, compute in everyone.items()}
    if piece.count:
        return patterns(act, piece.what, piece.start, piece.count, everyone)
    grid = GRIDS[piece.grid]
    if grid in (FLOAT16, BFLOAT16):
        return halves(act, piece.what, grid, everyone)
    return sampled(act, piece.what, grid, everyone)


def _takes(peer: Contender, kind: np.dtype[Any]) -> bool:
    """Whether a framework's function takes that kind of float at all."""
    try:
        peer(np.zeros(1, kind))
    except (TypeError, NotImplementedError, RuntimeError):
        return False
    return True


def together(results: dict[str, dict[str, Tally]]) -> dict[Piece, dict[str, Tally]]:
    """The tallies of each function, kind of result and kind of float, from those of the pieces."""
    found: dict[Piece, dict[str, Tally]] = {}
    for piece in pieces():
        if piece.key not in results:
            continue
        have = found.setdefault(Piece(piece.label, piece.what, piece.grid), {})
        for name, tally in results[piece.key].items():
            have[name] = have[name].plus(tally) if name in have else tally
    return found
