"""Data for a model of one's own: tensors, a ``Dataset`` or a ``DataLoader``, by row number.

The rows to train on, to validate on and to test on are numbered one after the other, so that a
study speaks of rows alone. A batch is whatever the data make it: a tensor, or tensors in tuples,
lists and dicts, whose first size is the number of rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

import torch
from ogive.errors import BadData
from ogive.study.splits import key
from torch import Tensor

AT_ONCE = 256  # rows that are read or evaluated at once
Rows = NDArray[np.int64]
FORMS = "tensors (X, y), a Dataset or a DataLoader"


class Tensors:
    """Rows held in memory, in tensors of one first size."""

    def __init__(self, held: Any, what: str) -> None:
        leaves = tree_leaves(held)
        if not leaves or not all(isinstance(leaf, Tensor) for leaf in leaves):
            kinds = sorted({type(leaf).__name__ for leaf in leaves}) or ["nothing"]
            raise BadData(f"{what} holds {', '.join(kinds)}; give {FORMS}")
        sizes = sorted({len(leaf) if leaf.dim() else 0 for leaf in leaves})
        if len(sizes) > 1 or sizes[0] == 0:
            raise BadData(
                f"the tensors of {what} have {' and '.join(map(str, sizes))} rows; give as many "
                "inputs as targets, and at least one"
            )
        # What needs a gradient could neither travel to a worker nor be hashed.
        self.held = tree_map(lambda leaf: leaf.detach(), held)

    def __len__(self) -> int:
        return len(tree_leaves(self.held)[0])

    def batch(self, rows: Rows, draw: tuple[Any, ...]) -> Any:
        """The rows; nothing is drawn."""
        index = torch.from_numpy(rows).to(tree_leaves(self.held)[0].device)
        return tree_map(lambda leaf: leaf[index], self.held)

    def to(self, device: torch.device) -> Tensors:
        """The same on another device."""
        made = object.__new__(Tensors)
        made.held = tree_map(lambda leaf: leaf.to(device), self.held)
        return made


class Items:
    """Rows of a ``Dataset``, read when they are needed and put together by ``collate``.

    Whatever a row draws at random (an augmentation) depends on the run and the step alone:
    the generators of PyTorch, NumPy and Python are set before each batch, and put back after it.
    """

    def __init__(self, dataset: Any, collate: Any) -> None:
        self.dataset, self.collate = dataset, collate

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, rows: Rows, draw: tuple[Any, ...]) -> Any:
        """The rows as they are at this draw."""
        with seeded(*draw):
            return self.collate([self.dataset[int(row)] for row in rows])

    def to(self, device: torch.device) -> Items:
        """The same: batches are moved one by one."""
        return self


@contextlib.contextmanager
def seeded(*draw: Any, devices: Sequence[Any] = ()) -> Iterator[None]:
    """PyTorch's, NumPy's and Python's own generators keyed by ``draw``, and put back after."""
    number = key(*draw)
    # The random numbers of other people's code come from NumPy's old global generator.
    theirs, own = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng(devices=list(devices)):
        torch.manual_seed(number)
        np.random.seed(number & 0xFFFFFFFF)  # noqa: NPY002
        random.seed(number)
        try:
            yield
        finally:
            np.random.set_state(theirs)  # noqa: NPY002
            random.setstate(own)


class Batches:
    """A batch for each of several runs, each alone or with a leading axis of runs."""

    def __init__(self, each: Sequence[Any] | None, together: Any = None) -> None:
        self._each, self._together = each, together

    def __getitem__(self, place: int) -> Any:
        if self._each is not None:
            return self._each[place]
        return tree_map(lambda leaf: leaf[place], self._together)

    @cached_property
    def together(self) -> Any:
        """All of them as one, with a leading axis of runs; None if their shapes differ."""
        if self._each is None:
            return self._together
        shapes = {tuple(tuple(leaf.shape) for leaf in tree_leaves(one)) for one in self._each}
        if len(shapes) > 1:
            return None
        return tree_map(lambda *leaves: torch.stack(leaves), self._each[0], *self._each[1:])


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of a study: ``parts`` are those to train on and, if given, to validate and test on.

    ``starts`` are the numbers of their first rows, and the number after the last.
    """

    parts: tuple[Tensors | Items, ...]

    @property
    def starts(self) -> list[int]:
        return [0, *np.cumsum([len(part) for part in self.parts]).tolist()]

    def part(self, place: int) -> Rows:
        """The numbers of the rows of one part."""
        starts = self.starts
        return np.arange(starts[place], starts[place + 1])

    def batch(self, rows: Rows, draw: tuple[Any, ...]) -> Any:
        """One batch of rows, all of one part; ``draw`` keys what they draw at random."""
        starts = self.starts
        place = int(np.searchsorted(starts, rows[0], "right")) - 1
        return self.parts[place].batch(rows - starts[place], draw)

    def side_by_side(self, rows: Sequence[Rows], draws: Sequence[tuple[Any, ...]]) -> Batches:
        """A batch for each run, all of one part; runs that share rows and draw share the batch."""
        starts = self.starts
        place = int(np.searchsorted(starts, rows[0][0], "right")) - 1
        part = self.parts[place]
        own = [r - starts[place] for r in rows]
        if isinstance(part, Tensors) and len({len(r) for r in own}) == 1:
            return Batches(None, part.batch(np.stack(own), ()))
        made: dict[tuple[Any, ...], Any] = {}
        for r, draw in zip(own, draws, strict=True):
            if (draw, r.tobytes()) not in made:
                made[draw, r.tobytes()] = part.batch(r, draw)
        return Batches([made[draw, r.tobytes()] for r, draw in zip(own, draws, strict=True)])

    def chunks(self, rows: Rows) -> Iterator[tuple[Any, int]]:
        """Batches that make up ``rows`` in their order, with their sizes."""
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            yield self.batch(some, ("evaluate", *some[:1].tolist())), len(some)

    def to(self, device: torch.device) -> Examples:
        """The same on another device, as far as they are held in memory."""
        return Examples(tuple(part.to(device) for part in self.parts))


def read(given: Any, what: str, dtype: torch.dtype) -> tuple[Tensors | Items, list[str]]:
    """The rows that ``given`` holds, and notes; NumPy's real numbers become ``dtype``.

    Raises :class:`BadData` for what holds no rows.
    """
    notes: list[str] = []
    collate: Any = default_collate
    if isinstance(given, DataLoader):
        if given.sampler is not None and not isinstance(
            given.sampler, RandomSampler | SequentialSampler
        ):
            notes.append(
                f"The {type(given.sampler).__name__} of {what} is not used: rows are drawn in an "
                "order that each run's seed decides."
            )
        given, collate = given.dataset, given.collate_fn
    if isinstance(given, IterableDataset) or (
        isinstance(given, Dataset) and not hasattr(given, "__len__")
    ):
        raise BadData(
            f"{what} is {type(given).__name__}, whose rows cannot be numbered, so that they "
            "cannot be split; give a Dataset with __len__ and __getitem__"
        )
    if isinstance(given, Dataset):
        held = _tensors_of(given) if collate is default_collate else None
        if held is not None:
            return Tensors(held, what), notes
        if len(given) == 0:  # type: ignore[arg-type]
            raise BadData(f"{what} has no rows; give at least one")
        return Items(given, collate), notes
    if isinstance(given, list):
        given = tuple(given)
    return Tensors(tree_map(lambda leaf: _tensor(leaf, dtype), given), what), notes


def _tensors_of(dataset: Any) -> tuple[Tensor, ...] | None:
    """The tensors of a ``TensorDataset``, or of a part of one."""
    if type(dataset) is TensorDataset:
        return tuple(dataset.tensors)
    whole = _tensors_of(dataset.dataset) if type(dataset) is Subset else None
    return None if whole is None else tuple(t[list(dataset.indices)] for t in whole)


def _tensor(leaf: Any, dtype: torch.dtype) -> Any:
    if hasattr(leaf, "to_numpy"):  # a DataFrame or a Series
        leaf = leaf.to_numpy()
    if isinstance(leaf, np.ndarray) and leaf.dtype != object:
        made = torch.from_numpy(np.ascontiguousarray(leaf))
        return made.to(dtype) if made.is_floating_point() else made
    return leaf


def fingerprint(examples: Examples) -> str:
    """A SHA-256 of the content, the same in every process."""
    digest = hashlib.sha256()
    for place in range(len(examples.parts)):
        for batch, size in examples.chunks(examples.part(place)):
            leaves, form = tree_flatten(batch)
            digest.update(f"{place} {size} {form}".encode())
            for leaf in leaves:
                if isinstance(leaf, Tensor):
                    digest.update(f"{leaf.dtype} {tuple(leaf.shape)}".encode())
                    plain = leaf.detach().cpu().contiguous().reshape(-1)
                    digest.update(plain.view(torch.uint8).numpy().tobytes())
                else:
                    digest.update(str(leaf).encode())
    return digest.hexdigest()


def to_device(batch: Any, device: torch.device) -> Any:
    """The tensors of a batch on ``device``."""
    return tree_map(lambda leaf: leaf.to(device) if isinstance(leaf, Tensor) else leaf, batch)


def pair(batch: Any, what: str) -> tuple[Any, Any]:
    """Inputs and targets; raises :class:`BadData` for a batch that is no pair."""
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    held = f"{len(batch)} parts" if isinstance(batch, tuple | list | Mapping) else "one tensor"
    raise BadData(
        f"a batch of {what} is {held}, not a pair (inputs, targets); give pairs, or an objective "
        "of the model and the batch in place of a loss"
    )


def called(model: Any, inputs: Any) -> Any:
    """The model on one input, on several, or on named ones."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)
