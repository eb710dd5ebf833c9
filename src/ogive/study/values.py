"""What a column holds: gaps, numbers, dates or texts, and what keeps texts from being numbers."""

from __future__ import annotations

import decimal
import numbers as abstract
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ogive.errors import BadData

Floats = NDArray[np.float64]

GAPS = frozenset(
    [
        "na",
        "n/a",
        "#na",
        "#n/a",
        "<na>",
        "nan",
        "-nan",
        "null",
        "none",
        "1.#ind",
        "-1.#ind",
        "1.#qnan",
        "-1.#qnan",
    ]
) | {"#n/a n/a"}
"""Words that stand for a gap among numbers; elsewhere they may be classes and levels."""

MOSTLY = 0.8  # the share of a column from which it is taken for what most of it is
COMMA = "a decimal comma"
STRAY_MEND = "leave those empty, write numbers"
_TRUTHS = {"true": 1.0, "false": 0.0}

_DAY, _MONTH = r"\d{1,2}", r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\s*(\d{{4}}[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.]\d{{4}}|{_DAY}[-/]{_DAY}[-/]\d{{2}}"
    rf"|{_DAY}[ -]{_MONTH}[ -,]+\d{{2,4}}|{_MONTH} {_DAY},? \d{{4}})([T ,].*)?\s*",
    re.IGNORECASE,
)

_MONEY = (
    r"(?:(?:US|A|C|HK|NZ|R)?\$|[¢£¤¥\u20a0-\u20cf]"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|BRL|SEK|NOK|DKK|PLN|CZK|HUF|kr\.?|zł|Kč)"
)
_DRESSED = re.compile(
    rf"(?P<quote>[\"']?)(?P<sign>[-+−]?)(?P<before>{_MONEY}?)\s*(?P<inner>[-+−]?)"
    r"(?:(?P<commas>\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?)"
    r"|(?P<points>\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})"
    r"|(?P<spaces>\d{1,3}(?:[\s'’]\d{3})+(?:[.,]\d+)?)"
    r"|(?P<decimal>\d*,\d+)"
    r"|(?P<plain>\d+\.?\d*|\.\d+))"
    rf"\s*(?P<percent>%?)(?P<after>{_MONEY}?)(?P=quote)"
)
_WITH_COMMA = re.compile(r"[-+]?((\d{1,3}(\.\d{3})+|\d+)(,\d+)?|,\d+)([eE][-+]?\d+)?")


def text_of(value: Any) -> str:
    """A value as the text of a level, without outer spaces: 3.0 and 3 are the same level."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def is_text(series: pd.Series[Any]) -> bool:
    """Whether the column holds neither numbers nor truths nor dates by its type."""
    kinds, dtype = pd.api.types, series.dtype
    return not (kinds.is_numeric_dtype(dtype) or kinds.is_bool_dtype(dtype) or _is_dated(dtype))


def _is_dated(dtype: Any) -> bool:
    kinds = pd.api.types
    return bool(
        kinds.is_datetime64_any_dtype(dtype)
        or kinds.is_timedelta64_dtype(dtype)
        or isinstance(dtype, pd.PeriodDtype)
    )


def is_date(series: pd.Series[Any]) -> bool:
    """Whether the column holds dates or durations, by its type or by the look of its texts."""
    if _is_dated(series.dtype):
        return True
    if not is_text(series):
        return False
    held = {str(v) for v in series[~empty(series)]}
    return bool(held) and sum(bool(_DATE.fullmatch(v)) for v in held) >= MOSTLY * len(held)


def empty(series: pd.Series[Any]) -> NDArray[np.bool_]:
    """Where there is no value: NaN, None, NaT, or a text that is blank or reads ``nan``."""
    gaps = np.asarray(series.isna(), dtype=bool)
    if is_text(series):
        blank = [isinstance(v, str) and v.strip().lower() in {"", "nan"} for v in series]
        gaps = gaps | np.array(blank, dtype=bool)
    return gaps


def missing(series: pd.Series[Any]) -> NDArray[np.bool_]:
    """Where a value is missing: :func:`empty`, and :data:`GAPS` where all else is numbers."""
    gaps = empty(series)
    words = _words(series)
    if (words & ~gaps).any() and _parsed(series[~(gaps | words)]) is not None:
        return gaps | words
    return gaps


def _words(series: pd.Series[Any]) -> NDArray[np.bool_]:
    """Where a text of :data:`GAPS` stands; in a declared category it is a level."""
    if not is_text(series) or isinstance(series.dtype, pd.CategoricalDtype):
        return np.zeros(len(series), dtype=bool)
    return np.array([isinstance(v, str) and v.strip().lower() in GAPS for v in series], dtype=bool)


def _parsed(held: pd.Series[Any]) -> Floats | None:
    """Texts and objects as numbers, or None where one is no number; truths are 0 and 1."""
    values = _each(held)
    if not np.isnan(values).any():
        return values
    truths = [_TRUTHS.get(v.strip().lower()) if isinstance(v, str) else None for v in held]
    return None if None in truths else np.array(truths, dtype=np.float64)


def _each(held: pd.Series[Any]) -> Floats:
    """Every text or object as a number, NaN where it is none."""
    known = (str, bool, np.bool_, abstract.Real, decimal.Decimal)
    plain = [v if isinstance(v, known) else None for v in held.astype(object)]
    read = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce")
    return np.asarray(read, dtype=np.float64)


def numbers(series: pd.Series[Any]) -> Floats | None:
    """The column as float64 with NaN for gaps, or None where a value is no number.

    Raises :class:`BadData` for infinities and for complex numbers.
    """
    if np.issubdtype(getattr(series.dtype, "type", object), np.complexfloating):
        raise BadData(
            f"the column {series.name!r} holds complex numbers; give real and imaginary parts "
            f"as two columns"
        )
    if is_date(series):
        return None
    if is_text(series):
        gaps = empty(series) | _words(series)
        read = _parsed(series[~gaps])
        if read is None:
            return None
        values = np.full(len(series), np.nan)
        values[~gaps] = read
    else:
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise BadData(
            f"the column {series.name!r} holds {infinite} infinite value"
            f"{'s' if infinite > 1 else ''}; replace infinities by numbers or leave them empty"
        )
    return values


def first_text(series: pd.Series[Any]) -> str:
    """The first value of ``series`` that is no number."""
    held = series[~(empty(series) | _words(series))]
    failed = np.isnan(_each(held)) if is_text(held) else np.zeros(len(held), dtype=bool)
    return text_of(held[failed].iloc[0] if failed.any() else held.iloc[0])


def gap_texts(series: pd.Series[Any]) -> Counter[str]:
    """The texts, other than blanks, that :func:`missing` takes for gaps, with their counts."""
    if not is_text(series):
        return Counter()
    words = [v.strip() for v in series[missing(series)] if isinstance(v, str)]
    return Counter(w for w in words if w)


def typed(series: pd.Series[Any]) -> pd.Series[Any]:
    """Texts of numbers as numbers, and of truths as truths, with NaN for gaps; else as it is."""
    values = numbers(series) if is_text(series) and not missing(series).all() else None
    if values is None:
        return series
    if all(isinstance(v, str) and v.strip().lower() in _TRUTHS for v in series[~missing(series)]):
        truths = [None if np.isnan(v) else bool(v) for v in values]
        return pd.Series(truths, index=series.index, name=series.name, dtype=object)
    return pd.Series(values, index=series.index, name=series.name)


def with_points(series: pd.Series[Any]) -> pd.Series[Any] | None:
    """Texts with decimal commas as numbers, or None where the whole column does not read so.

    Points between groups of three digits are taken out. Gaps stay as they are.
    """
    if not is_text(series):
        return None
    gaps = empty(series) | _words(series)
    held = [str(v).strip() for v in series[~gaps]]
    if not any("," in v for v in held) or not all(_WITH_COMMA.fullmatch(v) for v in held):
        return None
    made = series.astype(object)
    made[~gaps] = [float(v.replace(".", "").replace(",", ".")) for v in held]
    return made.infer_objects()


@dataclass(frozen=True)
class Obstacle:
    """Why a column that is mostly numbers does not read as numbers.

    ``says`` follows "holds"; ``plain`` is the number that was meant, or empty where the
    column holds other texts.
    """

    says: str
    plain: str = ""

    @property
    def mend(self) -> str:
        """What to do, as a command."""
        return f"write {self.plain}" if self.plain else STRAY_MEND


def obstacle(series: pd.Series[Any]) -> Obstacle | None:
    """What keeps a column of texts from being the numbers that most of it is; None if not so."""
    if not is_text(series) or isinstance(series.dtype, pd.CategoricalDtype):
        return None
    held = series[~(empty(series) | _words(series))]
    if _parsed(held) is not None:
        return None
    others = Counter(text_of(v) for v in held[np.isnan(_each(held))])
    dresses = [(made, count) for text, count in others.items() if (made := undress(text))]
    rest, dressed = others.total(), sum(count for _, count in dresses)
    if 2 * dressed >= rest and len(held) - rest + dressed >= MOSTLY * len(held):
        # The comma of 1,234 may be a decimal one, which another text shows.
        shown = max((made for made, _ in dresses), key=lambda d: (COMMA in d.worn, len(d.worn)))
        return Obstacle(f"{shown.text!r}, a number written with {joined(shown.worn)}", shown.plain)
    if len(held) - rest < MOSTLY * len(held):
        return None
    named = [repr(text) for text, _ in others.most_common(4)]
    if len(others) > 4:
        named[3:] = [f"{len(others) - 3} other texts"]
    return Obstacle(f"{joined(named)} in {rest} of {len(held)} values and numbers elsewhere")


@dataclass(frozen=True)
class Dress:
    """A number in local dress: ``plain`` without it, and what was ``worn``."""

    text: str
    plain: str
    worn: list[str]


def undress(text: str) -> Dress | None:
    """The number that ``text`` holds in local dress; None for plain numbers and other texts."""
    found = _DRESSED.fullmatch(text.strip())
    if found is None:
        return None
    part = found.groupdict()
    grouped = part["commas"] or part["points"] or part["spaces"] or ""
    body = grouped or part["decimal"] or part["plain"]
    # Whatever groups digits goes; a comma that is left is the decimal one.
    marks = "[,]" if part["commas"] else "[.]" if part["points"] else r"[\s'’]"
    plain = re.sub(marks, "", body).replace(",", ".")
    sign = part["sign"] or part["inner"]
    signs = {
        "thousands separators": grouped,
        COMMA: "," in body and not part["commas"],
        "a currency sign": part["before"] or part["after"],
        "a percent sign": part["percent"],
        "a minus sign other than '-'": sign == "−",
        "quotes": part["quote"],
    }
    worn = [name for name, on in signs.items() if on]
    minus = "-" if sign in {"-", "−"} else ""
    return Dress(text.strip(), minus + plain, worn) if worn else None


def joined(items: Sequence[str]) -> str:
    """``a, b and c``."""
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last
