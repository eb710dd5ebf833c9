"""Write src/ogive/numerics/polynomials.py: the near-minimax polynomials of the kernels.

Each is a Chebyshev fit in 60 digits; its greatest error on its interval is written beside it.
Run as ``python tools/polynomials.py > src/ogive/numerics/polynomials.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

mp.dps = 60
SMALL = mpf("1e-12")


def _exp_rest(r: Any) -> Any:
    if abs(r) < SMALL:
        return mpf(1) / 2 + r / 6
    return (mp.expm1(r) - r) / r**2


def _exp_third(r: Any) -> Any:
    if abs(r) < SMALL:
        return mpf(1) / 6 + r / 24
    return (mp.expm1(r) - r - r**2 / 2) / r**3


def _log_rest(w: Any) -> Any:
    s = mp.sqrt(w)
    if s < SMALL:
        return mpf(2) / 3 + 2 * w / 5
    return (2 * mp.atanh(s) - 2 * s) / s**3


def _sin_rest(w: Any) -> Any:
    r = mp.sqrt(w)
    return -mpf(1) / 6 + w / 120 if r < SMALL else (mp.sin(r) - r) / r**3


def _cos_rest(w: Any) -> Any:
    if w < SMALL:
        return mpf(1) / 24 - w / 720
    return (mp.cos(mp.sqrt(w)) - 1 + w / 2) / w**2


def _atan_rest(w: Any) -> Any:
    t = mp.sqrt(w)
    return -mpf(1) / 3 + w / 5 if t < SMALL else (mp.atan(t) - t) / t**3


def _erf_rest(w: Any) -> Any:
    z = mp.sqrt(w)
    c = 2 / mp.sqrt(mp.pi)
    return c * (-mpf(1) / 3 + w / 10) if z < SMALL else (mp.erf(z) - c * z) / z**3


def _erfc_scaled(t: Any) -> Any:
    z = 4 * (1 + t) / (1 - t)
    return (1 + 2 * z) * mp.exp(z * z) * mp.erfc(z)


def _less_tanh(w: Any) -> Any:
    x = mp.sqrt(w)
    return mpf(1) / 3 - 2 * w / 15 if x < SMALL else (x - mp.tanh(x)) / x**3


Y_LEAST, Y_MOST = 1 / (mpf("10.3") + 3), mpf(1) / 3


def _erfc_by_y(t: Any) -> Any:
    y = (Y_MOST + Y_LEAST) / 2 + t * (Y_MOST - Y_LEAST) / 2
    z = 1 / y - 3
    return mp.exp(z * z) * mp.erfc(z) / y


LN2 = mp.log(2)
HALF, QUARTER = LN2 / 2 * mpf("1.001"), mp.pi / 4 * mpf("1.001")
S = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mpf("1.001")
LAST = mpf(24) / 32  # z = 28, beyond which erfc is 0 in float64
FITS: dict[str, tuple[str, Callable[[Any], Any], tuple[Any, Any], tuple[int, ...]]] = {
    "EXP_REST": ("(exp(r) - 1 - r)/r^2, |r| <= log(2)/2", _exp_rest, (-HALF, HALF), (5, 6, 11)),
    "EXP_THIRD": ("(exp(r) - 1 - r - r^2/2)/r^3", _exp_third, (-HALF, HALF), (11,)),
    "LOG_REST": ("(2 atanh(s) - 2 s)/s^3 in s^2", _log_rest, (mpf(0), S * S), (4, 7, 9)),
    "SIN_REST": ("(sin(r) - r)/r^3 in r^2, |r| <= pi/4", _sin_rest, (mpf(0), QUARTER**2), (7,)),
    "COS_REST": ("(cos(r) - 1 + r^2/2)/r^4 in r^2", _cos_rest, (mpf(0), QUARTER**2), (7,)),
    "ATAN_REST": (
        "(atan(t) - t)/t^3 in t^2, t <= tan(pi/8)",
        _atan_rest,
        (mpf(0), mpf("0.1717")),
        (12,),
    ),
    "ERF_REST": (
        "(erf(z) - 2 z/sqrt(pi))/z^3 in z^2, z <= 1/2",
        _erf_rest,
        (mpf(0), mpf("0.2501")),
        (5, 9),
    ),
    "ERFC_SCALED": (
        "(1 + 2 z) exp(z^2) erfc(z) in (z - 4)/(z + 4), z <= 28",
        _erfc_scaled,
        (mpf(-1), LAST),
        (24,),
    ),
    "ERFC_BY_Y": (
        "exp(z^2) erfc(z)/y with y = 1/(z + 3), z <= 10.3, in t from -1 to 1 along y",
        _erfc_by_y,
        (mpf(-1), mpf(1)),
        (10,),
    ),
    "LESS_TANH": (
        "(x - tanh(x))/x^3 in x^2, |x| <= 1",
        _less_tanh,
        (mpf(0), mpf(1)),
        (9, 20),
    ),
    "LOG_UNIT": (
        "(2 atanh(s) - 2 s)/s^3 in s^2, s <= 1/3: for log(1 + e) with e <= 1",
        _log_rest,
        (mpf(0), mpf("0.1112")),
        (5, 12),
    ),
}


def main() -> None:
    """Print the module."""
    print('"""Polynomials of the kernels, constant term first; made by tools/polynomials.py.\n')
    print("Each name maps the number of coefficients to them. The error is the greatest on the")
    print('interval, before rounding to float64.\n"""\n')
    print("Table = dict[int, tuple[float, ...]]\n")
    middle, half = (Y_MOST + Y_LEAST) / 2, (Y_MOST - Y_LEAST) / 2
    print("# t of ERFC_BY_Y is Y_SCALE*y + Y_SHIFT")
    print(f"Y_SCALE, Y_SHIFT = {float(1 / half)!r}, {float(-middle / half)!r}\n")
    for name, (what, function, interval, sizes) in FITS.items():
        print(f"# {what}")
        print(f"{name}: Table = {{")
        for size in sizes:
            found, error = mp.chebyfit(function, interval, size, error=True)
            print(f"    # error {mp.nstr(error, 2)}")
            print(f"    {size}: (")
            for c in found[::-1]:
                print(f"        {float(c)!r},")
            print("    ),")
        print("}\n")


if __name__ == "__main__":
    main()
