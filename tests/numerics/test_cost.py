"""Operations are counted once each, however often an expression is used."""

from __future__ import annotations

from ogive.numerics.cost import Operations, count
from ogive.numerics.elementary import exp, tanh, where


def test_operations_are_counted_by_kind() -> None:
    assert count(lambda x: x) == Operations(0, 0)
    assert count(lambda x: 2 * x + 1) == Operations(0, 2)
    assert count(lambda x: exp(-x)) == Operations(1, 1)
    assert count(lambda x: where(x > 0, x, tanh(x))) == Operations(1, 2)


def test_a_shared_part_counts_once() -> None:
    assert count(lambda x: exp(x) * exp(x)) == Operations(1, 1)
    assert count(exp, exp) == Operations(1, 0)
    assert count(exp, tanh) == Operations(2, 0)


def test_a_transcendental_operation_outweighs_simple_ones() -> None:
    assert count(exp) > count(lambda x: x * x + x - 1)
    assert count(lambda x: 2.0**x) == count(lambda x: x**0.3) == Operations(1, 0)
    assert count(lambda x: x**2) == Operations(0, 1)
    assert Operations(1, 2) + Operations(1, 1) == Operations(2, 3)
