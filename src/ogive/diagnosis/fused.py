"""The functions inside fused operators, computed once more to be seen.

LSTM, GRU and RNN run their gates in one operator, and attention its softmax. Here they are
computed from the same inputs and weights, one step after the other and without a gradient.
Dropout, between the layers or of the attention, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

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


def cells(module: nn.Module, given: tuple[Any, ...]) -> Iterator[Seen]:
    """What the gates and functions of a recurrent module take in; nothing for packed sequences."""
    x = given[0]
    if not isinstance(x, Tensor):
        return
    state = given[1] if len(given) > 1 else None
    x = x.detach()
    if isinstance(module, nn.RNNCellBase):
        x = x.reshape(1, -1, x.shape[-1])
        yield from _layer(module, x, "", _start(state, None))
        return
    if not isinstance(module, nn.RNNBase):
        return
    if x.dim() == 2:
        x = x.unsqueeze(1)
    elif module.batch_first:
        x = x.transpose(0, 1)
    directions = 2 if module.bidirectional else 1
    for depth in range(module.num_layers):
        made = []
        for direction in range(directions):
            suffix = f"_l{depth}" + ("_reverse" if direction else "")
            sequence = x.flip(0) if direction else x
            start = _start(state, depth * directions + direction)
            names = f"layer {depth}" + (", reverse" if direction else "")
            kept: list[Tensor] = []
            for name, function, role, values in _layer(module, sequence, suffix, start, kept):
                yield f"{name}, {names}", function, role, values
            made.append(kept[0].flip(0) if direction else kept[0])
        x = torch.cat(made, -1)


def _start(state: Any, place: int | None) -> list[Tensor | None]:
    parts = [s.detach() for s in (state if isinstance(state, tuple) else (state,)) if s is not None]
    if place is not None:
        parts = [p[place] for p in parts]
    parts = [p.reshape(-1, p.shape[-1]) for p in parts]
    return [*parts, None, None][:2]


def _layer(
    module: Any,
    x: Tensor,
    suffix: str,
    start: list[Tensor | None],
    out: list[Tensor] | None = None,
) -> Iterator[Seen]:
    weights: dict[str, Any] = {
        n: getattr(module, f"{n}{suffix}", None)
        for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    }
    linear = torch.nn.functional.linear
    w_hh, b_hh, w_hr = weights["weight_hh"], weights["bias_hh"], weights["weight_hr"]
    from_input = linear(x, weights["weight_ih"], weights["bias_ih"])
    width = module.hidden_size
    h = start[0] if start[0] is not None else x.new_zeros(x.shape[1], w_hh.shape[1])
    c = start[1] if start[1] is not None else x.new_zeros(x.shape[1], width)
    kind = type(module).__name__.removesuffix("Cell")
    plain = getattr(module, "nonlinearity", "tanh")
    seen: dict[str, list[Tensor]] = {}
    hidden = []
    for now in from_input:
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
        hidden.append(h)
        for name, values in parts.items():
            seen.setdefault(name, []).append(values)
    if out is not None:
        out.append(torch.stack(hidden))
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
