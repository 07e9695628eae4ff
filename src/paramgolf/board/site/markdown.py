"""A stranger's write-up as harmless HTML: no raw HTML, no script, no image, no link but to the web."""

from collections.abc import MutableMapping, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from paramgolf.board.site.words import web_address

# A write-up of this many characters takes several sheets of paper; the whole is in the entry's folder.
LONGEST_README = 40_000
# Some sources make a parser take time that grows faster than their length; prose never comes near these.
MOST_MARKS = 6_000
LONGEST_LINE = 4_000
_MARKS = "[]()*_`<>!~|\\"
# Heading levels of the page above the write-up.
HEADINGS_ABOVE = 2
CUT = "\n\n*Cut here: the whole write-up is in the entry's folder.*\n"


def render_markdown(source: str) -> Markup:
    """The write-up as HTML whose only tags are those of CommonMark's own text, tables and strikethrough.

    Links keep only http and https addresses and carry rel="nofollow noopener noreferrer ugc"; a picture becomes
    such a link, or its description. A source that is too long is cut, one that only a machine would write (or an
    attacker of the parser) is shown as plain text.
    """
    text = source if len(source) <= LONGEST_README else source[:LONGEST_README] + CUT
    if sum(text.count(mark) for mark in _MARKS) > MOST_MARKS or _longest_line(text) > LONGEST_LINE:
        return Markup('<pre class="plain">{}</pre>').format(text)
    return Markup(_parser().render(text))  # noqa: S704 - the renderer escapes, and lets no raw HTML through


def _longest_line(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


class _Renderer(RendererHTML):
    """Token attributes are escaped by the parent; what is changed here is which tags come at all."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]) -> str:
        """A link to the picture, never the picture: it would be a request to a stranger's server."""
        token = tokens[idx]
        words = self.renderInlineAsText(token.children or [], options, env).strip() or "picture"
        address = web_address(str(token.attrs.get("src", "")))
        if address is None or _inside_link(tokens, idx):
            return str(Markup('<span class="picture">[picture: {}]</span>').format(words))
        return str(
            Markup('<a class="picture" href="{}" rel="{}">[picture: {}]</a>').format(address, REL, words)
        )

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Only links that the parser let through come here, and those to nowhere, which it does not ask about."""
        if not tokens[idx].attrs.get("href"):
            return "<a>"
        return str(Markup('<a href="{}" rel="{}">').format(str(tokens[idx].attrs.get("href", "")), REL))

    def heading_open(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Below the headings of the page."""
        return f"<{_lower(tokens[idx].tag)}>"

    def heading_close(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Below the headings of the page."""
        return f"</{_lower(tokens[idx].tag)}>\n"

    def table_open(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Wide tables scroll in a box of their own, by keyboard too."""
        return '<div class="scroll" tabindex="0" role="region" aria-label="Table of the write-up"><table>\n'

    def table_close(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Ends the box."""
        return "</table></div>\n"

    def td_open(self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]) -> str:
        """Without the style attribute that the parser gives aligned cells: the page allows none."""
        return "<td>"

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]) -> str:
        """As td_open."""
        return "<th>"

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
    ) -> str:
        """Long lines scroll, by keyboard too."""
        return str(Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(tokens[idx].content))

    fence = code_block


REL = "nofollow noopener noreferrer ugc"


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.validateLink = lambda url: web_address(url) is not None  # type: ignore[method-assign]
    return parser


def _lower(tag: str) -> str:
    return f"h{min(6, int(tag[1:]) + HEADINGS_ABOVE)}"


def _inside_link(tokens: Sequence[Token], idx: int) -> bool:
    opened = sum(token.type == "link_open" for token in tokens[:idx])
    return opened > sum(token.type == "link_close" for token in tokens[:idx])
