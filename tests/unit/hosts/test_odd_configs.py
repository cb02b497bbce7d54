"""Files as users have them: edited without losing a byte, or refused with the file as it was."""

from __future__ import annotations

import dataclasses

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, take_out
from tests.builders.documents import lost, seen
from tests.builders.hosts import host_file, no_chain, server
from tests.builders.odd_configs import OddConfig, configs

CONFIGS = configs()
VALID = [one for one in CONFIGS if one.is_valid and not one.may_refuse]
REFUSED = [one for one in CONFIGS if not one.is_valid or one.may_refuse]


def named(config: OddConfig) -> str:
    return f"{config.host}: {config.name}"


@pytest.mark.parametrize("config", VALID, ids=named)
def test_a_file_loses_nothing_and_is_given_back(config: OddConfig) -> None:
    row = find_rows(config.host)
    file = host_file(row, config.content)

    change = add(file, no_chain(row), server("ours"))

    assert change.after is not None
    assert lost(config.content or b"", change.after) == ""
    found, others = seen(row, change.after)
    before, others_before = seen(row, config.content)
    assert (found[:-1], others) == (before, others_before)
    assert found[-1][0] == "ours"
    edited = dataclasses.replace(file, content=change.after)
    assert take_out(edited, change.chain_after, "ours").after == config.content


@pytest.mark.parametrize("config", REFUSED, ids=named)
def test_a_broken_file_is_refused(config: OddConfig) -> None:
    row = find_rows(config.host)

    with pytest.raises(McpInstallError) as refused:
        add(host_file(row, config.content), no_chain(row), server("ours"))

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert refused.value.hint
