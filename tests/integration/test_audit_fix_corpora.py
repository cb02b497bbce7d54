"""`mcpi audit --fix` over the corpora: what is offered goes, nothing else comes, undo is exact."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from mcpinstall.hosts import find_rows
from mcpinstall.hosts.audit_places import Place
from mcpinstall.hosts.paths import alternatives, expanded
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.audit_report import AuditReport
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.host import HostRow
from mcpinstall.model.names import normalized_package
from mcpinstall.model.value_edit import added, set_to
from mcpinstall.operations import audit, fix_commit, fixing, undo
from mcpinstall.operations.audit_files import ReadFile, of_bytes
from mcpinstall.operations.context import Context
from mcpinstall.operations.fixing import PreparedFixes
from mcpinstall.rules import remedies
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.specs import Kind, Package
from mcpinstall.system.machine import Machine
from tests.audit_corpora.corpus import CLEAN, host_of, unpinned
from tests.audit_corpora.planted import ROWS, Planted
from tests.builders.host_formats import parse

UNSAFE = frozenset(one.name for one in remedies.FIXERS if not one.is_safe)
_COUNT = re.compile(r"(\d+) (?:findings? go|servers? (?:is|are) switched)")
_DIGEST = "sha256:" + 32 * "0f"
_HERE = tuple(one for one in CLEAN if dict(find_rows(host_of(one)).paths).get("linux"))
"""Files of hosts that there are on this system."""


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A project in a home whose caches have one version of what the corpora start."""
    project = home / "code"
    (project / ".git").mkdir(parents=True, mode=0o700)
    project.chmod(0o700)
    monkeypatch.chdir(project)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "npm_config_cache"):
        monkeypatch.delenv(variable, raising=False)
    for number, name in enumerate(("clock-mcp", "other-clock")):
        package = home / f".npm/_npx/{number:016x}/node_modules/{name}"
        package.mkdir(parents=True)
        (package / "package.json").write_text(json.dumps({"name": name, "version": "1.2.3"}))
        wheels = home / f".cache/uv/wheels-v8/pypi/{name}"
        wheels.mkdir(parents=True)
        (wheels / "1.2.3-py3-none-any.http").touch()
    _images(home, [f"docker.io/example/clock:{tag}" for tag in ("latest", "1.0")])
    return Context.current()


def placed(row: HostRow, data: bytes, context: Context) -> Path:
    """Write a file where its host reads it; a `*` of its path becomes a name."""
    (template, *_), *_ = [found for system, found in row.paths if system == "linux"]
    (template, *_) = alternatives(template)
    path = Path(str(expanded(template, context.machine)).replace("*", "x"))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def prepared(path: Path, row: HostRow, names: frozenset[str], context: Context) -> PreparedFixes:
    return fixing.prepare(audit.Wanted(paths=(str(path),), host=row.id), names, context)


def found(report: AuditReport) -> Counter[tuple[str, str]]:
    return Counter((one.rule.id, one.server) for one in report.findings)


def offered(report: AuditReport, names: frozenset[str]) -> int:
    """Return how many findings go by `--fix` alone, or also by these names, as the audit says."""
    said = [one for one in report.left_out if "`mcpi audit --fix" in one]
    heard = [one for one in said if "--unsafe-fix" not in one or names]
    return sum(int(number[1]) for one in heard if (number := _COUNT.match(one)))


def require_exact(data: bytes, row: HostRow, names: frozenset[str], context: Context) -> bytes:
    """Fix a file; return its bytes afterwards.

    Fails unless it parses for its dialect, has no finding that it had not, has lost those that
    were offered and no other, stays the same at a second try, and `undo` gives the old bytes.
    """
    path = placed(row, data, context)
    fixes = prepared(path, row, names, context)
    for _ in fix_commit.commit(fixes):
        pass
    after = path.read_bytes()
    if not fixes.files:
        assert (offered(fixes.report, names), after) == (0, data)
        return data
    parse(row.format, after.decode())
    again = prepared(path, row, names, context)
    gone = found(fixes.report) - found(again.report)
    assert found(again.report) - found(fixes.report) == Counter()
    assert gone.total() == offered(fixes.report, names) > 0
    assert gone.keys() <= {
        (one.finding.rule.id, one.finding.server) for file in fixes.files for one in file.fixed
    }
    assert again.files == ()
    undo.commit(undo.prepare(None, context), context)
    assert path.read_bytes() == data
    return after


@pytest.mark.parametrize("names", [frozenset(), UNSAFE], ids=["safe", "all"])
@pytest.mark.parametrize("planted", ROWS, ids=lambda row: f"{row.rule} {row.what}")
def test_what_is_offered_for_a_planted_problem_goes(
    planted: Planted, names: frozenset[str], context: Context
) -> None:
    row = find_rows(host_of(Path(planted.base)))

    require_exact(planted.text.encode(), row, names, context)


def test_most_planted_problems_are_offered_a_fix(context: Context) -> None:
    """That nothing is offered would pass above as well."""
    row = find_rows("cursor")
    fixable = {rule for one in remedies.FIXERS for rule in one.rules}
    rows = [one for one in ROWS if one.rule in fixable]

    fixed: set[str] = set()
    for one in rows:
        path = placed(row, one.text.encode(), context)
        if one.rule not in fixed and prepared(path, row, UNSAFE, context).files:
            fixed.add(one.rule)

    assert fixed >= {"MA101", "MA102", "MA104", "MA205", "MA206", "MA301", "MA303", "MA401",
                     "MA402", "MA404", "MA405", "MA407", "MA601", "MA707"}  # fmt: skip


# Every dialect -----------------------------------------------------------------------------------


def read(data: bytes, row: HostRow) -> ReadFile:
    place = Place(row=row, path=Path("/x"), scope=FileScope.USER)
    file = of_bytes(data, place, "x", Machine.current())
    assert isinstance(file, ReadFile)
    return file


@pytest.mark.parametrize("path", _HERE, ids=lambda path: path.name)
def test_sudo_goes_and_the_clean_file_is_back(path: Path, context: Context) -> None:
    row, data = find_rows(host_of(path)), path.read_bytes()
    file = read(data, row)
    argv = next((one.argv for one in file.servers if _is_plain(one, row)), None)
    if argv is None:
        return  # its command is a list, or it has no arguments
    arguments = argv[1].pointer.rpartition("/")[0]
    spoiled = edited(data, file.place.dialect, (
        added(f"{arguments}/0", argv[0].text), set_to(argv[0].pointer, "sudo"),
    ))  # fmt: skip

    fixed = require_exact(spoiled, row, frozenset({"drop-privilege"}), context)

    assert fixed == (data if _is_written(row) else spoiled)


def _is_written(row: HostRow) -> bool:
    return row.writable or row.scope in ("project", "user-per-project")


def _is_plain(server: AuditedServer, row: HostRow) -> bool:
    """Tell whether command and arguments are a text and a list."""
    command, args = (f"{server.pointer}/{key}" for key in (row.entry.command_key,
                                                          row.entry.args_key))  # fmt: skip
    pointers = [one.pointer for one in server.argv]
    return len(pointers) > 1 and pointers[0] == command and pointers[1] == f"{args}/0"


@pytest.mark.parametrize("path", _HERE, ids=lambda path: path.name)
def test_what_the_caches_have_is_named_again(path: Path, context: Context) -> None:
    row, text = find_rows(host_of(path)), path.read_text(encoding="utf-8")
    bare, _ = unpinned(text)
    for server in read(text.encode(), row).servers:
        for _, package in packages(server):
            cache(package, context)

    fixed = require_exact(bare.encode(), row, frozenset({"pin"}), context)

    if _is_written(row):
        left = prepared(placed(row, fixed, context), row, frozenset(), context)
        assert found(left.report) == Counter()


def cache(package: Package, context: Context) -> None:
    """Put an exact version into the cache of its runner."""
    home, version = context.machine.home, package.version
    if package.kind is Kind.NPM:
        folder = home / f".npm/_npx/{hash(package.name):016x}/node_modules/{package.name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"version": version}))
    elif package.kind is Kind.PYPI:
        wheels = home / f".cache/uv/wheels-v8/pypi/{normalized_package(package.name)}"
        wheels.mkdir(parents=True, exist_ok=True)
        (wheels / f"{version}-py3-none-any.http").touch()
    elif package.kind is Kind.IMAGE:
        name = package.value.text.partition("@")[0]
        _images(home, [name if ":" in name.rpartition("/")[2] else f"{name}:latest"])


def _images(home: Path, names: list[str]) -> None:
    file = home / ".local/share/containers/storage/overlay-images/images.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps([*known, {"names": names, "digest": _DIGEST}]))
