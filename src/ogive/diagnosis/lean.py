"""A batch seen in passing: the places of the activations are known from an earlier one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ogive.diagnosis.book import Book, Row
from ogive.diagnosis.record import Recorder
from ogive.torch.flow import Parts
from ogive.torch.known import Function, functions, methods
from ogive.torch.steps import Step
from torch import Tensor, nn

MEASURED = {"weight", "activation", "axis"}
SAMPLES = 16  # that are compared with each other


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """What functions and methods of PyTorch that may be activations are called."""
    return frozenset(getattr(f, "__name__", "") for f in functions()) | frozenset(methods())


class Lean(Recorder):
    """Sees only what is measured, and makes no graph of the steps.

    Roles and axes are those in the book. ``strange`` says that a place came up which is not in
    it: then the next batch is one for a :class:`Recorder`.
    """

    def __init__(self, model: nn.Module, inputs: Any, book: Book, parts: Parts) -> None:
        self.strange = False
        super().__init__(model, inputs, book, thorough=False, most=SAMPLES, parts=parts)

    def passes(self, called: Any) -> bool:
        """Whether calling it can be no activation."""
        return getattr(called, "__name__", "") not in _names()

    def finish(self, out: Any) -> None:
        """The model has run."""
        self.strange |= any(not row.roles for row, _ in self.live)
        self.live.clear()
        self.whole = True

    def _kind(self, module: nn.Module) -> tuple[str, Function | None] | None:
        self.strange |= id(module) not in self.paths
        return super()._kind(module)

    def _measured(self, kind: str) -> bool:
        return kind in MEASURED

    def _axis(self, row: Row, step: Step, x: Tensor) -> int:
        return super()._axis(row, step, x) if row.axis is None else row.axis

    def _inputs(self, given: Any) -> list[Step]:
        return []

    def _results(self, made: Any, step: Step) -> None:
        """No graph is made."""

    def _add(self, step: Step, inputs: list[Step]) -> Step:
        return step
