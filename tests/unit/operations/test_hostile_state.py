"""Files of our own that hold nonsense are refused or passed over; none of them is a bug."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import table
from mcpinstall.indexes import Store
from mcpinstall.model.names import slug
from mcpinstall.model.plan import Request
from mcpinstall.operations import configuration, host_choice
from mcpinstall.operations.context import Context
from mcpinstall.system.files import private_folder


@pytest.mark.parametrize("text", ["a=" + "[" * 50_000, "a=" + "9" * 6000, "a", "\udcff"])
def test_a_configuration_that_is_no_toml_is_refused(home: Path, text: str) -> None:
    context = Context.current()
    path = private_folder(context.paths.config) / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(McpInstallError) as refused:
        configuration.configured(context)

    assert refused.value.code is ErrorCode.CONFIG_INVALID
    assert str(home) in refused.value.message


def test_a_damaged_last_choice_chooses_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context.current()
    (private_folder(context.paths.data) / "last-hosts.json").write_text("[" * 60_000)
    monkeypatch.setattr("mcpinstall.hosts.detected", lambda _: table()[:2])

    assert len(host_choice.choose(Request(names=()), context).candidates) == 2
    assert home.exists()


def test_pruning_by_an_age_beyond_all_time_removes_nothing(tmp_path: Path) -> None:
    entry = private_folder(tmp_path / "ab") / ("ab" * 32)
    entry.write_bytes(b"x")

    freed = Store(tmp_path).prune(now=datetime.now(UTC), days=10**12)

    assert freed.files == 0
    assert entry.exists()


def test_a_relative_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "here")

    with pytest.raises(McpInstallError) as refused:
        Context.current()

    assert refused.value.code is ErrorCode.STATE_UNSAFE


def test_a_receipt_of_a_name_that_is_no_text_is_one_of_no_server() -> None:
    whole, broken = slug("0" * 64, "a/clock"), slug("0" * 64, "a/clock\ud800")

    assert whole.startswith("clock-")
    assert broken.startswith("clock-")
    assert broken != whole
