"""Names of people, places and institutions: by lists, context and capitals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fi_desktop.core.numerals import word_list
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind
from fi_desktop.exporters.deidentified.name_lists import NameLists
from fi_desktop.exporters.deidentified.spoken_text import ABBREVIATIONS, Stream, phrases

TITLES = frozenset(
    word_list(
        "senor senora senorita sr sra srta srita don dona doctor doctora dr dra licenciado licenciada lic "
        "ingeniero ingeniera ing maestra maestro profesor profesora profe prof enfermera enfermero mr mrs "
        "ms mx miss mister nurse professor uncle aunt auntie tio tia grandma grandpa abuelita abuelito "
        "padre reverend sister brother father senores senoras paciente patient"
    )
)
_PARTICLES = frozenset(word_list("de del la las los van von der da di dos san santa mac mc bin al el"))
_INTRODUCED = phrases(
    "me llamo, mi nombre es, nombre completo es, nombre es, se llama, se llamaba, llamado, llamada, "
    "le dicen, me dicen, le decimos, soy, habla, apellido, apellidos, apellido es, apellida, "
    "apellido paterno, apellido materno, my name is, name is, name s, names are, call me, calls me, "
    "named, called, goes by, ask for, pregunte por, pregunta por, i m, i am, this is, surname, last "
    "name, first name, last name is, maiden name, it s"
)
# said before other words too
_BARELY = frozenset(
    (("soy",), ("i", "m"), ("i", "am"), ("this", "is"), ("it", "s"), ("habla",), ("called",), ("ask", "for"))
)
_KIN = frozenset(
    word_list(
        "esposo esposa marido mujer hijo hija hermano hermana mama papa madre padre abuelo abuela suegro "
        "suegra nieto nieta primo prima sobrino sobrina novio novia amigo amiga vecino vecina jefe jefa "
        "cunado cunada comadre compadre yerno nuera bebe husband wife son daughter mother father mom mum "
        "dad grandson granddaughter cousin nephew niece boyfriend girlfriend friend neighbor neighbour boss "
        "partner roommate baby stepson stepdaughter"
    )
)
_ASKED_NAME = frozenset(
    word_list("llama llamas nombre name called apellido apellidos surname apellida names")
)
_ASKED_WHO = frozenset(("who", "whose", "quien", "quienes")) | _KIN
_LAST_ASKED = 5  # words of a question that say what it is about
# first words of an answer to "what is your name?" that are none
_ANSWERS = frozenset(
    word_list(
        "si no claro digame bueno pues ah este mire yes yeah well sure okay it my i me mi yo soy se oh uh "
        "um hi hello hola buenos buenas gracias thanks thank para como perdon sorry what why que"
    )
)
_LOCATIVE = frozenset(word_list("en in from to near desde hacia at"))
_SAINTS = frozenset(("san", "santa", "santo", "saint", "st"))  # places and institutions
_LIVING = frozenset(
    word_list(
        "vivo vive viven vivimos vivia soy somos originario originaria vecino radico mudamos mude live "
        "lives lived living born grew moved vine vengo viene llegue viajo viaje"
    )
)
_INSTITUTIONS = frozenset(
    word_list(
        "hospital clinica sanatorio escuela primaria secundaria preparatoria colegio universidad instituto "
        "kinder guarderia iglesia parroquia empresa fabrica laboratorio laboratorios farmacia banco hotel "
        "restaurante seguros clinic school university college church company bank pharmacy academy "
        "kindergarten foundation fundacion asociacion"
    )
)
_AFTER_INSTITUTION = frozenset(
    word_list("hospital clinic school university college church academy inc bank elementary pharmacy")
)
_DISEASES = frozenset(
    word_list(
        "enfermedad sindrome signo signos escala prueba test maniobra mal reflejo metodo criterios indice "
        "puntaje ley linea disease syndrome sign scale score maneuver criteria palsy lymphoma sarcoma tumor "
        "index method criterion esofago anemia ulcera fenomeno triada demencia tiroiditis hernia sonda "
        "cateter"
    )
)
_AFTER_DISEASE = frozenset(
    word_list(
        "disease syndrome sign scale test score maneuver palsy lymphoma sarcoma phenomenon criteria "
        "esophagus thyroiditis catheter monitor coma contractions index virus"
    )
)
# after a name that is also a word: "Mark told me", "Rosa dijo"
_AFTER_NAME = frozenset(
    word_list(
        "told said will would says tells asked asks came called calls thinks wants wanted went has had was "
        "died lives dijo dice vino tiene quiere llamo murio vive trabaja piensa cree pregunto"
    )
)
_JOINED = (" ", "-", "'", "’", ". ")


@dataclass(slots=True)
class _Chunk:
    """Words with capitals in a row. first, last: their range, last excluded."""

    first: int
    last: int


class NameFinder:
    """Finds names in the streams of a transcript.

    Attributes:
        confirmed: keys of words that are surely parts of names, such as those of the speakers.
    """

    def __init__(
        self, lists: NameLists, confirmed: frozenset[str], lowered: frozenset[str] = frozenset()
    ) -> None:
        """lowered: keys of words that are written without a capital somewhere in the transcript."""
        self._lists, self._lowered = lists, lowered
        self.confirmed = set(confirmed)

    def find(self, stream: Stream) -> Iterator[Identifier]:
        """Return the names that can be told by themselves."""
        yield from self._spelled_out(stream)
        at = 0
        while at < len(stream.tokens):
            chunk = self._chunk(stream, at)
            if chunk is None:
                at += 1
                continue
            found = self._classified(stream, chunk)
            if found is not None:
                if found.kind is IdentifierKind.PERSON:
                    self._confirm(stream, chunk)
                yield found
            at = max(chunk.last, at + 1)

    def find_again(self, stream: Stream) -> Iterator[Identifier]:
        """Return other mentions of confirmed names: at the start of a sentence too."""
        at = 0
        while at < len(stream.tokens):
            last = at
            while last < len(stream.tokens) and self._is_confirmed(stream, last, joined=last > at):
                last += 1
            if last > at:
                yield stream.identifier(at, last, IdentifierKind.PERSON)
            at = max(last, at + 1)

    def _is_confirmed(self, stream: Stream, at: int, *, joined: bool) -> bool:
        key, token = stream.key(at), stream.tokens[at]
        if key not in self.confirmed or len(key) < 3 or (joined and token.gap not in _JOINED[:3]):
            return False
        if token.first and not joined and not self.stands_alone(stream, at):
            return False
        return token.capital or (
            self._lists.clear(key) and (not stream.cased or key not in self._lists.places)
        )

    def stands_alone(self, stream: Stream, at: int) -> bool:
        """Return whether the first word of a sentence is a name: "Rosa, pase", not "Dolores de cabeza"."""
        key = stream.key(at)
        if key not in self._lists.ordinary and key not in self._lists.capitals:
            return True
        if stream.ends(at + 1):
            return True
        following = stream.tokens[at + 1]
        return (following.capital and self._lists.known(following.key)) or following.key in _AFTER_NAME

    def _confirm(self, stream: Stream, chunk: _Chunk) -> None:
        for token in stream.tokens[chunk.first : chunk.last]:
            if token.key not in _PARTICLES and token.key not in TITLES and len(token.key) > 2:
                self.confirmed.add(token.key)

    # ---- chunks

    def _starts(self, stream: Stream, at: int) -> bool:
        """Return whether a word can be the first of a name."""
        key, token = stream.key(at), stream.tokens[at]
        if not key or not key.isalpha() or key in TITLES:
            return False
        if not stream.cased:
            place = key in self._lists.places and key not in self._lists.ordinary
            located = place and bool(_LOCATIVE.union(("de",)).intersection(stream.before(at, 1)))
            known = self._lists.known(key) and self._expected(stream, at)
            return located or known or self._lists.clear(key)
        if not token.capital:
            return self._lists.clear(key) and self._expected(stream, at)
        if token.acronym and not self._lists.known(key):
            return False
        return len(key) > 1 or self._lists.known(stream.key(at + 1)) or stream.gap(at + 1) in ("'", "’")

    def _continues(self, stream: Stream, at: int) -> bool:
        key = stream.key(at)
        if not key or stream.gap(at) not in _JOINED or not key.isalpha() or key in TITLES:
            return False
        if stream.gap(at) == ". " and not (
            len(stream.key(at - 1)) == 1 or stream.key(at - 1) in ABBREVIATIONS
        ):
            return False
        token = stream.tokens[at]
        if token.acronym and not self._lists.known(key):
            return False
        if not stream.cased or not token.capital:
            return self._lists.clear(key) and (not stream.cased or not stream.tokens[at - 1].capital)
        return not token.first

    def _chunk(self, stream: Stream, at: int) -> _Chunk | None:
        if not self._starts(stream, at):
            return None
        last = at + 1
        while last < len(stream.tokens):
            after = last
            while stream.key(after) in _PARTICLES and stream.gap(after) == " " and after - last < 3:
                after += 1
            if after < len(stream.tokens) and self._continues(stream, after):
                last = after + 1
                continue
            break
        return self._trimmed(stream, _Chunk(at, last))

    def _trimmed(self, stream: Stream, chunk: _Chunk) -> _Chunk | None:
        """Leave out words that identify nobody at both ends; None if nothing is left."""
        first, last = chunk.first, chunk.last
        while first < last and self._means_nothing(stream, first, last):
            first += 1
            while first < last and stream.key(first) in _PARTICLES and not stream.tokens[first].capital:
                first += 1
        while last > first and self._common(stream, last - 1):
            last -= 1
            while last > first and stream.key(last - 1) in _PARTICLES:
                last -= 1
        if first >= last:
            return None
        return _Chunk(first, last)

    def _means_nothing(self, stream: Stream, at: int, last: int) -> bool:
        if self._expected(stream, at) and not self._common(stream, at):
            return False
        if self._common(stream, at):
            return True
        token, key = stream.tokens[at], stream.key(at)
        if not token.first or key in self.confirmed or self._lists.clear(key):
            return False
        # a sentence starts: "Rosa Martínez" is a name, "Entonces María" and "Luz" are not
        following = stream.key(at + 1) if at + 1 < last else ""
        if self._lists.known(key) and self._lists.known(following):
            return False
        if key in self._lists.first and stream.key(at + 1) in _AFTER_NAME:
            return False
        if key in self._lists.first and key not in self._lists.capitals and stream.gap(at + 1) == ", ":
            return False
        return not (key in self._lists.places and key not in self._lists.ordinary)

    def _common(self, stream: Stream, at: int) -> bool:
        """Return whether a word with a capital identifies nobody."""
        key = stream.key(at)
        return key in self._lists.capitals and key not in self.confirmed and not self._lists.known(key)

    # ---- what a chunk is

    def _classified(self, stream: Stream, chunk: _Chunk) -> Identifier | None:
        keys = [token.key for token in stream.tokens[chunk.first : chunk.last]]
        names = [key for key in keys if key not in _PARTICLES]
        known = any(self._lists.known(key) for key in names)
        before, after = stream.before(chunk.first, 4), stream.key(chunk.last)
        previous = before[-1] if before else ""
        if self._is_disease(stream, chunk, before):
            return None
        if self._expected(stream, chunk.first):
            return stream.identifier(chunk.first, chunk.last, IdentifierKind.PERSON)
        if keys[-1] in _AFTER_INSTITUTION and len(keys) > 1:
            return stream.identifier(chunk.first, chunk.last, IdentifierKind.ORGANISATION)
        if after in _AFTER_INSTITUTION and stream.tokens[chunk.last].capital:
            return stream.identifier(chunk.first, chunk.last + 1, IdentifierKind.ORGANISATION)
        if keys[0] in _INSTITUTIONS:
            return (
                stream.identifier(chunk.first, chunk.last, IdentifierKind.ORGANISATION)
                if len(keys) > 1
                else None
            )
        institution = _institution(before)
        if institution:
            return stream.identifier(chunk.first, chunk.last, IdentifierKind.ORGANISATION)
        is_place = " ".join(keys) in self._lists.places
        located = previous in _LOCATIVE or (previous == "de" and bool(_LIVING.intersection(before[:-1])))
        if is_place and (located or not known):
            ordinary = all(key in self._lists.ordinary for key in names)
            return (
                None
                if ordinary and not located
                else stream.identifier(chunk.first, chunk.last, IdentifierKind.PLACE)
            )
        if not names:
            return None
        if keys[0] in _SAINTS and len(keys) > 1:
            return stream.identifier(chunk.first, chunk.last, IdentifierKind.PLACE)
        starts = self._lists.known(names[0]) or len(names) == len(keys)
        if (known and starts) or any(key in self.confirmed for key in names):
            if all(key in self._lists.capitals and key not in self.confirmed for key in names):
                return None
            return stream.identifier(chunk.first, chunk.last, IdentifierKind.PERSON)
        if not stream.cased or all(not token.capital for token in stream.tokens[chunk.first : chunk.last]):
            return None
        kin = previous in _KIN
        if not located and not kin and len(names) == 1 and names[0] in self._lowered:
            return None  # an ordinary word to which a sentence or a pause gave a capital
        kind = IdentifierKind.PLACE if located else IdentifierKind.PERSON if kin else IdentifierKind.NAME
        return stream.identifier(chunk.first, chunk.last, kind)

    def _is_disease(self, stream: Stream, chunk: _Chunk, before: tuple[str, ...]) -> bool:
        if before[-1:] in (("de",), ("del",)) and before[-2:-1] and before[-2] in _DISEASES:
            return True
        at = chunk.last + (stream.key(chunk.last) == "s")
        return stream.key(at) in _AFTER_DISEASE and not stream.tokens[at].capital

    def _expected(self, stream: Stream, at: int) -> bool:
        """Return whether what is said before a word says that a person's name follows."""
        key = stream.key(at)
        before = stream.before(at, 3)
        previous = before[-1] if before else ""
        gap = stream.gap(at)
        if self._titled(stream, at):
            return True
        if at in stream.asked and _ASKED_NAME.intersection(stream.asked[at]):
            answer = key not in self._lists.capitals and key not in _ANSWERS
            return answer and (self._lists.known(key) or self._short_answer(stream, at))
        if at in stream.questions and _ASKED_WHO.intersection(stream.asked[at][-_LAST_ASKED:]):
            unknown = not self._lists.known(key) and key not in self._lists.capitals
            return unknown and key not in _ANSWERS and stream.tokens[at].capital and stream.ends(at + 1)
        if gap not in (" ", ", ", ": "):
            return False
        for phrase in _INTRODUCED:
            if before[len(before) - len(phrase) :] == phrase:
                if gap != " " and phrase in _BARELY:
                    return False
                return phrase not in _BARELY or self._lists.known(key)
        return previous in _KIN and self._lists.known(key) and stream.tokens[at].capital

    def _titled(self, stream: Stream, at: int) -> bool:
        """Return whether a title is before a word: "señora de la Cruz", "Dr. Ruiz"."""
        start = at
        while start > 0 and stream.key(start - 1) in _PARTICLES and stream.gap(start) == " ":
            start -= 1
        title = stream.key(start - 1) if start else ""
        gap = stream.gap(start)
        return title in TITLES and (gap == " " or (gap == ". " and title in ABBREVIATIONS))

    def _short_answer(self, stream: Stream, at: int) -> bool:
        """Return whether the answer has a name's length."""
        segment = stream.tokens[at].place.segment
        words = [token for token in stream.tokens[at : at + 6] if token.place.segment == segment]
        return len(words) < 5 and all(token.capital or token.key in _PARTICLES for token in words)

    def _spelled_out(self, stream: Stream) -> Iterator[Identifier]:
        """Return names that are spelled: "R-U-I-Z"."""
        at = 0
        while at < len(stream.tokens):
            last = at
            while len(stream.key(last)) == 1 and stream.key(last).isalpha() and (
                last == at or stream.gap(last).strip() in ("", "-", ",", ".")
            ):  # fmt: skip
                last += 1
            if last - at > 2:
                joined = "".join(stream.key(index) for index in range(at, last))
                cue = any(word.startswith(("deletre", "spell")) for word in stream.before(at, 6))
                if cue or joined in self.confirmed or self._lists.clear(joined):
                    yield stream.identifier(at, last, IdentifierKind.PERSON, joined)
            at = max(last, at + 1)


def _institution(before: tuple[str, ...]) -> bool:
    """Return whether an institution's name follows: "hospital", "escuela de"."""
    words = [word for word in before if word not in _PARTICLES]
    return bool(words) and words[-1] in _INSTITUTIONS and before[-1] in (*_PARTICLES, words[-1])
