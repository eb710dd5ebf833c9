"""PyTorch's and JAX's value and slope, as calls on NumPy arrays, for the accuracy certificate.

Slopes are what each framework's automatic differentiation gives for an upstream gradient of 1.
Only functions at their usual parameters are here, and only where the framework has one with the
same meaning.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

import torch
from _peers import PEERS, jax_values

Array = Any
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


@cache
def _torch_values() -> dict[str, Callable[[Array], Array]]:
    return {name: peer.module for name, peer in PEERS.items()} | {
        "absolute": torch.abs,
        "arctan": torch.atan,
        "cosine": torch.cos,
        "erf": torch.erf,
        "exponential": torch.exp,
        "normal_cdf": torch.special.ndtr,
        "sine": torch.sin,
        "square": torch.square,
    }


@cache
def _jax_values() -> dict[str, Callable[[Array], Array]]:
    import jax
    from jax import nn
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    return jax_values() | {
        "absolute": jnp.abs,
        "arctan": jnp.arctan,
        "cosine": jnp.cos,
        "erf": jax.scipy.special.erf,
        "exponential": jnp.exp,
        "normal_cdf": jax.scipy.stats.norm.cdf,
        "sine": jnp.sin,
        "sparse_sigmoid": nn.sparse_sigmoid,
        "square": jnp.square,
        "squareplus": nn.squareplus,
    }


@cache
def peers(name: str, what: str) -> dict[str, Callable[[Array], Array]]:
    """The frameworks that have ``name``; JAX takes part if it is installed."""
    found = {}
    torch.set_num_threads(1)
    if name in _torch_values():
        found["torch"] = _with_torch(_torch_values()[name], what)
    if importlib.util.find_spec("jax") and name in _jax_values():
        found["jax"] = _with_jax(_jax_values()[name], what)
    return found


def _with_torch(function: Callable[[Array], Array], what: str) -> Callable[[Array], Array]:
    def compute(x: Array) -> Array:
        half = x.dtype == BFLOAT16
        bare = x.view(np.int16) if half else x
        given = torch.from_numpy(bare.copy())
        if half:
            given = given.view(torch.bfloat16)
        if what == "value":
            made = function(given)
        else:
            given.requires_grad_()
            y = function(given)
            (made,) = torch.autograd.grad(y, given, torch.ones_like(y))
        made = made.detach()
        return made.view(torch.int16).numpy().view(BFLOAT16) if half else made.numpy()

    return compute


def _with_jax(function: Callable[[Array], Array], what: str) -> Callable[[Array], Array]:
    import jax

    def slope(x: Array) -> Array:
        y, back = jax.vjp(function, x)
        return back(jax.numpy.ones_like(y))[0]

    compute = jax.jit(function if what == "value" else slope)
    return lambda x: np.asarray(compute(x))
