"""A figure as SVG to stand inside an HTML page.

The same figure always gives the same text: no date, no random names. Nothing in it refers to
anything outside the page, its names cannot collide with those of another figure, and its text
stays text, so that it can be found, read aloud and set in the page's own font.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENLARGED = 1.65  # px for each pt: at 4/3 the figure's 9 pt text is smaller than the page's
_OWN_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "ogive"}
_DROPPED = {"metadata", "style"}  # addresses of vocabularies; a rule for every element of the page


def svg(figure: Figure, description: str) -> str:
    """``figure`` as an ``<svg>`` element that ``description`` stands for when read aloud."""
    import matplotlib

    written = io.StringIO()
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # The browser's fonts show what matplotlib's own font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(
            written,
            format="svg",
            transparent=True,
            bbox_inches="tight",
            pad_inches=0.04,
            metadata={"Date": None},
        )
    root = ElementTree.fromstring(written.getvalue())
    _strip(root)
    _rename(root, "f" + hashlib.sha256(written.getvalue().encode()).hexdigest()[:8])
    width = float(root.attrib.pop("width").removesuffix("pt"))
    del root.attrib["height"]
    root.attrib |= {
        "role": "img",
        "aria-label": description,
        "style": f"max-width: {width * ENLARGED:.0f}px; stroke-linejoin: round",
    }
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Drop namespaces, which HTML does not need, and what concerns more than this figure."""
    element.tag = _local(element.tag)
    element.attrib = {_local(k): v for k, v in element.attrib.items()}
    for child in list(element):
        if _local(child.tag) in _DROPPED:
            element.remove(child)
        else:
            _strip(child)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Give every name in use a prefix, and drop the names that nothing refers to."""
    used = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            used |= set(_OWN_REFERENCE.findall(value))
            if key == "href":
                used.add(value.removeprefix("#"))
    for element in root.iter():
        name = element.attrib.pop("id", None)
        for key, value in element.attrib.items():
            element.attrib[key] = _OWN_REFERENCE.sub(rf"url(#{prefix}-\1)", value)
        if element.attrib.get("href", "").startswith("#"):  # an image is no reference
            element.attrib["href"] = f"#{prefix}-{element.attrib['href'].removeprefix('#')}"
        if name in used:
            element.attrib["id"] = f"{prefix}-{name}"
