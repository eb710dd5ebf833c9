"""The errors that Ogive raises on purpose.

Each message is one sentence that names the value, the reason and the mend. The command line
prints it and exits with 2; the Python API raises it.
"""

from __future__ import annotations


class OgiveError(ValueError):
    """Something the caller can mend: a wrong value, a wrong name, unusable data."""


class UnknownName(OgiveError):
    """A name that the catalogue, or a list of choices, does not hold."""


class BadParameter(OgiveError):
    """A parameter of a function outside its bounds, or not a number."""


class BadFormula(OgiveError):
    """A formula that cannot be read; the sentence names the column."""


class BadData(OgiveError):
    """A table or a target that a fair comparison cannot be made on."""


class BadStudy(OgiveError):
    """Settings of a study that cannot be carried out."""


class BadStore(OgiveError):
    """A store that cannot be opened, written, or that belongs to another study."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a study: what was finished is stored."""


def nearest(name: str, known: list[str], count: int = 3) -> str:
    """A clause naming the entries of ``known`` closest to ``name``, or an empty string."""
    import difflib

    close = difflib.get_close_matches(name.lower(), known, n=count, cutoff=0.5)
    return f"; the nearest names are {', '.join(close)}" if close else ""
