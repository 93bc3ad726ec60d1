"""The shared grammar: one line of CSV as Go reads it (checked against tonistiigi/go-csvvalue)."""

import pytest

from runner.errors import UsageError
from runner.specs import csvspec

FIELDS = {
    "a=b": ["a=b"],
    "a=b,c=d": ["a=b", "c=d"],
    "a=b,": ["a=b", ""],
    ",a": ["", "a"],
    '"a=b,c",d=e': ["a=b,c", "d=e"],
    '"a=""b"""': ['a="b"'],
    '"",""': ["", ""],
    'a,"b\nc"': ["a", "b\nc"],
    "a=b=c": ["a=b=c"],
    " a = b ": [" a = b "],
    "a=b\n": ["a=b"],
    "a=b\r\n": ["a=b"],
    "a=b\n\n": ["a=b\n"],
    "a=b\r": ["a=b\r"],
}

REFUSED = {
    'a"b': "a quote must open",
    'a,b"c"': "a quote must open",
    '"a': "not closed",
    '"a"b': "only a comma",
}


@pytest.mark.parametrize("text", FIELDS)
def test_fields(text: str) -> None:
    assert csvspec.fields("--x", text) == FIELDS[text]


@pytest.mark.parametrize("text", REFUSED)
def test_quotes_that_do_not_fit_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=REFUSED[text]):
        csvspec.fields("--x", text)


def test_attributes_have_lower_case_keys_and_the_last_counts() -> None:
    assert csvspec.attributes("--x", 'Type=Image, name =A,"k=1,2",k=3') == {
        "type": "Image",
        "name": "A",
        "k": "3",
    }


@pytest.mark.parametrize("text", ["push", "", "a=b,", "=x"])
def test_an_attribute_is_a_pair(text: str) -> None:
    with pytest.raises(UsageError, match="is not key=value"):
        csvspec.attributes("--x", text)


@pytest.mark.parametrize("pairs", [{"a": "b"}, {"a": "b,c", "d": 'e"f"'}, {"a": "", "b": "=,="}])
def test_joined_pairs_are_read_back(pairs: dict[str, str]) -> None:
    assert csvspec.attributes("--x", csvspec.join(pairs.items())) == pairs


def test_an_unknown_attribute_is_answered_with_the_nearest_or_with_all() -> None:
    known = {"push": csvspec.boolean, "name": csvspec.any_text}
    for key, hint in (("psh", "Did you mean push?"), ("zzz", "Known: name, push.")):
        with pytest.raises(UsageError, match=f"unknown attribute '{key}'") as caught:
            csvspec.check("--x", "…", {key: "1"}, known)
        assert caught.value.hint == hint


def test_values_are_checked_and_put_in_one_form() -> None:
    known = {"a": csvspec.boolean, "b": csvspec.integer, "c": csvspec.one_of("x", "y")}
    assert csvspec.check("--x", "…", {"a": "T", "b": "-3", "c": "y"}, known) == {
        "a": "true",
        "b": "-3",
        "c": "y",
    }
    assert csvspec.check("--x", "…", {"a": ""}, known) == {"a": "true"}
    for attrs, words in (
        ({"a": "yes"}, "a must be true or false, not 'yes'"),
        ({"b": "1x"}, "b must be a number, not '1x'"),
        ({"b": ""}, "b must be a number, not ''"),
        ({"c": "z"}, "c must be x or y, not 'z'"),
    ):
        with pytest.raises(UsageError, match=words):
            csvspec.check("--x", "…", attrs, known)
