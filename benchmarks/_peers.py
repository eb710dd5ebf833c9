"""What each peer computes for each function, as calls that can be timed.

PyTorch's side is its operators without autograd: the forward operator, and the backward one on
what its autograd keeps from the forward pass (for some the output, which is made beforehand). JAX's
side is compiled by ``jax.jit``. NumPy's side is what one would write by hand.

A *call* takes no arguments and gives back its result; its inputs and its ``out`` are bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import special

import ogive
import torch
from ogive.numerics.compiled import KINDS, SLOPE
from ogive.numerics.kernels import walk

Call = Callable[[], Any]
Array = Any
aten, nn = torch.ops.aten, torch._C._nn

PIECEWISE, SMOOTH, ROOTS = "piecewise", "exponential family", "slopes with roots"
SIZED = (aten.hardshrink_backward, aten.softshrink_backward)  # torch.compile must know sizes
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
GELU_SLOPE, GELU_CUBE = 0.7978845608028654, 0.044715  # of the tanh approximation


@dataclass(frozen=True)
class Peer:
    """One function elsewhere. ``saved`` is what PyTorch's backward operator needs beside the
    upstream gradient; ``backward`` is that operator (its ``out`` form is found by name) or plain
    operations where PyTorch has none.
    """

    group: str
    module: torch.nn.Module
    forward: Callable[[Array], Array]
    forward_out: Callable[[Array, Array], Array] | None
    backward: Any
    saved: Callable[[Array], tuple[Any, ...]]
    numpy: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    options: dict[str, Any] | None = None


def _softsign_backward(g: Array, x: Array, below: Array) -> Array:
    return g / below - g * (x / below) / below * x.sgn()


def _tanhshrink_backward(g: Array, y: Array) -> Array:
    return g - aten.tanh_backward.default(g, y)


def _mish_slope(x: Array) -> Array:
    y = np.tanh(np.logaddexp(0, x))
    return y + x * special.expit(x) * (1 - y * y)


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x)))


def _gelu_tanh_slope(x: Array) -> Array:
    y = np.tanh(GELU_SLOPE * (x + GELU_CUBE * x * x * x))
    return 0.5 * (1 + y) + 0.5 * x * (1 - y * y) * GELU_SLOPE * (1 + 3 * GELU_CUBE * x * x)


def _gelu_slope(x: Array) -> Array:
    density = np.exp(-0.5 * x * x) * 0.3989422804014327
    return 0.5 * (1 + special.erf(x * 0.7071067811865476)) + x * density


def _inside(x: Array, low: float, high: float, slope: float = 1.0) -> Array:
    return np.where((x > low) & (x < high), x.dtype.type(slope), x.dtype.type(0))


def _above(x: Array, below: Array | float, above: float = 1.0) -> Array:
    kind = x.dtype.type
    return np.where(x > 0, kind(above), kind(below) if np.isscalar(below) else below)


PEERS: dict[str, Peer] = {
    "relu": Peer(
        PIECEWISE,
        torch.nn.ReLU(),
        torch.relu,
        lambda x, o: torch.clamp_min(x, 0, out=o),  # relu itself has no out
        aten.threshold_backward,
        lambda x: (torch.relu(x), 0),
        lambda x: np.maximum(x, 0),
        lambda x: _above(x, 0),
    ),
    "leaky_relu": Peer(
        PIECEWISE,
        torch.nn.LeakyReLU(),
        lambda x: nn.leaky_relu(x, 0.01),
        lambda x, o: nn.leaky_relu(x, 0.01, out=o),
        aten.leaky_relu_backward,
        lambda x: (x, 0.01, False),
        lambda x: np.where(x > 0, x, 0.01 * x),
        lambda x: _above(x, 0.01),
    ),
    "relu6": Peer(
        PIECEWISE,
        torch.nn.ReLU6(),
        lambda x: nn.hardtanh(x, 0, 6),
        lambda x, o: nn.hardtanh(x, 0, 6, out=o),
        aten.hardtanh_backward,
        lambda x: (x, 0, 6),
        lambda x: np.clip(x, 0, 6),
        lambda x: _inside(x, 0, 6),
    ),
    "hard_tanh": Peer(
        PIECEWISE,
        torch.nn.Hardtanh(),
        lambda x: nn.hardtanh(x, -1, 1),
        lambda x, o: nn.hardtanh(x, -1, 1, out=o),
        aten.hardtanh_backward,
        lambda x: (x, -1, 1),
        lambda x: np.clip(x, -1, 1),
        lambda x: _inside(x, -1, 1),
    ),
    "hard_sigmoid": Peer(
        PIECEWISE,
        torch.nn.Hardsigmoid(),
        nn.hardsigmoid,
        lambda x, o: nn.hardsigmoid(x, out=o),
        aten.hardsigmoid_backward,
        lambda x: (x,),
        lambda x: np.clip(x + 3, 0, 6) / 6,
        lambda x: _inside(x, -3, 3, 1 / 6),
    ),
    "hard_swish": Peer(
        PIECEWISE,
        torch.nn.Hardswish(),
        nn.hardswish,
        lambda x, o: nn.hardswish(x, out=o),
        aten.hardswish_backward,
        lambda x: (x,),
        lambda x: x * np.clip(x + 3, 0, 6) / 6,
        lambda x: np.where(x > 3, x.dtype.type(1), np.where(x < -3, x.dtype.type(0), x / 3 + 0.5)),
    ),
    "hardshrink": Peer(
        PIECEWISE,
        torch.nn.Hardshrink(),
        lambda x: torch.hardshrink(x, 0.5),
        lambda x, o: aten.hardshrink.out(x, 0.5, out=o),
        aten.hardshrink_backward,
        lambda x: (x, 0.5),
        lambda x: np.where(np.abs(x) > 0.5, x, x.dtype.type(0)),
        lambda x: 1 - _inside(x, -0.5, 0.5),
    ),
    "softshrink": Peer(
        PIECEWISE,
        torch.nn.Softshrink(),
        lambda x: nn.softshrink(x, 0.5),
        lambda x, o: nn.softshrink(x, 0.5, out=o),
        aten.softshrink_backward,
        lambda x: (x, 0.5),
        lambda x: x - np.clip(x, -0.5, 0.5),
        lambda x: 1 - _inside(x, -0.5, 0.5),
    ),
    "elu": Peer(
        SMOOTH,
        torch.nn.ELU(),
        nn.elu,
        lambda x, o: nn.elu(x, out=o),
        aten.elu_backward,
        lambda x: (1, 1, 1, False, x),
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: _above(x, np.exp(np.minimum(x, 0))),
    ),
    "selu": Peer(
        SMOOTH,
        torch.nn.SELU(),
        torch.selu,
        lambda x, o: nn.elu(x, SELU_ALPHA, SELU_SCALE, 1, out=o),
        aten.elu_backward,
        lambda x: (SELU_ALPHA, SELU_SCALE, 1, False, x),
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
        lambda x: SELU_SCALE * _above(x, SELU_ALPHA * np.exp(np.minimum(x, 0))),
    ),
    "celu": Peer(
        SMOOTH,
        torch.nn.CELU(),
        torch.celu,
        lambda x, o: nn.elu(x, 1, 1, 1, out=o),
        aten.elu_backward,
        lambda x: (1, 1, 1, False, x),
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: _above(x, np.exp(np.minimum(x, 0))),
    ),
    "sigmoid": Peer(
        SMOOTH,
        torch.nn.Sigmoid(),
        torch.sigmoid,
        lambda x, o: torch.sigmoid(x, out=o),
        aten.sigmoid_backward,
        lambda x: (torch.sigmoid(x),),
        special.expit,
        lambda x: special.expit(x) * special.expit(-x),
    ),
    "log_sigmoid": Peer(
        SMOOTH,
        torch.nn.LogSigmoid(),
        nn.log_sigmoid,
        lambda x, o: nn.log_sigmoid(x, out=o),
        aten.log_sigmoid_backward,
        lambda x: (x, aten.log_sigmoid_forward.default(x)[1]),
        special.log_expit,
        lambda x: special.expit(-x),
    ),
    "softplus": Peer(
        SMOOTH,
        torch.nn.Softplus(),
        nn.softplus,
        lambda x, o: nn.softplus(x, out=o),
        aten.softplus_backward,
        lambda x: (x, 1, 20),
        lambda x: np.logaddexp(0, x),
        special.expit,
    ),
    "tanh": Peer(
        SMOOTH,
        torch.nn.Tanh(),
        torch.tanh,
        lambda x, o: torch.tanh(x, out=o),
        aten.tanh_backward,
        lambda x: (torch.tanh(x),),
        np.tanh,
        lambda x: 1 - np.square(np.tanh(x)),
    ),
    "tanhshrink": Peer(
        SMOOTH,
        torch.nn.Tanhshrink(),
        lambda x: x - x.tanh(),
        None,
        _tanhshrink_backward,
        lambda x: (x.tanh(),),
        lambda x: x - np.tanh(x),
        lambda x: np.square(np.tanh(x)),
    ),
    "softsign": Peer(
        SMOOTH,
        torch.nn.Softsign(),
        lambda x: x / (x.abs() + 1),
        None,
        _softsign_backward,
        lambda x: (x, x.abs() + 1),
        lambda x: x / (1 + np.abs(x)),
        lambda x: 1 / np.square(1 + np.abs(x)),
    ),
    "silu": Peer(
        ROOTS,
        torch.nn.SiLU(),
        nn.silu,
        lambda x, o: nn.silu(x, out=o),
        aten.silu_backward,
        lambda x: (x,),
        lambda x: x * special.expit(x),
        lambda x: special.expit(x) * (1 + x * special.expit(-x)),
    ),
    "gelu": Peer(
        ROOTS,
        torch.nn.GELU(),
        nn.gelu,
        lambda x, o: nn.gelu(x, out=o),
        aten.gelu_backward,
        lambda x: (x,),
        lambda x: 0.5 * x * (1 + special.erf(x * 0.7071067811865476)),
        _gelu_slope,
    ),
    "gelu_tanh": Peer(
        ROOTS,
        torch.nn.GELU("tanh"),
        lambda x: nn.gelu(x, approximate="tanh"),
        lambda x, o: nn.gelu(x, approximate="tanh", out=o),
        aten.gelu_backward,
        lambda x: (x,),
        _gelu_tanh,
        _gelu_tanh_slope,
        {"approximate": "tanh"},
    ),
    "mish": Peer(
        ROOTS,
        torch.nn.Mish(),
        nn.mish,
        lambda x, o: nn.mish(x, out=o),
        aten.mish_backward,
        lambda x: (x,),
        lambda x: x * np.tanh(np.logaddexp(0, x)),
        _mish_slope,
    ),
}


@cache
def tensors(dtype: str, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs, upstream gradient and a place for results, the same memory for everyone.

    It is PyTorch's, which is aligned for its vectors.
    """
    draws = np.random.default_rng(17).standard_normal((2, min(size, 1 << 18))) * 3
    made = torch.from_numpy(draws.astype(dtype)).tile(-(-size // draws.shape[1]))
    return made[0, :size].clone(), made[1, :size].clone(), torch.empty(size, dtype=made.dtype)


class Bench:
    """One array with an upstream gradient, and the calls of every contender on it."""

    def __init__(self, name: str, dtype: str, size: int) -> None:
        self.peer, self.act, self.size = PEERS[name], ogive.get(name), size
        self.tx, self.tg, self.to = tensors(dtype, size)
        self.x, self.g, self.o = self.tx.numpy(), self.tg.numpy(), self.to.numpy()

    def ours(self, backward: bool, out: bool) -> Call:
        act, x, g, o = self.act, self.x, self.g, self.o
        if not backward:
            return (lambda: act(x, out=o)) if out else (lambda: act(x))
        assert act.compiled is not None
        kernel = act.compiled.call((SLOPE,), KINDS[x.dtype], times=True)

        def call() -> Array:
            made = o if out else np.empty_like(x)
            walk(kernel, x.size, x.itemsize, x.ctypes.data, g.ctypes.data, (made.ctypes.data,))
            return made

        return call

    def eager(self, backward: bool, out: bool) -> Call | None:
        peer, x, g, o = self.peer, self.tx, self.tg, self.to
        if not backward:
            if not out:
                return lambda: peer.forward(x)
            into = peer.forward_out
            return None if into is None else lambda: into(x, o)
        saved, options = peer.saved(x), peer.options or {}
        if not hasattr(peer.backward, "overloads"):
            return None if out else lambda: peer.backward(g, *saved)
        if not out:
            operator = peer.backward.default
            return lambda: operator(g, *saved, **options)
        named = [n for n in peer.backward.overloads() if n != "default"]
        if not named:
            return None
        written = getattr(peer.backward, named[0])
        options = options | {named[0]: o}
        return lambda: written(g, *saved, **options)

    def compiled(self, backward: bool, ready: dict[bool, Any]) -> Call:
        """``torch.compile`` of the same operators, kept in ``ready`` for arrays of any size."""
        peer, x, g = self.peer, self.tx, self.tg
        if backward not in ready:
            ready[backward] = torch.compile(
                _compilable_backward(peer) if backward else _compilable(peer.forward),
                dynamic=None if peer.backward in SIZED else True,
                fullgraph=True,
            )
        made = ready[backward]
        if not backward:
            return lambda: made(x)
        saved = peer.saved(x)
        return lambda: made(g, *saved)

    def jax(self, backward: bool, out: bool) -> Call | None:
        """None for a function that JAX lacks."""
        import jax

        value = jax_values()[self.act.name]
        inputs = (jax.numpy.array(self.x), jax.numpy.array(self.g))[: 1 + backward]

        def work(*arrays: Array) -> Array:
            if not backward:
                return value(arrays[0])
            return jax.vjp(value, arrays[0])[1](arrays[1])[0]

        if not out:
            plain = jax.jit(work)
            return lambda: plain(*inputs).block_until_ready()
        # JAX writes into an array that is given up to it.
        number = len(inputs)
        giving = jax.jit(lambda *a: work(*a[:-1]), donate_argnums=number, keep_unused=True)
        held = [jax.numpy.zeros_like(inputs[0])]

        def call() -> Array:
            held[0] = giving(*inputs, held[0])
            return held[0].block_until_ready()

        return call

    def numpy(self, backward: bool) -> Call:
        peer, x, g = self.peer, self.x, self.g
        return (lambda: g * peer.slope(x)) if backward else (lambda: peer.numpy(x))

    def floor(self, backward: bool, out: bool) -> Call:
        """As much memory moved and nothing computed: a copy, or a product of two arrays."""
        x, g, o = self.x, self.g, self.o
        if backward:
            return (lambda: np.multiply(g, x, out=o)) if out else (lambda: np.multiply(g, x))
        return (lambda: np.copyto(o, x)) if out else x.copy


def _compilable(forward: Callable[[Array], Array]) -> Callable[[Array], Array]:
    def compilable(x: Array) -> Array:  # torch.compile takes no built-in function
        return forward(x)

    return compilable


def _compilable_backward(peer: Peer) -> Callable[..., Array]:
    options = peer.options or {}
    operator = getattr(peer.backward, "default", peer.backward)
    return lambda g, *saved: operator(g, *saved, **options)


def jax_values() -> dict[str, Callable[[Array], Array]]:
    """JAX's functions under our names; those that ``jax.nn`` lacks are written out."""
    import jax
    from jax import nn
    from jax import numpy as jnp

    named = (
        "relu leaky_relu relu6 hard_tanh hard_sigmoid hard_swish elu selu celu sigmoid log_sigmoid"
    )
    return {name: getattr(nn, name) for name in f"{named} softplus silu mish".split()} | {
        "hardshrink": lambda x: jnp.where(jnp.abs(x) > 0.5, x, 0),
        "softshrink": lambda x: x - jnp.clip(x, -0.5, 0.5),
        "tanh": jnp.tanh,
        "tanhshrink": lambda x: x - jnp.tanh(x),
        "softsign": jax.nn.soft_sign,
        "gelu": lambda x: nn.gelu(x, approximate=False),
        "gelu_tanh": lambda x: nn.gelu(x, approximate=True),
    }
