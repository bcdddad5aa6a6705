"""Make the page of a document: one file that fetches nothing from the network.

What draws the charts (Vega, Vega-Lite, Vega-Embed, as bundled by vl-convert) is inside. The policy
lets exactly these scripts run, by their hashes, and forbids eval: expressions are interpreted.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, assert_never

import jinja2
import msgspec
import vl_convert
from markupsafe import Markup

from onionrig.views.report.colours import style_variables
from onionrig.views.report.document import Folded, FoldedFigures, Prose, ReportTable, Still
from onionrig.views.report.drawings.host_boxes import HostsDrawing
from onionrig.views.report.drawings.stages import Drawing
from onionrig.views.report.figure import ReportFigure
from onionrig.views.report.images import still, without_legends

if TYPE_CHECKING:
    from onionrig.views.report.document import Block, Document

PACKAGE = "onionrig.views.report"
_STYLES = ("style.css", "drawings.css")
_BLOCKS, _DRAWINGS = "blocks.html.j2", "drawings.html.j2"
_MACROS: dict[type[Block], str] = {
    ReportFigure: "figure",
    ReportTable: "table",
    Prose: "prose",
    Folded: "folded",
    FoldedFigures: "folded_figures",
}


def page(document: Document) -> str:
    """Return the page as HTML."""
    figures = document.figures
    drawing = _file("draw.js")
    scripts = [_vega(), drawing] if figures else []
    allowed = " ".join(_hash(script) for script in scripts) or "'none'"
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            document=document,
            policy=policy,
            style=Markup(_style()),  # noqa: S704 - ours alone
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - ours and the bundle
            specs=[(figure.name, _inside_script(figure)) for figure in figures],
            rendered=_rendered,
        )
    )


def _rendered(block: Block) -> Markup:
    """Make the HTML of a block."""
    match block:
        case ReportFigure() | ReportTable() | Prose() | Folded() | FoldedFigures():
            return _rendered_macro(_BLOCKS, _MACROS[type(block)], block)
        case Still(figure=figure):
            svg = Markup(still(figure))  # noqa: S704 - vega has escaped it
            return _rendered_macro(_BLOCKS, "still", figure, svg)
        case Drawing():
            return _rendered_macro(_DRAWINGS, "stages", block)
        case HostsDrawing():
            return _rendered_macro(_DRAWINGS, "hosts", block)
        case _:
            assert_never(block)


def _rendered_macro(template: str, macro: str, *arguments: object) -> Markup:
    markup: Markup = getattr(_templates().get_template(template).module, macro)(*arguments)
    return markup


def _style() -> str:
    return style_variables() + "".join(map(_file, _STYLES))


def _inside_script(figure: ReportFigure) -> Markup:
    """Return the specification of a chart, escaped so that no text can end its element."""
    text = msgspec.json.encode(without_legends(figure.spec)).decode()
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - no tag is left in it


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@functools.cache
def _vega() -> str:
    """Return the libraries as one script; cached, as making it takes a second."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(PACKAGE, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _file(name: str) -> str:
    return (resources.files(PACKAGE) / "templates" / name).read_text(encoding="utf-8")
