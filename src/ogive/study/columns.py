"""What each column is, and how it becomes numbers that a network can read.

Roles are decided on development rows only; statistics (medians, means, levels) are those of
the training rows, since :func:`preprocessor` gives an unfitted transformer.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ogive.errors import BadData
from ogive.study.values import (
    STRAY_MEND,
    Obstacle,
    empty,
    first_text,
    is_date,
    joined,
    missing,
    numbers,
    obstacle,
    text_of,
    undress,
)

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

MISSING = "(missing)"  # the level of a gap in a column of categories
BOUND = 1e100  # numbers beyond are taken as this, so that no difference or square overflows
FAR = 1e3  # standard deviations from the mean beyond which a value is moved in
MOST_CODED = 50  # levels with a column of their own; the rarest share one
MOST_LEVELS = 200
FEW_LEVELS = 20

TRUSTED = ["numpy.clip", "numpy.dtype"]
"""What ``skops.io.load`` must be told to trust in a fitted preprocessor; both are harmless."""


@dataclass(frozen=True)
class Column:
    """A column that is used.

    ``gaps`` says that values were missing in development rows; ``levels`` are the texts of a
    category found there, sorted.
    """

    name: str
    role: Literal["number", "category"]
    gaps: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns used, in order, and those set aside with the reason. Plain values only.

    ``given`` names all feature columns in the order of the table, used or not.
    """

    used: tuple[Column, ...]
    set_aside: tuple[tuple[str, str], ...] = ()
    given: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the columns used."""
        return [c.name for c in self.used]

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each reason why columns are set aside."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self.set_aside:
            by_reason.setdefault(why, []).append(repr(name))
        return tuple(
            f"Columns set aside: {', '.join(names)} ({why})." for why, names in by_reason.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON holds; :meth:`from_dict` gives the record back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Columns:
        """The record that :meth:`to_dict` wrote, also by way of JSON."""
        return cls(
            tuple(Column(**{**c, "levels": tuple(c["levels"])}) for c in values["used"]),
            tuple((name, why) for name, why in values["set_aside"]),
            tuple(values["given"]),
        )


def _texts(series: pd.Series[Any]) -> NDArray[np.object_]:
    """The column as texts with :data:`MISSING` for gaps."""
    gaps = empty(series)
    held = series.astype(object)
    return np.array(
        [MISSING if gap else text_of(v) for v, gap in zip(held, gaps, strict=True)], dtype=object
    )


def counters(frame: pd.DataFrame) -> list[str]:
    """The columns that only count the rows: distinct whole numbers without a step left out."""
    found = []
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_integer_dtype(column.dtype) and len(column) > 2:
            values = np.sort(column.to_numpy(dtype=np.float64, na_value=np.nan))
            if (np.diff(values) == 1).all():
                found.append(str(name))
    return found


def decide(frame: pd.DataFrame, counted: Collection[str] = ()) -> Columns:
    """The role of every column of ``frame`` (development rows, features only).

    Columns without values, with one value and no gaps, or ``counted`` (see :func:`counters`)
    are set aside.

    Raises :class:`BadData` where a column holds infinities, dates, free text or identifiers,
    where most of a column but not all of it is numbers, or where no column remains.
    """
    used: list[Column] = []
    aside: list[tuple[str, str]] = []
    refused: list[_Refused] = []
    for name in frame.columns:
        if name in counted:
            aside.append((name, "only counts the rows"))
            continue
        series = frame[name]
        gaps = missing(series)
        held = series[~gaps]
        if gaps.all():
            aside.append((name, "no values"))
            continue
        if is_date(series):
            refused.append(_Refused(name, "dates", "dates"))
            continue
        declared = isinstance(series.dtype, pd.CategoricalDtype)
        values = None if declared else numbers(series)
        hindered = obstacle(series) if values is None else None
        if hindered:
            refused.append(_Refused(name, hindered.says, hindered=hindered))
            continue
        levels = tuple(sorted(set(_texts(held)))) if values is None else ()
        distinct = len(levels) if values is None else len(np.unique(values[~gaps]))
        if distinct == 1 and not gaps.any():
            aside.append((name, "one value only"))
        elif values is not None:
            used.append(Column(name, "number", bool(gaps.any())))
        elif distinct > MOST_LEVELS or (distinct > FEW_LEVELS and distinct > 0.5 * len(held)):
            texts = "different texts (free text or identifiers)"
            refused.append(_Refused(name, f"{distinct} {texts}", f"many {texts}"))
        else:
            used.append(Column(name, "category", bool(gaps.any()), levels))
    if refused:
        raise BadData(_refusal(refused))
    if not used:
        reasons = "; ".join(f"{n!r}: {why}" for n, why in aside)
        raise BadData(
            f"no usable column remains ({reasons or 'there is none'}); give at least one column "
            f"whose values differ"
        )
    return Columns(tuple(used), tuple(aside), tuple(frame.columns))


@dataclass(frozen=True)
class _Refused:
    """A column that is refused: what it holds, and what it has in common with others."""

    name: str
    holds: str
    alike: str = ""
    hindered: Obstacle | None = None


def _refusal(refused: list[_Refused]) -> str:
    """One sentence for all columns refused, grouped by reason."""
    by_reason: dict[str, list[_Refused]] = {}
    for one in refused:
        by_reason.setdefault(one.alike or one.holds, []).append(one)
    clauses = [
        f"the column {ones[0].name!r} holds {ones[0].holds}"
        if len(ones) == 1
        else f"the columns {joined([repr(one.name) for one in ones])} hold {reason}"
        for reason, ones in by_reason.items()
    ]
    them = "it" if len(refused) == 1 else "them"
    numeric = [one.hindered for one in refused if one.hindered]
    plain = [one.plain for one in numeric if one.plain]
    mends = [f"write {joined(plain)}"] if plain else []
    if len(plain) < len(numeric):
        mends.append(STRAY_MEND)
    if len(numeric) < len(refused):
        mends.append(f"turn {'the others' if numeric else them} into numbers or few categories")
    options = " ".join(f"--drop {shlex.quote(one.name)}" for one in refused)
    return f"{joined(clauses)}; {', '.join(mends)}, or drop {them} with {options}"


def prepare(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """``frame`` brought to the columns used: float64 numbers, texts for categories.

    Gaps become NaN in numbers and :data:`MISSING` in categories; further columns are ignored;
    numbers beyond :data:`BOUND` are moved to it.

    Raises :class:`BadData` for a column that is missing, a number column that holds a text,
    and for infinities.
    """
    given = {str(c).strip(): i for i, c in enumerate(frame.columns)}
    made: dict[str, Any] = {}
    for column in columns.used:
        if column.name not in given:
            raise BadData(
                f"the column {column.name!r} is missing; give the columns "
                f"{', '.join(columns.names)}"
            )
        series = frame.iloc[:, given[column.name]]
        if column.role == "category":
            made[column.name] = pd.Series(_texts(series), dtype=object)
            continue
        values = numbers(series)
        if values is None:
            wrong = first_text(series)
            dressed = undress(wrong)
            raise BadData(
                f"the column {column.name!r} holds {wrong!r} where numbers are expected; write "
                f"{dressed.plain if dressed else 'a number'} or leave it empty"
            )
        made[column.name] = np.clip(values, -BOUND, BOUND)
    out = pd.DataFrame(made)
    out.columns = pd.Index(columns.names, dtype=object)
    return out


def preprocessor(columns: Columns) -> ColumnTransformer:
    """An unfitted transformer from :func:`prepare`'s frames to a float64 matrix.

    Numbers: gaps take the median, then (x - mean) / standard deviation, at most
    :data:`FAR`; a column that is constant in the training rows gives 0. A number column with
    gaps adds a 0/1 column that marks them. Categories: a 0/1 column a level, a gap being a
    level; unseen levels give zeros, and beyond :data:`MOST_CODED` levels the rarest share a
    column. It is made of scikit-learn's own classes, so that skops saves it.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import (
        FunctionTransformer,
        MaxAbsScaler,
        OneHotEncoder,
        StandardScaler,
    )

    quantities = [c.name for c in columns.used if c.role == "number"]
    gappy = [c.name for c in columns.used if c.role == "number" and c.gaps]
    categories = [c.name for c in columns.used if c.role == "category"]
    number = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        # To [-1, 1] first: squares cannot overflow, and a constant column centres to 0 exactly.
        MaxAbsScaler(),
        StandardScaler(),
        FunctionTransformer(np.clip, kw_args={"a_min": -FAR, "a_max": FAR}),
    )
    category = OneHotEncoder(
        handle_unknown="ignore", sparse_output=False, max_categories=MOST_CODED, dtype=np.float64
    )
    parts = [
        ("numbers", number, quantities),
        ("gaps", MissingIndicator(features="all"), gappy),
        ("categories", category, categories),
    ]
    return ColumnTransformer([p for p in parts if p[2]], sparse_threshold=0)
