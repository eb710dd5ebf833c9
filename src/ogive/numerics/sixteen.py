"""float16 and bfloat16: tables of all 65,536 results, each correctly rounded.

Every entry is computed as a pair of float64 (:mod:`ogive.numerics.pair`). The pair is cut to one
float64 whose last bit says whether anything was cut off (rounding to odd), so that rounding it
once more, to 16 bits, cannot land on the wrong side (Boldo, Melquiond 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ogive.numerics import machine
from ogive.numerics.compiled import Compiled, Wanted

Bits = np.ndarray[Any, np.dtype[np.uint16]]
LOOK_UP = """define void @kernel(i64 %n, ptr %table, ptr %x, ptr %out) {
entry:
  %some = icmp ne i64 %n, 0
  br i1 %some, label %loop, label %done
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %from = getelementptr i16, ptr %x, i64 %i
  %bits = load i16, ptr %from, align 2
  %place = zext i16 %bits to i64
  %at = getelementptr i16, ptr %table, i64 %place
  %made = load i16, ptr %at, align 2
  %to = getelementptr i16, ptr %out, i64 %i
  store i16 %made, ptr %to, align 2
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}"""
EVERY = np.arange(1 << 16, dtype=np.uint16)


def table(function: Compiled, wanted: Wanted, name: str) -> Bits:
    """The bits of the results for the bits of every input; ``name`` is float16 or bfloat16."""
    key = (wanted, name)
    if key not in function.tables:
        function.tables[key] = _made(function, wanted, name)
    found: Bits = function.tables[key]
    return found


@dataclass(frozen=True)
class LookUp:
    """A table as a kernel; called as :class:`ogive.numerics.compiled.Call` is."""

    function: Any
    table: Bits

    def __call__(self, n: int, x: int, upstream: int, sums: int, outputs: tuple[int, ...]) -> None:
        """Look ``n`` numbers up; x and the output are addresses, the others are not used."""
        del upstream, sums
        self.function(n, self.table.ctypes.data, x, *outputs)


def look_up(function: Compiled, wanted: Wanted, name: str) -> LookUp:
    """The kernel that looks results up."""
    return LookUp(machine.function(LOOK_UP), table(function, wanted, name))


def _made(function: Compiled, wanted: Wanted, name: str) -> Bits:
    x = EVERY.view(np.float16).astype(np.float64) if name == "float16" else _from_bfloat16(EVERY)
    high, low = np.empty_like(x), np.empty_like(x)
    call = function.call((wanted,), "double", raw=True)
    call(x.size, x.ctypes.data, 0, 0, (high.ctypes.data, low.ctypes.data))
    odd = to_odd(high, low)
    if name == "bfloat16":
        return _to_bfloat16(odd)
    with np.errstate(all="ignore"):
        made: Bits = odd.astype(np.float16).view(np.uint16)
    return made


def to_odd(high: Any, low: Any) -> Any:
    """high + low as a float64, rounded to odd where it is not exact."""
    with np.errstate(all="ignore"):
        total = high + low
        # The pair may not be normalised; what the sum leaves is exact.
        rest = np.where(np.isfinite(total), low - (total - high), 0.0)
        total = np.where((low == 0) | ~np.isfinite(total), high, total)
        rest = np.where(low == 0, 0.0, rest)
    bits = total.view(np.int64).copy()
    towards_zero = (rest != 0) & ((rest < 0) != (total < 0))
    bits -= towards_zero
    bits |= rest != 0
    return bits.view(np.float64)


def _from_bfloat16(bits: Bits) -> Any:
    with np.errstate(invalid="ignore"):
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def _to_bfloat16(odd: Any) -> Bits:
    """Round to nearest, ties to even, from float64 rounded to odd."""
    with np.errstate(all="ignore"):
        single = odd.astype(np.float32)
        back = single.astype(np.float64)
    # float32 has to be rounded to odd too, before its last 16 bits are rounded away.
    bits = single.view(np.int32).astype(np.int64)
    inexact = (back != odd) & np.isfinite(odd)
    over = inexact & (np.abs(back) > np.abs(odd))
    bits -= over
    bits |= inexact
    nan = np.isnan(odd)
    magnitude = (bits & 0x7FFFFFFF) + 0x7FFF + ((bits >> 16) & 1)
    rounded = (magnitude >> 16) | ((bits >> 16) & 0x8000)
    return np.where(nan, 0x7FC0, rounded).astype(np.uint16)
