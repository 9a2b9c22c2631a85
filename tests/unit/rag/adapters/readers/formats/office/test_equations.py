"""Word's equations as TeX."""

import pytest

from rag.adapters.readers.formats.office.equations import tex
from rag.adapters.readers.formats.packages import parsed

_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_X, _N = "<m:r><m:t>x</m:t></m:r>", "<m:r><m:t>n</m:t></m:r>"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (f"<m:f><m:num>{_X}</m:num><m:den>{_N}</m:den></m:f>", r"\frac{x}{n}"),
        (f"<m:rad><m:deg/><m:e>{_X}</m:e></m:rad>", r"\sqrt{x}"),
        (f"<m:rad><m:deg>{_N}</m:deg><m:e>{_X}</m:e></m:rad>", r"\sqrt[n]{x}"),
        (f"<m:sSubSup><m:e>{_X}</m:e><m:sub>{_N}</m:sub><m:sup>{_N}</m:sup></m:sSubSup>", "x_{n}^{n}"),
        (f"<m:sPre><m:sub>{_N}</m:sub><m:sup/><m:e>{_X}</m:e></m:sPre>", "{}_{n}x"),
        (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{_N}</m:sub><m:e>{_X}</m:e></m:nary>', r"\sum_{n} x"),
        (f"<m:nary><m:e>{_X}</m:e></m:nary>", r"\int x"),
        (f"<m:d><m:e>{_X}</m:e><m:e>{_N}</m:e></m:d>", "(x|n)"),
        (f'<m:d><m:dPr><m:begChr m:val="{{"/><m:endChr m:val=""/></m:dPr><m:e>{_X}</m:e></m:d>', r"\{x"),
        (f"<m:func><m:fName>{_N}</m:fName><m:e>{_X}</m:e></m:func>", "n x"),
        (f"<m:limLow><m:e>{_X}</m:e><m:lim>{_N}</m:lim></m:limLow>", "x_{n}"),
        (f"<m:bar><m:e>{_X}</m:e></m:bar>", r"\overline{x}"),
        (f"<m:m><m:mr><m:e>{_X}</m:e><m:e>{_N}</m:e></m:mr><m:mr><m:e>{_N}</m:e></m:mr></m:m>", r"x & n \\ n"),
        (f"<m:eqArr><m:e>{_X}</m:e><m:e>{_N}</m:e></m:eqArr>", r"x \\ n"),
    ],
)  # fmt: skip
def test_each_kind(inner: str, expected: str) -> None:
    """Every kind of part is written as TeX has it, and what an equation leaves unsaid is what is usual."""
    assert expected == tex(parsed(f'<m:oMath xmlns:m="{_MATH}">{inner}</m:oMath>'.encode()))


def test_very_deep_equations() -> None:
    """Below some levels letters alone are read; nothing is lost and nothing overflows."""
    inner = "<m:rad><m:e>" * 200 + _X + "</m:e></m:rad>" * 200
    written = tex(parsed(f'<m:oMath xmlns:m="{_MATH}">{inner}</m:oMath>'.encode()))
    assert written.count("x") == 1
