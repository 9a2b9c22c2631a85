"""LaTeX: sections, lists, tables, formulas and notes, however they are set in lines."""

import time

import pytest
from doubles.word_files import document, records

ONE_LINE = r"""\documentclass{article}\title{On \emph{leave}}\author{Ann Bee \and Jos\'e \'Alvarez}\date{May 2024}
\newcommand{\firm}{Example Insurance}
\begin{document}\maketitle
\begin{abstract}Short.\end{abstract}
\section{Weeks} Twelve\footnote{Of \emph{seven} days.} weeks at \firm{}, 50\% paid~now: caf\'e, \"o, na\"{\i}ve, stra{\ss}e. % a comment
\subsection*{Pay}
\begin{itemize}\item one \item two\end{itemize}
\begin{tabular}{l|p{3cm}}\hline Year & Days \\ \hline 2024 & \multicolumn{1}{c}{30} \\ \end{tabular}
\begin{figure}[h]\includegraphics[width=3cm]{plan}\caption{The plan.}\label{fig:plan}\end{figure}
See \cite[p.~3]{knuth} and \(x^2\), $\alpha_1$ or \verb|a%b \x|.
\begin{verbatim}
kept % as  it is
\end{verbatim}
\begin{theorem}All is well.\end{theorem}
\input{other}
\end{document}
"""  # noqa: E501


def test_one_line() -> None:
    """What stands behind a section, an item or a beginning on its line is not lost."""
    made = document("a.tex", ONE_LINE)

    assert made.title == "On leave"
    assert made.metadata["authors"] == ("Ann Bee", "José Álvarez")
    for kept in (
        "# On leave\n\nAnn Bee, José Álvarez\n\nMay 2024",
        "Short.",
        "## Weeks\n\nTwelve[^1] weeks at Example Insurance, 50% paid now: café, ö, naïve, straße.",
        "### Pay",
        "- one\n- two",
        "| Year | Days |\n| --- | --- |\n| 2024 | 30 |",
        "The plan.",
        "[knuth]",
        "$x^2$, $\\alpha_1$ or a%b \\x.",
        "```\nkept % as  it is\n```",
        "All is well.",
        "[^1]: Of seven days.",
    ):
        assert kept in made.text, kept
    for gone in ("a comment", "includegraphics", "\\item", "newcommand", "maketitle", "fig:plan"):
        assert gone not in made.text
    assert len(made.unread) == 1
    assert "other" in made.unread[0]


def test_table_with_caption() -> None:
    """A table's caption and cells are kept, rules are not."""
    made = document(
        "a.tex",
        "\\begin{document}\n\\begin{table}\n\\caption{Prices.}\n\\begin{tabular}{ll}\n\\toprule\nItem & Price \\\\\n"
        "\\midrule\nPen \\& \\textbf{ink} & 3\\,\\$ \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n\\end{document}\n",
    )

    assert made.text == "Prices.\n\n| Item | Price |\n| --- | --- |\n| Pen & ink | 3 $ |"


@pytest.mark.parametrize(
    "content",
    ["{" * 50_000, "\\footnote" * 20_000, "\\caption{" * 20_000, "\\begin{figure}" * 20_000, "$" * 50_000,
     "\\newcommand{\\a}{" * 5_000, "\\verb|" * 20_000, "\\'" * 50_000, "text \\section{" * 2_000,
     "\\begin{verbatim}" * 20_000, "\\iffalse " * 20_000, "\\newcommand{\\a}{\\a\\a}\\a",
     "\\newcommand{\\a}{" + "x" * 5_000 + "}" + "\\a " * 30_000],
)  # fmt: skip
def test_hostile_latex(content: str) -> None:
    """Braces that never close take no time that grows with their square."""
    began = time.monotonic()
    assert len(records("a.tex", content)) == 1
    assert time.monotonic() - began < 8


def test_what_pandoc_writes() -> None:
    """Lines are joined to paragraphs, text symbols are letters, and a long table has its first rows for names."""
    made = document(
        "a.tex",
        '\\begin{document}\n\\section{A long\nheading}\\label{a}\n\nIt can\\textquotesingle t be\n"lost".\n\n'
        "{\\def\\LTcaptype{none} % no counter\n\\begin{longtable}[]{@{}ll@{}}\n\\toprule\\noalign{}\nA & B \\\\\n"
        "\\midrule\\noalign{}\n\\endhead\n\\bottomrule\\noalign{}\n\\endlastfoot\nc & d \\\\\n\\end{longtable}\n}\n\\end{document}",  # noqa: E501
    )

    assert made.text == '# A long heading\n\nIt can\'t be "lost".\n\n| A | B |\n| --- | --- |\n| c | d |'


def test_commands_of_its_own() -> None:
    """Commands that the file defines are written out with their arguments."""
    made = document(
        "a.tex",
        "\\newcommand{\\R}{\\mathbb{R}}\\newcommand{\\pair}[2]{#1 and #2}\\newcommand{\\by}[2][ten]{#2 by #1}\n"
        "\\pair{a}{b}, \\by{x}, \\by[two]{x}, $x \\in \\R$",
    )

    assert made.text == "a and b, x by ten, x by two, $x \\in \\mathbb{R}$"


def test_addresses_with_percent_signs() -> None:
    """A percent sign in an address begins no comment."""
    made = document("a.tex", "See \\url{http://b.org/a%20c} and \\href{http://b.org/x\\%20y\\#z}{there} too.")

    assert made.text == "See http://b.org/a%20c and [there](http://b.org/x%20y#z) too."


def test_cells_over_rows() -> None:
    """A cell over several rows is a value of each; one that is never closed loses no text."""
    made = document("a.tex", "\\begin{tabular}{ll}A & B \\\\ \\multirow{2}{*}{x} & 1 \\\\ & 2 \\\\")

    assert made.text == "| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |"


def test_encodings_colours_and_names() -> None:
    """The encoding that the file names, coloured words, and the names of theorems."""
    source = (
        "\\documentclass{article}\\usepackage[latin1]{inputenc}\\begin{document}Grüße \\textcolor{red}{in red}.\n"
        "\\begin{theorem}[Pythagoras]\nSquares.\n\\end{theorem}\\end{document}"
    )

    made = document("a.tex", source.encode("latin-1"))

    assert (made.text, made.unread) == ("Grüße in red.\n\n(Pythagoras)\n\nSquares.", ())
