"""The user's model with another function in it, and the weights that each run starts from."""

from __future__ import annotations

import copy
import hashlib
import inspect
import linecache
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from ogive.errors import BadStudy, OgiveError
from ogive.functions import Activation, get
from ogive.study.batches import seeded
from ogive.study.objectives import told
from ogive.study.splits import key
from ogive.torch.draw import Plan as Draw
from ogive.torch.draw import draw
from ogive.torch.find import refuse_scripts
from ogive.torch.flow import CannotTrace
from ogive.torch.initialise import init_
from ogive.torch.swap import FOLLOWED, Swap, Wanted, swap
from torch import Tensor, nn

INITS = ("ogive", "own", "pretrained")


@dataclass
class Built:
    """A copy of the model with one function in it.

    ``trained`` are the names of the weights that learn, ``fixed`` those of the frozen ones;
    ``draws`` says how :func:`ogive.init_` sets each layer.
    """

    module: nn.Module
    trained: tuple[str, ...]
    fixed: tuple[str, ...]
    draws: tuple[tuple[str, Draw], ...]

    @property
    def buffers(self) -> tuple[str, ...]:
        """The names of what is no weight but belongs to a run: running statistics."""
        return tuple(name for name, _ in self.module.named_buffers())

    def state(self) -> list[Tensor]:
        """The trained weights and buffers of the module as it is, in order."""
        tensors = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        return [tensors[name].detach() for name in (*self.trained, *self.buffers)]

    def with_state(self, state: list[Tensor]) -> nn.Module:
        """A copy of the module with these weights and buffers, ready to predict."""
        made = copy.deepcopy(self.module)
        tensors = {**dict(made.named_parameters()), **dict(made.named_buffers())}
        with torch.no_grad():
            for name, value in zip((*self.trained, *self.buffers), state, strict=True):
                tensors[name].copy_(value)
        return made.eval()


@dataclass
class Prototype:
    """The model as it was given, from which each candidate's is made.

    ``factory`` makes a fresh one; without one, ``reset_parameters`` of each layer draws PyTorch's
    own weights. ``example`` are the inputs of a batch, for models whose code must be watched.
    ``sources`` are the lines of code that no file holds (a notebook's), for worker processes.
    """

    module: nn.Module
    factory: Callable[[], nn.Module] | None
    replace: Wanted
    init: str
    example: Any
    sources: dict[str, list[str]] = field(default_factory=dict)

    def built(self, function: Activation) -> Built:
        """The model with ``function`` in the place of its activations."""
        for name, lines in self.sources.items():
            linecache.cache.setdefault(name, (0, None, lines, name))
        module, _ = self.swapped(function)
        # Gradients of what is frozen are never taken, and their values are never drawn.
        named = list(module.named_parameters())
        return Built(
            module,
            tuple(name for name, p in named if p.requires_grad),
            tuple(name for name, p in named if not p.requires_grad),
            self._draws(function) if self.init == "ogive" else (),
        )

    def swapped(self, function: Activation) -> tuple[nn.Module, Swap]:
        """A copy with the function in it, and what was replaced."""
        module = copy.deepcopy(self.module)
        done = swap(module, function, self.replace)
        if done.how not in FOLLOWED:
            done.undo()
            done = swap(module, function, self.replace, inputs=self._example())
        return module, done

    def _example(self) -> Any:
        return tuple(self.example) if isinstance(self.example, list) else self.example

    def _draws(self, function: Activation) -> tuple[tuple[str, Draw], ...]:
        """How each layer's weights are drawn; as for the identity where none suit ``function``."""
        module, _ = self.swapped(function)
        generator = torch.Generator().manual_seed(0)
        try:
            try:
                report = init_(module, generator=generator)
            except CannotTrace:
                report = init_(module, self._example(), generator=generator)
        except OgiveError:
            if function.name == "identity":
                raise
            return self._draws(get("identity"))
        return tuple(
            (one.path, Draw(one.gain, one.fan, one.bias_std or 0.0, one.expected, one.why))
            for one in report.layers
        )

    def start(self, built: Built, identity: tuple[str | int, ...]) -> list[Tensor]:
        """The weights and buffers that the run ``identity`` starts from, a copy of its own.

        They depend on the identity alone, and two functions whose models have the same layers
        share the underlying draws.
        """
        if self.init != "pretrained":
            self._reset(built, identity)
        return [tensor.clone() for tensor in built.state()]

    @torch.no_grad()
    def _reset(self, built: Built, identity: tuple[str | int, ...]) -> None:
        tensors = dict(built.module.named_parameters())
        frozen = {name: tensors[name].clone() for name in built.fixed}
        with seeded("weights", *identity):
            if self.factory is not None:
                fresh = self.factory().state_dict()
                own = built.module.state_dict()
                for name in own.keys() & fresh.keys():
                    own[name].copy_(fresh[name])
            else:
                # Parts first: what a whole sets for its parts stands.
                for module in reversed(list(built.module.modules())):
                    reset = _reset_of(module)
                    if reset is not None:
                        reset()
        generator = torch.Generator().manual_seed(key("init", *identity))
        for path, plan in built.draws:
            draw(built.module.get_submodule(path), plan, "normal", generator)
        for name, value in frozen.items():
            tensors[name].copy_(value)


def _reset_of(module: nn.Module) -> Callable[[], Any] | None:
    """The method that draws a layer's own weights anew, or None."""
    for name in ("reset_parameters", "_reset_parameters"):
        found = getattr(module, name, None)
        if callable(found):
            asked = [
                p
                for p in inspect.signature(found).parameters.values()
                if p.default is p.empty and p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}
            ]
            if not asked:
                return found  # type: ignore[no-any-return]
    return None


def kept_as_given(module: nn.Module) -> list[str]:
    """Weights that no ``reset_parameters`` draws anew: every run would start from their values."""
    found = []
    for path, part in module.named_modules():
        if _reset_of(part) is None:
            names = [n for n, p in part.named_parameters(recurse=False) if p.requires_grad]
            found += [f"{path}.{name}" if path else name for name in names]
    return found


def prototype(model: Any, replace_: Wanted, init: str | None) -> Prototype:
    """The prototype of ``model``: a module, which is copied, or a function that makes one.

    Raises :class:`BadStudy` for anything else, and for an ``init`` that there is not.
    """
    chosen = INITS[0] if init is None else init
    if chosen not in INITS:
        raise BadStudy(f"init={init!r} is unknown; choose {', '.join(INITS)}")
    if isinstance(model, nn.Module):
        refuse_scripts(model)
        return Prototype(copy.deepcopy(model), None, replace_, chosen, None)
    if not callable(model):
        raise BadStudy(
            f"model={model!r} is {type(model).__name__}; give a torch.nn.Module, or a function or "
            "class that makes one without arguments"
        )
    with seeded("prototype"):
        try:
            made = model()
        except Exception as error:
            raise BadStudy(
                f"model={getattr(model, '__name__', model)} cannot be called without arguments "
                f"({type(error).__name__}: {str(error).partition(chr(10))[0]}); give a function "
                "that needs none"
            ) from error
    if not isinstance(made, nn.Module):
        raise BadStudy(
            f"model={getattr(model, '__name__', model)} made {type(made).__name__}, not a "
            "torch.nn.Module; return the model"
        )
    refuse_scripts(made)
    # A factory that loads weights makes the same ones each time: that is what "pretrained" keeps.
    return Prototype(made, model, replace_, chosen, None)


def with_example(made: Prototype, example: Any) -> Prototype:
    """The prototype with the inputs of a batch, and the code that workers could not read."""
    return replace(made, example=example, sources=_unfiled(made.module))


def _unfiled(module: nn.Module) -> dict[str, list[str]]:
    """Lines of code that only this process knows, by the name under which it knows them."""
    found = {}
    for part in module.modules():
        for member in vars(type(part)).values():
            name = getattr(getattr(member, "__code__", None), "co_filename", "")
            held = linecache.cache.get(name)
            if name.startswith("<") and held is not None and len(held) == 4:
                found[name] = list(held[2])
    return found


def identity_of(made: Prototype) -> str:
    """A hash of what the model is: its parts, code, weights' shapes, and values if they count."""
    shown = re.sub("0x[0-9a-f]+", "", str(made.module))  # addresses differ between processes
    digest = hashlib.sha256(f"{made.init} {told(made.factory)} {shown}".encode())
    for name, tensor in [*made.module.named_parameters(), *made.module.named_buffers()]:
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        if made.init == "pretrained":
            plain = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(plain.view(torch.uint8).numpy().tobytes())
    kinds = {type(part) for part in made.module.modules()}
    own = {_code(kind) for kind in kinds if not kind.__module__.startswith("torch.")}
    for code in sorted(own):
        digest.update(code.encode())
    return digest.hexdigest()


def _code(kind: type) -> str:
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return kind.__qualname__
