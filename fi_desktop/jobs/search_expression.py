"""A query as FTS5 reads it: the numbers of its words in the vocabulary of the index."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import apsw

from fi_desktop.jobs.search_query import SearchQuery, SearchTerm, role_of
from fi_desktop.jobs.spoken_words import keys_of

_MOST_COMPLETIONS = 40  # words that begin like one that is still typed; those in most results
_MOST_PHRASES = 6  # each completion of a phrase is a phrase, and takes as long
_BEGINS = (
    "SELECT number FROM vocabulary WHERE word >= ? AND word < ? || char(1114111)"
    " ORDER BY results DESC LIMIT ?"
)


class ExpressionBuilder:
    """Builds expressions for one search; words that are in no result have no number."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def build(self, query: SearchQuery) -> str:
        """Return the expression; "" if no line can be found."""
        wanted = [self._term(term) for term in query.terms if not term.excluded]
        if query.speaker:
            wanted.append(self._speaker(query.speaker))
        if not wanted or not all(wanted):
            return ""
        expression = " AND ".join(f"({part})" for part in wanted)
        excluded = [part for term in query.terms if term.excluded and (part := self._term(term))]
        return f"({expression}) NOT ({' OR '.join(excluded)})" if excluded else expression

    def _term(self, term: SearchTerm) -> str:
        if term.phrase:
            return self._phrase("words", term.words, begins=term.begins)
        numbers = self._numbers(term.words)
        parts = [f"{{words stems}} : ({' OR '.join(numbers)})"] if numbers else []
        if term.begins and (numbers := self._completions(term.words[0])):
            parts.append(f"words : ({' OR '.join(numbers)})")
        return f"({' OR '.join(parts)})" if parts else ""

    def _phrase(self, column: str, words: Sequence[str], *, begins: bool) -> str:
        """Return an expression for words that follow each other."""
        *first, last = words
        numbers = self._numbers(first)
        if len(numbers) < len(first):
            return ""
        ends = self._completions(last)[:_MOST_PHRASES] if begins else self._numbers([last])
        phrases = (" ".join((*numbers, end)) for end in ends)
        alternatives = " OR ".join(f'"{phrase}"' for phrase in phrases)
        return f"{column} : ({alternatives})" if alternatives else ""

    def _speaker(self, speaker: str) -> str:
        keys = keys_of(unicodedata.normalize("NFC", speaker))
        parts = [self._phrase("name", keys, begins=True)] if keys else []
        if (role := role_of(speaker)) is not None:
            parts.append(f"role : {role.value}")
        parts = [part for part in parts if part]
        return f"({' OR '.join(parts)})" if parts else ""

    def _numbers(self, words: Iterable[str]) -> list[str]:
        """Return the number of each word that has one."""
        query = "SELECT number FROM vocabulary WHERE word = ?"
        found = (self._connection.execute(query, (word,)).fetchall() for word in words)
        return [str(rows[0][0]) for rows in found if rows]

    def _completions(self, word: str) -> list[str]:
        """Return the numbers of words that begin like this."""
        found = self._connection.execute(_BEGINS, (word, word, _MOST_COMPLETIONS)).fetchall()
        return [str(number) for (number,) in found]
