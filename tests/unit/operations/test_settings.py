"""`--set` pairs find their server."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import settings

_KNOWN = {"git": ["repository"], "files": ["repository", "root"], "time": []}


def test_a_bare_name_goes_to_the_one_server_that_has_it() -> None:
    values = settings.by_entry([("root", "/srv")], _KNOWN)

    assert values == {"git": {}, "files": {"root": ["/srv"]}, "time": {}}


def test_a_prefix_chooses_among_several() -> None:
    values = settings.by_entry([("git.repository", "/a"), ("files.repository", "/b")], _KNOWN)

    assert values["git"] == {"repository": ["/a"]}
    assert values["files"] == {"repository": ["/b"]}


def test_repeated_values_keep_their_order() -> None:
    values = settings.by_entry([("root", "/b"), ("root", "/a")], _KNOWN)

    assert values["files"]["root"] == ["/b", "/a"]


def test_a_name_may_hold_a_dot() -> None:
    values = settings.by_entry([("a.b", "1"), ("git.a.b", "2")], {"git": ["a.b"], "time": []})

    assert values["git"] == {"a.b": ["1", "2"]}


def test_a_name_in_another_case_is_suggested() -> None:
    with pytest.raises(McpInstallError) as refused:
        settings.by_entry([("api-key", "x")], {"git": ["API_KEY", "repository"]})

    assert refused.value.hint == "inputs: `API_KEY`"


@pytest.mark.parametrize(
    ("key", "code", "hint"),
    [
        ("repository", ErrorCode.INPUT_INVALID, "git.repository"),
        ("repositry", ErrorCode.INPUT_UNKNOWN, "repository"),
        ("time.repository", ErrorCode.INPUT_UNKNOWN, "repository"),
    ],
)
def test_a_name_that_fits_several_or_none_is_refused(key: str, code: ErrorCode, hint: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        settings.by_entry([(key, "x")], _KNOWN)

    assert refused.value.code is code
    assert hint in refused.value.hint
