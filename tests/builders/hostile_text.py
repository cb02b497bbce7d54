"""Every place of our documents that a reader sees, to put a text into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from mcpinstall.model import manifest_text, registry_text, server_text
from mcpinstall.model.manifest import Permissions, Review
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.revocation import (
    AnyRevocation,
    PublisherRevocation,
    ReviewerRevocation,
    Revocation,
)
from tests.builders.registry_folders import EXPIRES, ISSUED, NAME, VERSION, manifest, server_json

Place: TypeAlias = Callable[[str], None]

_FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))


def _in_manifest(**keys: object) -> None:
    described = replace(manifest(), files=_FILES)
    manifest_text.parse(manifest_text.dump(replace(described, **keys)))  # type: ignore[arg-type]


def _title(text: str) -> None:
    _in_manifest(title=text)


def _summary(text: str) -> None:
    _in_manifest(summary=text)


def _try(text: str) -> None:
    _in_manifest(try_sentence=text)


def _permission(text: str) -> None:
    _in_manifest(permissions=Permissions(read=(text,)))


def _review(text: str) -> None:
    review = Review(by="somebody", on="2026-11-22", criteria=("locked",), notes=text)
    _in_manifest(reviews=(review,))


def _index_title(text: str) -> None:
    row = IndexRow(name=NAME, version=VERSION, title=text, summary="x", sha256="a" * 64)
    registry_text.parse_index(registry_text.dump_index([row]), "index.toml")


def _revocation(text: str) -> None:
    _revoked(Revocation(name=NAME, version=VERSION, reason=text, date="2026-11-22"))


def _revoked_publisher(text: str) -> None:
    _revoked(
        PublisherRevocation(issuer="https://x", repository=text, reason="r", date="2026-11-22")
    )


def _revoked_reviewer(text: str) -> None:
    _revoked(ReviewerRevocation(reviewer=text, reason="r", date="2026-11-22"))


def _revoked(item: AnyRevocation) -> None:
    file = RegistryFile(
        name="test", serial=1, issued=ISSUED, expires=EXPIRES, index="a" * 64, owner="x",
        revocations=(item,),
    )  # fmt: skip
    registry_text.parse(registry_text.dump(file), "registry.toml")


def _description(text: str) -> None:
    variable = {"name": "CLOCK_ZONE", "description": text}
    server_text.parse(server_json(environmentVariables=[variable]), "server.json")


def _fixed_argument(text: str) -> None:
    argument = {"type": "positional", "value": text}
    server_text.parse(server_json(packageArguments=[argument]), "server.json")


PLACES: list[Place] = [
    _title, _summary, _try, _permission, _review, _index_title, _revocation,
    _revoked_publisher, _revoked_reviewer, _description, _fixed_argument,
]  # fmt: skip
"""A function for each place, which parses a document with the text in it."""
