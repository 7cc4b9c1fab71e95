"""How Sphinx builds these pages: ``nox -s docs``. Nothing here needs a network."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer

project = "errbridge"
author = "errbridge contributors"
project_copyright = "errbridge contributors, MIT licence"
release = installed("errbridge")
version = release

sys.path.insert(0, str(Path(__file__).parent))

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_inline_tabs",
    "tabs",  # of this folder
]
default_role = "py:obj"  # `Problem` in a docstring is a link
nitpicky = True
nitpick_ignore_regex = [
    # What belongs to others; their pages are not at hand without a network.
    (r"py:.*", r"(abc|asgiref|asyncio|collections|dataclasses|datetime|flask|logging|quart|types|typing|werkzeug)\..*"),
    (r"py:.*", r"(contextlib|httpx|opentelemetry|pytest|re|requests|wsgiref)\..*"),
    # Private to the core, but part of a public signature.
    (
        r"py:.*",
        r"(errbridge\.[\w.]+\.)?(Converter|Language|Observable|Register|RequestHeaders|Response|Schema|ScopeTrie|Settings|_\w+)",
    ),
    (r"py:.*", r"tuple\[.*"),  # Sphinx cannot read a signature with the default of a dataclass's factory
    # Type variables in signatures.
    (r"py:.*", r"errbridge\..*\.(F|T|\w+T)"),
]

myst_heading_anchors = 4

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"errbridge {release}"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["errbridge.css"]
html_favicon = "_static/favicon.svg"
html_search_scorer = str(Path(__file__).with_name("scorer.js"))

# The button of a session copies what is typed, not what is shown.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"


def in_the_core(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Find `Problem` from the docstring of an adapter, which inherits it from where it was imported."""
    if node.get("refdomain") != "py":
        return None
    first, _, last = node["reftarget"].rpartition(".")
    find = env.domains["py"].resolve_xref
    for module in ("errbridge", "errbridge.asgi", "errbridge.catalogue", "errbridge.pallets.errorhandler"):
        for name in (last, first):  # an attribute is described with its class, so a link to it leads there
            if (found := find(env, node["refdoc"], app.builder, "obj", f"{module}.{name}", node, contnode)) is not None:
                return found
    return None


def index_keywords(app: Any, doctree: nodes.document) -> None:
    """Make the keywords of a page index entries, which the search ranks above text. It finds numbers only there."""
    for meta in list(doctree.findall(nodes.meta)):
        if meta.get("name") == "keywords":
            words = (word.strip() for word in meta["content"].split(","))
            meta.parent += addnodes.index(entries=[("single", word, "", "main", None) for word in words])


def shorten_map() -> None:
    """Leave out the overloads of `Handlers.map`: with their aliases written out, they fill pages."""
    analyzer = ModuleAnalyzer.for_module("errbridge.handlers.handlers")
    analyzer.analyze()
    del analyzer.overloads["Handlers.map"]


def setup(app: Any) -> None:
    """Add what Sphinx has no setting for."""
    shorten_map()
    app.connect("missing-reference", in_the_core)
    app.connect("doctree-read", index_keywords)
