"""Filters of cache records: docker buildx's texts become containerd's selectors."""

import pytest

from runner.errors import UsageError
from runner.specs.filters import Filters, parse_filters

SELECTORS = {
    "id=abc": 'id~="abc"',
    "id==abc": 'id~="abc"',
    "id!=abc": 'id!="abc"',
    "ID = abc": 'id~="abc"',
    "parents=a;b": 'parents=="a;b"',
    "parent=a": 'parents=="a"',
    "description~=golang|node": 'description~="golang|node"',
    "description=a, b = c": 'description=="a, b = c"',
    'description~=^\\[1/2\\] "x"': 'description~="^\\\\[1/2\\\\] \\"x\\""',
    "description=ünï": 'description=="ünï"',
    "type=source.local": 'type=="source.local"',
    "type!=exec.cachemount": 'type!="exec.cachemount"',
    "type~=^source": 'type~="^source"',
    "inuse": "inuse",
    "inuse=true": "inuse",
    "inuse=1": "inuse",
    "mutable": "mutable",
    "mutable=false": "immutable",
    "immutable=false": "mutable",
    "shared=0": "private",
    "private=true": "private",
    "": "",
}

HOURS = {
    "until=24h": 24.0,
    "until==1h30m": 1.5,
    "until=7200": 2.0,
}

WRONG = {
    "tpye=regular": ("unknown key 'tpye'", "Did you mean type?"),
    "size=1": ("unknown key 'size'", "Known: description, id, immutable, inuse,"),
    "=x": ("unknown key ''", "Known: "),
    "type=exec.cachmount": ("there is no type 'exec.cachmount'", "Did you mean exec.cachemount?"),
    "type!=exec.cachmount": ("there is no type 'exec.cachmount'", "Did you mean exec.cachemount?"),
    "type": ("it has no value", "Such as type=VALUE."),
    "id=": ("it has no value", "Such as id=VALUE."),
    "id~abc": ("it is not KEY=VALUE, KEY!=VALUE or KEY~=REGEX", ""),
    "id=\ud800": ("it has characters that cannot be printed", ""),
    "description=a\nb": ("it has characters that cannot be printed", ""),
    "inuse=false": ("it is not inuse or inuse=true", ""),
    "inuse!=true": ("it is not inuse or inuse=true", ""),
    "mutable=maybe": ("it is not mutable or mutable=true", ""),
    "mutable~=true": ("it is not mutable or mutable=true", ""),
    "until!=24h": ("it is not until=TIME", "Such as until=24h."),
    "until": ("it is not until=TIME", "Such as until=24h."),
}


@pytest.mark.parametrize("text", SELECTORS)
def test_each_is_said_as_the_daemon_reads_it(text: str) -> None:
    assert parse_filters([text]) == Filters(SELECTORS[text])


@pytest.mark.parametrize("text", HOURS)
def test_until_is_the_time_without_use(text: str) -> None:
    assert parse_filters([text]) == Filters(unused=HOURS[text] * 3600)


def test_all_of_several_must_match() -> None:
    found = parse_filters(["type!=regular", "until=1h", "type!=source.local", "until=2h", "shared"])
    assert found == Filters('type!="regular",type!="source.local",shared', 7200)


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_one_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filters([text])
    why, hint = WRONG[text]
    assert caught.value.message == f"reading --filter {text!r}: {why}"
    assert caught.value.hint.startswith(hint)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="reading the duration 'soon'"):
        parse_filters(["until=soon"])


def test_what_the_daemon_would_not_compare_is_refused() -> None:
    with pytest.raises(UsageError, match="the daemon does not look at parents here"):
        parse_filters(["parent!=a"], without=("parents",))
