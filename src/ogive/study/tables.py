"""Tables in: built-in sets, .csv, .parquet and .npz files, frames and arrays."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ogive.errors import BadData, nearest

BUILT_IN = {
    "digits": "digit",
    "breast_cancer": "diagnosis",
    "wine": "cultivar",
    "iris": "species",
    "diabetes": "progression",
}
"""The built-in sets (they come with scikit-learn) and the names of their targets."""

SUFFIXES = (".csv", ".parquet", ".npz")
SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """A table as read: all columns, which of them is the target, and what it is called."""

    frame: pd.DataFrame
    target: str
    name: str
    notes: tuple[str, ...] = ()


def read(data: Any, target: str | None = None) -> Table:
    """The table in ``data``.

    ``data`` is a built-in name, the path of a .csv, .parquet or .npz file, a DataFrame, or a
    pair (X, y) of arrays, frames or tensors. ``target`` names the column to predict; files and
    frames need it, pairs take it as the name of y, and in an .npz file it names the array
    (``y`` unless given) beside ``X``. Column names become text.

    Raises :class:`BadData` for whatever cannot be read as a table with that target.
    """
    if isinstance(data, tuple | list):
        return _pair(data, target, "table")
    if isinstance(data, pd.DataFrame):
        return _with_target(_named_once(data, "the table"), target, "table", "the table")
    if isinstance(data, str) and data in BUILT_IN:
        frame, what = _built_in(data), f"the built-in set {data}"
        return _with_target(frame, target or BUILT_IN[data], data, what)
    if not isinstance(data, str | Path):
        raise BadData(
            f"data of type {type(data).__name__} is no table; give a file, the name of a built-in "
            f"set, a DataFrame or a pair (X, y)"
        )
    path = Path(data)
    if _suffix(path) == ".npz":
        label = target or "y"
        arrays = _npz(path, ("X", label))
        return _pair((arrays["X"], arrays[label]), label, path.stem)
    return _with_target(_file(path), target, path.stem, repr(path.name))


def rows(data: Any) -> pd.DataFrame:
    """The columns of ``data``, without asking for a target: rows to predict for.

    ``data`` is as for :func:`read`, or an array or tensor of features; of a pair and of an
    .npz file X is taken.
    """
    if isinstance(data, str) and data in BUILT_IN:
        return _built_in(data)
    if isinstance(data, str | Path):
        path = Path(data)
        return _features(_npz(path, ("X",))["X"]) if _suffix(path) == ".npz" else _file(path)
    return _features(_plain(data[0] if isinstance(data, tuple) else data))


def _with_target(frame: pd.DataFrame, target: str | None, name: str, what: str) -> Table:
    """The table, once its target is known to be a column beside others."""
    columns = [str(c) for c in frame.columns]
    if not len(frame):
        raise BadData(f"{what} has no rows; give at least 30")
    if target is None:
        raise BadData(
            f"{what} needs a target; name the column to predict with --target, one of "
            f"{_listed(columns)}"
        )
    if target not in columns:
        raise BadData(
            f"{what} has no column {target!r} for a target{_close(target, columns)}; name one "
            f"of its columns: {_listed(columns)}"
        )
    if len(columns) == 1:
        raise BadData(
            f"{what} has no column beside the target {target!r}; give at least one to predict from"
        )
    return Table(frame, target, name)


def _listed(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _close(name: str, known: list[str]) -> str:
    """As :func:`nearest`, whatever the case of the known names."""
    clause = nearest(name, [k.lower() for k in known])
    for k in known:
        clause = clause.replace(f" {k.lower()}", f" {k}")
    return clause


def _named_once(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """``frame`` with text for column names and rows from 0; a repeated name raises."""
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index([str(c) for c in frame.columns], dtype=object)
    _refuse_repeats(list(frame.columns), what)
    return frame


def _refuse_repeats(names: list[str], what: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise BadData(
                f"{what} has {count} columns called {name!r}; give each column a name of its own"
            )


def _built_in(name: str) -> pd.DataFrame:
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    values = bunch.target
    # Digits are their own labels; elsewhere the set names its classes.
    if "target_names" in bunch and name != "digits":
        values = pd.Series(np.asarray(bunch.target_names, dtype=object)[values], dtype=object)
    return _named_once(bunch.data.assign(**{BUILT_IN[name]: values}), name)


def _suffix(path: Path) -> str:
    """The suffix of a file that is there and of a kind that is read; raises otherwise."""
    suffix = path.suffix.lower()
    if not path.exists():
        if suffix in SUFFIXES or len(path.parts) > 1:
            raise BadData(f"there is no file {str(path)!r}; check the path")
        raise BadData(
            f"{str(path)!r} is neither a file nor a built-in set"
            f"{nearest(str(path), list(BUILT_IN))}; the built-in sets are {', '.join(BUILT_IN)}"
        )
    if path.is_dir():
        raise BadData(f"{str(path)!r} is a directory; name a file in it")
    if suffix not in SUFFIXES:
        raise BadData(
            f"{path.name!r} has the unknown suffix {suffix!r}; give a .csv, .parquet or .npz file"
        )
    return suffix


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadData(
            f"{path.name!r} cannot be read ({error.strerror}); check its permissions"
        ) from None
    if not raw.strip():
        raise BadData(f"{path.name!r} is empty; give a file with columns and rows")
    return raw


def _file(path: Path) -> pd.DataFrame:
    """A .csv or .parquet file."""
    what = repr(path.name)
    raw = _content(path)
    frame = _csv(raw, what) if _suffix(path) == ".csv" else _parquet(raw, what)
    if not len(frame):
        raise BadData(f"{what} has a header but no rows; give a file with rows")
    return _named_once(frame, what)


def _csv(raw: bytes, what: str) -> pd.DataFrame:
    mark = b"\xef\xbb\xbf"
    skipped = len(mark) if raw.startswith(mark) else 0
    try:
        text = raw[skipped:].decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start + skipped
        raise BadData(
            f"{what} is not UTF-8 (byte {raw[at]:#04x} at position {at}); save it as UTF-8"
        ) from None
    if not text.strip():
        raise BadData(f"{what} is empty; give a file with columns and rows")
    separator = _separator(text)
    try:
        header = _check_lines(text, separator, what)
        _refuse_repeats(header, what)
        return pd.read_csv(
            io.StringIO(text),
            sep=separator,
            names=header,
            header=0,
            skipinitialspace=True,
            low_memory=False,
        )
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. ")
        raise BadData(f"{what} cannot be read as CSV ({reason}); mend that line") from None


def _separator(text: str) -> str:
    """The separator that cuts the header into the most fields; a comma where none does."""
    header = next(line for line in text.splitlines() if line.strip())
    return max(SEPARATORS, key=lambda s: len(next(csv.reader([header], delimiter=s))))


def _check_lines(text: str, separator: str, what: str) -> list[str]:
    """The header, once every line is known to have as many fields.

    pandas would fill short lines with gaps and take long ones for an index.
    """
    lines = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    header = next(line for line in lines if line)
    for line in lines:
        if line and len(line) != len(header):
            raise BadData(
                f"{what} has {len(line)} fields in line {lines.line_num} where its header has "
                f"{len(header)}; give every line as many fields as the header"
            )
    return header


def _parquet(raw: bytes, what: str) -> pd.DataFrame:
    import pyarrow

    try:
        return pd.read_parquet(io.BytesIO(raw))
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise BadData(
            f"{what} cannot be read as Parquet ({reason}); write it again or give a .csv file"
        ) from None


def _npz(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """The arrays called ``names``; nothing is unpickled."""
    import zipfile
    import zlib

    what = repr(path.name)
    mend = "write it with numpy.savez(FILE, X=..., y=...), without arrays of objects"
    raw = _content(path)
    if not zipfile.is_zipfile(io.BytesIO(raw)):
        raise BadData(f"{what} cannot be read as .npz (it is no zip archive); {mend}")
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = "it holds pickled objects" if "pickle" in str(error) else "it is damaged"
        raise BadData(f"{what} cannot be read as .npz ({reason}); {mend}") from None
    for name in names:
        if name not in arrays:
            raise BadData(
                f"{what} holds no array {name!r} (it holds {', '.join(arrays) or 'none'}); save "
                f"the features as X and the target as y, or name the target with --target"
            )
    return arrays


def _pair(data: Any, target: str | None, name: str) -> Table:
    if len(data) != 2:
        raise BadData(f"data holds {len(data)} parts; give a pair (X, y)")
    frame, values = _features(_plain(data[0])), _plain(data[1])
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    own = values.name if isinstance(values, pd.Series) else None
    column = values if isinstance(values, pd.Series) else np.asarray(values)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise BadData(f"y has the shape {column.shape}; give one value for each row")
    if len(column) != len(frame):
        raise BadData(
            f"X has {len(frame)} rows and y has {len(column)} values; give one value for each row"
        )
    label = target or (str(own) if own is not None else "target")
    while label in frame.columns:
        label += "_"
    # Only the values count: an index of y that differs from X's would misalign the rows.
    frame = frame.assign(**{label: pd.Series(column).reset_index(drop=True)})
    frame.columns = pd.Index(list(frame.columns), dtype=object)
    return _with_target(frame, label, name, "the pair (X, y)")


def _features(features: Any) -> pd.DataFrame:
    """X as a frame; the columns of an array are called x0, x1 ..."""
    if isinstance(features, pd.Series):
        features = features.to_frame()
    if isinstance(features, pd.DataFrame):
        return _named_once(features, "X")
    array = np.asarray(features)
    if array.ndim == 1 and array.dtype != object:
        array = array[:, None]
    if array.ndim != 2:
        raise BadData(
            f"X has the shape {array.shape}; reshape it to (rows, columns), one row a case"
        )
    return pd.DataFrame({f"x{i}": array[:, i] for i in range(array.shape[1])})


def _plain(part: Any) -> Any:
    """A tensor as a NumPy array; anything else as it is."""
    if hasattr(part, "detach") and hasattr(part, "numpy"):
        return part.detach().cpu().numpy()
    return part
