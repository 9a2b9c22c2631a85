"""Words are shared in every script."""

import pytest

from rag.text.overlap import content, shares, words


@pytest.mark.parametrize(
    ("asked", "right", "wrong"),
    [
        ("Who repairs the printer?", "Printers are repaired in room 12.", "The canteen is open at noon."),
        (
            "Можно ли приводить собаку в офис?",
            "Собаки в офисе разрешены.",
            "Больничный лист сдают в четверг.",
        ),
        ("年假有多少天？", "年假每年二十天。", "报销发票必须在三十天内提交。"),
        ("有給休暇は何日ですか", "有給休暇は二十日です。", "会議室は二階です。"),
        ("วันหยุดมีกี่วัน", "วันหยุดยี่สิบวัน", "ห้องประชุมอยู่ชั้นสอง"),
        ("छुट्टी कितने दिन की है?", "सालाना छुट्टी बीस दिन की है।", "बैठक कक्ष दूसरी मंजिल पर है।"),
        ("Πότε ανοίγει η καντίνα;", "Η καντίνα ανοίγει το μεσημέρι.", "Το γραφείο είναι κλειστό."),
        ("متى تفتح المكتبة؟", "تفتح المكتبة في التاسعة.", "الغرفة في الطابق الثاني."),
        ("wo ist das ﬁnale Büro", "Das finale Bu\u0308ro ist oben.", "Der Ausgang ist links."),
    ],
)
def test_what_answers_shares_more(asked: str, right: str, wrong: str) -> None:
    """Whatever the forms of the words."""
    better, worse = shares(content(asked), [words(right), words(wrong)])

    assert better > worse
    assert better >= 0.4


def test_shares_are_parts_of_what_is_asked() -> None:
    """All of it is 1, nothing 0; common words do not count beside others."""
    assert shares(content("the big red dog"), [words("a red dog, a big one"), words("the cat")]) == [1.0, 0.0]
    assert content("What is it?") == {"what", "is", "it"}
    assert content("What is the leave?") == {"leav"}
    assert shares(set(), [words("x")]) == [0.0]


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("Wann schließt die Küche?", {"schliesst", "kuche"}),
        ("Milloin on lounas?", {"louna"}),
        ("متى الإجازة؟", content("الإجازة")),
        ("Сколько стоит?", content("стоит")),
        ("Leave a comment on the dove", {"leav", "comment", "dove"}),
    ],
)
def test_question_words_carry_no_topic(question: str, about: set[str]) -> None:
    """In many languages; not those that English has in another sense."""
    assert content(question) == about
