"""The Markdown of the site: docs/, and what its pages link to elsewhere in the repository."""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COPIED = {".md", ".svg", ".png", ".css"}
SOURCE = "source"  # the folder of the site for what lies outside docs/
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_ANCHOR = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.M)


def write(pages: Path) -> None:
    """Copy docs/ into ``pages``, and every linked file of the repository beside it."""
    wanted: list[Path] = []
    for path in sorted(DOCS.rglob("*")):
        if path.suffix not in COPIED or path.is_dir():
            continue
        target = pages / path.relative_to(DOCS)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            target.write_text(rewritten(path.read_text(), path, wanted))
        else:
            shutil.copyfile(path, target)
    done: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path not in done:
            done.add(path)
            _include(path, pages, wanted)
    (pages / SOURCE / "index.md").write_text(_index(done))


def rewritten(text: str, path: Path, wanted: list[Path]) -> str:
    """``text`` of the page ``path`` with links as the site has them; linked files are ``wanted``.

    Raises :class:`FileNotFoundError` for a link to nothing.
    """
    here = _site_path(path).parent

    def link(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        address, _, fragment = target.partition("#")
        if not address or re.match(r"\w+:", address):
            return match.group(0)
        found = (path.parent / address).resolve()
        if _made_later(found):
            return match.group(0)
        if not found.is_file():
            raise FileNotFoundError(
                f"{path.relative_to(ROOT)} links to {address}, which is no file"
            )
        if not found.is_relative_to(DOCS):
            wanted.append(found)
        place = PurePosixPath(_relative(_site_path(found), here))
        return f"{before}{place}{'#' + fragment if fragment else ''}{after}"

    return _LINK.sub(link, text)


def _made_later(path: Path) -> bool:
    """Whether a page of docs/ is written by the build: the atlas and the reference."""
    made = (DOCS / "atlas", DOCS / "reference")
    return any(path.is_relative_to(folder) for folder in made)


def _site_path(path: Path) -> PurePosixPath:
    """Where the page of a file of the repository lies in the site's sources."""
    if path.is_relative_to(DOCS):
        return PurePosixPath(path.relative_to(DOCS))
    name = "-".join(path.relative_to(ROOT).parts).replace(".", "-")
    return PurePosixPath(SOURCE) / f"{name}.md"


def _relative(target: PurePosixPath, folder: PurePosixPath) -> str:
    up = 0
    while not target.is_relative_to(folder):
        folder, up = folder.parent, up + 1
    return "../" * up + str(target.relative_to(folder))


def _include(path: Path, pages: Path, wanted: list[Path]) -> None:
    """A page for a file of the repository: Markdown as it is, anything else as code."""
    target = pages / _site_path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text()
    if path.suffix == ".md":
        target.write_text(rewritten(text, path, wanted))
        return
    target.write_text(code_page(str(path.relative_to(ROOT)), text))


def code_page(title: str, text: str) -> str:
    """A page that shows a file of code, with an anchor at each function and class."""
    starts = [match.start() for match in _ANCHOR.finditer(text)]
    names = _ANCHOR.findall(text)
    parts = [f"# {title}", ""]
    edges = [0, *starts, len(text)]
    language = "python" if title.endswith(".py") else "text"
    for name, start, end in zip(["", *names], edges[:-1], edges[1:], strict=True):
        piece = text[start:end].strip("\n")
        if name:
            parts += [f'<span id="{name}"></span>', ""]
        if piece:
            parts += [f"````{language}", piece, "````", ""]
    return "\n".join(parts)


def _index(done: set[Path]) -> str:
    names = sorted(_site_path(path).stem for path in done)
    return "\n".join(
        [
            "# Sources",
            "",
            "Files of the repository that the pages link to.",
            "",
            "```{toctree}",
            ":maxdepth: 1",
            "",
            *names,
            "```",
            "",
        ]
    )
