"""Another language is told from the passage's own, by script and small words."""

import pytest

from retrain.dataset.replies.languages import other_language

TEXTS = {
    "english": "Passports are renewed at the town hall. The fee is 30 euros for adults. Bring the old one.",
    "german": "Der Reisepass wird im Rathaus verlängert. Die Gebühr ist 30 Euro für Erwachsene.",
    "french": "Le passeport est renouvelé à la mairie. Les frais sont de 30 euros pour les adultes.",
    "spanish": "El pasaporte se renueva en el ayuntamiento. La tasa es de 30 euros para los adultos.",
    "italian": "Il passaporto si rinnova in municipio. La tassa è di 30 euro per gli adulti. Portate quello vecchio.",
    "dutch": "Het paspoort wordt op het gemeentehuis verlengd. De kosten zijn 30 euro voor volwassenen.",
    "russian": "Паспорт продлевают в ратуше. Пошлина для взрослых составляет 30 евро..",
    "polish": "Paszport odnawia się w urzędzie miasta. Opłata wynosi 30 euro dla dorosłych. Należy wziąć ze sobą "
    "stary i zdjęcie, które nie jest starsze niż rok.",
    "chinese": "护照在市政厅更新。成人费用为30欧元。请携带旧护照和照片。",
    "japanese": "パスポートは市役所で更新します。大人の手数料は30ユーロです。",
    "greek": "Το διαβατήριο ανανεώνεται στο δημαρχείο. Το τέλος είναι 30 ευρώ για ενήλικες.",
}
QUESTIONS = {
    "english": "Where can I renew my passport?",
    "german": "Wo kann ich meinen Pass verlängern?",
    "french": "Où puis-je faire renouveler mon passeport ?",
    "spanish": "¿Dónde puedo renovar mi pasaporte?",
    "italian": "Dove posso rinnovare il mio passaporto?",
    "dutch": "Waar kan ik mijn paspoort verlengen?",
    "russian": "Где можно продлить загранпаспорт?",
    "polish": "Gdzie można odnowić mój paszport?",
    "chinese": "在哪里可以更新护照?",
    "japanese": "パスポートはどこで更新できますか?",
    "greek": "Πού μπορώ να ανανεώσω το διαβατήριό μου;",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_language_is_its_own(language: str) -> None:
    """A question in the passage's language is never taken for another's."""
    assert not other_language(QUESTIONS[language], TEXTS[language])


@pytest.mark.parametrize("asked", QUESTIONS)
@pytest.mark.parametrize("language", TEXTS)
def test_another_language_is_told(asked: str, language: str) -> None:
    """A question in any other language is, beside passages in each of them."""
    assert other_language(QUESTIONS[asked], TEXTS[language]) == (asked != language)


@pytest.mark.parametrize(
    "text",
    [
        "Pasaportumu nasıl yenileyebilirim?",  # Turkish
        "Hogyan újíthatom meg az útlevelemet?",  # Hungarian
        "Jak mohu obnovit svůj pas?",  # Czech
        "Hur förnyar jag mitt pass?",  # Swedish
        "Bagaimana cara memperpanjang paspor saya?",  # Indonesian
        "passportはどのように申請しますか?",
        "如何申请 passport?",
        "여권은 어디에서 갱신합니까?",
        "أين يمكنني تجديد جواز سفري؟",
        "पासपोर्ट कहाँ नवीनीकृत होता है?",
    ],
)
def test_other_languages_are_told_from_english(text: str) -> None:
    """By their script, or by small words and letters that English has not."""
    assert other_language(text, TEXTS["english"])


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("passport renewal fee", TEXTS["english"]),
        ("travel document extension procedure", TEXTS["english"]),
        (
            "Who is El Niño named after?",
            "El Niño is named after the child Jesus, as fishermen of Peru called it.",
        ),
        (
            "What does raison d'être mean?",
            "Raison d'être is the most important reason for somebody's existence.",
        ),
        (
            "What is Landolt C and snellen e acuity?",
            "Visual acuity depends on the optotypes used for measurement.",
        ),
        ("E-1042 E-1043", TEXTS["russian"]),
        ("PCR test", "新冠病毒的 PCR test 在哪里做？核酸检测点每天开放。"),
        ("护照 更新", TEXTS["japanese"]),
        ("Where is the registry?", "None."),
        ("Reiseziel mit Hund", TEXTS["german"]),
        ("", TEXTS["english"]),
        ("Where is it?", ""),
    ],
)
def test_what_is_not_certain_is_let_through(text: str, known: str) -> None:
    """Keywords, names and loanwords, codes, terms that the passage has, and texts too short to tell."""
    assert not other_language(text, known, sentence="?" in text)
