"""What passes through a model's layers, forwards and backwards, on one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from ogive.errors import OgiveError
from ogive.torch.chains import Chain, Link
from ogive.torch.flow import run, undisturbed
from ogive.torch.steps import tensors
from torch import Tensor, nn


@dataclass(frozen=True)
class Cut:
    """Some inputs of a chain: what its first layer takes in, and outputs and gradients by layer.

    The first axis is that of the inputs; a gradient is None where none comes back.
    """

    inputs: Tensor
    outputs: list[Tensor]
    gradients: list[Tensor | None]


@dataclass(frozen=True)
class Traffic:
    """By a layer's path: what it took in, what it gave, and the gradient by that."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    gradients: dict[str, Tensor | None]

    def cut(self, chain: Chain, rows: int) -> Cut:
        """At most ``rows`` inputs, evenly spaced; those of a Linear layer are its vectors."""
        first = chain[0]
        whole = in_rows(first.module, self.inputs[first.path])
        taken = torch.linspace(0, len(whole) - 1, min(rows, len(whole))).round().long()
        outputs, gradients = [], []
        for link in chain:
            back = self.gradients[link.path]
            outputs.append(in_rows(link.module, self.outputs[link.path])[taken])
            gradients.append(None if back is None else in_rows(link.module, back)[taken])
        return Cut(whole[taken], outputs, gradients)


def in_rows(module: nn.Module, values: Tensor) -> Tensor:
    """``values`` with the inputs along the first axis: a Linear layer works on each vector."""
    return values.reshape(-1, values.shape[-1]) if isinstance(module, nn.Linear) else values


def observed(model: nn.Module, inputs: Any, links: Sequence[Link], seed: int) -> Traffic:
    """Run ``model`` on the batch and take a standard normal gradient at its output back."""
    given: dict[str, Tensor] = {}
    kept: dict[str, Tensor] = {}

    def note(path: str) -> Callable[..., Tensor]:
        def hook(_module: nn.Module, args: Any, out: Tensor) -> Tensor:
            out = out if out.requires_grad else out.detach().requires_grad_()
            given[path], kept[path] = args[0].detach().clone(), out
            return out.clone()  # what follows may write over it

        return hook

    hooks = [link.module.register_forward_hook(note(link.path)) for link in links]
    try:
        with undisturbed(model), torch.enable_grad():
            results = [t for t in tensors(run(model, inputs)) if t.is_floating_point()]
            backs = _back(results, list(kept.values()), seed)
    finally:
        for hook in hooks:
            hook.remove()
    for path, out in kept.items():
        if not bool(out.isfinite().all()):
            raise OgiveError(
                f"the outputs of {path} are not all finite on the batch; give inputs that are, or "
                f"weights of a smaller scale (ogive.init_ sets them)"
            )
    return Traffic(
        {path: _here(x) for path, x in given.items()},
        {path: _here(x) for path, x in kept.items()},
        {path: None if b is None else _here(b) for path, b in zip(kept, backs, strict=True)},
    )


def _here(values: Tensor) -> Tensor:
    found = values.detach().cpu()
    return found if found.dtype == torch.float64 else found.float()


def _back(results: list[Tensor], outs: list[Tensor], seed: int) -> Sequence[Tensor | None]:
    reached = [t for t in results if t.requires_grad]
    if not reached or not outs:
        return [None] * len(outs)
    generator = torch.Generator().manual_seed(seed)
    random = [torch.randn(t.shape, generator=generator).to(t) for t in reached]
    return torch.autograd.grad(reached, outs, random, allow_unused=True)


def parted(chain: Chain, traffic: Traffic) -> list[Chain]:
    """The chain cut where the number of inputs changes, and without layers that did not run."""
    ran = [link for link in chain if link.path in traffic.outputs]
    parts: list[list[Link]] = []
    for link in ran:
        if parts and _continues(parts[-1][-1], link, traffic):
            parts[-1].append(link)
            continue
        if parts:
            parts[-1][-1] = replace(parts[-1][-1], end="a change of shape")
            parts.append([replace(link, function=None, start="a change of shape")])
        else:
            parts.append([link])
    return [tuple(part) for part in parts]


def _continues(before: Link, link: Link, traffic: Traffic) -> bool:
    out = in_rows(before.module, traffic.outputs[before.path])
    taken = in_rows(link.module, traffic.inputs[link.path])
    return len(out) == len(taken) and out.numel() == taken.numel()
