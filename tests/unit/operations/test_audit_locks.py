"""npm's lock files beside a project's file: what they pin, and those that can't be read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcpinstall.model.audit_report import AuditReport
from mcpinstall.operations import audit
from mcpinstall.operations.context import Context

NAME = "@scope/server"
V3 = {"lockfileVersion": 3, "packages": {f"node_modules/{NAME}": {"version": "1.2.3"}}}
V2 = {**V3, "lockfileVersion": 2, "dependencies": {NAME: {"version": "1.2.3"}}}
V1 = {"lockfileVersion": 1, "dependencies": {NAME: {"version": "1.2.3"}}}


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "project"
    (folder / ".cursor").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def audited(project: Path, *words: str) -> AuditReport:
    """Return the report on a project's file whose only server is started by these words."""
    entry = {"command": words[0], "args": list(words[1:])}
    text = json.dumps({"mcpServers": {"a": entry}})
    (project / ".cursor/mcp.json").write_text(text, encoding="utf-8")
    return audit.audit(audit.Wanted(paths=(str(project),)), Context.current())


def ids(report: AuditReport) -> list[str]:
    return [one.rule.id for one in report.findings if one.rule.id == "MA101"]


@pytest.mark.parametrize("document", [V1, V2, V3], ids=["1", "2", "3"])
@pytest.mark.parametrize("name", ["package-lock.json", "npm-shrinkwrap.json"])
@pytest.mark.parametrize("wanted", ["", "@^1", "@1.2", "@~1.2.0", "@1.x"])
def test_a_package_that_a_lock_file_has_is_pinned(
    project: Path, name: str, document: dict[str, object], wanted: str
) -> None:
    (project / name).write_text(json.dumps(document), encoding="utf-8")

    report = audited(project, "npx", "-y", f"{NAME}{wanted}")

    assert (ids(report), report.unchecked) == ([], ())


@pytest.mark.parametrize(
    "words",
    [
        ("npx", "-y", f"{NAME}@latest"),
        ("npx", "-y", f"{NAME}@^2"),
        ("npx", "-y", f"{NAME}@1.3"),
        ("npx", "-y", f"{NAME}@~1.1"),
        ("npx", "-y", f"{NAME}@^0.2"),
        ("npx", "-y", "other"),
        ("pnpm", "dlx", NAME),
    ],
)
def test_what_the_lock_file_does_not_decide_is_told(project: Path, words: tuple[str, ...]) -> None:
    (project / "package-lock.json").write_text(json.dumps(V3), encoding="utf-8")

    assert ids(audited(project, *words)) == ["MA101"]


@pytest.mark.parametrize(
    "document",
    [
        {"packages": {f"node_modules/x/node_modules/{NAME}": {"version": "1.2.3"}}},
        {"packages": {NAME: {"version": "1.2.3"}}},
        {"packages": {f"node_modules/{NAME}": {"version": "1.2.3", "name": "another"}}},
        {"packages": {f"node_modules/{NAME}": {"resolved": "tools/a", "link": True}}},
        {"dependencies": {NAME: {"version": "npm:another@1.2.3"}}},
        {"dependencies": {NAME: {"version": "git+https://forge.example/o/r.git#1a2b"}}},
        {"packages": {}, "dependencies": {NAME: {"version": "1.2.3"}}},
        {},
    ],
    ids=["below", "a workspace", "alias", "link", "old alias", "git", "not read", "empty"],
)
def test_a_lock_file_that_has_another_thing_pins_nothing(
    project: Path, document: dict[str, object]
) -> None:
    (project / "package-lock.json").write_text(json.dumps(document), encoding="utf-8")

    report = audited(project, "npx", "-y", NAME)

    assert (ids(report), report.unchecked) == (["MA101"], ())


def damaged(path: Path) -> None:
    path.write_bytes(json.dumps(V3).encode()[:-3])


def no_object(path: Path) -> None:
    path.write_bytes(b"[1, 2]")


def no_entries(path: Path) -> None:
    path.write_bytes(b'{"packages": [1]}')


def nested(path: Path) -> None:
    path.write_bytes(b'{"packages": ' + b"[" * 200_000)


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(33 * 1024 * 1024)


def folder(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


BROKEN = pytest.mark.parametrize(
    "broken",
    [
        damaged, no_object, no_entries, nested, large, folder, dangling,
        pytest.param(
            pipe, marks=pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
        ),
    ],
)  # fmt: skip


@BROKEN
@pytest.mark.parametrize("name", ["package-lock.json", "npm-shrinkwrap.json"])
def test_a_lock_file_that_can_not_be_read_leaves_the_audit_incomplete(
    project: Path, name: str, broken: object
) -> None:
    assert callable(broken)
    broken(project / name)
    (project / ".mcp.json").write_bytes(b'{"mcpServers": {"b": {"command": "npx", "args": ["c"]}}}')

    report = audited(project, "npx", "-y", NAME)

    assert ids(report) == ["MA101", "MA101"]
    (gap,) = report.unchecked  # two servers of two files: told once
    assert (gap.subject, gap.code) == (name, "file-unreadable")
    assert "not known" in gap.message


@pytest.mark.parametrize(
    "words",
    [("npx", "-y", f"{NAME}@1.2.3"), ("uvx", "a==1.0"), ("/opt/server",), ("npx", "a@latest")],
)
def test_a_lock_file_that_decides_nothing_is_not_asked(
    project: Path, words: tuple[str, ...]
) -> None:
    damaged(project / "package-lock.json")

    assert audited(project, *words).unchecked == ()


def test_the_nearest_lock_file_decides(project: Path) -> None:
    (project.parent / "package-lock.json").write_text(json.dumps(V3), encoding="utf-8")
    assert ids(audited(project, "npx", NAME)) == []

    (project / "package-lock.json").write_text("{}", encoding="utf-8")
    assert ids(audited(project, "npx", NAME)) == ["MA101"]
    (project / "npm-shrinkwrap.json").write_text(json.dumps(V1), encoding="utf-8")
    assert ids(audited(project, "npx", NAME)) == []


def test_a_lock_file_above_the_repository_is_somebody_elses(project: Path) -> None:
    (project.parent / "package-lock.json").write_text(json.dumps(V3), encoding="utf-8")
    assert ids(audited(project, "npx", NAME)) == []

    (project / ".git").mkdir()

    assert ids(audited(project, "npx", NAME)) == ["MA101"]
