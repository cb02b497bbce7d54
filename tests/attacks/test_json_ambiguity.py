"""Attack T27: two readers see two values of one key; the reviewer one, the program the other.

Who: a publisher, or an intruder of a registry.
Stopped by: check 2: a strict reader: no duplicate keys, no NaN, no BOM, no comments, no depth.
Twin: `test_the_honest_documents_are_read`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, manifest_text, server_text
from tests.builders.registry_folders import lock, manifest, server_json

FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))
TEXT = manifest_text.dump(replace(manifest(), files=FILES))


@pytest.mark.parametrize(
    "data",
    [
        server_json().replace(b'"name"', b'"name": "com.example/other", "name"', 1),
        server_json().replace(b'"identifier"', b'"identifier": "evil", "identifier"'),
        server_json().replace(b'"name"', b'"n\\u0061me": "com.example/other", "name"', 1),
        b"\xef\xbb\xbf" + server_json(),
        server_json() + b"// comment",
        server_json()[:-1] + b",}",
        server_json().replace(b'"Tells the time"', b"NaN"),
        server_json().replace(b'"Tells the time"', b"\xff"),
        server_json().replace(b'"Tells the time"', b"[" * 100 + b"]" * 100),
        server_json().replace(b'"Tells the time"', b"[" * 100_000),
        b"",
    ],
)
def test_an_ambiguous_document_is_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.JSON_INVALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'name = "io', b'name = "com.example/other"\nname = "io'),
        (b"[package]", b"[package]\n[package]"),
        (b"schema = 1", b"\xef\xbb\xbfschema = 1"),
        (b"network = []", b"network = " + b"[" * 5000 + b"]" * 5000),
    ],
)
def test_an_ambiguous_manifest_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse(TEXT.replace(old, new, 1))

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


def test_a_lock_with_a_key_twice_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        lock_text.parse(lock().replace(b"size = 1000", b"size = 1, size = 1000"), "pylock.toml")

    assert refused.value.code is ErrorCode.LOCK_INVALID


def test_the_honest_documents_are_read() -> None:
    server_text.parse(server_json(), "server.json")
    manifest_text.parse(TEXT)
    lock_text.parse(lock(), "pylock.toml")
