"""What follows what in a model: its layers and functions as a graph of steps.

The graph is read by ``torch.fx``, or, where that fails, by watching one batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch.fx import Node, Proxy, Tracer
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

import torch
from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.torch.known import Function
from ogive.torch.rewrite import Called
from ogive.torch.steps import (
    NORMS,
    OVERWRITE,
    Step,
    connect,
    function_kind,
    holds_weights,
    module_kind,
    overwrites,
    place,
    tensors,
)
from torch import Tensor, nn


class CannotTrace(OgiveError):
    """A model whose code depends on values, so that it can be watched only."""


@dataclass
class Flow:
    """The steps in the order of the computation, and how they were found."""

    steps: list[Step]
    how: str


def flow_of(model: nn.Module, inputs: Any = None) -> Flow:
    """The model's flow: watched where ``inputs`` are given, traced otherwise.

    Raises :class:`CannotTrace` where the code depends on values and there are no inputs.
    """
    return traced(model) if inputs is None else watched(model, inputs)


class _Tracer(Tracer):
    """torch.fx's, with the place of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = [""]
        self.places: dict[Node, tuple[str, str, int]] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_kind(m) is not None or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        path = self.path_of_module(m)
        self.open.append(path)
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self.open.pop()

    def create_proxy(self, kind: str, *args: Any, **kwargs: Any) -> Proxy:
        made = super().create_proxy(kind, *args, **kwargs)
        self.places[made.node] = (self.open[-1], *place())
        return made


@contextmanager
def _attributes_kept(model: nn.Module) -> Iterator[None]:
    """What the code assigns to modules while it is traced, proxies of tensors, is taken back."""
    tables = [t for m in model.modules() for t in (vars(m), m._parameters, m._buffers, m._modules)]
    before: list[tuple[dict[str, Any], dict[str, Any]]] = [(t, dict(t)) for t in tables]
    try:
        yield
    finally:
        for table, held in before:
            table.clear()
            table.update(held)


def traced(model: nn.Module) -> Flow:
    """The flow by ``torch.fx``; raises :class:`CannotTrace`."""
    tracer = _Tracer()
    if module_kind(model) is not None:
        raise CannotTrace("the model is one layer; put it in a torch.nn.Sequential")
    try:
        with _attributes_kept(model):
            graph = tracer.trace(model)
    except Exception as error:
        reason = " ".join(str(error).split("\n")[0].split())[:160]
        raise CannotTrace(
            f"{type(model).__name__} cannot be traced ({reason}); give a batch as inputs, so that "
            f"it can be watched"
        ) from None
    parts = dict(model.named_modules())
    made: dict[Node, Step] = {}
    steps: list[Step] = []
    for node in graph.nodes:
        step = made[node] = _node_step(node, parts, tracer)
        steps.append(step)
        sources = node.all_input_nodes
        connect(step, [made[n] for n in sources][step.name == OVERWRITE :])
        if step.inplace and sources:  # what uses the input from now on sees the result
            made[sources[0]] = step
    return Flow(steps, "traced")


def _node_step(node: Node, parts: dict[str, nn.Module], tracer: _Tracer) -> Step:
    owner, file, line = tracer.places.get(node, ("", "", 0))
    if node.op == "placeholder":
        return Step("input", "", node.name)
    if node.op == "output":
        return Step("output", "", "output")
    if node.op == "get_attr":
        return Step("constant", str(node.target), "get_attr")
    module = parts[str(node.target)] if node.op == "call_module" else None
    if isinstance(node.target, Called) and isinstance(node.target.function, nn.Module):
        module = node.target.function
    if module is not None:
        closed = "opaque" if holds_weights(module) else "pass"
        kind, function = module_kind(module) or (closed, None)
        path = str(node.target) if node.op == "call_module" else owner
        step = Step(kind, path, type(module).__name__, function, file=file, line=line)
        step.module, step.inplace = module, overwrites(module)
        return step
    step = function_kind(node.target, node.args, node.kwargs)
    step.path, step.file, step.line = owner, file, line
    return step


class Parts:
    """The modules of a model by identity: where each lies, and which kind of step it is."""

    def __init__(self, model: nn.Module) -> None:
        self.modules = list(model.modules())  # kept, so that no other gets their identity
        self.paths = {id(m): p for p, m in model.named_modules()}
        self.kinds = {id(m): module_kind(m) for m in self.modules}
        self.parameters = {id(p) for p in model.parameters()} | {id(b) for b in model.buffers()}


class Watcher(TorchFunctionMode):
    """Notes each call of a PyTorch function that makes a tensor, outside of known modules.

    What is to be seen besides the order of the steps is for subclasses: :meth:`keep` and
    :meth:`observe` stand before and after each step, and :meth:`passes` says what is none.
    """

    def __init__(self, model: nn.Module, inputs: Any, parts: Parts | None = None) -> None:
        super().__init__()
        self.parts = parts or Parts(model)
        self.paths, self.kinds = self.parts.paths, self.parts.kinds
        self.steps: list[Step] = []
        self.made: Any = WeakTensorKeyDictionary()
        self.open: list[str] = []
        self.leaf = 0
        self.thread = threading.get_ident()
        for tensor in tensors(inputs):
            self._results(tensor, self._add(Step("input", "", "input"), []))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self.leaf or self.passes(func):
            return func(*args, **kwargs)
        before = self._inputs((args, kwargs))
        kept = self.keep(func, args, kwargs)
        out = func(*args, **kwargs)
        stored = getattr(func, "__name__", "") == "__setitem__"
        if stored or isinstance(out, Tensor) or tensors(out):
            step = function_kind(func, args, kwargs)
            step.path = self.open[-1] if self.open else ""
            step.file, step.line = place()
            self._add(step, before[step.name == OVERWRITE :])
            self._results(args[0] if stored else out, step)
            self.observe(step, args if kept is None else kept, kwargs, out, func)
        return out

    def passes(self, called: Any) -> bool:
        """Whether calling it is no step."""
        return getattr(called, "__name__", "") == "__get__"

    def applied(self, act: Activation, x: Tensor, out: Any, plain: Callable[..., Any]) -> Any:
        """A function of the catalogue is called on a tensor."""
        with torch._C.DisableTorchFunction():
            before = self._inputs(x)
            given = x if out is None else x.detach().clone()
            made = plain(act, x, out)
            step = Step("activation", self.open[-1] if self.open else "", f"ogive.{act.name}", act)
            step.file, step.line = place()
            self._add(step, before)
            self._results(made, step)
            self.observe(step, (given,), {}, made, act)
        return made

    def keep(self, called: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The arguments to be observed, where the call overwrites them; None for as given."""

    def observe(
        self, step: Step, given: tuple[Any, ...], named: dict[str, Any], out: Any, called: Any
    ) -> None:
        """A step was made: by ``called``, a function or a module."""

    def enter(self, module: nn.Module, _inputs: Any) -> None:
        """A module is about to run."""
        if threading.get_ident() != self.thread:
            return
        self.open.append(self.paths.get(id(module), self.open[-1] if self.open else ""))
        if self.leaf or self._kind(module) is not None:
            self.leaf += 1

    def leave(self, module: nn.Module, given: Any, *rest: Any) -> None:
        """A module has run, or has raised; ``rest`` is its named arguments and its result."""
        if threading.get_ident() != self.thread or not self.open:
            return
        path = self.open.pop()
        if not self.leaf:
            return
        self.leaf -= 1
        if self.leaf:
            return
        kind, function = self._kind(module) or ("pass", None)
        if not self._measured(kind):
            return
        step = Step(kind, path, type(module).__name__, function, module=module)
        if id(module) not in self.paths:
            step.file, step.line = place()
        with torch._C.DisableTorchFunction():
            self._add(step, self._inputs((given, rest[:-1])))
            self._results(rest[-1], step)
            self.observe(step, given, rest[0] if len(rest) > 1 else {}, rest[-1], module)

    def _measured(self, kind: str) -> bool:
        """Whether a module of this kind is a step to be noted."""
        return True

    def _kind(self, module: nn.Module) -> tuple[str, Function | None] | None:
        if id(module) in self.paths:
            return self.kinds[id(module)]
        with torch._C.DisableTorchFunction():  # trying a module out is no step
            return module_kind(module)

    def _inputs(self, given: Any) -> list[Step]:
        found: list[Step] = []
        for tensor in tensors(given):
            step = self.made.get(tensor)
            if step is None:
                if id(tensor) in self.parts.parameters:
                    continue
                step = self._add(Step("constant", "", "constant"), [])
                self._results(tensor, step)
            if step not in found:
                found.append(step)
        return found

    def _results(self, made: Any, step: Step) -> None:
        for tensor in tensors(made):
            self.made[tensor] = step

    def ends(self, out: Any) -> None:
        """The model has run and gave ``out``."""
        self._add(Step("output", "", "output"), self._inputs(out))

    def _add(self, step: Step, inputs: list[Step]) -> Step:
        connect(step, inputs)
        self.steps.append(step)
        return step


def watched(model: nn.Module, inputs: Any) -> Flow:
    """The flow as one batch takes it; the model is left as it was."""
    watcher = Watcher(model, inputs)
    with undisturbed(model), watching(watcher):
        out = run(model, inputs)
    watcher.ends(out)
    return Flow(watcher.steps, "watched")


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """What runs meanwhile is seen by ``watcher``.

    A function of the catalogue is no function of PyTorch, so that calls of one are led past the
    watcher meanwhile.
    """
    register = nn.modules.module
    hooks = [
        register.register_module_forward_pre_hook(watcher.enter),
        register.register_module_forward_hook(watcher.leave, with_kwargs=True, always_call=True),
    ]
    plain = Activation.__call__

    def announced(act: Activation, x: Any, out: Any = None) -> Any:
        seen = isinstance(x, Tensor) and not watcher.leaf
        if not seen or threading.get_ident() != watcher.thread:
            return plain(act, x, out)
        return watcher.applied(act, x, out, plain)

    Activation.__call__ = announced  # type: ignore[method-assign, assignment]
    try:
        with watcher:
            yield
    finally:
        Activation.__call__ = plain  # type: ignore[method-assign]
        for hook in hooks:
            hook.remove()
            # PyTorch (seen in 2.13) forgets this entry, and then warns whenever one compiles.
            getattr(register, "_global_forward_hooks_with_kwargs", {}).pop(hook.id, None)


def run(model: nn.Module, inputs: Any) -> Any:
    """The model on a tensor, on a tuple of arguments or on a dict of named ones."""
    if isinstance(inputs, dict):
        return model(**inputs)
    if isinstance(inputs, tuple | list) and not isinstance(inputs, PackedSequence):
        return model(*inputs)
    return model(inputs)


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Run the model as in training but without dropout, and leave no trace of it.

    Normalisation takes the batch's own statistics; they, and the state of the random numbers,
    are put back. No gradient is recorded, and nothing takes a fused path.
    """
    modes = {m: m.training for m in model.modules()}
    buffers = {name: b.detach().clone() for name, b in model.named_buffers()}
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for module in modes:
                module.training = type(module).__module__ in NORMS
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(buffers[name])
