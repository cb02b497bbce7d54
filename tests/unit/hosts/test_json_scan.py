"""The scan of a JSON document, apart from the edits that are made of it."""

from __future__ import annotations

import pytest

from mcpinstall.hosts.json_scan import locate
from mcpinstall.model.host import Format


@pytest.mark.parametrize("dialect", [Format.JSON_COMMENTS, Format.JSONC])
@pytest.mark.parametrize("value", ["[", "{", "[[]", '["]"', "[ // ]"])
def test_a_bracket_that_is_not_closed_is_no_document(dialect: Format, value: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        locate(f'{{"a": {value}', dialect, ("servers",))


def test_values_beside_the_way_get_a_fingerprint_on_request_only() -> None:
    text = '{"a": 1, "b": {"c": []}}'

    plain, marked = locate(text, Format.JSON, ()), locate(text, Format.JSON, (), marks=True)

    assert [member.fingerprint for member in plain.objects[0].members] == [None, None]
    assert None not in [member.fingerprint for member in marked.objects[0].members]
