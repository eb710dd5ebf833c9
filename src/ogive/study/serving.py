"""What PyTorch's ``vmap`` cannot batch, done otherwise while a model runs.

A mode sees the functions of PyTorch that a model calls, whichever module calls them, and answers
for some of them: dropout, whose masks it takes from the run's own stream; LSTM, GRU and plain
recurrent layers, which have no batched form and are written out here; and attention, which is
written as matrix products. All others run as they are. The model itself is not changed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

import torch
from ogive.study.masks import kept
from torch import Tensor

Answer = Callable[..., Any]
SELU_NEGATIVE = -1.7580993408473766  # -alpha * scale: the value that alpha dropout puts in


class Serving(TorchFunctionMode):
    """Answers for the functions above while a model runs, for one run or under ``vmap``.

    ``batched`` says that ``vmap`` is at work, so that recurrent layers and attention must be
    written out. ``key`` is the key of the run at its step (see :mod:`ogive.study.masks`); without
    one, dropout is left to PyTorch. ``served`` names what was answered for.
    """

    def __init__(self, batched: bool, key: Tensor | None = None) -> None:
        super().__init__()
        self.batched, self.key, self.calls = batched, key, 0
        self.served: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Iterable[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        answer = _ANSWERS.get(func)
        if answer is not None:
            made = answer(self, *args, **given)
            if made is not NotImplemented:
                self.served.add(func.__name__)
                return made
        elif func in _OPENED:
            with self:  # what it calls is seen too
                return _opened(func)(*args, **given)
        return func(*args, **given)

    def mask(self, shape: tuple[int, ...], rate: float) -> Tensor:
        """The next mask of this step: True where a value is kept."""
        assert self.key is not None
        self.calls += 1
        return kept(self.key, self.calls, shape, rate)


@functools.lru_cache(maxsize=8)
def _opened(function: FunctionType) -> FunctionType:
    """A function of ``torch.nn.functional`` whose own body is seen by modes.

    PyTorch's functions hand themselves over to a mode as a whole; this copy does not.
    """
    seen = {**function.__globals__}
    seen |= {name: lambda *_: False for name in seen if name.startswith("has_torch_function")}
    return FunctionType(function.__code__, seen, function.__name__, function.__defaults__)


def _dropped(serving: Serving, x: Tensor, p: float, shape: tuple[int, ...]) -> Tensor:
    if p >= 1:
        return x * 0.0
    return x * (serving.mask(shape, p).to(x.dtype) * (1 / (1 - p)))


def _dropout(
    serving: Serving, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Any:
    if serving.key is None or not training or p == 0:
        return NotImplemented
    made = _dropped(serving, input, p, tuple(input.shape))
    return input.copy_(made) if inplace else made


def _dropout_of(channels_of: Callable[[int], int]) -> Answer:
    """Dropout of whole channels: the mask has the first so many sizes of the input."""

    def answer(
        serving: Serving,
        input: Tensor,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> Any:
        if serving.key is None or not training or p == 0:
            return NotImplemented
        made = _dropped(serving, input, p, _channels(input, channels_of(input.dim())))
        return input.copy_(made) if inplace else made

    return answer


def _channels(x: Tensor, leading: int) -> tuple[int, ...]:
    return (*x.shape[:leading], *[1] * (x.dim() - leading))


def _alpha_dropout_of(whole: bool) -> Answer:
    """Dropout that keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515)."""

    def answer(
        serving: Serving,
        input: Tensor,
        p: float = 0.5,
        training: bool = False,
        inplace: bool = False,
    ) -> Any:
        if serving.key is None or not training or p in {0, 1}:
            return NotImplemented
        shape = _channels(input, 2) if whole else tuple(input.shape)
        keep = serving.mask(shape, p).to(input.dtype)
        scale = ((1 - p) * (1 + p * SELU_NEGATIVE**2)) ** -0.5
        made = scale * (input * keep + SELU_NEGATIVE * (1 - keep) - SELU_NEGATIVE * p)
        return input.copy_(made) if inplace else made

    return answer


def _attention(
    serving: Serving,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(q k' scale + mask) v, as PyTorch's documentation defines it."""
    drops = dropout_p > 0 and serving.key is not None
    if not (serving.batched or drops):
        return NotImplemented
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = (x.repeat_interleave(repeats, -3) for x in (key, value))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    weights = (query * factor) @ key.transpose(-2, -1)
    if is_causal:
        shape = (query.shape[-2], key.shape[-2])
        attn_mask = torch.ones(shape, dtype=torch.bool, device=query.device).tril()
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            weights = weights.masked_fill(~attn_mask, -math.inf)
        else:
            weights = weights + attn_mask
    weights = weights.softmax(-1)
    if drops:
        weights = _dropped(serving, weights, dropout_p, tuple(weights.shape))
    return weights @ value


def _lstm_cell(gates: Tensor, inner: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    i, f, g, o = (gates + inner).chunk(4, -1)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def _gru_cell(gates: Tensor, inner: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    (r, z, n), (hr, hz, hn) = gates.chunk(3, -1), inner.chunk(3, -1)
    update = (z + hz).sigmoid()
    fresh = (n + (r + hr).sigmoid() * hn).tanh()
    return (fresh + update * (state[0] - fresh),)


def _plain_cell(function: Callable[[Tensor], Tensor]) -> Answer:
    return lambda gates, inner, state: (function(gates + inner),)


def _recurrent(cell: Answer, states: int) -> Answer:
    """A recurrent layer of any depth, written out step by step."""

    def answer(serving: Serving, *given: Any) -> Any:
        if isinstance(given[3], bool):
            x, start, weights, bias, layers, p, training, both, first = given
        else:  # a packed sequence, whose steps have different numbers of rows
            return NotImplemented
        drops = training and p > 0 and serving.key is not None
        if not (serving.batched or drops):
            return NotImplemented
        start = list(start) if isinstance(start, tuple | list) else [start]
        x = x.transpose(0, 1) if first and x.dim() > 2 else x
        ways = 2 if both else 1
        # A projection of the state (proj_size) adds a weight to each layer.
        each = len(weights) // (layers * ways)
        if each != (4 if bias else 2):
            return NotImplemented
        ends: list[list[Tensor]] = [[] for _ in range(states)]
        for layer in range(layers):
            outputs = []
            for way in range(ways):
                place = layer * ways + way
                w_in, w_state, *b = weights[place * each : (place + 1) * each]
                gates = F.linear(x, w_in, b[0] if b else None)
                state = tuple(s[place] for s in start)
                steps: list[Tensor] = []
                times = range(x.shape[0])
                for t in reversed(times) if way else times:
                    state = cell(gates[t], F.linear(state[0], w_state, b[1] if b else None), state)
                    steps.append(state[0])
                outputs.append(torch.stack(steps[::-1] if way else steps))
                for end, last in zip(ends, state, strict=True):
                    end.append(last)
            x = torch.cat(outputs, -1) if both else outputs[0]
            if drops and layer < layers - 1:
                x = _dropped(serving, x, p, tuple(x.shape))
        x = x.transpose(0, 1) if first and x.dim() > 2 else x
        return (x, *(torch.stack(end) for end in ends))

    return answer


def _cell(cell: Answer, several: bool = False) -> Answer:
    """One step of ``nn.LSTMCell`` and its like."""

    def answer(
        serving: Serving,
        x: Tensor,
        start: Any,
        w_in: Tensor,
        w_state: Tensor,
        b_in: Tensor | None = None,
        b_state: Tensor | None = None,
    ) -> Any:
        if not serving.batched:
            return NotImplemented
        state = tuple(start) if isinstance(start, tuple | list) else (start,)
        made = cell(F.linear(x, w_in, b_in), F.linear(state[0], w_state, b_state), state)
        return made if several else made[0]

    return answer


_VF: Any = torch._VF
_CELLS: dict[str, tuple[Answer, int]] = {
    "lstm": (_lstm_cell, 2),
    "gru": (_gru_cell, 1),
    "rnn_tanh": (_plain_cell(torch.tanh), 1),
    "rnn_relu": (_plain_cell(torch.relu), 1),
}
_ANSWERS: dict[Any, Answer] = {
    F.dropout: _dropout,
    torch.dropout: _dropout,
    torch.dropout_: functools.partial(_dropout, inplace=True),
    # Three sizes are rows, channels and places for 1d and 2d, but channels alone for 3d.
    F.dropout1d: _dropout_of(lambda sizes: max(sizes - 1, 1)),
    F.dropout2d: _dropout_of(lambda sizes: 2),
    F.dropout3d: _dropout_of(lambda sizes: 2 if sizes > 4 else 1),
    F.alpha_dropout: _alpha_dropout_of(False),
    F.feature_alpha_dropout: _alpha_dropout_of(True),
    F.scaled_dot_product_attention: _attention,
    **{getattr(_VF, name): _recurrent(cell, n) for name, (cell, n) in _CELLS.items()},
    **{getattr(_VF, f"{name}_cell"): _cell(cell, n > 1) for name, (cell, n) in _CELLS.items()},
}
_OPENED = {F.multi_head_attention_forward}
