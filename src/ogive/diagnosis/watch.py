"""``ogive.watch``: the same measures from inside a training loop, on some of its steps."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

import torch
from ogive.diagnosis.book import Book
from ogive.diagnosis.lean import SAMPLES, Lean
from ogive.diagnosis.probe import made, prepared
from ogive.diagnosis.record import Recorder
from ogive.errors import OgiveError
from ogive.torch.flow import Parts, watching
from torch import Tensor, nn

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ogive.diagnosis.health import Health

EVERY = 10
MOST_WEIGHTS = 1 << 16  # of a matrix whose change is measured, in rows at even steps


class _Ear:
    """The hook on a watched model; in a copy of the model it hears nothing."""

    def __init__(self, watcher: watch | None) -> None:
        self._watcher = watcher

    def __call__(self, module: nn.Module, given: Any, named: dict[str, Any]) -> None:
        if self._watcher is not None:
            self._watcher.called(module, given, named)

    def __reduce__(self) -> tuple[type[_Ear], tuple[None]]:
        return _Ear, (None,)


class watch:
    """Watch a model while it is trained: ``with ogive.watch(model) as health: ...``.

    One in ``every`` training steps is looked at: a call of the model in training mode with
    gradients enabled; of a large layer about 8,192 values, of 16 samples or more. Besides what
    :func:`ogive.probe` measures (without what is inside fused operators) it says how much an
    optimiser's step changes each weight, ``|change|/|weights|``.
    ``health`` has everything that :class:`Health` has, as of now, inside the block and after it;
    ``health.now()`` is that record. Training takes the very same course as without it; the hooks
    are gone when the block ends, however it ends.

    Raises :class:`OgiveError` for a TorchScript module, for a model that is compiled by
    torch.compile, and for an ``every`` below 1.
    """

    def __init__(self, model: nn.Module, every: int = EVERY) -> None:
        if every < 1:
            raise OgiveError(f"every is {every}; give 1 to look at each step, or more")
        prepared(model)
        if hasattr(model, "_orig_mod") or any(
            m._compiled_call_impl is not None for m in model.modules()
        ):
            raise OgiveError(
                "the model is compiled by torch.compile, and what is fused there cannot be seen; "
                "watch the model as it was before"
            )
        self._model, self._every = model, every
        self._book, self._steps = Book(), 0
        self._hooks: list[Any] = []
        self._open: ExitStack | None = None
        self._recorder: Recorder | None = None
        self._parts: Parts | None = None  # once a whole batch was seen
        self._awaited = False  # the optimiser's step that belongs to a step looked at
        self._before: dict[str, tuple[Tensor, Tensor]] = {}  # the weights, and as they were
        self._changes: dict[str, list[float]] = {}
        self._gradients: dict[str, list[float]] = {}
        self._last: tuple[tuple[int, int, int], Health] | None = None

    def __enter__(self) -> watch:
        # One hook on the model alone: others would slow every module down on every step.
        self._hooks = [
            self._model.register_forward_pre_hook(_Ear(self), prepend=True, with_kwargs=True),
            register_optimizer_step_pre_hook(self._steps_now),
            register_optimizer_step_post_hook(self._stepped),
        ]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        while self._hooks:
            self._hooks.pop().remove()
        self._before.clear()

    # What happens in the loop -----------------------------------------------------------------

    def called(self, module: nn.Module, given: Any, named: dict[str, Any]) -> None:
        """The model is about to run."""
        if module is not self._model or not module.training or not torch.is_grad_enabled():
            return
        if self._open is not None:
            if self._recorder is not None and self._recorder.open:
                return  # the model calls itself
            self._close()  # an interruption came in between
        self._steps += 1
        if (self._steps - 1) % self._every:
            return
        inputs = (*given, *named.values())
        recorder: Recorder
        if self._parts is None:
            recorder = Recorder(module, inputs, self._book, thorough=False, most=SAMPLES)
        else:
            recorder = Lean(module, inputs, self._book, self._parts)
        self._open, self._recorder = ExitStack(), recorder
        self._open.enter_context(watching(recorder))
        register = nn.modules.module
        hook = register.register_module_forward_hook(self._left, always_call=True)
        self._open.callback(hook.remove)
        recorder.enter(module, given)  # the hook is too late for this very call
        self._awaited = True
        self._book.backwards += 1

    def _left(self, module: nn.Module, given: Any, out: Any) -> None:
        recorder = self._recorder
        if module is not self._model or recorder is None or recorder.open:
            return
        if out is not None:
            with torch._C.DisableTorchFunction():
                recorder.finish(out)
            known = not (isinstance(recorder, Lean) and recorder.strange)
            self._parts = recorder.parts if known else None
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
        if self._recorder is not None:
            self._recorder.release()
        self._open = self._recorder = None

    def _steps_now(self, optimizer: Any, given: Any, named: Any) -> None:
        """The optimiser is about to change the weights."""
        if not self._awaited:
            return
        mine = {id(p) for group in optimizer.param_groups for p in group["params"]}
        own = {
            n: p for n, p in self._model.named_parameters()
            if id(p) in mine and p.dim() > 1 and p.is_floating_point() and p.grad is not None
            and not p.grad.is_sparse and p.numel()
        }  # fmt: skip
        if not own:
            return
        norms = torch._foreach_norm([p.grad for p in own.values() if p.grad is not None])
        for name, norm in zip(own, norms, strict=True):
            _take(self._gradients, name, float(norm) ** 2)
        for name, p in own.items():
            part = p.detach()[:: -(-p.numel() // MOST_WEIGHTS)]
            self._before[name] = part, part.clone()

    def _stepped(self, optimizer: Any, given: Any, named: Any) -> None:
        """The optimiser has changed them."""
        if not self._before:
            return
        now, before = ([pair[i] for pair in self._before.values()] for i in (0, 1))
        changed = torch._foreach_norm(torch._foreach_sub(now, before))
        for name, change, size in zip(
            self._before, changed, torch._foreach_norm(before), strict=True
        ):
            if float(size) > 0:
                _take(self._changes, name, float(change) / float(size))
        self._before, self._awaited = {}, False

    # What it says -----------------------------------------------------------------------------

    def now(self) -> Health:
        """The record of what has been seen so far."""
        key = self._steps, self._book.batches, sum(int(v[1]) for v in self._changes.values())
        if self._last is None or self._last[0] != key:
            roots = {n: (s / c) ** 0.5 for n, (s, c) in self._gradients.items()}
            means = {n: s / c for n, (s, c) in self._changes.items()}
            heard = any(r.sums.gradients for r in self._book.rows.values())
            health = made(
                self._model, self._book, roots, means, "training",
                "the loss" if heard else None, self._steps,
            )  # fmt: skip
            self._last = key, health
        return self._last[1]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.now(), name)

    def __rich__(self) -> RenderableType:
        return self.now().__rich__()

    def __str__(self) -> str:
        return str(self.now())

    def _repr_html_(self) -> str:
        return self.now()._repr_html_()


def _take(sums: dict[str, list[float]], name: str, value: float) -> None:
    kept = sums.setdefault(name, [0.0, 0.0])
    kept[0] += value
    kept[1] += 1
