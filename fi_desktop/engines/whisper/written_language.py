"""Which of some languages a text is written in, by its letters and its most frequent words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Frequent words that hardly occur in the other languages of this table.
_WORDS = {
    "en": "the and of to is you that it for with what this have your my are was be will not do can how about",
    "es": "el los las y que una por para con está del su es muy pero más le usted tiene mi qué cuando hay",
    "fr": "le les et est une pour dans vous avec ce des pas je sur qui au nous votre il du être cette mais",
    "pt": "o os e uma para com não você em do da ao seu sua muito mais está dos isso também eu mas foi",
    "it": "il di che è per non una sono con gli della del ho lei come più anche questo si ma nel ha mi",
    "de": "der die und das ist nicht ein eine ich sie mit für auf es dem den wir haben zu von auch wie",
    "ca": "el els i que una per amb és del no les seu molt però més vostè té com quan aquest hi ha això",
}
_FREQUENT = {code: frozenset(words.split()) for code, words in _WORDS.items()}
# Languages that are not in Latin letters; the first words of their letters' Unicode names.
_SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ps", "ur"), "ARABIC"),
    **dict.fromkeys(("be", "bg", "kk", "mk", "mn", "ru", "sr", "tg", "uk"), "CYRILLIC"),
    **dict.fromkeys(("hi", "mr", "ne"), "DEVANAGARI"),
    **dict.fromkeys(("he", "yi"), "HEBREW"),
    **dict.fromkeys(("ja", "yue", "zh"), "CJK"),
    "bn": "BENGALI",
    "el": "GREEK",
    "ko": "HANGUL",
    "th": "THAI",
}
_LATIN = "LATIN"
_ALSO = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}

_LEAST = 3  # words or, in another script, letters
_CLEARLY = 3  # times as many as in any other language


def written_language(text: str, languages: Sequence[str]) -> str | None:
    """Return which of the languages a text is clearly written in; None if that is not clear."""
    counts = _by_script(text, languages)
    if counts is None:
        words = re.findall(r"[^\W\d_]+", text.casefold())
        counts = {code: sum(word in _FREQUENT.get(code, ()) for word in words) for code in languages}
    best = max(counts, key=lambda code: counts[code], default=None)
    if best is None or counts[best] < _LEAST:
        return None
    others = max((count for code, count in counts.items() if code != best), default=0)
    return best if counts[best] >= _CLEARLY * others else None


def _by_script(text: str, languages: Sequence[str]) -> dict[str, int] | None:
    """Count each language's letters; None if all the languages have the same script."""
    scripts = {code: _SCRIPTS.get(code, _LATIN) for code in languages}
    if len(set(scripts.values())) < 2:
        return None
    letters = [unicodedata.name(letter, "").split(" ")[0] for letter in text if letter.isalpha()]
    counts = {
        code: sum(_ALSO.get(name, name) == script for name in letters) for code, script in scripts.items()
    }
    latin = {code: count for code, count in counts.items() if scripts[code] == _LATIN}
    # Several languages have these letters: the words decide between them.
    return None if len(latin) > 1 and max(latin.values()) == max(counts.values()) else counts
