"""Attack T26: a name is written with letters that look like others.

Who: a publisher.
Stopped by: check 2: names, packages, versions and hosts are ASCII; a word of a title is
written in one alphabet.
Twin: `test_a_title_in_one_alphabet_a_word_is_read`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, server_text
from mcpinstall.model.manifest import Permissions, Publisher
from tests.builders.registry_folders import manifest, server_json

MIXED = (
    "\u0410cme", "Ac\u043ce Clock", "Cl\u03bfck",  # Cyrillic, Greek
    "\u04301pha", "\u0430_pha", "\u0430\u0301pple",  # joined by a digit, a line, a mark
    "\uff21cme", "\U0001d400cme", "\ufb01le",  # full width, mathematical, ligature
    "\u13aacme", "\u2d54cme", "\u1d0f\u0585",  # Cherokee, Tifinagh, Armenian
    "v\u0661", "1\u0660", "\u09ea8",  # digits of two kinds
    "\u2170nstall", "f\u00b5n", "n\u00bane",  # number, unit, ordinal as a letter
    "\u6642\u0427", "\u0430\uac00",  # what goes together with Latin does not with others
)  # fmt: skip
HONEST = (
    "Часы для Git", "Ρολόι", "Café – β-Version", "時計Clock", "Git을", "ساعة۱۲", "km²",
    "5 \u00b5s", "1.\u00aa", "n.\u00ba 3",
    "\u0e19\u0e49\u0e33", "\u0e99\u0ecd\u0eb3",  # Thai and Lao words for water
    "e\u0301te", "\u0430\u0441\u0435",  # looks Latin, and is wholly Cyrillic
)  # fmt: skip
FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))


def parsed(**changes: Any) -> None:  # noqa: ANN401
    manifest_text.parse(manifest_text.dump(replace(manifest(), files=FILES, **changes)))


def with_title(title: str) -> None:
    parsed(title=title)


def with_permissions(permissions: Permissions) -> None:
    parsed(permissions=permissions)


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


@pytest.mark.parametrize("title", MIXED)
def test_a_title_that_mixes_alphabets_in_a_word_is_refused(title: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        with_title(title)

    assert refused.value.code is ErrorCode.TEXT_HOSTILE
    assert "U+" in refused.value.message


@pytest.mark.parametrize(
    "permissions",
    [
        Permissions(network=("\u0430pi.example",)),
        Permissions(network=("api.example, and no other",)),
        Permissions(read=("/h\u043eme",)),
        Permissions(write=("{repository}/\u0430b",)),
        Permissions(exec=("g\u0456t",)),
    ],
)
def test_a_permission_for_something_that_looks_alike_is_refused(permissions: Permissions) -> None:
    with pytest.raises(McpInstallError):
        with_permissions(permissions)


def test_honest_permissions_are_read() -> None:
    with_permissions(
        Permissions(
            network=("*", "api.example", "*.example:8443", "{HOST}", "[::1]:80", "10.0.0.1"),
            read=("{repository}", "~/Документы/Git", "the temporary folder"),
            exec=("git",),
        )
    )


def test_a_publisher_whose_address_looks_alike_is_refused() -> None:
    honest = Publisher(
        issuer="https://issuer.example", repository="https://code.example/a/b",
        repository_id="1", owner_id="2", workflow="w.yml", ref="refs/tags/*",
    )  # fmt: skip
    parsed(publisher=honest, publisher_absent="")

    with pytest.raises(McpInstallError) as refused:
        parsed(publisher=replace(honest, repository="https://c\u043ede.example/a/b"))

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize("title", HONEST)
def test_a_title_in_one_alphabet_a_word_is_read(title: str) -> None:
    with_title(title)
