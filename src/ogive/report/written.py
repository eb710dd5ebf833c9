"""A page written to a file: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ogive.errors import OgiveError


def written(content: str, path: str | Path) -> Path:
    """Write ``content`` to ``path`` and return it; raises :class:`OgiveError` where that fails.

    The file appears whole or not at all, whatever happens while it is written.
    """
    path = Path(path)
    target = path.resolve()
    if target.exists() and not target.is_file() and not target.is_dir():
        part = target  # a pipe or a device cannot be replaced by a file
    else:
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content.encode(errors="replace"))
        if part != target:
            os.replace(part, target)
    except OSError as error:
        if part != target:
            with contextlib.suppress(OSError):
                part.unlink()
        raise OgiveError(
            f"the report {path} cannot be written ({error.strerror or error}); name a file that "
            "you may write in a folder that exists, such as report.html"
        ) from None
    return path
