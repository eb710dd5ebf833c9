"""How Sphinx builds the site; `make docs` calls it."""

import importlib.metadata
from typing import Any

project = "Ogive"
author = "The Ogive authors"
release = importlib.metadata.version("ogive")
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence"]
exclude_patterns = [".trees"]

myst_heading_anchors = 4
# `make docs` checks links in the finished pages, anchors in raw HTML included.
suppress_warnings = ["myst.xref_missing"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = "Ogive"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
# A page opened from the disk may not fetch the texts that a summary needs.
html_show_search_summary = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a8c", "color-brand-content": "#005a8c"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}


def _theirs(_app: Any, _what: str, name: str, *_: Any) -> bool | None:
    """Leave out what scikit-learn adds to every estimator; its text is for its own site."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: Any) -> None:
    """Connect what is above; Sphinx calls it."""
    app.connect("autodoc-skip-member", _theirs)
