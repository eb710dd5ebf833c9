"""Tables in: built-in sets, .csv, .tsv, .parquet and .npz files, frames and arrays."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ogive.errors import BadData, nearest
from ogive.study import csvtext
from ogive.study.values import gap_texts, typed

BUILT_IN = {
    "digits": "digit",
    "breast_cancer": "diagnosis",
    "wine": "cultivar",
    "iris": "species",
    "diabetes": "progression",
}
"""The built-in sets (they come with scikit-learn) and the names of their targets."""

SUFFIXES = (".csv", ".tsv", ".parquet", ".npz")
MOST_CELLS = 50_000_000  # of a sparse matrix, which is made dense


@dataclass(frozen=True)
class Table:
    """A table as read: all columns, which of them is the target, and what it is called.

    ``gaps`` are texts of the target that were taken for missing values, with their counts.
    """

    frame: pd.DataFrame
    target: str
    name: str
    notes: tuple[str, ...] = ()
    gaps: Counter[str] = field(default_factory=Counter)


def read(data: Any, target: str | None = None) -> Table:
    """The table in ``data``.

    ``data`` is a built-in name, the path of a .csv, .tsv, .parquet or .npz file, a DataFrame, or
    a pair (X, y) of arrays, frames or tensors. ``target`` names the column to predict; files and
    frames need it, pairs take it as the name of y, and in an .npz file it names the array
    (``y`` unless given) beside ``X``. Column names become text without outer spaces.

    Raises :class:`BadData` for whatever cannot be read as a table with that target.
    """
    target = None if target is None else name_of(target)
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
    frame, notes = _file(path)
    table = _with_target(frame, target, path.stem, repr(path.name))
    if path.suffix.lower() in {".csv", ".tsv"}:
        # What a gap among numbers or truths is called must not make texts of the others.
        frame[table.target] = typed(frame[table.target])
    return replace(table, frame=frame, notes=notes)


def name_of(name: Any) -> str:
    """A column's name as text, without outer spaces."""
    return str(name).strip()


def rows(data: Any) -> pd.DataFrame:
    """The columns of ``data``, without asking for a target: rows to predict for.

    ``data`` is as for :func:`read`, or an array or tensor of features; of a pair and of an
    .npz file X is taken.
    """
    if isinstance(data, str) and data in BUILT_IN:
        return _built_in(data)
    if isinstance(data, str | Path):
        path = Path(data)
        return _features(_npz(path, ("X",))["X"]) if _suffix(path) == ".npz" else _file(path)[0]
    return _features(data[0] if isinstance(data, tuple) and data else data)


def _with_target(frame: pd.DataFrame, target: str | None, name: str, what: str) -> Table:
    """The table, once its target is known to be a column beside others."""
    columns = [name_of(c) for c in frame.columns]
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
    return Table(frame, target, name, gaps=gap_texts(frame[target]))


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
    frame.columns = pd.Index([name_of(c) for c in frame.columns], dtype=object)
    csvtext.refuse_repeats(list(frame.columns), what)
    return frame


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
            f"{path.name!r} has the unknown suffix {suffix!r}; give a .csv, .tsv, "
            f".parquet or .npz file"
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


def _file(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A .csv, .tsv or .parquet file, and notes on how it was read."""
    what, suffix = repr(path.name), _suffix(path)
    raw = _content(path)
    frame, notes = (
        (_parquet(raw, what), ())
        if suffix == ".parquet"
        else csvtext.parse(raw, what, tabs=suffix == ".tsv")
    )
    if not len(frame):
        raise BadData(f"{what} has a header but no rows; give a file with rows")
    return _named_once(frame, what), notes


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
    frame, values = _features(data[0]), _plain(data[1], "y")
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    own = values.name if isinstance(values, pd.Series) else None
    column = values if isinstance(values, pd.Series) else _array(values, "y")
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise BadData(f"y has the shape {column.shape}; give one value for each row")
    if len(column) != len(frame):
        raise BadData(
            f"X has {len(frame)} rows and y has {len(column)} values; give one value for each row"
        )
    label = target or (name_of(own) if own is not None else "target")
    while label in frame.columns:
        label += "_"
    # Only the values count: an index of y that differs from X's would misalign the rows.
    frame[label] = pd.Series(column).reset_index(drop=True)
    frame.columns = pd.Index(list(frame.columns), dtype=object)
    return _with_target(frame, label, name, "the pair (X, y)")


def _features(features: Any) -> pd.DataFrame:
    """X as a frame; the columns of an array are called x0, x1 ..."""
    features = _plain(features, "X")
    if isinstance(features, pd.Series):
        features = features.to_frame()
    if isinstance(features, pd.DataFrame):
        return _named_once(features, "X")
    array = _array(features, "X")
    if array.ndim == 1 and array.dtype != object:
        array = array[:, None]
    if array.ndim != 2:
        raise BadData(
            f"X has the shape {array.shape}; reshape it to (rows, columns), one row a case"
        )
    return pd.DataFrame({f"x{i}": array[:, i] for i in range(array.shape[1])})


def _plain(part: Any, what: str) -> Any:
    """A tensor or a sparse matrix as a NumPy array; anything else as it is."""
    if hasattr(part, "detach") and hasattr(part, "numpy"):
        return part.detach().cpu().numpy()
    if hasattr(part, "toarray") and hasattr(part, "shape"):
        if np.prod(part.shape, dtype=float) > MOST_CELLS:
            raise BadData(
                f"{what} is a sparse matrix of {' x '.join(map(str, part.shape))} cells, more than "
                f"the {MOST_CELLS:,} that are made dense; give fewer columns or rows"
            )
        return part.toarray()
    return part


def _array(part: Any, what: str) -> NDArray[Any]:
    """Lists and the like as an array; what is no list of values raises."""
    try:
        array = np.asarray(part)
    except ValueError:
        raise BadData(
            f"{what} has rows of different lengths; give every row as many values"
        ) from None
    if array.ndim:
        return array
    given = "None" if part is None else f"of type {type(part).__name__}"
    if what == "y":
        raise BadData(f"y is {given}, which is no list of values; give one value for each row")
    mend = "pandas.DataFrame(X)" if isinstance(part, dict) else "a DataFrame or an array"
    raise BadData(f"X is {given}, which is no table; give {mend} of rows and columns")
