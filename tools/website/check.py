"""The built site is checked: every link leads somewhere, and nothing is fetched from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

# What a browser fetches by itself, as against what a reader may click.
FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
# <link> also says what belongs together; only these kinds are fetched.
FETCHED_KINDS = {"stylesheet", "icon", "preload", "preconnect", "modulepreload"}
_CSS_ADDRESS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
_OUTSIDE = re.compile(r"(?:\w+:)?//", re.I)


class _Page(HTMLParser):
    """The links, fetched addresses and anchors of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        address = found.get(FETCHED.get(tag, ""), "")
        if tag == "link" and not FETCHED_KINDS & set(found.get("rel", "").split()):
            address = ""
        if address:
            self.fetched.append(address)
        self.fetched += _addresses(found.get("style", ""))


def _addresses(css: str) -> list[str]:
    return [a or b for a, b in _CSS_ADDRESS.findall(css)]


def problems(site: Path) -> list[str]:
    """What is wrong with the pages below ``site``: a sentence for each fault."""
    pages: dict[Path, _Page] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path.resolve()] = page = _Page()
        page.feed(path.read_text())
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        found += [f"{name}: {fault}" for fault in _faults(path, page, pages)]
    for path in sorted(site.rglob("*.css")):
        found += [
            f"{path.relative_to(site)} fetches {address}"
            for address in _addresses(path.read_text())
            if _OUTSIDE.match(address)
        ]
    return found


def _faults(path: Path, page: _Page, pages: dict[Path, _Page]) -> list[str]:
    found = []
    for address in page.fetched:
        if _OUTSIDE.match(address):
            found.append(f"fetches {address}")
        elif not address.startswith(("data:", "#")) and not _target(path, address).is_file():
            found.append(f"fetches {address}, which is no file")
    for address in page.links:
        if _OUTSIDE.match(address) or re.match(r"(mailto|javascript|data):", address):
            continue
        target = _target(path, address)
        fragment = unquote(address.partition("#")[2])
        if not target.is_file():
            found.append(f"links to {address}, which is no file")
        elif fragment and target in pages and fragment not in pages[target].anchors:
            found.append(f"links to {address}, and {fragment!r} is nowhere on that page")
    return found


def _target(path: Path, address: str) -> Path:
    bare = unquote(address.partition("#")[0].partition("?")[0])
    return (path.parent / bare).resolve() if bare else path
