"""What the pages say, in each language.

`LANGUAGE/SECTION.toml`, beside this file, holds a section's texts; both languages have the same
keys and the same placeholders. A key with dots, ``statistics.how_counted``, is ``how_counted`` of
``statistics.toml``. Texts hold no markup: what they are put into is escaped.

The labels, questions and methods that come from data files are in English everywhere; a page in
another language marks them so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from asylumatlas.evidence.suggestion import did_you_mean

LANGUAGES = {"en": "English", "es": "Español"}
TAGS = {"en": "en", "es": "es-US"}  # numbers are written as in English: 1,234.5
DEFAULT = "en"


class WordsError(ValueError):
    """A text that does not exist, or that lacks a placeholder; one line."""


@cache
def texts(language: str) -> Mapping[str, str]:
    """Return every text of a language by its dotted key.

    Args:
        language: a key of `LANGUAGES`.

    Raises:
        WordsError: a file holds something other than texts.

    Example:
        >>> texts("es")["site.language"]
        'Español'
    """
    found: dict[str, str] = {}
    for file in (files("asylumatlas.web") / "words" / language).iterdir():
        if not file.name.endswith(".toml"):
            continue
        section = file.name.removesuffix(".toml")
        _flatten(section, tomllib.loads(file.read_text(encoding="utf-8")), found)
    return found


def say(language: str, key: str, **values: object) -> str:
    """Return a text in a language, its placeholders filled.

    Args:
        language: a key of `LANGUAGES`.
        key: ``section.name``.
        values: for the placeholders.

    Raises:
        WordsError: there is no such text, or a placeholder has no value.

    Example:
        >>> say("en", "site.title", page="Flow")
        'Flow - Asylum Atlas'
    """
    known = texts(language)
    if key not in known:
        raise WordsError(f'words/{language}: no text "{key}".{did_you_mean(key, known)}')
    try:
        return known[key].format(**values) if values else known[key]
    except (KeyError, IndexError) as error:
        raise WordsError(f"words/{language}: {key}: no value for {error}.") from error


def day(language: str, value: str | date) -> str:
    """Return a day, month or year in words; anything that is no date stays as it is.

    Example:
        >>> day("en", "2018-05-04"), day("es", "2018-05-04"), day("es", "2018-05")
        ('4 May 2018', '4 de mayo de 2018', 'mayo de 2018')
        >>> day("en", "FY2016")
        'FY2016'
    """
    text = value.isoformat() if isinstance(value, date) else value
    parts = text.split("-")
    if not (len(parts) in (2, 3) and all(part.isdigit() for part in parts)):
        return text
    month = say(language, "dates.months").split()[int(parts[1]) - 1]
    if len(parts) == 2:
        return say(language, "dates.month", month=month, year=parts[0])
    return say(language, "dates.day", day=int(parts[2]), month=month, year=parts[0])


def _flatten(prefix: str, table: Mapping[str, object], found: dict[str, str]) -> None:
    for name, value in table.items():
        key = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            _flatten(key, value, found)
        elif isinstance(value, str):
            found[key] = value
        else:
            raise WordsError(f"words: {key}: {value!r} is no text. Put it in quotation marks.")
