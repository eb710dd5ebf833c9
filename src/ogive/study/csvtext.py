"""The text of a .csv or .tsv file as a frame, or the sentence that says why it is none."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter

import pandas as pd

from ogive.errors import BadData
from ogive.study.values import joined, with_points

SEPARATORS = ",;\t|"
LOOKED_AT = 20  # lines from which the separator is told


def parse(raw: bytes, what: str, tabs: bool = False) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table in ``raw``, and notes on how it was read.

    ``what`` names the file in messages; with ``tabs`` a tab separates unless it separates
    nothing. Only an empty field is a gap: words such as NA may be classes. Where ``;``
    separates, columns of numbers with decimal commas are read as numbers.

    Raises :class:`BadData` for other encodings, lines of unequal length and repeated names.
    """
    text = _decoded(raw, what)
    first, _, rest = text.partition("\n")
    declared = first.strip().lower().startswith("sep=") and len(first.strip()) == 5
    separator = first.strip()[4] if declared else _separator(text, "\t" if tabs else "")
    text = rest if declared else text
    try:
        header = _check_lines(text, separator, what, 2 if declared else 1)
        refuse_repeats(header, what)
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            names=header,
            header=0,
            skipinitialspace=True,
            low_memory=False,
            keep_default_na=False,
            na_values=[""],
        )
    except (csv.Error, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. ")
        raise BadData(f"{what} cannot be read as CSV ({reason}); mend that line") from None
    return frame, _read_commas(frame) if separator == ";" else ()


def refuse_repeats(names: list[str], what: str) -> None:
    """Raise :class:`BadData` where two columns have one name."""
    for name, count in Counter(names).items():
        if count > 1:
            raise BadData(
                f"{what} has {count} columns called {name!r}; give each column a name of its own"
            )


def _decoded(raw: bytes, what: str) -> str:
    """The text, every line of which ends in a line feed."""
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
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _separator(text: str, preferred: str) -> str:
    """The separator that cuts the first lines into equally many fields, more than one.

    Of several ``preferred`` and then the one that gives the most; where there is none, the one
    that cuts the header into the most; a comma where none does.
    """

    def judge(separator: str) -> tuple[bool, bool, int]:
        lines = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
        try:
            counts = [len(line) for line in itertools.islice(filter(None, lines), LOOKED_AT)]
        except csv.Error:
            return False, False, 0
        even = len(set(counts)) == 1 and counts[0] > 1
        return even, even and separator == preferred, counts[0] if counts else 0

    return max(SEPARATORS, key=judge)


def _check_lines(text: str, separator: str, what: str, first: int) -> list[str]:
    """The header, once every line is known to have as many fields.

    pandas would fill short lines with gaps and take long ones for an index. ``first`` is the
    number of the first line of ``text`` in the file.
    """
    lines = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    header = [name.strip() for name in next((line for line in lines if line), [])]
    for line in lines:
        if line and len(line) != len(header):
            above = ", or delete what stands above the header" if len(line) > len(header) else ""
            raise BadData(
                f"{what} has {len(line)} fields in line {lines.line_num + first - 1} where its "
                f"header has {len(header)}; give every line as many fields as the header{above}"
            )
    return header


def _read_commas(frame: pd.DataFrame) -> tuple[str, ...]:
    """Turn the columns of decimal commas into numbers, in place; a note that says so."""
    found = []
    for name in frame.columns:
        read = with_points(frame[name])
        if read is not None:
            frame[name] = read
            found.append(repr(name))
    if not found:
        return ()
    columns = "column" if len(found) == 1 else "columns"
    verb = "was" if len(found) == 1 else "were"
    return (f"The {columns} {joined(found)} {verb} read with decimal commas.",)
