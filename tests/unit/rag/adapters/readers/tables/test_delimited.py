"""CSV and TSV as programs and people write them: nothing of a row is cut."""

import random
import re
import time
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from rag.domain import Document
from rag.library.documents import ReadFailure

Reading = Callable[..., list[Document | ReadFailure]]


def documents(found: Sequence[Document | ReadFailure]) -> list[Document]:
    """Return the documents; there must be nothing else."""
    assert [one for one in found if isinstance(one, ReadFailure)] == []
    return [one for one in found if isinstance(one, Document)]


def texts(found: Sequence[Document | ReadFailure]) -> list[str]:
    """Return the texts of the documents; there must be nothing else."""
    return [one.text for one in documents(found)]


def reason(found: Sequence[Document | ReadFailure]) -> str:
    """Return the reason of the one failure."""
    (one,) = found
    assert isinstance(one, ReadFailure), one
    return one.reason


def test_a_row_is_a_document(reading: Reading) -> None:
    """Its id is part of the uri, other columns are metadata, written as they are."""
    first, second = documents(
        reading('id,title,text,team,year\nq 1,Leave,"Ask, then\ngo",HR,2024\n,,Only text,,\n')
    )

    assert first.uri == f"{first.source}#q%201"
    assert (first.title, first.text) == ("Leave", "Ask, then\ngo")
    assert first.metadata == {"team": "HR", "year": "2024"}
    assert second.uri == f"{first.source}#row-2"
    assert (second.title, second.text, second.metadata) == ("", "Only text", {})
    assert (first.unread, second.unread) == ((), ())


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t"), ("a.csv", "|")])
def test_other_marks(reading: Reading, name: str, mark: str) -> None:
    """Spreadsheets in many countries write semicolons, databases bars."""
    assert texts(reading(f"id{mark}text\n1{mark}a, b\n", name)) == ["a, b"]


def test_the_mark_is_the_one_that_rows_agree_on(reading: Reading) -> None:
    """Commas in the names of columns do not make a table of semicolons one of commas."""
    (made,) = documents(reading("name;place, street;fee, in crowns\nPool;Sea 1, left;7,50\n"))
    assert made.text == "name: Pool\nplace, street: Sea 1, left\nfee, in crowns: 7,50"


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"'])
def test_excels_own_first_line(reading: Reading, first: str) -> None:
    """It names the mark and is no header; lines are counted with it."""
    one, two = documents(reading(f"{first}\nid;text\n1;a, b, c\n2;b;c\n"))
    assert (one.text, two.text) == ("a, b, c", "b;c")
    assert two.unread[0].startswith("line 4 has 3 cells, the header 2")


def test_a_row_with_surplus_cells_keeps_them(reading: Reading) -> None:
    """A comma without quotes parts a text that comes last: it is put together again, and told."""
    first, second = documents(
        reading(
            "id,title,text\n1,Fees,The fee is ten euros, payable in May, by card only.\n2,Hours,Nine to five.\n"
        )
    )

    assert first.text == "The fee is ten euros, payable in May, by card only."
    assert first.unread == (
        "line 2 has 5 cells, the header 3; the surplus 'payable in May', 'by card only.' was added to the text, "
        "nothing was cut: put quotes around cells that hold the mark between cells",
    )
    assert second.unread == ()


def test_surplus_cells_where_the_text_is_not_last(reading: Reading) -> None:
    """They stand below the text."""
    (made,) = documents(reading("id,text,team\n1,Ten euros, in May,HR\n"))

    assert made.text == "Ten euros\nHR"
    assert made.metadata == {"team": "in May"}
    assert made.unread[0].startswith(
        "line 2 has 4 cells, the header 3; the surplus 'HR' was added to the text"
    )


def test_empty_surplus_cells_are_none(reading: Reading) -> None:
    """Spreadsheets write marks for cells that nobody filled."""
    (made,) = documents(reading("id,text\n1,a,,,\n"))
    assert (made.text, made.unread) == ("a", ())


def test_a_short_row_is_told(reading: Reading) -> None:
    """What it lacks is named; its title is its text."""
    first, second = documents(reading("id,title,text,team\n1,Fees,The fee is ten euros.\n2,Hours\n"))

    assert (first.text, second.title, second.text) == ("The fee is ten euros.", "Hours", "Hours")
    assert [one.unread for one in (first, second)] == [
        ("line 2 has 3 cells, the header 4; without a cell: 'team'; nothing was cut",),
        ("line 3 has 2 cells, the header 4; without a cell: 'text', 'team'; nothing was cut",),
    ]


def test_a_short_row_without_text_fails_with_its_line(reading: Reading) -> None:
    """Nothing in it says anything."""
    assert reason(reading("id,title,text\n7\n")) == (
        "line 2 has 1 cell, the header 3; without a cell: 'title', 'text'; nothing was cut; line 2 holds no text"
    )


def test_a_title_alone_is_a_document(reading: Reading) -> None:
    """With an empty text, or one of blanks."""
    assert texts(reading("id,title,text\n1,The office moved,\n2,Hours, \n")) == ["The office moved", "Hours"]


def test_wholly_empty_rows_are_passed_over(reading: Reading) -> None:
    """Lines without cells are none; rows of empty cells count, as they always did."""
    found = documents(reading("text,team\n\na,x\n,\n , \nb,x\n\n"))
    assert [(one.text, one.uri.rpartition("#")[2]) for one in found] == [("a", "row-1"), ("b", "row-4")]


def test_columns_of_one_name_and_of_none(reading: Reading) -> None:
    """The second gets a number, one without a name its place; nothing of them is lost."""
    (made,) = documents(reading("id,text,team,team,, team_2 ,team\n1,a,b,c,d,e,f\n"))
    assert made.metadata == {"team": "b", "team_3": "c", "column 5": "d", "team_2": "e", "team_4": "f"}


def test_names_with_blanks_around(reading: Reading) -> None:
    """Blanks after the marks belong neither to names nor to what is filed."""
    (made,) = documents(reading("id, title, text, team\n1, Fees, Ten euros., HR\n"))
    assert (made.title, made.text.strip(), made.metadata) == ("Fees", "Ten euros.", {"team": "HR"})


def test_quotes_after_a_blank(reading: Reading) -> None:
    """People write a blank before a quote."""
    (made,) = documents(reading('id, title, text\n1, "Fees", "Ten, in May."\n'))
    assert (made.title, made.text, made.unread) == ("Fees", "Ten, in May.", ())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('2,Hours,"Nine to five.', '"Nine to five.'),
        ('2,Hours,"Nine" to five.', '"Nine" to five.'),
        (r'2,Hours,"Nine \"to\" five."', r'"Nine \"to\" five."'),
    ],
)
def test_quotes_that_do_not_pair(reading: Reading, line: str, text: str) -> None:
    """The line is read as it stands and named; those after it are read as if nothing were."""
    found = documents(
        reading(f'id,title,text\n1,Fees,Ten.\n{line}\n3,Dogs,"No, never."\n4,Cats,"Ask\nfirst."\n')
    )

    assert [one.text for one in found] == ["Ten.", text, "No, never.", "Ask\nfirst."]
    assert found[1].unread == ("line 3 has a quote that does not pair; it was read as it stands",)
    assert [found[place].unread for place in (0, 2, 3)] == [(), (), ()]


def test_quotes_without_an_end_take_no_more_time_than_others(reading: Reading) -> None:
    """However many there are."""
    rows = "".join(f'{number},"a""\n' for number in range(20_000))
    began = time.monotonic()
    found = reading(f"id,text\n{rows}")
    assert time.monotonic() - began < 20
    assert sum(one.text.count("a") for one in documents(found)) == 20_000


def test_nul_and_byte_order_mark(reading: Reading) -> None:
    """Neither hides a name or a row."""
    first, second = documents(reading("\ufeffid,text\n1,a\0b\n2,c\n".encode()))
    assert (first.uri[-2:], first.text.replace("\0", ""), second.text) == ("#1", "ab", "c")
    (wide,) = documents(reading("id\ttext\n1\tgrün\n".encode("utf-16")))
    assert wide.text == "grün"


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("# exported on Monday\n", "line 1 above the header, '# exported on Monday', belongs to no record"),
        ("Prices\n\n", "line 1 above the header, 'Prices', belongs to no record"),
        (
            "Prices,,\nof 2024,,\n,,\n",
            "lines 1 to 2 above the header, 'Prices', 'of 2024', belong to no record",
        ),
    ],
)
def test_what_stands_above_the_header(reading: Reading, above: str, told: str) -> None:
    """Comments and headlines name no columns; they are told once."""
    first, second = documents(reading(f"{above}id,title,text\n1,Fees,Ten.\n2,Hours,Nine.\n"))
    assert (first.text, first.unread, second.text, second.unread) == ("Ten.", (told,), "Nine.", ())


def test_a_header_that_begins_with_the_sign_of_a_comment(reading: Reading) -> None:
    """It has as many cells as its rows."""
    assert texts(reading("#,text\n1,a\n")) == ["a"]


def test_one_column(reading: Reading) -> None:
    """Its commas part nothing."""
    assert texts(reading("text\nHello, world\nAnd, then, some\n")) == ["Hello, world", "And, then, some"]


def test_fields_that_were_named_are_taken_strictly(reading: Reading) -> None:
    """They are used, and where one is not there the failure names those that are."""
    (made,) = documents(
        reading("key,question,answer\n7,Why?,Because.\n", id="key", title="question", text="answer")
    )
    assert (made.uri[-2:], made.title, made.text) == ("#7", "Why?", "Because.")

    assert reason(reading("key,body\n1,x\n", text="text")) == (
        "line 1 has no field 'text' for the text; the fields found are 'key', 'body': "
        "name the right one with --text-field"
    )
    assert "no field 'head' for the title" in reason(reading("id,text\n1,x\n", title="head"))
    assert "name the right one with --id-field" in reason(reading("id,text\n1,x\n", id="key"))
    assert "no field 'Body'" in reason(reading("body\nx\n", text="Body"))


@pytest.mark.parametrize(
    ("header", "row", "title", "text", "metadata"),
    [
        ("ID,Title,Text", "7,T,words", "T", "words", {}),
        ("id,subject,body", "7,T,words", "T", "words", {}),
        ("question,answer", "Why?,Because.", "Why?", "Because.", {}),
        ("Question,Answer,team", "Why?,Because.,HR", "Why?", "Because.", {"team": "HR"}),
        ("content", "words", "", "words", {}),
    ],
)
def test_texts_by_other_names(
    reading: Reading, header: str, row: str, title: str, text: str, metadata: dict[str, str]
) -> None:
    """Where no field was named, text, content, body and answer are texts, in whatever case."""
    (made,) = documents(reading(f"{header}\n{row}\n"))
    assert (made.title, made.text, made.metadata) == (title, text, metadata)


def test_a_table_without_a_text(reading: Reading) -> None:
    """A row is its text, a line a column; its first column that is no id is the title. All can be filtered by."""
    first, second = documents(reading("id,product,price,colour\nN-1,Pump,450,\nN-2,Valve,12,red\n"))

    assert (first.title, first.text) == ("Pump", "id: N-1\nproduct: Pump\nprice: 450")
    assert (second.title, second.text) == ("Valve", "id: N-2\nproduct: Valve\nprice: 12\ncolour: red")
    assert first.uri.endswith("#N-1")
    assert first.metadata == {"product": "Pump", "price": "450"}
    assert (first.unread, second.unread) == ((), ())


def test_a_table_without_a_text_and_more_than_metadata_holds(reading: Reading) -> None:
    """The text has it all, so nothing is lost."""
    long = "word " * 2_000
    names = ",".join(f"name-{number}" for number in range(300))
    (made,) = documents(reading(f"{names},notes\n{','.join('x' * 300)},{long}\n"))
    assert "name-299: x" in made.text
    assert long.strip() in made.text
    assert len(made.metadata) == 100


def test_a_very_long_text(reading: Reading) -> None:
    """The standard library's limit of 128 KiB for a field does not apply."""
    assert [len(text) for text in texts(reading("text\n" + "word " * 40_000 + "\n"))] == [200_000]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no text"),
        ("\n\n", "holds no text"),
        (",,\n,,\n", "holds no text"),
        ("id,text\n", "holds no records"),
    ],
)
def test_empty_tables(reading: Reading, content: str, said: str) -> None:
    """Tables without rows fail with a reason."""
    assert reason(reading(content)) == said


def test_two_rows_of_one_id(reading: Reading) -> None:
    """The second is named with its line; unicode and blanks in ids are kept apart."""
    found = reading("id,text\nä 1,a\n ä 1 ,b\nä  1,c\n")
    assert [type(one) for one in found] == [Document, ReadFailure, Document]
    assert isinstance(found[1], ReadFailure)
    assert found[1].reason == "line 3 has the 'id' of an earlier record; the first was kept"


def test_a_wide_header_over_short_rows_takes_no_room(reading: Reading) -> None:
    """Rows of a byte are not filled up to the header's width; what is said of them is short."""
    names = ",".join(f"name-{number}" for number in range(5_000))
    tracemalloc.start()
    found = reading(f"{names},text\n" + "x\n" * 5_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found) == 5_000
    assert most < 50_000_000
    assert all(isinstance(one, ReadFailure) and len(one.reason) < 300 for one in found)
    assert "and 4,980 others" in reason(reading(f"{names}\nx\n", text="text"))


def test_a_large_table_takes_time_by_its_size(reading: Reading) -> None:
    """Ten times the rows take about ten times as long."""

    def seconds(rows: int) -> float:
        began = time.process_time()
        reading("id,title,text\n" + "".join(f"{n},T,words of row {n}\n" for n in range(rows)))
        return time.process_time() - began

    seconds(100)
    assert seconds(30_000) < 40 * max(seconds(3_000), 0.05)


def test_a_guessed_encoding_is_told_once(reading: Reading) -> None:
    """With the first row, whatever the format."""
    for name, content in (
        ("a.csv", "id,text\n1,Straße in Köln\n2,Müller\n"),
        ("a.json", '[{"text": "Straße in Köln"}, {"text": "Müller"}]'),
        ("a.jsonl", '{"text": "Straße in Köln"}\n{"text": "Müller"}\n'),
    ):
        first, second = documents(reading(content.encode("windows-1252"), name))
        assert (first.text, second.text) == ("Straße in Köln", "Müller")
        assert len(first.unread) == 1
        assert first.unread[0].startswith("encoding guessed as ")
        assert second.unread == ()


def test_no_cell_is_lost_whatever_a_row_looks_like(reading: Reading) -> None:
    """Rows made at random: each word of each is in its document, or the failure says which line it is."""
    chance = random.Random(17)
    for _ in range(200):
        mark = chance.choice([",", ";", "\t", "|"])
        words = (f"w{number}" for number in range(10_000))
        names = chance.choice(
            [["id", "title", "text"], ["text", "team"], ["a", "b", "c"], ["id", "text", "text"]]
        )
        rows = [
            [
                chance.choice(["{}", '"{}"', '{}"', " {}", "{} ", '"{}" x']).format(next(words))
                for _ in range(chance.randint(1, 6))
            ]
            for _ in range(chance.randint(1, 5))
        ]
        table = "\n".join(mark.join(row) for row in [names, *rows])
        found = reading(table)
        said = " ".join(
            f"{one.uri} {one.title} {one.text} {dict(one.metadata)}"
            if isinstance(one, Document)
            else one.reason
            for one in found
        )
        for line, row in enumerate(rows, start=2):
            for word in re.findall(r"w\d+", " ".join(row)):
                assert re.search(rf"{word}\b", said) or re.search(rf"line {line}\b", said), (
                    table,
                    word,
                    said,
                )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text\nHello, world\na; b\tc\n", ["Hello, world", "a; b\tc"]),
        ('"text"\n"Hello, ""world"""\nplain\n', ['Hello, "world"', "plain"]),
        ("notes\na; b\nc; d\n", ["notes: a; b", "notes: c; d"]),
    ],
)
def test_a_single_column_has_no_marks(reading: Reading, content: str, expected: list[str]) -> None:
    """A comma in its lines is one of the text, and there is nothing to tell."""
    made = documents(reading(content))
    assert [(one.text, one.unread) for one in made] == [(text, ()) for text in expected]


@pytest.mark.parametrize(
    "above",
    [
        "# exported,on Monday\n# by Ann\n",
        "# exported, by Ann, on 5 May, 2024\n",
        "Prices 2024,,\n",
        "Prices 2024\n",
    ],
)
def test_names_right_below_a_comment_or_a_headline(reading: Reading, above: str) -> None:
    """No empty line parts them; a comment may have as many commas as it likes."""
    first, second = documents(reading(f"{above}name,price,team\nScrew,4,a\nNut,5,b\n"))
    assert (first.text, second.text) == ("name: Screw\nprice: 4\nteam: a", "name: Nut\nprice: 5\nteam: b")
    assert len(first.unread) == 1
    assert "above the header" in first.unread[0]


@pytest.mark.parametrize("header", ["#,name,price", "#id,text,price", "name,,"])
def test_a_header_that_looks_like_one_of_these(reading: Reading, header: str) -> None:
    """A column may be called #, and others nothing at all."""
    (made,) = documents(reading(f"{header}\n1,Screw,4\n"))
    assert made.unread == ()
