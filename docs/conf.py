"""Sphinx reads this to build the documentation; nothing here needs the network."""

import re
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

project = "Asylum Atlas"
author = "Asylum Atlas contributors"
project_copyright = "2026, Asylum Atlas contributors"
version = release = installed_version("asylumatlas")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

autodoc_typehints = "description"
autodoc_member_order = "bysource"

# Pages included from the repository's root link to files that are not pages of this site.
suppress_warnings = ["myst.xref_missing"]

html_theme = "furo"
html_static_path = ["style"]
html_css_files = ["tables.css"]
html_title = "Asylum Atlas"
html_copy_source = False
html_show_sphinx = False

# What a page loads by itself, as opposed to what a reader may follow.
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*\b(?:src|href|data)="
    r"[\"'](?:https?:)?//[^>]*>|(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\s]*"
)


def refuse_outside(app: Sphinx, error: Exception | None) -> None:
    """Fail if a built page or style would load something from elsewhere."""
    if error is not None:
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css"):
            found = LOADED.search(path.read_text("utf-8"))
            if found:
                raise ExtensionError(f"{path.name} loads from elsewhere: {found[0][:100]}")


def setup(app: Sphinx) -> None:
    """Look at the pages once they are built."""
    app.connect("build-finished", refuse_outside)
