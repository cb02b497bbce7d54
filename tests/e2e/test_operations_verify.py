"""What `mcpi verify` finds in an environment, and what it says it did not look at."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import verify
from mcpinstall.operations.verify import VerifiedEntry
from tests.builders.world import World, slug

pytestmark = pytest.mark.e2e


@pytest.fixture
def installed(world: World) -> World:
    world.install("clock", hosts=["cursor"])
    return world


def receipt_of(world: World) -> Receipt:
    (receipt,) = world.receipts().values()
    return receipt


def generation_of(world: World) -> Path:
    (generation,) = world.generations()
    return generation


def home_of(world: World) -> Path:
    return environments.server_home(world.context.paths.servers, slug(receipt_of(world)))


def verified(world: World, *, strict: bool = False, fetch: bool = False) -> VerifiedEntry:
    (entry,) = verify.verify((), world.context, strict=strict, fetch=fetch)
    assert list(world.context.paths.staging.glob("[0-9a-f]*")) == []
    return entry


def messages(entry: VerifiedEntry) -> list[str]:
    return [one.message for one in entry.findings]


def results(entry: VerifiedEntry) -> dict[Check, CheckResult]:
    return {one.check: one for one in entry.checks}


def archive_of(world: World) -> Path:
    digest = receipt_of(world).artifacts[0][1]
    return indexes.Store(world.context.paths.artifacts).path(digest)


def change(path: Path, more: bytes = b"\n") -> None:
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + more)
    path.chmod(mode)


def test_an_untouched_environment_equals_its_archives(installed: World) -> None:
    entries = environments.read_tree(generation_of(installed))
    compared = [one for one in entries if one.sha256 and not one.path.endswith(".pyc")]

    entry = verified(installed)

    assert entry.is_clean
    assert entry.anchor == "registry bundled, serial 1"
    found = results(entry)[Check.ENVIRONMENT]
    assert found.outcome is Outcome.VERIFIED
    assert found.evidence == f"{len(compared):,} files equal the checked archives"


def test_an_untouched_environment_is_what_its_sources_compile_to(installed: World) -> None:
    assert verified(installed, strict=True).is_clean


def test_a_changed_source_is_one_difference(installed: World) -> None:
    change(next(generation_of(installed).rglob("clock*/__init__.py")))

    entry = verified(installed)

    assert len(entry.findings) == 1
    assert results(entry)[Check.ENVIRONMENT].outcome is Outcome.FAILED
    assert results(entry)[Check.ENVIRONMENT].evidence == "1 difference"
    assert messages(verified(installed, strict=True)) == messages(entry)


def test_two_files_too_many_are_two_differences(installed: World) -> None:
    for name in ("one.py", "two.py"):
        (generation_of(installed) / name).write_text("")

    entry = verified(installed)

    assert len(entry.findings) == 2
    assert results(entry)[Check.ENVIRONMENT].evidence == "2 differences"


def test_a_compiled_file_is_named_where_all_are_compiled_again(installed: World) -> None:
    path = next(generation_of(installed).rglob("*.pyc"))
    change(path)

    assert messages(verified(installed)) == ["compiled files changed since the installation"]
    (found,) = verified(installed, strict=True).findings
    named = path.relative_to(generation_of(installed)).as_posix()
    assert found.message == f"`{named}` is not what its source compiles to"
    assert found.check is Check.ENVIRONMENT


def test_a_compiled_file_that_is_gone_is_named(installed: World) -> None:
    path = next(generation_of(installed).rglob("*.pyc"))
    path.unlink()

    (found,) = verified(installed, strict=True).findings

    assert path.name in found.message


def no_pointer(world: World) -> None:
    (home_of(world) / "current").unlink()


def pointer_to_nothing(world: World) -> None:
    shutil.rmtree(generation_of(world))


def no_home(world: World) -> None:
    shutil.rmtree(home_of(world))


def home_behind_a_link(world: World) -> None:
    home = home_of(world)
    home.rename(world.root / "elsewhere")
    home.symlink_to(world.root / "elsewhere")


def generation_behind_a_link(world: World) -> None:
    generation = generation_of(world)
    generation.rename(world.root / "elsewhere")
    generation.symlink_to(world.root / "elsewhere")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_pointer, "has no environment any more"),
        (pointer_to_nothing, "has no environment any more"),
        (no_home, "has no environment any more"),
        (home_behind_a_link, "is a link, or its environment is one"),
        (generation_behind_a_link, "is a link, or its environment is one"),
    ],
)
def test_an_environment_that_is_not_there_is_found(
    installed: World, damage: Callable[[World], None], message: str
) -> None:
    damage(installed)

    entry = verified(installed)

    assert message in messages(entry)
    assert results(entry)[Check.ENVIRONMENT].outcome is Outcome.FAILED


def test_an_interpreter_that_is_gone_is_found(installed: World) -> None:
    gone = str(installed.root / "gone" / "python3")
    installed.store.write_receipt(replace(receipt_of(installed), python_path=gone))

    entry = verified(installed)

    assert entry.problem is None
    assert [one.subject for one in entry.findings if one.check is Check.ENVIRONMENT] == [gone]


@pytest.mark.parametrize(
    ("claim", "check", "message"),
    [
        ({"manifest_sha256": "0" * 64}, Check.MANIFEST, "has another manifest in the registry"),
        ({"artifacts": (("a.whl", "0" * 64),)}, Check.MANIFEST, "is not in the registry's lock"),
        ({"generation": "other"}, Check.ENVIRONMENT, "the receipt says `other`"),
        ({"python_sha256": "0" * 64}, Check.ENVIRONMENT, "`mcpi reinstall` builds"),
    ],
)
def test_a_receipt_that_says_something_else_is_found(
    installed: World, claim: dict[str, object], check: Check, message: str
) -> None:
    installed.store.write_receipt(replace(receipt_of(installed), **claim))  # type: ignore[arg-type]

    entry = verified(installed)

    (found,) = [one for one in entry.findings if message in one.message]
    assert found.check is check


def test_a_receipt_with_another_digest_for_a_file_is_found(installed: World) -> None:
    ((name, _), *rest) = receipt_of(installed).artifacts
    wrong = replace(receipt_of(installed), artifacts=((name, "0" * 64), *rest))
    installed.store.write_receipt(wrong)

    (found,) = [one for one in verified(installed).findings if "lock" in one.message]

    assert found.subject == name


def test_with_an_archive_damaged_the_receipt_is_all_that_is_left(installed: World) -> None:
    change(archive_of(installed))

    entry = verified(installed)

    lost = "1 file is damaged in the store; `--fetch` gets them"
    assert entry.is_clean
    assert entry.anchor == f"receipt only ({lost})"
    for check in (Check.DOWNLOADS, Check.ARCHIVES):
        assert results(entry)[check].outcome is Outcome.NOT_CHECKED
        assert results(entry)[check].evidence == lost
    environment = results(entry)[Check.ENVIRONMENT]
    assert environment.outcome is Outcome.NOT_CHECKED
    assert environment.evidence == "only with the receipt's digest, which matches"


def test_without_the_archive_a_changed_file_is_still_found(installed: World) -> None:
    archive_of(installed).unlink()
    change(next(generation_of(installed).rglob("clock*/__init__.py")))

    entry = verified(installed)

    assert messages(entry) == ["files changed since the installation"]
    assert results(entry)[Check.ENVIRONMENT].outcome is Outcome.FAILED


def test_compiling_again_needs_the_archive(installed: World) -> None:
    archive_of(installed).unlink()

    entry = verified(installed, strict=True)

    assert entry.problem is not None
    assert entry.problem.code is ErrorCode.OFFLINE_MISSING
    assert entry.problem.message == (
        "1 file is not in the store any more, so nothing of `clock` can be compiled again"
    )
    for check in (Check.DOWNLOADS, Check.ARCHIVES, Check.ENVIRONMENT):
        assert results(entry)[check].outcome is Outcome.NOT_CHECKED
        assert results(entry)[check].evidence == entry.problem.message


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_missing_is_fetched_and_only_that(installed: World, *, strict: bool) -> None:
    installed.index.requests.clear()
    assert verified(installed, fetch=True, strict=strict).is_clean
    assert installed.index.requests == []

    archive_of(installed).unlink()
    entry = verified(installed, fetch=True, strict=strict)

    assert entry.is_clean
    assert entry.anchor.startswith("registry")
    assert installed.index.requests != []
    assert results(entry)[Check.ENVIRONMENT].outcome is Outcome.VERIFIED


def test_where_there_are_no_locks_an_environment_is_verified(
    installed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl", reason="needs POSIX")

    def without(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", without)

    entry = verified(installed)

    assert entry.is_clean
    assert results(entry)[Check.ENVIRONMENT].outcome is Outcome.VERIFIED
