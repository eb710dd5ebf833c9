"""Which values dropout drops: a function of the run, the step and the place, of nothing else.

PyTorch's generators hand out numbers in the order in which they are asked, so that a run's masks
would depend on which other runs train beside it. Here each value of a mask is a hash of a counter
and the run's key (a counter-based generator: Salmon and others, Parallel random numbers: as easy
as 1, 2, 3, SC 2011), and is the same on every device. The hash is two rounds of ``lowbias32``
(C. Wellons, Prospecting for hash functions, 2018, public domain).
"""

from __future__ import annotations

import math

from ogive.study.splits import key
from torch import Tensor, arange, int32, tensor

STEP, CALL = 0x9E3779B9, 0x85EBCA6B  # odd numbers that spread the steps and the calls


def _signed(number: int) -> int:
    """The 32 bits of ``number`` as a signed integer."""
    number &= 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def _hashed(x: Tensor) -> Tensor:
    """A hash of 32-bit integers; shifts fill with zeros."""
    x = x ^ ((x >> 16) & 0xFFFF)
    x = x * _signed(0x7FEB352D)
    x = x ^ ((x >> 15) & 0x1FFFF)
    x = x * _signed(0x846CA68B)
    return x ^ ((x >> 16) & 0xFFFF)


def key_of(identity: tuple[str | int, ...]) -> Tensor:
    """The key of a run: two 32-bit integers."""
    number = key("masks", *identity)
    return tensor([_signed(number), _signed(number >> 32)], dtype=int32)


def at_step(keys: Tensor, step: int) -> Tensor:
    """The keys (..., 2) of runs at one step."""
    return _hashed(keys + _signed(step * STEP))


def kept(key: Tensor, call: int, shape: tuple[int, ...], rate: float) -> Tensor:
    """True with probability 1 - ``rate``: (shape), from the key (2,) of a run at a step.

    ``call`` counts the masks of one step.
    """
    counter = arange(math.prod(shape), dtype=int32, device=key.device)
    drawn = _hashed(_hashed(counter + key[0]) ^ (key[1] + _signed(call * CALL)))
    return ((drawn & 0xFFFFFF) >= round(rate * (1 << 24))).view(shape)
