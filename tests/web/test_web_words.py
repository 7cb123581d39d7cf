"""The interface's texts: both languages say the same, and every text is used."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from asylumatlas.web import words

WEB = Path(str(files("asylumatlas.web")))
FIELD = re.compile(r"\{(\w*)\}")
# Sections whose texts are looked up by names that come from data, not from the code.
BY_DATA = ("dates.",)


def test_both_languages_have_the_same_texts() -> None:
    english, spanish = words.texts("en"), words.texts("es")
    assert set(english) == set(spanish)


@pytest.mark.parametrize("language", list(words.LANGUAGES))
def test_texts_are_filled_and_plain(language: str) -> None:
    for key, text in words.texts(language).items():
        assert text.strip(), key
        assert not re.search(r"<\w|&\w+;", text), f"{key}: markup in a text"
        assert "\n" not in text, key


def test_both_languages_have_the_same_placeholders() -> None:
    english, spanish = words.texts("en"), words.texts("es")
    for key in english.keys() & spanish.keys():
        assert sorted(set(FIELD.findall(english[key]))) == sorted(
            set(FIELD.findall(spanish[key]))
        ), key


def test_spanish_is_not_left_in_english() -> None:
    english, spanish = words.texts("en"), words.texts("es")
    long = [key for key, text in english.items() if len(text.split()) >= 5]
    assert [key for key in long if english[key] == spanish.get(key)] == []


def test_every_text_is_used() -> None:
    """Each key stands in the code or in a template, whole or up to where a name is put in."""
    sources = [*WEB.rglob("*.py"), *(WEB / "templates").rglob("*.html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    # "statistics.kind_{kind}" in code, "statistics.kind_" ~ kind in a template
    begun = tuple(re.findall(r"[\"']([a-z_]+\.[a-z_.]*[_.])(?:\{|[\"'])", text))
    whole = set(re.findall(r"[\"']([a-z_]+\.[\w.-]+)[\"']", text))
    unused = [
        key
        for key in words.texts("en")
        if key not in whole and not key.startswith(begun) and not key.startswith(BY_DATA)
    ]
    assert unused == []


def test_every_text_asked_for_is_there() -> None:
    known = words.texts("en")
    for path in (WEB / "templates").rglob("*.html"):
        for key in re.findall(r"\bt\(\s*[\"']([\w.-]+)[\"']\s*[,)]", path.read_text("utf-8")):
            assert key in known, f"{path.name}: {key}"
    for path in WEB.rglob("*.py"):
        for key in re.findall(r"\bt\(\s*request,\s*\"([\w.-]+)\"\s*[,)]", path.read_text("utf-8")):
            assert key in known, f"{path.name}: {key}"


@pytest.mark.parametrize(
    ("value", "english", "spanish"),
    [
        ("2018-05-04", "4 May 2018", "4 de mayo de 2018"),
        ("2018-12-31", "31 December 2018", "31 de diciembre de 2018"),
        ("2018-05", "May 2018", "mayo de 2018"),
        ("2018", "2018", "2018"),
        ("2018-Q1", "2018-Q1", "2018-Q1"),
        ("FY2016", "FY2016", "FY2016"),
    ],
)
def test_days_in_words(value: str, english: str, spanish: str) -> None:
    assert words.day("en", value) == english
    assert words.day("es", value) == spanish


def test_an_unknown_text_names_the_nearest() -> None:
    with pytest.raises(words.WordsError, match=r'Did you mean "site.nav_home"'):
        words.say("en", "site.nav_hom")
    with pytest.raises(words.WordsError, match="no value for 'page'"):
        words.say("en", "site.title", pag="x")
