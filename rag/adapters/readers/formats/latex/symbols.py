"""The letters that commands of LaTeX stand for."""

import re
import unicodedata
from functools import cache

_MARKS = dict(
    zip(
        "`'^\"~=.uvHcdbkr",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0323\u0331\u0328\u030a",
        strict=True,
    )
)
_ACCENT = re.compile(
    r"\\(?P<mark>[`'^\"~=.]|[uvHcdbkr](?=[{ ]))[ ]?(?:\{\\?(?P<braced>[A-Za-z])\}|\\?(?P<bare>[A-Za-z]))(?![A-Za-z]*\})"
)
_ONE_COMMAND = re.compile(r"\{?(?:\\ensuremath\{)?\\([A-Za-z]+)(?:\{\})?\}{0,2}")
_OTHERS = {
    "S": "§",
    "P": "¶",
    "copyright": "©",
    "pounds": "£",
    "textquotedbl": '"',
    "textgreater": ">",
    "textless": "<",
    "textbar": "|",
    "textunderscore": "_",
    "textdollar": "$",
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciigrave": "`",
    "textvisiblespace": "␣",
    "slash": "/",
    "euro": "€",
    "EUR": "€",
    "yen": "¥",
    "flqq": "«",
    "frqq": "»",
    "glqq": "„",
    "grqq": "“",
    "dots": "…",
    "aa": "å",
    "AA": "Å",
    "LaTeX": "LaTeX",
    "TeX": "TeX",
    "LaTeXe": "LaTeX2e",
    "BibTeX": "BibTeX",
    "quad": " ",
    "qquad": " ",
    "newline": "\n",
    "backslash": "\\",
    "textbackslash": "\\",
}


@cache
def symbols() -> dict[str, str]:
    """Return the name of each command -> what it prints."""
    from pylatexenc.latex2text import get_default_latex_context_db
    from pylatexenc.latexencode import get_builtin_uni2latex_dict

    known: dict[str, str] = {}
    for code, command in get_builtin_uni2latex_dict().items():
        if found := _ONE_COMMAND.fullmatch(command):
            known.setdefault(found[1], chr(code))
    for spec in get_default_latex_context_db().iter_macro_specs():
        written = spec.simplify_repl
        if (
            isinstance(written, str)
            and written
            and len(written) < 3
            and "%" not in written
            and spec.macroname.isalpha()
        ):
            known[spec.macroname] = written
    return known | _OTHERS


def accented(source: str, at: int) -> tuple[str, int] | None:
    """Return the letter that an accent at a place in the source makes, and where it ends; None where there is none."""
    found = _ACCENT.match(source, at)
    if found is None:
        return None
    letter = found["braced"] or found["bare"]
    return unicodedata.normalize("NFC", letter + _MARKS[found["mark"]]), found.end()
