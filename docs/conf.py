"""Sphinx reads this to build the documentation; nothing here needs the network."""

from importlib.metadata import version as installed_version

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
html_title = "Asylum Atlas"
html_copy_source = False
html_show_sphinx = False
