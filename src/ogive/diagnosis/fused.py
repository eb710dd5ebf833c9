"""The functions inside fused operators, computed once more to be seen.

LSTM, GRU and RNN run their gates in one operator, and attention its softmax. Here they are
computed from the same inputs and weights, one step after the other and without a gradient.
Dropout, between the layers or of the attention, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch.nn.utils.rnn import PackedSequence

import torch
from torch import Tensor, nn

Seen = tuple[str, str, str, Tensor]  # name, function, role, pre-activations (samples, units)
ATTENTION = (
    "query",
    "key",
    "value",
    "key_padding_mask",
    "need_weights",
    "attn_mask",
    "average_attn_weights",
    "is_causal",
)
DOT = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")


def cells(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Iterator[Seen]:
    """What the gates and functions of a recurrent module take in, also from packed sequences."""
    settings = {**dict(zip(("input", "hx"), given, strict=False)), **named}
    x, state = settings["input"], settings.get("hx")
    if isinstance(module, nn.RNNCellBase):
        yield from _layer(module, [x.detach().reshape(-1, x.shape[-1])], "", _start(state, None))
        return
    if not isinstance(module, nn.RNNBase):
        return
    sequence, order = _steps(module, x)
    directions = 2 if module.bidirectional else 1
    for depth in range(module.num_layers):
        made = []
        for direction in range(directions):
            suffix = f"_l{depth}" + ("_reverse" if direction else "")
            way = -1 if direction else 1
            start = _start(state, depth * directions + direction, order)
            names = f"layer {depth}" + (", reverse" if direction else "")
            kept: list[Tensor] = []
            for name, function, role, values in _layer(
                module, sequence[::way], suffix, start, kept
            ):
                yield f"{name}, {names}", function, role, values
            made.append(kept[::way])
        sequence = [torch.cat(parts, -1) for parts in zip(*made, strict=True)]


def _steps(module: nn.RNNBase, x: Any) -> tuple[list[Tensor], Tensor | None]:
    """The input at each time, (rows, features), and the order of the rows where it is another.

    Of packed sequences the longest come first, so that the rows at a time are the first ones.
    """
    if isinstance(x, PackedSequence):
        return list(torch.split(x.data.detach(), x.batch_sizes.tolist())), x.sorted_indices
    x = x.detach()
    if x.dim() == 2:
        x = x.unsqueeze(1)
    elif module.batch_first:
        x = x.transpose(0, 1)
    return list(x), None


def _start(state: Any, place: int | None, order: Tensor | None = None) -> list[Tensor | None]:
    parts = [s.detach() for s in (state if isinstance(state, tuple) else (state,)) if s is not None]
    if place is not None:
        parts = [p[place] for p in parts]
    parts = [p.reshape(-1, p.shape[-1]) for p in parts]
    parts = [p if order is None else p[order] for p in parts]
    return [*parts, None, None][:2]


def _layer(
    module: Any,
    sequence: list[Tensor],
    suffix: str,
    start: list[Tensor | None],
    out: list[Tensor] | None = None,
) -> Iterator[Seen]:
    """One layer in one direction; what it puts out at each time goes into ``out``."""
    weights: dict[str, Any] = {
        n: getattr(module, f"{n}{suffix}", None)
        for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    }
    linear = torch.nn.functional.linear
    w_hh, b_hh, w_hr = weights["weight_hh"], weights["bias_hh"], weights["weight_hr"]
    sizes = [len(x) for x in sequence]
    whole = torch.cat(sequence)
    from_input = torch.split(linear(whole, weights["weight_ih"], weights["bias_ih"]), sizes)
    width = module.hidden_size
    all_h = start[0] if start[0] is not None else whole.new_zeros(max(sizes), w_hh.shape[1])
    all_c = start[1] if start[1] is not None else whole.new_zeros(max(sizes), width)
    kind = type(module).__name__.removesuffix("Cell")
    plain = getattr(module, "nonlinearity", "tanh")
    seen: dict[str, list[Tensor]] = {}
    for rows, now in zip(sizes, from_input, strict=True):
        h, c = all_h[:rows], all_c[:rows]  # the sequences that are running
        fed = linear(h, w_hh, b_hh)
        if kind == "LSTM":
            i, f, g, o = (now + fed).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            if w_hr is not None:
                h = linear(h, w_hr)
            parts = {"input gate": i, "forget gate": f, "output gate": o, "cell": g, "state": c}
        elif kind == "GRU":
            (r, z, n), (hr, hz, hn) = now.chunk(3, 1), fed.chunk(3, 1)
            reset, update, new = r + hr, z + hz, n + torch.sigmoid(r + hr) * hn
            h = (1 - torch.sigmoid(update)) * torch.tanh(new) + torch.sigmoid(update) * h
            parts = {"reset gate": reset, "update gate": update, "cell": new}
        else:
            parts = {"cell": now + fed}
            h = torch.relu(now + fed) if plain == "relu" else torch.tanh(now + fed)
        all_h, all_c = torch.cat([h, all_h[rows:]]), torch.cat([c, all_c[rows:]])
        if out is not None:
            out.append(h)
        for name, values in parts.items():
            seen.setdefault(name, []).append(values)
    for name, steps in seen.items():
        gate = name.endswith("gate")
        function = "sigmoid" if gate else ("tanh" if kind in {"LSTM", "GRU"} else plain)
        yield name, function, "gate" if gate else "fused", torch.cat(steps)


def attention(module: nn.MultiheadAttention, given: Any, named: dict[str, Any]) -> Tensor:
    """The weights of the attention, (rows, keys)."""
    settings = {**dict(zip(ATTENTION, given, strict=False)), **named}
    settings |= {"need_weights": True, "average_attn_weights": False}
    training = module.training
    module.training = False
    try:
        weights = type(module).forward(module, **settings)[1]
    finally:
        module.training = training
    assert weights is not None
    return weights.reshape(-1, weights.shape[-1])


def dot_product(given: Any, named: dict[str, Any]) -> Tensor:
    """The weights inside ``scaled_dot_product_attention``, (rows, keys)."""
    settings = {**dict(zip(DOT, given, strict=False)), **named}
    query, key = settings["query"].detach(), settings["key"].detach()
    if settings.get("enable_gqa"):
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scale = settings.get("scale")
    scores = query @ key.transpose(-1, -2)
    scores = scores * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    mask = settings.get("attn_mask")
    if settings.get("is_causal"):
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None and mask.dtype == torch.bool:
        scores = scores.masked_fill(~mask, -math.inf)
    elif mask is not None:
        scores = scores + mask
    return torch.softmax(scores, -1).reshape(-1, scores.shape[-1])
