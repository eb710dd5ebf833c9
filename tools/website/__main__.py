"""Build the site: ``make docs``, which is ``python -m website [FOLDER]`` from tools/ (build/site).

docs/ is copied, the atlas and the reference are written from the catalogue and the docstrings,
Sphinx makes pages of them, and the pages are checked. A warning or a broken link fails the build.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from website import atlas, reference, sources
from website.check import problems

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> list[str]:
    """Build the site into ``folder``; what is wrong with it, a sentence each."""
    from sphinx.cmd.build import main as sphinx

    pages = folder.with_name(f"{folder.name}-pages")
    for made in (pages, folder):
        shutil.rmtree(made, ignore_errors=True)
    pages.mkdir(parents=True)
    sources.write(pages)
    atlas.write(pages / "atlas")
    reference.write(pages / "reference")
    options = ["-q", "-W", "--keep-going", "-c", str(ROOT / "docs"), "-d", str(pages / ".trees")]
    if sphinx([*options, str(pages), str(folder)]):
        return ["Sphinx warned: see above"]
    return problems(folder)


def main() -> int:
    """Build, say what was built, and return the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"
    began = time.perf_counter()
    found = build(folder.resolve())
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        return 1
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    count = sum(path.suffix == ".html" for path in files)
    print(
        f"{count} pages, {size:.1f} MB, in {time.perf_counter() - began:.0f} s: "
        f"{folder / 'index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
