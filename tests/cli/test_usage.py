"""Records of the cache as a person and as a program read them."""

from __future__ import annotations

import json

import pytest

from runner.cli.du import as_json, sums
from runner.cli.usage import ago, details, table
from runner.disk import UsageRecord

NOW = 1_700_000_000_123_000_000
LAYER = UsageRecord(
    id="layer",
    size=12_345_678,
    in_use=True,
    mutable=False,
    shared=True,
    type="regular",
    description='RUN echo "a"',
    parents=("one", "two"),
    usage_count=3,
    created=NOW - 3600 * 10**9,
    last_used=NOW - 90 * 10**9,
)
MOUNT = UsageRecord(
    id="a-cache-mount",
    size=1000,
    in_use=False,
    mutable=True,
    shared=False,
    type="exec.cachemount",
    description="",
    parents=(),
    usage_count=0,
    created=NOW,
    last_used=None,
)

SECONDS = {
    -5: "0 seconds ago",
    0: "0 seconds ago",
    1: "1 second ago",
    59: "59 seconds ago",
    60: "1 minute ago",
    3599: "59 minutes ago",
    3600: "1 hour ago",
    47 * 3600: "47 hours ago",
    48 * 3600: "2 days ago",
    13 * 86400: "13 days ago",
    14 * 86400: "2 weeks ago",
    60 * 86400: "2 months ago",
    729 * 86400: "24 months ago",
    730 * 86400: "2 years ago",
}


def test_a_star_marks_what_may_change_and_what_is_shared() -> None:
    assert table([LAYER, MOUNT], NOW).splitlines() == [
        "ID               RECLAIMABLE   SIZE       LAST ACCESSED",
        "layer            false         12.35MB*   1 minute ago",
        "a-cache-mount*   true          1kB",
    ]


def test_no_records_are_a_header() -> None:
    assert table([], NOW) == "ID   RECLAIMABLE   SIZE   LAST ACCESSED"


def test_all_that_is_known_and_nothing_else() -> None:
    assert details(LAYER, NOW).splitlines() == [
        "ID:            layer",
        "Parents:       one, two",
        "Created at:    2023-11-14T21:13:20.123Z",
        "Mutable:       false",
        "Reclaimable:   false",
        "Shared:        true",
        "Size:          12.35MB",
        'Description:   RUN echo "a"',
        "Usage count:   3",
        "Last used:     1 minute ago",
        "Type:          regular",
    ]
    assert "Parents" not in details(MOUNT, NOW)
    assert "Last used" not in details(MOUNT, NOW)


def test_sums_tell_what_is_shared_where_something_is() -> None:
    assert sums([LAYER, MOUNT]).splitlines() == [
        "Shared:        12.35MB",
        "Private:       1kB",
        "Reclaimable:   1kB",
        "Total:         12.35MB",
    ]
    assert sums([MOUNT]).splitlines() == ["Reclaimable:   1kB", "Total:         1kB"]


def test_json_has_docker_buildx_keys_and_exact_values() -> None:
    assert json.loads(as_json(LAYER)) == {
        "CreatedAt": "2023-11-14T21:13:20.123Z",
        "Description": 'RUN echo "a"',
        "ID": "layer",
        "LastUsedAt": "2023-11-14T22:11:50.123Z",
        "Mutable": False,
        "Parents": ["one", "two"],
        "Reclaimable": False,
        "Shared": True,
        "Size": "12345678",
        "Type": "regular",
        "UsageCount": 3,
    }
    assert json.loads(as_json(MOUNT))["LastUsedAt"] == ""


@pytest.mark.parametrize("seconds", SECONDS)
def test_an_age_has_one_unit(seconds: int) -> None:
    assert ago(NOW - seconds * 10**9, NOW) == SECONDS[seconds]
