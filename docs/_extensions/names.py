"""Names in docstrings: `name` is code, and a link where the reference has it, or where it is a page of ours."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.nodes import make_refnode

NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
PAGE = re.compile(r"(docs/\S+)\.md")
OURS = "online_softmax"
OVERLOADED = ["online_softmax.evaluation.progressive"]


def name(role: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()) -> Any:
    """Make what stands between single backticks; a backslash there is a backslash."""
    text = rawtext.strip("`")
    code = nodes.literal(rawtext, text, classes=["code"])
    if not (NAME.fullmatch(text) or PAGE.fullmatch(text)):
        return [code], []
    env = inliner.document.settings.env
    context = {key: env.ref_context.get(key) for key in ("py:module", "py:class")}
    place = {"refdoc": env.docname, "refdomain": "py", "reftype": "obj", "reftarget": text, "is_name": True}
    return [pending_xref("", code, **place, **context)], []


def resolved(app: Sphinx, env: BuildEnvironment, node: pending_xref, code: nodes.Element) -> nodes.Element | None:
    """Give the link of a name that stands without its module, in a docstring or as a type; or the name alone."""
    if node.get("refdomain") != "py":
        return None
    if page := PAGE.fullmatch(node["reftarget"]):
        return make_refnode(app.builder, node["refdoc"], page[1], "", code)
    domain = env.domains["py"]
    assert isinstance(domain, PythonDomain)
    module, owner, target = node.get("py:module"), node.get("py:class"), node["reftarget"].removeprefix(f"{OURS}.")
    found = {full for full, _ in domain.find_obj(env, module, owner, target, None, searchmode=1)}
    if len(found) == 1:
        place = domain.objects[found.pop()]
        return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, code)
    return code if node.get("is_name") else None


def skips(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Whether a member is left out: those of other libraries' classes are, and fields that the class tells of."""
    if (getattr(member, "__doc__", None) or "").startswith("Alias for field"):
        return True
    home = getattr(member, "__objclass__", getattr(member, "fget", member))
    module = getattr(home, "__module__", None) or OURS
    return None if module.startswith(OURS) else True


def without_overloads(app: Sphinx) -> None:
    """Show the signature that has all parameters, not the overloads that hide them."""
    for module in OVERLOADED:
        analyzer = ModuleAnalyzer.for_module(module)
        analyzer.analyze()
        analyzer.overloads.clear()


def readable(app: Sphinx, what: str, name: str, member: Any, options: Any, signature: str | None, returns: Any) -> Any:
    """Put `...` for defaults that are no code, such as the `<factory>` of a field."""
    return None if signature is None else (re.sub(r"<[^<>]*>", "...", signature), returns)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_role("name", name)
    app.connect("builder-inited", without_overloads)
    app.connect("missing-reference", resolved)
    app.connect("autodoc-process-signature", readable)
    app.connect("autodoc-skip-member", skips)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
