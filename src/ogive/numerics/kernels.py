"""From an expression over :mod:`ogive.numerics.elementary` to a function of arrays.

The rules of dtype are here and nowhere else:

- float64 and float32 (and float16 and bfloat16) come back as they went in;
- integers and booleans become float64 (NumPy) or torch's default dtype (tensors);
- on NumPy everything is computed in float64 and rounded once at the end; on PyTorch float64 and
  float32 are computed as they are and 16-bit floats in float32.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ogive.errors import OgiveError
from ogive.numerics.elementary import Array, is_tensor

Expression = Callable[..., Array]


def as_input(x: Any) -> Array:
    """``x`` as an array or tensor of a floating dtype, by the rules above."""
    if is_tensor(x):
        torch = sys.modules["torch"]
        if x.is_complex():
            raise OgiveError(f"the tensor is {x.dtype}; activation functions here take real input")
        return x if x.is_floating_point() else x.to(torch.get_default_dtype())
    try:
        array = np.asarray(x)
    except ValueError:
        raise OgiveError("the input is a ragged list; give rows of equal length") from None
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        return array
    raise OgiveError(
        f"the input has dtype {array.dtype}; give numbers (floats, integers or booleans)"
    )


def evaluate(expression: Expression, x: Any, out: Any = None) -> Array:
    """``expression(x)`` for any array kind, shape and dtype, into ``out`` where given.

    Raises :class:`OgiveError` if ``x`` is not numeric or ``out`` does not match it.
    """
    x = as_input(x)
    if out is not None and (
        is_tensor(out) != is_tensor(x) or out.shape != x.shape or out.dtype != x.dtype
    ):
        raise OgiveError(
            f"out has shape {tuple(out.shape)} and dtype {out.dtype}; "
            f"it must be of the input's kind, with shape {tuple(x.shape)} and dtype {x.dtype}"
        )
    if is_tensor(x):
        return _on_torch(expression, x, out)
    with np.errstate(all="ignore"):
        result = np.asarray(expression(x.astype(np.float64))).astype(x.dtype, copy=False)
    if out is None:
        return result[()]
    out[...] = result
    return out


def _on_torch(expression: Expression, x: Any, out: Any) -> Any:
    torch = sys.modules["torch"]
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    result = expression(wide).to(x.dtype)
    return result if out is None else out.copy_(result.detach())
