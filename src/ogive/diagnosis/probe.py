"""``ogive.probe``: batches through a model, and what its activations do on the way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

import torch
from ogive.diagnosis import figures
from ogive.diagnosis.book import Book
from ogive.diagnosis.examine import examine
from ogive.diagnosis.health import Health
from ogive.diagnosis.record import Recorder
from ogive.errors import OgiveError
from ogive.torch.find import refuse_scripts
from ogive.torch.flow import run, watching
from ogive.torch.steps import tensors
from torch import Tensor, nn

Loss: TypeAlias = Callable[..., Any]
DIRECTION = "a random direction of the outputs"


def probe(
    model: nn.Module,
    inputs: Any,
    targets: Any = None,
    loss: Loss | None = None,
    *,
    batches: int | None = None,
) -> Health:
    """What the activations of ``model`` do on ``inputs``, and what is wrong; see :class:`Health`.

    ``inputs`` are a tensor (or NumPy array), a tuple of arguments, a dict of named ones, or
    batches: a ``DataLoader`` or another iterable of them, each alone or as a pair (inputs,
    targets); ``batches`` says how many of it at most. ``loss`` is called with outputs and targets,
    or with the outputs alone where there are no targets. Without it the loss is the cross-entropy
    for integer targets and the mean square error for others; without targets the gradient is that
    of a random direction of the outputs, which shows how it fares from layer to layer.

    The model runs in the mode it is in. Its weights, gradients, buffers (running statistics),
    modes and hooks, and the state of all random numbers, are afterwards as they were, also after an
    error. Modules compiled by torch.compile run uncompiled meanwhile. Memory does not grow with
    the number of batches.

    Raises :class:`OgiveError` for a TorchScript module, for parameters that are not yet made
    (lazy layers), and where there is no batch.

    Example: ``ogive.probe(model, x, y)``, ``ogive.probe(model, loader, batches=10)``.
    """
    model = prepared(model)
    book = Book()
    gradients: dict[str, float] = {}
    measured = DIRECTION
    with unchanged(model):
        for x, y in _batches(inputs, targets, batches):
            with torch.enable_grad():
                measured = _one(model, x, y, loss, book, gradients)
    if not book.batches:
        raise OgiveError("there is no batch in inputs; give a tensor, or batches to iterate over")
    roots = {name: (square / book.backwards) ** 0.5 for name, square in gradients.items()}
    mode = "training" if model.training else "evaluation"
    return made(model, book, roots, {}, mode, measured)


def made(
    model: nn.Module,
    book: Book,
    gradients: dict[str, float],
    updates: dict[str, float],
    mode: str,
    measured: str | None,
    steps: int | None = None,
) -> Health:
    """The record of what a book holds, with its findings."""
    health = Health(
        model=type(model).__name__,
        layers=figures.layers(book),
        weights=figures.weights(model, book, gradients, updates),
        inputs=figures.inputs(book),
        loss=book.loss,
        bad=book.bad,
        mode=mode,
        gradient_of=measured,
        batches=book.batches,
        samples=book.samples,
        steps=steps,
        remarks=tuple(book.notes),
        findings=(),
    )
    return examine(health)


def prepared(model: nn.Module) -> nn.Module:
    """The model to look into; raises :class:`OgiveError` where there is none."""
    inner = getattr(model, "_orig_mod", None)
    if isinstance(inner, nn.Module):  # torch.compile's wrapper
        model = inner
    refuse_scripts(model)
    for path, module in model.named_modules():
        if isinstance(getattr(module, "_orig_mod", None), nn.Module):
            raise OgiveError(
                f"{path} is compiled by torch.compile, and what is fused there cannot be seen; "
                f"probe the model as it was before"
            )
    for name, p in [*model.named_parameters(), *model.named_buffers()]:
        if isinstance(p, UninitializedParameter | UninitializedBuffer):
            raise OgiveError(
                f"{name} is not yet made, since its layer is lazy; run one batch through the model "
                f"first"
            )
    return model


def _batches(inputs: Any, targets: Any, most: int | None) -> Iterator[tuple[Any, Any]]:
    if isinstance(inputs, Tensor | np.ndarray | dict | tuple | list) or targets is not None:
        yield as_tensors(inputs), as_tensors(targets)
        return
    if not isinstance(inputs, Iterable):
        raise OgiveError(
            f"inputs are {type(inputs).__name__}; give a tensor, a tuple of arguments, a dict of "
            f"named ones, or batches to iterate over, such as a DataLoader"
        )
    for number, batch in enumerate(inputs):
        if most is not None and number >= most:
            return
        if isinstance(batch, tuple | list) and len(batch) == 2:
            yield as_tensors(batch[0]), as_tensors(batch[1])
        elif isinstance(batch, list | tuple) and len(batch) == 1:
            yield as_tensors(batch[0]), None
        else:
            yield as_tensors(batch), None


def as_tensors(given: Any) -> Any:
    """NumPy arrays as tensors, in nested tuples, lists and dicts; the rest as it is."""
    if isinstance(given, np.ndarray):
        made = torch.from_numpy(given)
        return made.to(torch.get_default_dtype()) if made.is_floating_point() else made
    if isinstance(given, tuple) and hasattr(given, "_fields"):  # PackedSequence, and other records
        return type(given)(*map(as_tensors, given))
    if isinstance(given, tuple | list):
        return type(given)(as_tensors(g) for g in given)
    return {k: as_tensors(v) for k, v in given.items()} if isinstance(given, dict) else given


def _one(
    model: nn.Module,
    x: Any,
    y: Any,
    loss: Loss | None,
    book: Book,
    gradients: dict[str, float],
) -> str:
    """One batch, forward and backward."""
    with torch._C.DisableTorchFunction():
        recorder = Recorder(model, x, book)
    with watching(recorder):
        out = run(model, x)
        with torch._C.DisableTorchFunction():
            recorder.finish(out)
        value, measured = value_of(out, y, loss)
    recorder.release()
    wanted = {n: p for n, p in model.named_parameters() if p.requires_grad}
    if value is None or not value.requires_grad or not wanted:
        return measured
    book.backwards += 1
    found = torch.autograd.grad(value, list(wanted.values()), allow_unused=True)
    for name, gradient in zip(wanted, found, strict=True):
        square = 0.0 if gradient is None else float(gradient.detach().double().square().sum())
        gradients[name] = gradients.get(name, 0.0) + square
    return measured


def value_of(out: Any, y: Any, loss: Loss | None) -> tuple[Tensor | None, str]:
    """What is differentiated, and what it is."""
    outputs = [t for t in tensors(out) if t.is_floating_point()]
    if loss is not None:
        value = loss(out) if y is None else loss(out, y)
        if not isinstance(value, Tensor) or value.numel() != 1:
            raise OgiveError(
                f"the loss gave {_shown(value)}; give a function of outputs and targets that makes "
                f"one number"
            )
        return value, "the loss"
    own = getattr(out, "loss", None)
    if isinstance(own, Tensor) and own.numel() == 1:
        return own, "the model's own loss"
    if not outputs:
        return None, "nothing: the outputs are no floating-point numbers"
    if isinstance(y, Tensor):
        return _usual(outputs[0], y)
    generator = torch.Generator().manual_seed(0)
    along = outputs[0].new_zeros(())
    for one in (o for o in outputs if o.requires_grad):
        direction = torch.randn(one.shape, generator=generator).to(one)
        along = along + (one * direction).sum() / max(1, one.numel()) ** 0.5
    return along, DIRECTION


def _usual(out: Tensor, y: Tensor) -> tuple[Tensor, str]:
    if not y.is_floating_point() and out.dim() == y.dim() + 1:
        return nn.functional.cross_entropy(out, y.long()), "the cross-entropy"
    if out.numel() == y.numel():
        return nn.functional.mse_loss(out.reshape(y.shape), y.to(out)), "the mean square error"
    raise OgiveError(
        f"no usual loss fits outputs of shape {tuple(out.shape)} and targets of shape "
        f"{tuple(y.shape)}; give one as loss=, a function of both"
    )


def _shown(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Leave no trace: buffers, modes, gradients, flags and random numbers are put back."""
    places = [(m, name, b) for m in model.modules() for name, b in m._buffers.items()]
    copies = [None if b is None else b.detach().clone() for _, _, b in places]
    modes = {m: m.training for m in model.modules()}
    flags = {p: p.requires_grad for p in model.parameters()}
    gradients = {p: p.grad for p in flags}
    compiled = {m: m._compiled_call_impl for m in modes}
    fast = torch.backends.mha.get_fastpath_enabled()
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = sorted({p.device.index or 0 for p in flags if p.is_cuda})
    try:
        with torch.random.fork_rng(devices=devices), torch.inference_mode(False):
            torch.backends.mha.set_fastpath_enabled(False)
            for module in modes:
                module._compiled_call_impl = None
            # A frozen weight passes the gradient on as any other does.
            for p in flags:
                if p.is_floating_point():
                    p.requires_grad_(True)
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        for module, mode in modes.items():
            module.training = mode
            module._compiled_call_impl = compiled[module]
        for p, flag in flags.items():
            p.requires_grad_(flag)
            p.grad = gradients[p]
        with torch.no_grad():
            for (module, name, buffer), copy in zip(places, copies, strict=True):
                module._buffers[name] = buffer
                if buffer is not None and copy is not None:
                    buffer.copy_(copy)
