"""Formulas as MathML, which browsers draw by themselves: nothing to fetch, and no script."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import operators, tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

operators.setdefault("dots", "…")  # which it does not know
NAME = re.compile(  # of a function, and no bracket after it
    r"(<mi>(?:ln|log|exp|max|min)</mi>)(?:\s*<mo>&ApplyFunction;</mo>)?(?=\s*<m(?:i|n|sub|sup|row|frac)\b)"
)
log = logging.getLogger(__name__)


def mathml(node: nodes.Node, as_block: bool) -> str:
    """Give the MathML of a formula; one that cannot be converted is a warning, and stands as it was written."""
    try:
        return NAME.sub(r'\1<mspace width="0.1667em"></mspace>', tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        log.warning("this formula cannot be drawn: %s: %s", error, node.astext(), location=node)
        return node.astext()


def inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node, as_block=False))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
