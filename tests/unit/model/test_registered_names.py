"""Names and versions of a registry become folders, also on Windows; what is installed stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, names
from mcpinstall.model.receipt import Receipt
from mcpinstall.receipts import codec
from tests.builders import plans, registry_folders

DEVICES = ("con", "NUL", "aux", "Com1", "lpt9", "prn", "con.x", "aux.tools-2", "conin$")


@pytest.mark.parametrize("device", DEVICES)
def test_a_part_that_windows_takes_for_a_device_is_refused(device: str) -> None:
    asked = [(names.registered_version, device)]
    if "$" not in device:
        asked += [
            (names.registered_name, f"io.github.user/{device}"),
            (names.registered_name, f"{device}/server"),
        ]
    for parse, text in asked:
        with pytest.raises(McpInstallError) as refused:
            parse(text)
        assert refused.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize(
    "text",
    ["io.github.con/server", "io.github.user/console", "io.github.user/com10", "a.aux/b.nul"],
)
def test_names_that_only_hold_such_a_word_are_names(text: str) -> None:
    assert names.registered_name(text) == text


@pytest.mark.parametrize("text", ["1.0", "2026.10.19", "1.con", "0.aux", "console"])
def test_versions_that_only_hold_such_a_word_are_versions(text: str) -> None:
    assert names.registered_version(text) == text


@pytest.mark.parametrize("key", ["name", "version"])
def test_a_manifest_may_not_bear_such_a_name(key: str) -> None:
    bad = {"name": "io.github.user/nul", "version": "con"}[key]
    made = registry_folders.manifest(name=bad) if key == "name" else registry_folders.manifest()
    text = manifest_text.dump(replace(made, version=bad) if key == "version" else made)

    with pytest.raises(McpInstallError, match=bad):
        manifest_text.parse(text)


def test_a_receipt_of_such_a_server_is_read_all_the_same() -> None:
    """What another source named so, or an older registry, is listed and uninstalled."""
    receipt = replace(plans.receipt(), name="io.github.user/nul", version="con")

    assert codec.load(codec.dump(receipt), Receipt, "receipt") == receipt
