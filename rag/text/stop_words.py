"""Words too common to find anything by, for a few languages. Elsewhere the IDF alone makes them weigh little."""

_ENGLISH = """
a about all also am an and any are aren as at be been being but by can could couldn did didn do does doesn doing don
done for from had hadn has hasn have haven having he her here hers him his how i if in into is isn it its itself just
may me might must my no nor not of on or our ours shall she should shouldn so some such than that the their theirs them
then there these they this those to too us very was wasn we were weren what when where which while who whom whose why
will with would wouldn you your yours
"""
_GERMAN = """
aber als am an auch auf aus bei bin bis da das dass dem den der des dich die dir du durch ein eine einem einen einer
eines er es für hat habe haben hatte ich ihm ihn ihr im in ins ist ja kann man mein mich mir mit nach nicht noch nur ob
oder sein seine sich sie sind so um und uns unter vom von vor war waren was welche welcher wenn wer wie wird wo zu zum
zur
"""
_FRENCH = """
à au aux avec c ce ces cette d dans de des du elle elles en est et eu il ils j je l la le les leur leurs lui m ma mais
me mes moi mon n ne nos notre nous on ont ou où par pas pour qu que quel quelle quelles quels qui s sa se ses son sont
sur t ta te tes ton tu un une vos votre vous y
"""
_SPANISH = """
a al con cual cuál cuando cuándo como cómo de del donde dónde e el él ella ellas ellos en entre era es esta está este
esto fue ha han hay la las le les lo los más me mi mis muy no nos o para pero por que qué quien quién se ser si sí sin
sobre son su sus te tu tus un una uno unos y ya yo
"""
_ITALIAN = """
a ad agli ai al alla alle anche c che chi ci come con cosa d da dal dalla dalle de degli dei del della delle di dove e
è ed era essere gli ha hanno ho i il in io l la le lei lo loro lui ma mi mio ne nei nel nella noi non o per più quale
quali quando questa questo se si sia sono su sul sulla suo ti tu un una uno vi voi
"""
_DUTCH = """
aan als ben bij daar dan dat de deze die dit door een en er had heb hebben heeft het hij hoe hun ik in is je kan me
met mij mijn na naar niet nog nu of om ons ook op over te tot u uit van veel voor waar wanneer was wat we welk welke
wie wij wordt worden ze zich zij zijn
"""
_PORTUGUESE = """
a à ao aos as às até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse esta está este eu
foi há isso já lhe mais mas me meu minha muito na não nas no nos nós o onde os ou para pela pelo por qual quais quando
que quem são se sem ser seu sua também te tem um uma você
"""
_RUSSIAN = """
а без бы был была были было в вам вас весь во вот все всё вы где да для до его ее её если есть же за и из или им их к
как какая какие какой когда кто ли мне можно мой мы на над нам нас не него нет ни но о об он она они от по под при с
свой себя со так такой там то тоже только ты у уже чем что чтобы эта эти это этот я
"""

_WORDS = {
    "english": _ENGLISH,
    "german": _GERMAN,
    "french": _FRENCH,
    "spanish": _SPANISH,
    "italian": _ITALIAN,
    "dutch": _DUTCH,
    "portuguese": _PORTUGUESE,
    "russian": _RUSSIAN,
}


def stop_words(language: str) -> frozenset[str]:
    """Return the language's stop words, casefolded; none for a language that has no list here."""
    return frozenset(_WORDS.get(language, "").split())
