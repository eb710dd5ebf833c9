"""What runs in a model, seen place by place and put into running sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch.nn.utils.rnn import PackedSequence

import torch
from ogive.diagnosis import fused
from ogive.diagnosis.around import carries_scale, first_users, scaled_after, source_of, unit_axis
from ogive.diagnosis.book import Bad, Book, LossFacts, Row
from ogive.diagnosis.measures import (
    HALVES,
    LIGHT,
    MOST_SAMPLES,
    centred,
    flatness,
    squares,
    thinned,
)
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.torch.find import AXIS, GATE, role_of
from ogive.torch.flow import Parts, Watcher
from ogive.torch.steps import Step, function_kind, overwrites, tensors
from torch import Tensor, nn

SELDOM = 4  # batches seen in passing, one of which is looked at more closely
PROBABILITIES = {"softmax", "softmin", "log_softmax"}
BLAMED = {"weight", "norm", "activation", "opaque"}  # where an infinity is no mask
LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll_loss",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "MSELoss": "mse_loss",
    "L1Loss": "l1_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "HuberLoss": "huber_loss",
}


class Recorder(Watcher):
    """Sees one batch through the model, and puts it into the book.

    ``thorough`` also looks for the origin of what is not finite in every step, and at the fused
    operators; otherwise large places are seen in part, and the likeness of samples and the
    histograms on one batch in four. Nothing of the batch is kept: the hooks on the gradient hold
    sums alone.
    """

    def __init__(
        self, model: nn.Module, inputs: Any, book: Book, *, thorough: bool = True,
        most: int = MOST_SAMPLES, parts: Parts | None = None,
    ) -> None:  # fmt: skip
        self.book, self.thorough, self.most = book, thorough, most
        self.calls: dict[tuple[Any, ...], int] = {}
        self.tainted: set[int] = set()
        self.live: list[tuple[Row, Step]] = []
        self.kept: tuple[Any, ...] | None = None
        self.whole = False
        self.often = thorough or book.batches % SELDOM == 0
        super().__init__(model, inputs, parts)
        self.samples = 0
        with torch._C.DisableTorchFunction(), torch.no_grad():
            self._see_inputs(inputs)
        book.batches += 1
        book.samples += self.samples

    # What the watcher sees --------------------------------------------------------------------

    def keep(self, called: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """A copy of the input, where the call may overwrite it."""
        step = function_kind(called, given, named)
        if step.kind == "activation" and step.inplace and given and isinstance(given[0], Tensor):
            return (given[0].detach().clone(), *given[1:])
        return None

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """A module is about to run; one that overwrites its input gets a copy of it kept."""
        outside = not self.leaf
        super().enter(module, inputs)
        if outside and self.leaf:
            self.kept = None
            if overwrites(module) and inputs and isinstance(inputs[0], Tensor):
                with torch._C.DisableTorchFunction():
                    self.kept = (inputs[0].detach().clone(), *inputs[1:])

    def observe(
        self, step: Step, given: tuple[Any, ...], named: dict[str, Any], out: Any, called: Any
    ) -> None:
        """Put a step's measures into the book."""
        if self.kept is not None and step.module is not None:
            given, self.kept = self.kept, None
        if not self.samples:  # all arguments were named
            self.samples = next((t.shape[0] for t in tensors(out) if t.dim()), 0)
            self.book.samples += self.samples
        self.leaf += 1  # what is computed here is no step of the model's
        try:
            with torch.no_grad():
                if self.thorough or step.kind in ("weight", "activation"):
                    self._look_for_bad(step, out)
                if self.whole:  # what a loss calls is none of the model's
                    self._output(step, given, named)
                elif step.kind == "activation" and isinstance(out, Tensor):
                    self._activation(step, given, named, out, called)
                elif step.kind == "axis" and isinstance(out, Tensor):
                    self._along_axis(step, given, named, out, called)
                elif step.kind == "weight" and isinstance(out, Tensor):
                    self._signal(step, out)
                elif step.kind == "opaque" and self.thorough:
                    self._inside(step, given, named)
                elif step.kind == "opaque":
                    self.book.note(f"What {step.path} computes inside is seen by ogive.probe alone")
                elif step.name == "scaled_dot_product_attention" and self.thorough:
                    self._softmax(step, fused.dot_product(given, named), "attention softmax")
        finally:
            self.leaf -= 1

    def finish(self, out: Any) -> None:
        """The model has run; the roles of what was seen are judged by what follows it."""
        self.ends(out)
        for row, step in self.live:
            row.scaled_after = carries_scale(step) and scaled_after(step)
            if not row.roles:
                row.roles.add(role_of(step) if row.kind == "activation" else AXIS)
            elif row.together:
                row.roles.add(role_of(step))
        self.live.clear()
        self.whole = True
        weighing = [s for s in self.steps if s.kind == "weight"]
        free = {s.path for s in weighing if not scaled_after(s)}
        self.book.scaled_after = {s.path for s in weighing} - free
        first = [u for s in self.steps if s.kind == "input" for u in first_users(s)]
        self.book.normed_first = bool(first) and all(u.kind == "norm" for u in first)

    def release(self) -> None:
        """Let go of the steps, which refer to each other in circles."""
        for step in self.steps:
            step.inputs.clear()
            step.users.clear()
        self.steps.clear()

    # What is made of it -----------------------------------------------------------------------

    def _see_inputs(self, inputs: Any) -> None:
        found = [t for t in tensors(inputs) if t.dim()]
        self.samples = _samples(inputs, found)
        values = next((t.detach() for t in found if t.is_floating_point()), None)
        if any(not math.isfinite(float(t.sum())) for t in found if t.is_floating_point()):
            self.tainted |= {id(s) for s in self.steps}
            self._blame("the inputs", [t for t in found if t.is_floating_point()], "the inputs")
        elif values is not None and values.numel():
            table = values.dim() == 2
            part = values if self.thorough else values[self._part(values, -1 if table else 0)]
            seen = _wide(part if table else part.reshape(-1, 1))
            if self.book.inputs.units in (None, seen.shape[1]):
                self.book.inputs.add(*centred(seen))
            if self.often:
                self.book.input_alike.compare(part.reshape(len(part), -1), self.most)

    def _activation(
        self, step: Step, given: tuple[Any, ...], named: dict[str, Any], out: Tensor, called: Any
    ) -> None:
        x = given[0] if given else named.get("input")
        if not isinstance(x, Tensor) or not x.is_floating_point() or x.shape != out.shape:
            return
        assert isinstance(step.function, Activation)
        row = self._row(step, step.function.label, "activation", step.function)
        axis = self._axis(row, step, x)
        x, seen = x.detach(), out.detach()
        rest = given[1:], {k: v for k, v in named.items() if k not in ("input", "inplace")}
        again = _learned(step, rest, called)
        if not self.thorough and x.dim() > 1 and x.numel() > LIGHT:
            # A slope for each channel lies along axis 1.
            part = self._part(x, axis) if again is None else self._part(x, axis, 1)
            x, seen = x[part], seen[part]
        if again is None:
            before = _units(x, axis)
            slope = step.function.slope(before)
        else:
            before, slope = _units(x, axis), _units(_slope(again, x), axis)
        row.sums.add(before, _units(seen, axis), slope, flatness(step.function), self.often)
        if x.dim() > 1 and self.often:
            by = 1 if out.shape[0] != self.samples == out.shape[1] else 0
            row.sums.compare(x.movedim(by, 0).reshape(x.shape[by], -1), self.most)
        if out.requires_grad:
            out.register_hook(row.sums.hear)  # type: ignore[no-untyped-call]

    def _part(self, x: Tensor, *kept: int) -> tuple[slice, ...]:
        return thinned(x, kept, self.book.batches)

    def _axis(self, row: Row, step: Step, x: Tensor) -> int:
        """The axis of the units, which is kept for batches that are seen without a graph."""
        row.axis = unit_axis(step, x)
        return row.axis

    def _along_axis(
        self, step: Step, given: tuple[Any, ...], named: dict[str, Any], out: Tensor, called: Any
    ) -> None:
        assert step.function is not None
        name = step.function.name
        axis = named.get("dim", getattr(called, "dim", None))
        if axis is None and not isinstance(called, nn.Module) and len(given) > 1:
            axis = given[1]
        if name in PROBABILITIES:
            axis = axis if isinstance(axis, int) else (1 if out.dim() in (2, 4) else 0)
            p = out.detach().exp() if name == "log_softmax" else out.detach()
            self._softmax(step, p.movedim(axis, -1).reshape(-1, p.shape[axis]), name)
        elif name == "glu" and given and isinstance(given[0], Tensor):
            gate = given[0].detach().chunk(2, axis if isinstance(axis, int) else -1)[1]
            self._inner(step, "gate of glu", "sigmoid", GATE, gate)

    def _softmax(self, step: Step, p: Tensor, label: str) -> None:
        row = self._row(step, label, "softmax", None)
        row.roles.add(AXIS)
        row.sums.add_rows(p)

    def _inside(self, step: Step, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """What fused operators compute, which is done once more."""
        module = step.module
        if isinstance(module, nn.MultiheadAttention):
            with torch.random.fork_rng(devices=[]):
                self._softmax(step, fused.attention(module, given, named), "attention softmax")
        elif isinstance(module, nn.RNNBase | nn.RNNCellBase):
            for name, function, role, x in fused.cells(module, given, named):
                self._inner(step, name, function, role, x)

    def _inner(self, step: Step, name: str, function: str, role: str, x: Tensor) -> None:
        act = registry.get(function)
        row = self._row(step, act.label, "activation", act, name)
        row.roles.add(role)
        x = x.contiguous()
        before, after, slopes = (_units(t, -1) for t in (x, act(x), act.slope(x)))
        row.sums.add(before, after, slopes, flatness(act))
        row.sums.compare(x.reshape(x.shape[0], -1), self.most)

    def _row(
        self, step: Step, label: str, kind: str, act: Activation | None, inner: str = ""
    ) -> Row:
        module = step.module is not None and not step.line
        if module:
            path, name, line = step.path, inner and f"[{inner}]", 0
        else:
            path, name, line = step.path, f"{step.name} {inner}".strip(), step.line
        place = (path, name, step.file, line, label if line else "")
        self.calls[place] = call = self.calls.get(place, 0) + 1
        row = self.book.row(place, call, lambda: Row(path, name, line, call, label, kind, act))
        if kind == "activation" and not inner and (not row.roles or row.together):
            self.live.append((row, step))
        return row

    def _signal(self, step: Step, out: Tensor) -> None:
        sums = self.book.signal.setdefault(step.path, [0.0, 0.0])
        square = squares(out.detach()) / max(1, out.numel())
        if math.isfinite(square):
            sums[0] += square
            sums[1] += 1

    def _output(self, step: Step, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        loss = LOSSES.get(step.name, step.name)
        if loss not in LOSSES.values() or self.book.loss is not None:
            return
        made = given[0] if given else named.get("input")
        target = given[1] if len(given) > 1 else named.get("target")
        if not isinstance(made, Tensor) or not made.is_floating_point() or not made.numel():
            return
        source = next((source_of(s) for s in step.inputs), None)
        plain = made.detach()
        sums = plain.dim() > 1 and bool((plain.sum(1) - 1).abs().max() < 1e-3)
        ranged = isinstance(target, Tensor) and target.numel() > 0
        self.book.loss = LossFacts(
            loss,
            source.function.label if source is not None and source.function is not None else None,
            sums and float(plain.min()) >= 0,
            float(plain.min()),
            float(plain.max()),
            float(target.min()) if ranged and isinstance(target, Tensor) else None,
            float(target.max()) if ranged and isinstance(target, Tensor) else None,
        )

    # What is not finite -----------------------------------------------------------------------

    def _look_for_bad(self, step: Step, out: Any) -> None:
        if isinstance(out, Tensor) and math.isfinite(float(out.detach().sum())):
            return  # the usual case, in few steps
        found = [t.detach() for t in tensors(out) if t.is_floating_point() and t.numel()]
        if all(math.isfinite(float(t.sum())) for t in found):
            return
        nan = any(bool(torch.isnan(t).any()) for t in found)
        if step.name.startswith(("empty", "new_empty")):
            return  # not written yet
        infinite = any(bool(torch.isinf(t).any()) for t in found)
        if not nan and not (infinite and step.kind in BLAMED):
            return
        known = any(id(s) in self.tainted for s in step.inputs)
        self.tainted.add(id(step))
        if not known and self.book.bad is None:
            where = step.path or "the model"
            if step.line:
                where = f"{where}, line {step.line}: {step.name}"
            cause = "its inputs are finite"
            if step.module is not None and not all(
                bool(torch.isfinite(p).all()) for p in step.module.parameters()
            ):
                cause = "its weights are not finite"
            self._blame(where, found, cause)

    def _blame(self, where: str, found: list[Tensor], cause: str) -> None:
        if self.book.bad is None:
            nan = any(bool(torch.isnan(t).any()) for t in found)
            self.book.bad = Bad(where, "nan" if nan else "inf", cause, self.book.batches)


def _learned(
    step: Step, rest: tuple[tuple[Any, ...], dict[str, Any]], called: Any
) -> Callable[[Tensor], Tensor] | None:
    """The function as it is called, where its parameters are learned; otherwise None."""
    if torch.is_inference_mode_enabled():
        return None
    if isinstance(called, nn.Module):
        return called.forward if any(True for _ in called.parameters()) else None
    if not any(isinstance(v, Tensor) for v in (*rest[0], *rest[1].values())):
        return None
    function = torch.prelu if "prelu" in step.name else called
    return lambda t: function(t, *rest[0], **rest[1])


def _samples(inputs: Any, found: list[Tensor]) -> int:
    """The length of the first tensor; of packed sequences, how many there are."""
    first = inputs
    while isinstance(first, tuple | list) and first and not isinstance(first, PackedSequence):
        first = first[0]
    if isinstance(first, PackedSequence):
        return int(first.batch_sizes[0])
    return found[0].shape[0] if found else 0


def _slope(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(function(leaf).sum(), leaf)[0]


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype in HALVES else x


def _units(x: Tensor, axis: int) -> Tensor:
    """(positions, units)."""
    x = _wide(x)
    if x.dim() < 2:
        return x.reshape(-1, 1)
    return x.movedim(axis, -1).reshape(-1, x.shape[axis])
