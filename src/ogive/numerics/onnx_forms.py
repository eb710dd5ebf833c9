"""Elementary functions that ONNX has no operator for, from those that it has.

PyTorch's exporter writes log1p as log(1 + x), expm1 as exp(x) - 1 and erfc as 1 - erf(x), each of
which loses every digit in a tail. These forms keep about as many as float32 has.
"""

from __future__ import annotations

from typing import Any

import torch

Tensor = torch.Tensor

# erfc(x) = t exp(-x^2 + P(t)), t = 1/(1 + x/2), for x >= 0, to 1.2e-7 of the result. Press,
# Teukolsky, Vetterling, Flannery: Numerical Recipes in C, 2nd edition, 1992, section 6.2, erfcc.
_ERFC = (
    *(-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806),
    *(0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277),
)


def _log1p(x: Tensor) -> Tensor:
    """As Kahan: the error of 1 + x is the same in both factors."""
    u = 1 + x
    usual = (u != 1) & (x < torch.inf)
    return torch.where(usual, torch.log(u) * (x / torch.where(usual, u - 1, 1.0)), x)


def _expm1(x: Tensor) -> Tensor:
    return torch.tanh(0.5 * x) * (torch.exp(x) + 1)


def _erfc(x: Tensor) -> Tensor:
    from_where = 4.0 if x.dtype == torch.float64 else 0.5
    far = x.clamp(min=0)
    t = 1 / (1 + 0.5 * far)
    total = torch.full_like(t, _ERFC[-1])
    for c in _ERFC[-2::-1]:
        total = total * t + c
    return torch.where(x > from_where, t * torch.exp(total - far * far), 1 - torch.erf(x))


def _copysign(x: Tensor, sign: Tensor) -> Tensor:
    """The sign of a zero shows in its reciprocal."""
    negative = (sign < 0) | ((sign == 0) & (1 / sign < 0))
    return torch.where(negative, -x.abs(), x.abs())


FORMS: dict[str, Any] = {
    "log1p": _log1p,
    "expm1": _expm1,
    "erfc": _erfc,
    "copysign": _copysign,
}
