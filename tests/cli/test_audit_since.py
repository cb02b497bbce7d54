"""`mcpi audit --diff REF`: only what is new since a commit counts; git is a real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.builders.canaries import token
from tests.builders.git_repository import GitRepository
from tests.cli.conftest import Mcpi

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

BAD = {"type": "http", "url": "http://docs.example.com/mcp"}
WORSE = {"type": "http", "url": "http://other.example.com/mcp"}
CLEAN_SERVER = {"type": "http", "url": "https://docs.example.com/mcp"}


@pytest.fixture
def repository(home: Path, monkeypatch: pytest.MonkeyPatch) -> GitRepository:
    found = GitRepository(home / "code")
    monkeypatch.chdir(found.folder)
    return found


def answer(mcpi: Mcpi, *words: str, ref: str = "HEAD") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mcpi("audit", "--json", "--diff", ref, *words).out)
    return found


def servers(found: dict[str, Any]) -> list[str]:
    return [one["server"] for one in found["findings"]]


def test_what_was_there_at_the_commit_does_not_count(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()

    ran = mcpi("audit", "--diff", "HEAD")

    assert ran.status == 0
    assert "1 finding is known since `HEAD` or longer" in ran.out
    assert mcpi("audit").status == 1


def test_only_the_new_finding_counts(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put(".mcp.json", docs=BAD)
    first = repository.commit()
    repository.put(".mcp.json", new=WORSE, docs=BAD)
    repository.commit()

    found = answer(mcpi, ref=first)

    assert servers(found) == ["new"]
    assert [(one["server"], one["source"]) for one in found["known_findings"]] == [("docs", first)]
    assert mcpi("audit", "--diff", first).status == 1
    assert mcpi("audit", "--diff", "HEAD").status == 0


def test_of_three_equal_findings_one_is_new_where_there_were_two(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    """Continue's servers are a list, in which two can have one name."""
    row = "  - name: docs\n    type: sse\n    url: http://docs.example.com/mcp\n"
    name = ".continue/mcpServers/x.yaml"
    repository.write(name, f"name: x\nversion: 0.0.1\nschema: v1\nmcpServers:\n{row * 2}")
    repository.commit()
    repository.write(name, f"name: x\nversion: 0.0.1\nschema: v1\nmcpServers:\n{row * 3}")

    found = answer(mcpi, name)

    assert (len(found["findings"]), found["known"]) == (1, 2)


def test_a_file_of_no_known_host_that_had_no_servers_is_compared(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    repository.write("any.json", "{}")
    repository.commit()
    repository.put("any.json", docs=BAD)

    found = answer(mcpi, "any.json")

    assert (servers(found), found["unchecked"]) == (["docs"], [])


def test_a_linked_work_tree_is_compared(
    repository: GitRepository, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    repository.git("worktree", "add", "-q", str(home / "linked"))
    monkeypatch.chdir(home / "linked")

    assert servers(answer(mcpi)) == []


def test_a_repository_with_long_ids_is_compared(home: Path, mcpi: Mcpi) -> None:
    folder = home / "long"
    folder.mkdir(mode=0o700)
    asked = ["git", "init", "-q", "--object-format=sha256", "."]
    subprocess.run(asked, cwd=folder, check=True, capture_output=True)
    repository = GitRepository(folder)
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    repository.put(".mcp.json", docs=BAD, new=WORSE)

    assert servers(answer(mcpi, str(folder))) == ["new"]


def test_order_and_white_space_make_nothing_new(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put(".mcp.json", docs=BAD, other=WORSE)
    repository.commit()
    text = json.dumps({"x": 1, "mcpServers": {"other": WORSE, "docs": BAD}}, indent=7)
    repository.write(".mcp.json", f"\n\n\n{text}")

    assert mcpi("audit", "--diff", "HEAD").status == 0


@pytest.mark.parametrize("how", ["new", "moved"])
def test_a_file_that_was_not_there_is_wholly_new(
    repository: GitRepository, mcpi: Mcpi, how: str
) -> None:
    if how == "moved":
        repository.put("example/.mcp.json", docs=BAD)
    repository.commit()
    repository.put(".mcp.json", docs=BAD)
    if how == "moved":
        (repository.folder / "example/.mcp.json").unlink()

    assert servers(answer(mcpi)) == ["docs"]


def test_another_secret_in_the_place_of_one_is_new(repository: GitRepository, mcpi: Mcpi) -> None:
    def put(secret: str) -> None:
        repository.put(".mcp.json", docs={"command": "/bin/x", "env": {"GITHUB_TOKEN": secret}})

    first = token("github")
    put(first)
    repository.commit()

    put(token("github", seed=8))
    assert servers(answer(mcpi)) == ["docs"]
    put(first)
    assert servers(answer(mcpi)) == []


def test_files_outside_of_the_repository_are_not_looked_at(
    repository: GitRepository, home: Path, mcpi: Mcpi
) -> None:
    repository.commit()
    (home / ".cursor").mkdir(mode=0o700)
    (home / ".cursor/mcp.json").write_text(json.dumps({"mcpServers": {"docs": BAD}}))

    assert mcpi("audit", "--diff", "HEAD").status == 0
    assert mcpi("audit").status == 1


def test_a_folder_below_and_another_repository_are_compared_with_their_own_commits(
    repository: GitRepository, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = GitRepository(home / "other")
    for one in (repository, other):
        one.put("inner/.mcp.json", docs=BAD)
        one.commit()
    other.put("inner/.mcp.json", docs=BAD, new=WORSE)
    monkeypatch.chdir(repository.folder / "inner")

    assert servers(answer(mcpi)) == []
    assert servers(answer(mcpi, ".", str(other.folder / "inner"))) == ["new"]


def test_a_link_is_followed_as_long_as_it_led_there(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.put("shared.json", docs=BAD)
    repository.put("other.json", docs=BAD)
    link = repository.folder / ".mcp.json"
    link.symlink_to("shared.json")
    repository.commit()

    assert mcpi("audit", "--diff", "HEAD").status == 0
    link.unlink()
    link.symlink_to("other.json")
    assert servers(answer(mcpi)) == ["docs"]


def test_a_file_that_could_not_be_read_at_the_commit_is_told_and_wholly_new(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    repository.write(".mcp.json", '{"mcpServers": ')
    repository.commit()
    repository.put(".mcp.json", docs=BAD)

    found = answer(mcpi)

    assert servers(found) == ["docs"]
    assert [(one["subject"], one["code"]) for one in found["unchecked"]] == [
        (".mcp.json at HEAD", "host-config-invalid")
    ]
    assert found["unchecked"][0]["hint"]
    repository.put(".mcp.json")
    assert mcpi("audit", "--diff", "HEAD").status == 5


@pytest.mark.parametrize("ref", ["no-such", "", "--help", "HEAD:.mcp.json", "a b", "HEAD~9"])
def test_a_commit_that_git_does_not_know_is_an_error(
    repository: GitRepository, mcpi: Mcpi, ref: str
) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()

    ran = mcpi("audit", f"--diff={ref}", "--json")

    error = json.loads(ran.out)["error"]
    assert (ran.status, error["code"]) == (5, "not-found")
    assert error["hint"]


def test_a_folder_that_is_no_repository_is_an_error(
    home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "plain").mkdir()
    monkeypatch.chdir(home / "plain")

    ran = mcpi("audit", "--diff", "HEAD")

    assert ran.status == 5
    assert "the working directory is in no git repository" in ran.err


def test_a_named_folder_without_files_is_told_of_wherever_we_are(
    repository: GitRepository, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit()
    monkeypatch.chdir(home)

    (gap,) = answer(mcpi, "code")["unchecked"]

    assert gap["subject"] == "code"
    assert "no file of a known host" in gap["message"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_a_repository_of_another_user_is_an_error_with_gits_reason(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 54_321, 54_321)

    ran = mcpi("audit", "--diff", "HEAD")

    assert ran.status == 5
    assert "safe.directory" in ran.err


def test_standard_input_was_at_no_commit(repository: GitRepository, mcpi: Mcpi) -> None:
    repository.commit()

    assert mcpi("audit", "-", "--diff", "HEAD", typed="{}", terminal=False).status == 2


# --ignores-from ----------------------------------------------------------------------------------


def accepted(mcpi: Mcpi) -> str:
    (found,) = json.loads(mcpi("audit", "--json").out)["findings"]
    return (
        f'[[ignore]]\nrule = "MA401"\nserver = "docs"\nentry = "{found["entry"]}"\n'
        'reason = "a test network"\n'
    )


def test_a_suppression_counts_as_it_was_at_the_commit(
    repository: GitRepository, mcpi: Mcpi
) -> None:
    repository.put(".mcp.json", docs=BAD)
    repository.commit()
    repository.write("mcpi-audit.toml", accepted(mcpi))

    assert mcpi("audit").status == 0
    assert mcpi("audit", "--ignores-from", "HEAD").status == 1

    repository.commit()
    repository.write("mcpi-audit.toml", "nonsense")

    ran = mcpi("audit", "--ignores-from", "HEAD", "--json")
    assert ran.status == 0
    (suppressed,) = json.loads(ran.out)["suppressed"]
    assert suppressed["source"] == "mcpi-audit.toml at HEAD"
    assert mcpi("audit").status == 5


def test_a_suppression_of_a_folder_above_counts_too(
    repository: GitRepository, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.put("sub/.mcp.json", docs=BAD)
    monkeypatch.chdir(repository.folder / "sub")
    repository.write("mcpi-audit.toml", accepted(mcpi))
    repository.commit()
    (repository.folder / "mcpi-audit.toml").unlink()

    assert mcpi("audit", "--ignores-from", "HEAD").status == 0


@pytest.mark.parametrize("what", ["link", "large", "wrong"])
def test_what_is_no_file_of_suppressions_there_is_an_error(
    repository: GitRepository, mcpi: Mcpi, what: str
) -> None:
    path = repository.put(".mcp.json", docs=CLEAN_SERVER).with_name("mcpi-audit.toml")
    if what == "link":
        path.symlink_to(".mcp.json")
    else:
        path.write_text("x" if what == "wrong" else "#" * 2_000_000, encoding="utf-8")
    repository.commit()
    path.unlink()

    ran = mcpi("audit", "--ignores-from", "HEAD")

    assert (ran.status, "error[config-invalid]" in ran.err) == (5, True)


@pytest.mark.parametrize("ref", ["nothing", "--help", ""])
def test_a_commit_that_is_not_there_is_an_error(
    repository: GitRepository, mcpi: Mcpi, ref: str
) -> None:
    repository.put(".mcp.json", docs=CLEAN_SERVER)
    repository.commit()

    assert mcpi("audit", f"--ignores-from={ref}").status == 5


def test_suppressions_of_a_commit_need_a_repository(
    home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)

    ran = mcpi("audit", "--ignores-from", "HEAD")

    assert (ran.status, "needs a git repository" in ran.err) == (5, True)
