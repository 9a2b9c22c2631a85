"""Words of questions that carry no topic, and questions cut out of texts."""

from rag.text.stop_words import stop_words
from retrain.dataset.wording import STOP_WORDS, content_words, without


def test_topic_words_are_left() -> None:
    """Words that carry no topic go."""
    assert content_words("What are the symptoms of adult leukemia?") == ["symptoms", "adult", "leukemia"]


def test_stop_words_are_those_that_data_was_mined_with() -> None:
    """Mined data is reproducible: the words are fixed, and so is each difference from retrieval's list."""
    mined_with = """
    a about am an and any are as at be been being but by can could did do does doing for from get had has have having
    he her here his how i if in into is it its just may me might more most much must my no not of on only or other our
    over she should so some such tell than that the their them then there these they this those to too under until up
    us was we were what when where which while who whom whose why will with would you your
    """
    besides = "get more most much only other over tell under until up"
    left_out = """
    all also done hers him itself nor ours shall theirs very yours
    aren couldn didn doesn don hadn hasn haven isn shouldn wasn weren wouldn
    """
    assert set(mined_with.split()) == STOP_WORDS
    assert set(besides.split()) == STOP_WORDS - stop_words("english")
    assert set(left_out.split()) == stop_words("english") - STOP_WORDS


def test_question_is_cut_out_of_its_passage() -> None:
    """A title, in whatever case and blanks, does not stay in the text trained on."""
    text = "Elective  Surgery\nelective surgery is available again: ask your doctor."
    assert without(text, "Elective surgery") == "is available again: ask your doctor."


def test_a_part_of_a_word_is_not_cut() -> None:
    """Only whole words are cut."""
    assert without("The carpet is red.", "car") == "The carpet is red."


def test_text_without_the_question_stays_as_it_is() -> None:
    """Nothing else is touched, line breaks and double blanks included."""
    text = "One  line.\n\n* another"
    assert without(text, "something else entirely") == text
