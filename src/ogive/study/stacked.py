"""Any model, many runs side by side: their losses, gradients and outputs as one program.

:class:`Stacked` holds the weights and buffers of all runs stacked and calls the model once, by
``torch.func.functional_call`` under ``vmap``. :class:`Looped` holds a copy of the model for each
run and calls one after the other. Both compute the same; :mod:`ogive.study.trial` finds out whether
a model can be stacked.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

import torch
from ogive.study import masks
from ogive.study.batches import Batches, seeded
from ogive.study.optimizers import Optimizer, Stack
from ogive.study.prototype import Built
from ogive.study.serving import Serving
from torch import Tensor, nn

Value = Callable[[Any, Any], Tensor]  # of a model and a batch
Identity = tuple[str | int, ...]


class Bound:
    """The model with the weights of one run: it is called as the model is."""

    def __init__(self, module: nn.Module, state: dict[str, Tensor]) -> None:
        self._module, self._state = module, state

    def __call__(self, *given: Any, **named: Any) -> Any:
        return functional_call(self._module, self._state, given, named)

    def __getattr__(self, name: str) -> Any:
        held = self.__dict__["_state"]
        return held[name] if name in held else getattr(self.__dict__["_module"], name)


class Members:
    """What :class:`Stacked` and :class:`Looped` share: the runs, their keys and their optimiser."""

    def __init__(
        self,
        built: Built,
        starts: Sequence[Sequence[Tensor]],
        identities: Sequence[Identity],
        rates: Sequence[float],
        rule: Optimizer,
        precision: torch.dtype | None = None,
        graph: bool = False,
    ) -> None:
        self.built, self.identities, self.precision = built, list(identities), precision
        self.graph = graph  # a loss that takes derivatives needs them in evaluation too
        # Buffers are written during training, and so are copied here.
        parts = [torch.stack(list(part)) for part in zip(*starts, strict=True)]
        count = len(built.trained)
        self.stack = Stack(parts[:count], rates, rule)
        self.buffers = dict(zip(built.buffers, parts[count:], strict=True))
        self.keys = torch.stack([masks.key_of(i) for i in identities]).to(parts[0].device)

    def __len__(self) -> int:
        return len(self.identities)

    def keep(self, places: Tensor) -> None:
        """Go on with the runs at ``places`` only."""
        self.stack.keep(places.to(self.keys.device))
        self.keys = self.keys[places.to(self.keys.device)]
        self.identities = [self.identities[place] for place in places.tolist()]

    def state(self, place: int) -> list[Tensor]:
        """Weights and buffers of one run."""
        held = [*self.stack.weights, *self.buffers.values()]
        return [tensor[place] for tensor in held]

    @contextlib.contextmanager
    def _around(self) -> Iterator[None]:
        """Reduced precision where it is asked for; no word on what PyTorch loops over itself."""
        with warnings.catch_warnings(), contextlib.ExitStack() as stack:
            warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
            # PyTorch's own, when torch.func.jvp is first used.
            warnings.filterwarnings("ignore", ".*torch.jit.script", DeprecationWarning)
            if self.precision is not None:
                stack.enter_context(torch.autocast(self.keys.device.type, self.precision))
            yield


class Stacked(Members):
    """All runs in one call of the model."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        tensors = dict(self.built.module.named_parameters())
        self.fixed = {name: tensors[name].detach() for name in self.built.fixed}

    def keep(self, places: Tensor) -> None:
        super().keep(places)
        self.buffers = {name: b[places.to(b.device)] for name, b in self.buffers.items()}

    def _applied(
        self,
        value: Value,
        state: dict[str, Tensor],
        keys: Tensor | None,
        batch: Any,
        training: bool,
    ) -> Any:
        """``value`` of each run's model and batch; ``keys`` are those of the step."""
        self.built.module.train(training)

        def one(state: dict[str, Tensor], key: Tensor | None, batch: Any) -> Any:
            with Serving(True, key):
                return value(Bound(self.built.module, {**state, **self.fixed}), batch)

        with self._around():
            dims = (0, None if keys is None else 0, 0)
            return vmap(one, in_dims=dims, randomness="error")(state, keys, batch)

    def backward(self, value: Value, batches: Batches, step: int) -> Tensor:
        """Fill the gradients of each run's loss on its batch; the losses (runs,)."""
        keys = masks.at_step(self.keys, step)
        if batches.together is not None:
            return self._backward(value, batches.together, keys, slice(None))
        losses = []
        for i in range(len(self)):  # batches of different shapes: run by run
            alone = tree_map(lambda leaf: leaf[None], batches[i])
            losses.append(self._backward(value, alone, keys[i : i + 1], slice(i, i + 1)))
        return torch.cat(losses)

    def _backward(self, value: Value, batch: Any, keys: Tensor, runs: slice) -> Tensor:
        leaves = [w[runs].detach().requires_grad_() for w in self.stack.weights]
        state = dict(zip(self.built.trained, leaves, strict=True))
        state |= {name: b[runs] for name, b in self.buffers.items()}
        with torch.enable_grad():
            losses = self._applied(value, state, keys, batch, training=True)
            found = torch.autograd.grad(losses.sum(), leaves, materialize_grads=True)
        for into, gradient in zip(self.stack.gradients, found, strict=True):
            into[runs] = gradient
        return losses.detach()  # type: ignore[no-any-return]

    def values(self, value: Value, batches: Batches) -> Tensor | None:
        """``value`` of each run's model, in evaluation, on its batch; None if shapes differ."""
        if batches.together is None:
            return None
        state = dict(zip(self.built.trained, self.stack.weights, strict=True)) | self.buffers
        with torch.set_grad_enabled(self.graph):
            return self._applied(value, state, None, batches.together, training=False).detach()  # type: ignore[no-any-return]

    def value(self, value: Value, place: int, batch: Any) -> float:
        """``value`` of one run's model, in evaluation."""
        own = self.state(place)
        state = dict(zip((*self.built.trained, *self.buffers), own, strict=True))
        self.built.module.eval()
        with self._around(), torch.set_grad_enabled(self.graph):
            return float(value(Bound(self.built.module, {**state, **self.fixed}), batch).detach())


class Looped(Members):
    """A copy of the model for each run, called one after the other.

    What is drawn at random beyond dropout comes from PyTorch's generator, set by run and step.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.copies = [copy.deepcopy(self.built.module) for _ in range(len(self))]
        for place, made in enumerate(self.copies):
            buffers = dict(made.named_buffers())
            for name, values in self.buffers.items():
                buffers[name].copy_(values[place])
        self.buffers = {}
        self._bind()

    def _bind(self) -> None:
        """The copies' weights are the stack's own memory."""
        for place, made in enumerate(self.copies):
            own = dict(made.named_parameters())
            for name, values in zip(self.built.trained, self.stack.weights, strict=True):
                own[name].data = values[place]

    def keep(self, places: Tensor) -> None:
        super().keep(places)
        self.copies = [self.copies[place] for place in places.tolist()]
        self._bind()

    def state(self, place: int) -> list[Tensor]:
        made = self.copies[place]
        tensors = {**dict(made.named_parameters()), **dict(made.named_buffers())}
        return [tensors[n].detach() for n in (*self.built.trained, *self.built.buffers)]

    def backward(self, value: Value, batches: Batches, step: int) -> Tensor:
        """Fill the gradients of each run's loss on its batch; the losses (runs,)."""
        keys = masks.at_step(self.keys, step)
        losses = []
        for place, made in enumerate(self.copies):
            made.train()
            own = dict(made.named_parameters())
            leaves = [own[name] for name in self.built.trained]
            draw = self._drawing(place, step)
            with torch.enable_grad(), self._around(), draw, Serving(False, keys[place]):
                loss = value(made, batches[place])
                found = torch.autograd.grad(loss, leaves, materialize_grads=True)
            for into, gradient in zip(self.stack.gradients, found, strict=True):
                into[place] = gradient
            losses.append(loss.detach())
        return torch.stack(losses)

    def _drawing(self, place: int, when: int | str) -> contextlib.AbstractContextManager[None]:
        """PyTorch's generators keyed by the run and the step, or by evaluation."""
        device = self.keys.device
        devices = [] if device.type == "cpu" else [device]
        return seeded("step", *self.identities[place], when, devices=devices)

    def values(self, value: Value, batches: Batches) -> Tensor | None:
        """None: each run is evaluated on its own."""
        return None

    def value(self, value: Value, place: int, batch: Any) -> float:
        """``value`` of one run's model, in evaluation."""
        draw = self._drawing(place, "evaluate")
        with self._around(), torch.set_grad_enabled(self.graph), draw:
            return float(value(self.copies[place].eval(), batch).detach())
