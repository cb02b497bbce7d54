"""Attack T26: a name is written with letters that look like others.

Who: a publisher.
Stopped by: check 2: names, packages, versions and hosts are ASCII; a word of a title is
written in one alphabet.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, server_text
from tests.builders.registry_folders import manifest, server_json

FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))


def with_title(title: str) -> None:
    manifest_text.parse(manifest_text.dump(replace(manifest(), files=FILES, title=title)))


@pytest.mark.parametrize(
    "data",
    [
        server_json("io.github.mod\u0435lcontextprotocol/server-git"),  # Cyrillic e
        server_json(identifier="\u0430cme"),
        server_json(registryBaseUrl="https://\u0430pi.example"),
        server_json(version="1.\u0660"),  # Arabic zero
    ],
)
def test_a_name_with_a_foreign_letter_is_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize("title", ["\u0410cme", "Ac\u043ce Clock", "\uff21cme", "Cl\u03bfck"])
def test_a_title_that_mixes_alphabets_in_a_word_is_refused(title: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        with_title(title)

    assert refused.value.code is ErrorCode.TEXT_HOSTILE
    assert "U+" in refused.value.message


@pytest.mark.parametrize("title", ["Часы для Git", "Ρολόι", "Café – β-Version"])
def test_a_title_in_one_alphabet_a_word_is_read(title: str) -> None:
    with_title(title)
