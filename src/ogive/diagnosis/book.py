"""What is kept of a model over all batches: a row for each place of an activation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ogive.diagnosis.measures import Moving, Sums
from ogive.functions.activation import Activation
from ogive.torch.find import AXIS, FUSED_CELL, GATE, HIDDEN, OUTPUT

MOST_CALLS = 8  # of one place that get rows of their own; a loop's are put together


@dataclass
class Row:
    """A place of an activation, and what was seen there."""

    path: str
    name: str
    line: int
    call: int
    label: str
    kind: str  # activation, softmax
    function: Activation | None = None
    sums: Sums = field(default_factory=Sums)
    roles: set[str] = field(default_factory=set)
    together: bool = False
    axis: int | None = None  # along which the units lie
    scaled_after: bool = False  # a normalisation follows that undoes any scale

    @property
    def where(self) -> str:
        """The place as text."""
        if self.line:
            text = f"{self.path or 'the model'}, line {self.line}: {self.name}"
        else:
            text = ".".join(p for p in (self.path, self.name) if p)
        if self.together:
            return f"{text} (all calls)"
        return text if self.call == 1 else f"{text} (call {self.call})"

    @property
    def role(self) -> str:
        """What it is for, the most telling of all calls."""
        order = (HIDDEN, GATE, FUSED_CELL, AXIS, OUTPUT)
        return next((role for role in order if role in self.roles), HIDDEN)


@dataclass(frozen=True)
class Bad:
    """The first place whose values are no finite numbers: "nan" or "inf", and in what."""

    where: str
    what: str
    cause: str
    batch: int


@dataclass(frozen=True)
class LossFacts:
    """What a loss was given: the function that made the predictions, and the ranges of both."""

    loss: str
    made_by: str | None
    sums_to_one: bool
    low: float
    high: float
    target_low: float | None
    target_high: float | None


class Book:
    """All that is kept, over all batches."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], Row] = {}
        self.together: set[tuple[Any, ...]] = set()
        self.signal: dict[str, list[float]] = {}  # mean square of what layers put out
        self.scaled_after: set[str] = set()  # the layers whose scale a normalisation undoes
        self.inputs, self.input_alike = Moving(), Sums()
        self.normed_first = False
        self.bad: Bad | None = None
        self.loss: LossFacts | None = None
        self.batches, self.samples, self.backwards = 0, 0, 0
        self.notes: list[str] = []

    def row(self, place: tuple[Any, ...], call: int, make: Callable[[], Row]) -> Row:
        """The row of a place's ``call``; those of a loop are put together."""
        if place not in self.together and call > MOST_CALLS:
            self.together.add(place)
            first = self.rows[(place, 1)]
            first.together = True
            for other in range(2, MOST_CALLS + 1):
                old = self.rows.pop((place, other), None)
                if old is not None:
                    first.sums.merge(old.sums)
                    first.roles |= old.roles
        key = (place, 1 if place in self.together else call)
        if key not in self.rows:
            self.rows[key] = make()
        return self.rows[key]

    def note(self, sentence: str) -> None:
        """Say something once."""
        if sentence not in self.notes:
            self.notes.append(sentence)
