"""Kernels for processors without AVX-512 give the same numbers: other instructions, same forms."""

from __future__ import annotations

import numpy as np
import pytest

import oracles
from ogive.functions import Activation
from ogive.numerics import machine
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted
from ogive.numerics.graph import trace
from ogive.numerics.walk import Plan, source

X = np.concatenate(
    [np.linspace(-12, 12, 97), [-700.0, -90.0, -45.5, 45.5, 80.0, 1e4, -1e4, 1e-7, -1e-20]]
)


def plain_kernel(act: Activation, wanted: Wanted, kind: str, x: np.ndarray) -> np.ndarray:
    """Values from text made as if the processor knew no instruction of AVX-512."""
    nodes = trace([act.definition.value, act.definition.slope], act.settings)
    text = source(Plan((nodes[wanted.order],), kind))
    assert "x86" not in text
    parameters = np.array([*act.settings, 0.0])
    out = np.empty_like(x)
    machine.function(text)(x.size, parameters.ctypes.data, x.ctypes.data, 0, 0, 0, out.ctypes.data)
    return out


@pytest.mark.parametrize("wanted", [VALUE, SLOPE], ids=["value", "slope"])
@pytest.mark.parametrize("act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label)
def test_other_processors_get_the_same_numbers(
    act: Activation, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(act.compiled, Compiled)
    expected = {}
    for dtype in (np.float32, np.float64):
        x = X.astype(dtype)
        expected[dtype] = act(x) if wanted is VALUE else act.slope(x)
    monkeypatch.setattr(machine, "features", frozenset)
    for dtype, kind in ((np.float32, "float"), (np.float64, "double")):
        x = X.astype(dtype)
        made = plain_kernel(act, wanted, kind, x)
        finite = np.isfinite(expected[dtype])
        np.testing.assert_array_equal(made[~finite], expected[dtype][~finite])
        np.testing.assert_array_almost_equal_nulp(
            made[finite], expected[dtype][finite], nulp=1 if dtype is np.float32 else 2
        )
