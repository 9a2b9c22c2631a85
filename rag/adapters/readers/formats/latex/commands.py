"""What the commands and environments of LaTeX are given, and what they are for."""

import re

MATH = frozenset(
    {
        "equation",
        "align",
        "alignat",
        "gather",
        "multline",
        "eqnarray",
        "displaymath",
        "math",
        "flalign",
        "dmath",
    }
)
TABLES = {
    "tabular": 1,
    "longtable": 1,
    "supertabular": 1,
    "tabular*": 2,
    "tabularx": 2,
    "tabulary": 2,
    "xltabular": 2,
}
TABLES |= {"tblr": 1, "longtblr": 1, "array": 1}
LISTS = {"itemize": "ul", "enumerate": "ol", "description": "dl"}
GIVEN = {
    "minipage": 1,
    "multicols": 1,
    "wrapfigure": 2,
    "wraptable": 2,
    "subfigure": 1,
    "subtable": 1,
    "column": 1,
}
GIVEN |= {"adjustbox": 1, "spacing": 1, "thebibliography": 1, "tabbing": 0, "adjustwidth": 2}
UNTITLED = frozenset(
    {"figure", "table", "center", "minipage", "columns", "column", "document", "multicols", "sidewaystable"}
)
SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
INCLUDES = frozenset(
    {
        "input",
        "include",
        "subfile",
        "import",
        "lstinputlisting",
        "verbatiminput",
        "inputminted",
        "bibliography",
    }
)
NOTES = frozenset({"footnote", "endnote", "footnotetext", "thanks"})
CITES = re.compile(r"(?:no)?[a-zA-Z]{0,8}cite[a-z]{0,10}\*?")
REFERENCES = frozenset({"ref", "eqref", "autoref", "pageref", "cref", "Cref", "nameref", "vref"})

# What stands in the arguments of a command: k is kept, d is not.
ARGUMENTS = dict.fromkeys(
    (
        "label",
        "index",
        "vspace",
        "hspace",
        "bibliographystyle",
        "usepackage",
        "RequirePackage",
        "pagestyle",
        "thispagestyle",
        "noalign",
        "cline",
        "cmidrule",
        "specialrule",
        "color",
        "pagecolor",
        "includegraphics",
        "title",
        "author",
        "date",
        "pagenumbering",
        "graphicspath",
        "selectlanguage",
        "hyphenation",
        "newtheorem",
        "rowcolor",
        "cellcolor",
        "theoremstyle",
        "addbibresource",
        "pdfbookmark",
        "captionsetup",
        "hypersetup",
        "geometry",
        "lstset",
        "fontfamily",
    ),
    "d",
)
ARGUMENTS |= dict.fromkeys(
    [
        "setlength",
        "addtolength",
        "setcounter",
        "addtocounter",
        "fontsize",
        "addcontentsline",
        "newenvironment",
    ],
    "dd",
)
ARGUMENTS |= dict.fromkeys(
    [
        "textcolor",
        "hypertarget",
        "hyperlink",
        "foreignlanguage",
        "colorbox",
        "raisebox",
        "parbox",
        "scalebox",
    ],
    "dk",
)
ARGUMENTS |= dict.fromkeys(["resizebox", "rule"], "ddk") | {
    "rule": "dd",
    "phantomsection": "",
    "SI": "kk",
    "qty": "kk",
}
ARGUMENTS |= {"addcontentsline": "ddd", "newenvironment": "ddd", "fcolorbox": "ddk", "printbibliography": ""}
ARGUMENTS |= {"allowdisplaybreaks": "", "vskip": "", "arraystretch": ""}
