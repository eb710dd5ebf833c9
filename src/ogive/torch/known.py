"""Which function of the catalogue a PyTorch module, function or tensor method computes.

PyTorch's own are read from the ``equivalents`` of the catalogue's entries. Modules and functions
of others (a model's own ``Swish``, Hugging Face's ``NewGELUActivation``) are recognised by the
values they give.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

import torch
from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation, Definition
from ogive.functions.vector import AxisFunction
from ogive.torch.module import ActivationModule, LearnableModule
from torch import nn

Function: TypeAlias = Activation | AxisFunction
Entry: TypeAlias = Definition | AxisFunction
HOME = "torch.nn."
PROBES = np.concatenate([np.linspace(-6.0, 5.5, 47), [-0.013, 0.0, 0.0171, 9.3]]).reshape(3, 17)
CLOSE = 1e-5  # of the values of one function computed in two ways, the worse in float32


@dataclass(frozen=True)
class Known:
    """A function of PyTorch: the entries it may compute, and how it is called.

    ``entries`` are pairs of an entry and the settings that select it (``approximate='tanh'``);
    ``arguments`` are the names that follow the input, ``inplace`` says that it overwrites it.
    """

    name: str
    entries: tuple[tuple[Entry, dict[str, str]], ...] = field(hash=False)
    arguments: tuple[str, ...] = ()
    inplace: bool = False

    @property
    def elementwise(self) -> bool:
        """Whether it takes one number to one number."""
        return isinstance(self.entries[0][0], Definition)

    def function(self, given: dict[str, Any]) -> Function:
        """The catalogue's function at the settings ``given``; those unknown stay at defaults."""
        plain = [e for e, wanted in self.entries if not wanted]
        chosen = [
            e
            for e, wanted in self.entries
            if wanted and all(str(given.get(k)) == v for k, v in wanted.items())
        ]
        entry = [*chosen, *plain][0]
        if isinstance(entry, AxisFunction):
            return entry
        settings = {p.name: _number(given[p.name]) for p in entry.parameters if p.name in given}
        try:
            return entry(**{k: v for k, v in settings.items() if v is not None})
        except OgiveError:  # settings that the catalogue does not know, such as a negative alpha
            return entry()


def _number(value: Any) -> float | None:
    """A setting as a number; that of a learned slope is rounded, and of one a channel the mean."""
    try:
        if isinstance(value, torch.Tensor):
            return float(f"{float(value.detach().double().mean()):.4g}")
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        return None


@lru_cache(maxsize=1)
def modules() -> dict[type[nn.Module], Known]:
    """PyTorch's activation modules."""
    found: dict[type[nn.Module], list[tuple[Entry, dict[str, str]]]] = {}
    for entry in registry.entries():
        name, _, note = entry.equivalents.get("torch", "").partition(" (")
        kind = getattr(nn, name.removeprefix(HOME), None) if name.startswith(HOME) else None
        if kind is None:
            continue
        own = {p.name for p in getattr(entry, "parameters", ())}
        pairs = note.removeprefix("with ").rstrip(")") if note.startswith("with ") else ""
        wanted = dict(p.split("=") for p in pairs.split(", ") if p)
        wanted = {k: v.strip("'") for k, v in wanted.items() if k not in own}
        found.setdefault(kind, []).append((entry, wanted))
    return {kind: Known(f"nn.{kind.__name__}", tuple(pairs)) for kind, pairs in found.items()}


@lru_cache(maxsize=1)
def functions() -> dict[Any, Known]:
    """PyTorch's functions that compute what those modules do: ``F.relu``, ``torch.relu_`` ..."""
    plain = {name.replace("_", "").lower(): name for name in dir(nn.functional) if name[-1] != "_"}
    found: dict[Any, Known] = {}
    for kind, known in modules().items():
        base = plain.get(kind.__name__.lower())
        if base is None:
            continue
        for room, short in ((torch, "torch"), (nn.functional, "F")):
            for name in (base, f"{base}_"):
                function = getattr(room, name, None)
                if function is not None:
                    inplace = name.endswith("_")
                    found[function] = Known(
                        f"{short}.{name}", known.entries, _arguments(function, known), inplace
                    )
    return found


def _arguments(function: Any, known: Known) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)[1:]
    except (TypeError, ValueError):  # built in: it takes the parameters in the entry's order
        return tuple(p.name for p in getattr(known.entries[0][0], "parameters", ()))


@lru_cache(maxsize=1)
def methods() -> dict[str, Known]:
    """The same as methods of a tensor: ``x.relu()``, ``x.sigmoid_()`` ..."""
    found = {}
    for known in functions().values():
        name = known.name.partition(".")[2]
        if callable(getattr(torch.Tensor, name, None)):
            found[name] = Known(f"Tensor.{name}", known.entries, known.arguments, known.inplace)
    return found


def of_module(module: nn.Module) -> Function | None:
    """The catalogue's function that ``module`` computes, or None where it is no activation."""
    if isinstance(module, ActivationModule | LearnableModule):
        return module.activation
    kinds: tuple[Any, ...] = type(module).__mro__
    for kind in kinds:
        known = modules().get(kind)
        if known is not None and type(module).forward is kind.forward:
            return known.function({**vars(module), **dict(module.named_parameters())})
    if type(module).__module__.startswith("torch.") or not _is_bare(module):
        return None
    # Past __call__, which a tracer may watch.
    return by_values(module.forward)


def of_value(value: Any) -> Function | None:
    """The same for the value of an attribute: a function of PyTorch or of the model's author."""
    if isinstance(value, Activation | AxisFunction):
        return value
    if isinstance(value, functools.partial):
        known = functions().get(value.func) if not value.args else None
        return None if known is None else known.function(value.keywords)
    try:
        known = functions().get(value)
    except TypeError:  # not hashable
        return None
    return known.function({}) if known is not None else None


def _is_bare(module: nn.Module) -> bool:
    """Whether it has no weights and no parts, and takes one tensor: it can be tried out."""
    if any(True for held in (module.children, module.parameters, module.buffers) for _ in held()):
        return False
    return takes_one(type(module).forward, 2)


def takes_one(function: Callable[..., Any], leading: int = 1) -> bool:
    """Whether ``function`` has ``leading`` positional parameters and asks for no others."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    asked = [p for p in parameters if p.default is p.empty and p.kind not in (2, 4)]
    return len(asked) == leading and all(p.kind in (0, 1) for p in asked)


def by_values(function: Callable[[torch.Tensor], Any]) -> Activation | None:
    """The entry, at its default parameters, that gives the values of ``function``; else None."""
    x = torch.from_numpy(PROBES)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            made = function(x.clone())
            turned = function(x.clone().reshape(17, 3).contiguous())
    except Exception:
        return None  # it does not take such a tensor, so it is no elementwise function
    if not isinstance(made, torch.Tensor) or made.shape != x.shape:
        return None
    values = made.double().numpy()
    if not isinstance(turned, torch.Tensor) or turned.shape != (17, 3):
        return None
    if not np.array_equal(turned.double().numpy().ravel(), values.ravel(), equal_nan=True):
        return None
    for act, theirs in _table():
        if np.allclose(values, theirs, rtol=CLOSE, atol=CLOSE):
            return act
    return None


@lru_cache(maxsize=1)
def _table() -> list[tuple[Activation, Any]]:
    """Every elementwise entry with its values, the plainest first."""
    entries = [e for e in registry.entries() if isinstance(e, Definition)]
    made = []
    with np.errstate(all="ignore"):
        for entry in sorted(entries, key=lambda e: len(e.parameters)):
            act = entry()
            if act.name != "identity":
                made.append((act, np.asarray(act.value_expression(PROBES)) + 0 * PROBES))
    return made
