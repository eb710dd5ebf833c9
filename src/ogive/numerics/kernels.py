"""Arrays in, arrays out: every dtype, shape and stride through the compiled kernels.

The rules of dtype are here and nowhere else:

- float64, float32, float16 and bfloat16 come back as they went in;
- integers and booleans become float64 (NumPy) or the default dtype of PyTorch or JAX (theirs);
- bytes in another order than this machine's come back in that order;
- a subclass of ndarray (a matrix, a memmap) gives a plain array; a masked array is refused, since
  its mask would be lost;
- every result is computed with more bits than it has and rounded once.

A function that cannot be compiled (a user's own, not written over
:mod:`ogive.numerics.elementary`), and tensors that are not plain memory of this machine (under
``torch.compile`` or ``vmap``, on another device) are computed by the expression as it is written.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ogive.door import room
from ogive.errors import OgiveError
from ogive.numerics.compiled import KINDS, Compiled, Wanted
from ogive.numerics.elementary import Array, is_jax, is_tensor
from ogive.numerics.sixteen import look_up
from ogive.numerics.threads import PIECE, available, in_pieces

Expression = Callable[..., Array]
HALVES = {"float16", "bfloat16"}
BUFFER = 1 << 13  # elements of a strided array gathered at a time


def as_input(x: Any) -> Array:
    """``x`` as an array or tensor of a floating dtype, by the rules above."""
    if is_tensor(x):
        torch = sys.modules["torch"]
        if x.is_complex():
            raise OgiveError(f"the tensor is {x.dtype}; activation functions here take real input")
        return x if x.is_floating_point() else x.to(torch.get_default_dtype())
    if is_jax(x):
        return room("jax").as_floats(x)
    if _is_masked(x):
        raise OgiveError(
            "the input is a masked array, and its mask would be lost; give x.filled(numpy.nan), "
            "where NaN stays NaN, or x.compressed()"
        )
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


def _is_masked(x: Any) -> bool:
    masks = sys.modules.get("numpy.ma")
    return masks is not None and isinstance(x, masks.MaskedArray)


def check_out(x: Array, out: Any) -> None:
    """Raise :class:`OgiveError` unless ``out`` can receive a result for ``x``."""
    if not is_tensor(out) and not isinstance(out, np.ndarray):
        raise OgiveError(f"out is a {type(out).__name__}; give an array or tensor to write to")
    if is_tensor(out) != is_tensor(x) or out.shape != x.shape or out.dtype != x.dtype:
        raise OgiveError(
            f"out has shape {tuple(out.shape)} and dtype {out.dtype}; "
            f"it must be of the input's kind, with shape {tuple(x.shape)} and dtype {x.dtype}"
        )
    if _is_masked(out):
        raise OgiveError("out is a masked array, whose mask would not be set; give out.data")
    if not is_tensor(out) and not out.flags.writeable:
        raise OgiveError("out is read-only; give an array that can be written to, or a copy")
    strides = out.stride() if is_tensor(out) else out.strides
    spread = any(step == 0 and size > 1 for step, size in zip(strides, out.shape, strict=True))
    if spread and 0 not in out.shape:
        raise OgiveError(
            "out holds several results in one place, as broadcast or expanded arrays do; give an "
            "array with room for each, such as a copy"
        )


def evaluate(expression: Expression, x: Any, out: Any = None) -> Array:
    """``expression(x)`` as it is written, for any array kind, into ``out`` where given.

    NumPy arrays are computed in float64, 16-bit tensors and JAX arrays in float32. Raises
    :class:`OgiveError` if ``x`` is not numeric or ``out`` does not match it.
    """
    x = as_input(x)
    if is_jax(x):
        return room("jax").as_written(expression, x)
    if out is not None:
        check_out(x, out)
    if is_tensor(x):
        torch = sys.modules["torch"]
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        result = expression(wide).to(x.dtype)
        return result if out is None else out.copy_(result.detach())
    with np.errstate(all="ignore"):
        result = np.asarray(expression(x.astype(np.float64))).astype(x.dtype, copy=False)
    if out is None:
        return result[()]
    out[...] = result
    return out


# NumPy arrays


def on_array(function: Compiled, wanted: tuple[Wanted, ...], x: Any, outs: tuple[Any, ...]) -> None:
    """Fill ``outs``, arrays of x's shape and dtype, with the derivatives ``wanted`` at ``x``."""
    if x.size == 0:
        return
    if x.dtype.name in HALVES and x.dtype.isnative:
        for one, out in zip(wanted, outs, strict=True):
            _on_arrays(look_up(function, one, x.dtype.name), x.view(np.uint16), out.view(np.uint16))
        return
    if x.dtype not in KINDS or not x.dtype.isnative:
        native = x.dtype.newbyteorder("=")
        known = native in KINDS or native.name in HALVES
        usual = x.astype(native if known else np.float64)
        for one, out in zip(wanted, outs, strict=True):
            made = np.empty_like(usual)
            on_array(function, (one,), usual, (made,))
            out[...] = made
        return
    _on_arrays(function.call(wanted, KINDS[x.dtype]), x, *outs)


def _on_arrays(call: Any, x: Any, *outs: Any) -> None:
    if any(np.may_share_memory(x, out) and not _same(x, out) for out in outs):
        x = x.copy()
    if _dense(x) and all(out.strides == x.strides and out.flags.aligned for out in outs):
        walk(call, x.size, x.itemsize, x.ctypes.data, 0, tuple(o.ctypes.data for o in outs))
        return
    flags: Any = [["readonly", "contig", "aligned"]]
    flags += [["writeonly", "contig", "aligned"]] * len(outs)
    with np.nditer(
        [x, *outs],
        ["external_loop", "buffered", "zerosize_ok", "copy_if_overlap", "delay_bufalloc"],
        flags,
        order="K",
        buffersize=BUFFER,
    ) as pieces:
        pieces.reset()
        for given, *made in pieces:
            call(given.size, given.ctypes.data, 0, 0, tuple(m.ctypes.data for m in made))


def _same(x: Any, out: Any) -> bool:
    return bool(x.ctypes.data == out.ctypes.data and x.strides == out.strides)


def _dense(x: Any) -> bool:
    """Whether the elements fill one piece of memory, in whatever order."""
    flags = x.flags
    if not flags.aligned:
        return False
    return bool(
        flags.c_contiguous
        or flags.f_contiguous
        or np.empty_like(x, subok=False).strides == x.strides
    )


def walk(call: Any, count: int, size: int, x: int, upstream: int, outputs: tuple[int, ...]) -> None:
    """A kernel over ``count`` dense elements of ``size`` bytes, on several threads if many."""
    if count < 2 * PIECE or (threads := available()) == 1:
        call(count, x, upstream, 0, outputs)
        return

    def piece(start: int, stop: int) -> None:
        shift = start * size
        call(
            stop - start,
            x + shift,
            upstream and upstream + shift,
            0,
            tuple(o + shift for o in outputs),
        )

    in_pieces(piece, count, threads)


def apply(function: Compiled, order: int, x: Any, out: Any = None) -> Any:
    """A derivative (order 0: the value) at a NumPy array, or at what becomes one."""
    if type(x) is np.ndarray and 0 < x.size < 2 * PIECE and x.ndim and x.flags.c_contiguous:
        # The usual case, in few steps: they count for small arrays.
        kind = KINDS.get(x.dtype)  # none for bytes in another order than this machine's
        if kind is not None and (out is None or _takes(out, x)):
            if out is None:
                out = np.empty_like(x)
            kernel, parameters, ends = function.ready(order, kind)
            kernel(x.size, parameters, address(x), 0, ends, 0, address(out))
            return out
    x = as_input(x)
    return apply_wanted(function, Wanted(order), x, out)


def apply_wanted(function: Compiled, wanted: Wanted, x: Any, out: Any = None) -> Any:
    """As :func:`apply`, for any derivative and any array."""
    if out is None:
        out = np.empty_like(x)
        on_array(function, (wanted,), x, (out,))
        return out[()] if out.ndim == 0 else out
    check_out(x, out)
    on_array(function, (wanted,), x, (out,))
    return out


def times(function: Compiled, order: int, x: Any, upstream: Any) -> Any:
    """``upstream`` times a derivative at an array; None unless both are dense and alike."""
    if x.dtype not in KINDS or not (x.flags.c_contiguous and upstream.flags.c_contiguous):
        return None
    call = function.call((Wanted(order),), KINDS[x.dtype], times=True)
    out = np.empty_like(x, subok=False)
    walk(call, x.size, x.itemsize, x.ctypes.data, upstream.ctypes.data, (out.ctypes.data,))
    return out


def _takes(out: Any, x: Any) -> bool:
    return (
        type(out) is np.ndarray
        and out.dtype == x.dtype
        and out.shape == x.shape
        and out.flags.c_contiguous
        and out.flags.writeable
        and (address(out) == address(x) or not np.may_share_memory(out, x))
    )


def _looked_up(x: Any) -> int:
    return int(_AT(id(x) + _OFFSET).value or 0)


def _asked(x: Any) -> int:
    return int(x.ctypes.data)


# Where an array's memory begins stands right after the head of its object; asking the array
# takes five times as long. Should an interpreter lay objects out differently, it is asked.
_AT, _OFFSET = ctypes.c_void_p.from_address, object.__basicsize__
_SAMPLE = np.zeros(3)
address = _looked_up if _looked_up(_SAMPLE) == _asked(_SAMPLE) else _asked
