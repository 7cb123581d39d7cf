"""From Markdown, as the method pages are written, to the markup of a page.

The text comes from data files and functions of this package, never from a reader; markup inside it
is escaped all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup


def prose(text: str, where: Callable[[str], str] | None = None) -> Markup:
    r"""Return Markdown as markup: tables in regions that scroll, headings with names to link to.

    Args:
        text: Markdown, without its first heading, which the page has itself.
        where: turns the target of a link into the link; by default targets stay as they are.

    Example:
        >>> print(prose("## How\n\nBy *hand* <b>."))
        <h2 id="how">How</h2>
        <p>By <em>hand</em> &lt;b&gt;.</p>
        <BLANKLINE>
    """
    tokens = _reader().parse(text)
    heading, regions = "", Counter[str]()
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = _plain(tokens[number + 1])
            token.attrSet("id", slug(heading))
        elif token.type == "table_open":
            regions[heading] += 1
            many = regions[heading]
            token.meta["label"] = heading if many == 1 else f"{heading} ({many})"
        elif token.type == "inline" and where is not None:
            _follow(token.children or (), where)
    rendered: Any = _reader().renderer.render(tokens, _reader().options, {})
    return Markup(rendered)


def without_title(text: str) -> str:
    r"""Return Markdown without the first heading.

    Example:
        >>> without_title("# Title\n\nText.")
        'Text.'
    """
    return re.sub(r"\A# .*\n+", "", text)


def slug(words: str) -> str:
    """Return words as the name of a place in a page.

    Example:
        >>> slug("What to mind, always")
        'what-to-mind-always'
    """
    return re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")


@cache
def _reader() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    made.add_render_rule("th_open", _head_open)
    return made


def _table_open(_: Any, tokens: Sequence[Token], place: int, *__: Any) -> str:
    label = escape(str(tokens[place].meta.get("label", "")), quote=True)
    return f'<div class="table-scroll" tabindex="0" role="region" aria-label="{label}"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _head_open(*_: Any) -> str:
    return '<th scope="col">'


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or ())


def _follow(children: Sequence[Token], where: Callable[[str], str]) -> None:
    for child in children:
        if child.type == "link_open":
            target: Mapping[str, Any] = child.attrs
            child.attrSet("href", where(str(target.get("href", ""))))
