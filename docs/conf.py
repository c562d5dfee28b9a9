"""The documentation site: `make docs` builds it into build/docs, and needs no network."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_extensions")]

project = "online-softmax"
author = "the authors of online-softmax"
release = version = version_of(project)

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "doctests",
    "mathml",
    "names",
]

# The root is the project's, so that README.md and its like are pages as they are.
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "examples/notebooks/*.ipynb", "online_softmax/_kernel/README.md"]
exclude_patterns = ["build", "**/.*", "datasets", "proofs", "tests"]
nb_execution_mode = "off"  # the tests run them

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4  # as on a code host

default_role = "name"
nitpicky = True
# Types of other libraries, whose references are elsewhere.
nitpick_ignore_regex = [
    ("py:class", r"(collections\.abc|concurrent|datetime|os|pathlib)\..*"),
    ("py:class", r"(linear_model|narwhals|numpy|optim|pa|river|scipy|sklearn)\..*"),
    ("py:class", r"ArrayLike|Figure|IntoDataFrame|IntoSeries"),
    # Types of ours that nobody needs to name.
    ("py:class", r"online_softmax\.evaluation\.(curves\.Trace|sums\.Outcomes)"),
    ("py:class", r"online_softmax\..*\._\w+"),
    ("py:class", r"online_softmax\.streams\.(dates\.Dates|spelling\.Hint)"),
]
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_extra_path = ["_root"]  # it leads from the site's root to its first page
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "header_links_before_dropdown": 8,
    "navbar_persistent": ["search-button"],
}
