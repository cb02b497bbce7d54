"""What an inspection reports, and that nothing else comes out of damaged wheels."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Scheme, WheelFile
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.system import limits
from mcpinstall.verification import examine_wheel, inspect_wheel, unaccepted_hooks
from mcpinstall.verification.native_programs import HEAD
from tests.builders.wheels import (
    ZipMember,
    accepted,
    artifact,
    inspect,
    record,
    wheel,
    wheel_files,
    wheel_members,
    write_zip,
)

DATA = "example-1.0.data"
PROGRAM = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0"
FILES = {
    "example/__init__.py": b"",
    "example/server.py": b"def main():\n    return 0\n",
    "example/helper": PROGRAM,
    "example.pth": b"import example\n",
    f"{DATA}/platlib/extra.py": b"",
    f"{DATA}/scripts/tool": PROGRAM,
    f"{DATA}/scripts/tool.py": b"#!python\n",
    f"{DATA}/data/share/example.txt": b"text",
    f"{DATA}/headers/example.h": b"",
    "example-1.0.dist-info/entry_points.txt": b"[console_scripts]\nexample = example.server:main\n",
}
HOOKS = (
    accepted("example.pth", b"import example\n", HookKind.STARTUP),
    accepted(f"{DATA}/scripts/tool", PROGRAM, HookKind.EXECUTABLE),
    accepted(f"{DATA}/scripts/tool.py", b"#!python\n", HookKind.SCRIPT),
    accepted(f"{DATA}/data/share/example.txt", b"text", HookKind.DATA),
    accepted(f"{DATA}/headers/example.h", b"", HookKind.DATA),
)
HONEST = wheel(FILES)
CLAIM = artifact(HONEST)


def test_every_file_is_reported_where_it_will_be() -> None:
    found = inspect(HONEST, HOOKS)

    assert [(file.scheme, file.path) for file in found.files] == [
        (Scheme.DATA, "share/example.txt"),
        (Scheme.HEADERS, "example.h"),
        (Scheme.SCRIPTS, "tool"),
        (Scheme.SCRIPTS, "tool.py"),
        (Scheme.SITE, "example-1.0.dist-info/METADATA"),
        (Scheme.SITE, "example-1.0.dist-info/RECORD"),
        (Scheme.SITE, "example-1.0.dist-info/WHEEL"),
        (Scheme.SITE, "example-1.0.dist-info/entry_points.txt"),
        (Scheme.SITE, "example.pth"),
        (Scheme.SITE, "example/__init__.py"),
        (Scheme.SITE, "example/helper"),
        (Scheme.SITE, "example/server.py"),
        (Scheme.SITE, "extra.py"),
    ]
    assert found.members == 13


def test_a_file_has_its_digest_and_size() -> None:
    content = FILES["example/server.py"]

    assert WheelFile(
        scheme=Scheme.SITE,
        path="example/server.py",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    ) in inspect(HONEST, HOOKS).files  # fmt: skip


def test_record_comes_with_its_own_digest() -> None:
    found = inspect(HONEST, HOOKS)

    (own,) = (file for file in found.files if file.path.endswith("/RECORD"))
    assert own.sha256 == hashlib.sha256(found.record).hexdigest()


def test_a_folder_that_is_listed_twice_is_refused() -> None:
    folder = ZipMember(name="example/", method=0, mode=0o40755)

    inspect(write_zip([folder, *wheel_members({"example/a.py": b""})]))
    with pytest.raises(McpInstallError, match="twice"):
        inspect(write_zip([folder, *wheel_members({"example/a.py": b""}), folder]))


def test_a_dist_info_folder_of_another_version_is_refused() -> None:
    files = wheel_files({}, version="2.0")
    other = {name.replace("example-1.0", "example-2.0"): data for name, data in files.items()}

    with pytest.raises(McpInstallError, match="by its dist-info folder"):
        inspect(wheel_of(other, "example-2.0.dist-info"))


def wheel_of(files: dict[str, bytes], dist_info: str) -> bytes:
    """An archive of exactly these files and their RECORD."""
    files[f"{dist_info}/RECORD"] = record(files, dist_info)
    return write_zip([ZipMember(name=name, content=data) for name, data in files.items()])


def test_texts_longer_than_what_is_kept_of_other_files_are_read_whole() -> None:
    files = {f"example/module_{number}.py": b"" for number in range(200)}

    assert len(inspect(wheel(files)).record) > HEAD


def test_the_limit_of_texts_is_for_texts_and_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    data = wheel({"example/table.bin": bytes(10_000)})
    longest = len(inspect(data).record)

    monkeypatch.setattr(limits, "ARCHIVE_TEXT", longest)
    inspect(data)
    monkeypatch.setattr(limits, "ARCHIVE_TEXT", longest - 1)
    with pytest.raises(McpInstallError, match="bytes of text"):
        inspect(data)


def test_programs_among_modules_are_told_and_not_refused() -> None:
    assert inspect(HONEST, HOOKS).programs == ("example/helper",)


def test_looking_tells_all_native_code_and_what_has_to_be_accepted() -> None:
    found, needed = examine_wheel(io.BytesIO(HONEST), CLAIM)

    assert found.native == (f"{DATA}/scripts/tool", "example/helper")
    assert found.accepted == ()
    assert {replace(hook, reason="") for hook in HOOKS} == set(needed)


def test_a_package_invites_others_by_its_own_code_alone() -> None:
    text = b"from pkgutil import extend_path\n"
    data = f"{DATA}/data/other/__init__.py"  # (not where Python looks for packages)
    files = {"example/__init__.py": text, "example/tools.py": text, data: text}

    found = inspect(wheel(files), [accepted(data, text, HookKind.DATA)])

    assert found.open_packages == ("example",)


def test_authors_learn_all_that_needs_accepting() -> None:
    needed = unaccepted_hooks(io.BytesIO(HONEST), CLAIM)

    assert set(needed) == {replace(hook, reason="") for hook in HOOKS}


def test_accepted_hooks_come_with_the_reviewers_reason() -> None:
    assert set(inspect(HONEST, HOOKS).accepted) == set(HOOKS)


@pytest.mark.parametrize("missing", HOOKS, ids=lambda hook: hook.member)
def test_each_hook_needs_its_own_acceptance(missing: Hook) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(HONEST, [hook for hook in HOOKS if hook != missing])

    assert missing.member in refused.value.message
    assert missing.sha256 in refused.value.evidence


def test_an_acceptance_that_nothing_needs_changes_nothing() -> None:
    unused = accepted("example/server.py", b"", HookKind.SCRIPT)

    assert inspect(HONEST, [*HOOKS, unused]) == inspect(HONEST, HOOKS)


def test_a_refusal_names_the_wheel_and_its_digest() -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(HONEST)

    assert refused.value.message.startswith("`example-1.0-py3-none-any.whl`: member `")
    assert refused.value.evidence.endswith(f"sha256 {CLAIM.sha256}")


@given(st.integers(0, len(HONEST) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(at: int, flip: int) -> None:
    damaged = bytearray(HONEST)
    damaged[at] ^= flip

    assert is_refused_or_the_same(bytes(damaged))


@given(st.integers(0, len(HONEST)), st.integers(0, 40), st.binary(max_size=40))
def test_a_replaced_stretch_is_refused_or_changes_nothing(
    at: int, length: int, other: bytes
) -> None:
    assert is_refused_or_the_same(HONEST[:at] + other + HONEST[at + length :])


def is_refused_or_the_same(data: bytes) -> bool:
    """Whether a damaged wheel is refused by our own error, or inspected as the honest one."""
    try:
        found = inspect_wheel(io.BytesIO(data), CLAIM, HOOKS)
    except McpInstallError as error:
        return error.code is ErrorCode.ARCHIVE_REFUSED
    return found == inspect(HONEST, HOOKS)
