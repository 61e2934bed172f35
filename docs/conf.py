"""Settings of the site: ``make docs`` builds it into build/docs, offline, with warnings as errors."""

import sys
from importlib.metadata import distribution
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))
sys.path.insert(0, str(DOCS.parent))

import sklearn_llmtokens  # noqa: E402

project = "sklearn_llmtokens"
author = "sklearn_llmtokens developers"
copyright = "sklearn_llmtokens developers, BSD-3-Clause"
version = release = sklearn_llmtokens.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "inherited_docstrings",
    "repository_pages",
    "llms_txt",
    "links",
]
# GALLERY_HEADER files are read by sphinx-gallery; pages under generated/ are made by autosummary.
exclude_patterns = ["_ext", "_templates", "auto_examples/**/*.ipynb", "auto_examples/**/*.py", "auto_examples/**/*.md5"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]
language = "en"
default_role = "literal"

# Markdown -----------------------------------------------------------------------------------------------------------
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4

# Reference ----------------------------------------------------------------------------------------------------------
autodoc_default_options = {"members": True, "inherited-members": True}
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Gallery ------------------------------------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "subsection_order": ["../examples/classify", "../examples/explore", "../examples/recommend"],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "reference/backreferences",
    "doc_module": ("sklearn_llmtokens",),
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "write_computation_times": False,
    "matplotlib_animations": False,
    "plot_gallery": True,
    "copyfile_regex": r".*\.(txt|csv)$",
}

# Pages --------------------------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_llmtokens"
# MathJax is part of the site: by default pages would load it from elsewhere.
mathjax_path = "tex-svg.js"
mathjax_file = f"sphinx-mathjax-offline/static/mathjax/{mathjax_path}"
html_static_path = ["_static", str(distribution("sphinx-mathjax-offline").locate_file(mathjax_file))]
html_css_files = ["site.css"]
html_search_language = "zh"  # words of jieba, and English ones
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "sklearn_llmtokens"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 8,
    "show_prev_next": False,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
