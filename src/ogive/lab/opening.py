"""Opening the notebooks in the browser: the tour from a copy of the user's, the lab as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ogive.errors import OgiveError
from ogive.lab.notebook import PLAYGROUND, TOUR, need_marimo

COPY = "ogive_tour.py"


def copied(path: Path) -> str:
    """Put a copy of the tour at ``path`` unless a file is there; one sentence on what was done.

    An existing file is never written over. Raises :class:`OgiveError` where the file cannot be
    written.
    """
    ours = TOUR.read_bytes()
    try:
        if path.exists():
            if path.read_bytes() == ours:
                return f"Your copy is {path}, unchanged so far."
            return (
                f"{path} is kept as it is, since it differs from the tour of this version; rename "
                "it to get a fresh copy."
            )
        path.write_bytes(ours)
    except OSError as error:
        raise OgiveError(
            f"the copy {path} cannot be written or read ({error.strerror or error}); go to a "
            "folder that you may write in, or name a file there"
        ) from None
    return f"Your copy of the tour is {path}; edit it as you like."


def open_tour(path: Path, port: int | None = None, browser: bool = True) -> None:
    """Open the notebook ``path`` to read and edit; this process becomes the server."""
    need_marimo("tour")
    _serve("edit", path, port, browser, "--skip-update-check")


def open_lab(port: int | None = None, browser: bool = True) -> None:
    """Open the playground; this process becomes the server."""
    need_marimo("lab")
    _serve("run", PLAYGROUND, port, browser)


def _serve(verb: str, path: Path, port: int | None, browser: bool, *options: str) -> None:
    words = [sys.executable, "-m", "marimo", "-y", verb, str(path), "--no-sandbox", *options]
    if port is not None:
        words += ["--port", str(port)]
    if not browser:
        words.append("--headless")
    # Nothing is asked of any other machine, not even for a newer version.
    environment = os.environ | {"MARIMO_SKIP_UPDATE_CHECK": "1"}
    if os.name == "posix":  # in place of this process, so that every signal reaches the server
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(sys.executable, words, environment)
    raise SystemExit(subprocess.call(words, env=environment))
