"""How git sees a file, told without git, and compared with git."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.system.git_tracking import Tracking, tracking
from tests.builders.watchdog import ends

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

NAMES = (
    "a.json", "b.json", "deep/a.json", "deep/er/b.json", "out/a.json", "out/keep.json",
    "x/out/a.json", "x1.log", "x12.log", "y.log", "docs/a/b/c.txt", "docs/c.txt", "é.json",
    "sp ace.json", "#hash", "!bang", "a" * 200 + ".json", "DIRC", "shut/keep.json", "shut/b",
    "shut/in/keep.json", "kept/x/one", "kept/x/two", "kept/y",
    "#other", "q1r2s", "q1s2r", "q1r2s3s", "t1u2v3w", "t1v2u3w", "t1u2w3v", "t1u2v3wx",
)  # fmt: skip
RULES = """\
# comment
b.json
/out/
*.log
!y.log
x?.log
docs/**/c.txt
\\#hash
#other

q*r*s
t*u*v*w
\\!bang
[é].json
"""


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *words], cwd=folder, check=True, capture_output=True,
        text=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text(RULES, encoding="utf-8")
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/.gitignore").write_text("!b.json\n/a.json\n", encoding="utf-8")
    (tmp_path / ".git/info/exclude").write_text("sp ace.json\nkept/x/one\n", encoding="utf-8")
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut/.gitignore").write_text("**\n!keep.json\n!in/\n", encoding="utf-8")
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    return tmp_path


@needs_git
@pytest.mark.parametrize("version", ["2", "4"])
def test_every_file_is_seen_as_git_sees_it(repository: Path, version: str) -> None:
    git(repository, "add", "--force", "b.json", "x/out/a.json", "a" * 200 + ".json", "é.json")
    git(repository, "add", "--force", "DIRC")
    git(repository, "update-index", "--index-version", version)
    tracked = set(git(repository, "ls-files", "-z").split("\0"))
    others = git(repository, "ls-files", "-z", "--others", "--exclude-standard").split("\0")

    for name in NAMES:
        expected = (
            Tracking.TRACKED if name in tracked
            else Tracking.NOT_IGNORED if name in others
            else Tracking.IGNORED
        )  # fmt: skip
        assert (name, tracking(repository / name)) == (name, expected)


@needs_git
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_name_of_an_index_is_read(repository: Path, version: str) -> None:
    git(repository, "add", "--force", *NAMES[:-2])
    if version != "2":  # what is not to be committed yet has longer flags
        git(repository, "add", "--force", "--intent-to-add", NAMES[-1])
    git(repository, "update-index", "--index-version", version)

    for name in NAMES[:-2]:
        assert (name, tracking(repository / name)) == (name, Tracking.TRACKED)
    assert tracking(repository / NAMES[-2]) is Tracking.NOT_IGNORED
    assert (tracking(repository / NAMES[-1]) is Tracking.TRACKED) is (version != "2")


@needs_git
def test_a_linked_work_tree_has_an_index_of_its_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "add", "a.json")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@example", "commit", "-qm", "a")
    git(repository, "worktree", "add", "--quiet", str(repository / "linked"))
    (repository / "linked/new.json").write_text("{}", encoding="utf-8")

    assert tracking(repository / "linked/a.json") is Tracking.TRACKED
    assert tracking(repository / "linked/new.json") is Tracking.NOT_IGNORED


def test_a_file_in_no_repository_is_outside(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")

    assert tracking(tmp_path / "a.json") is Tracking.OUTSIDE


@pytest.mark.parametrize(
    "data", [b"nonsense", b"DIRC\0\0\0\x04\0\0\0\x05abc", b"DIRC\0\0\0\x09", b"DIRC\0\0\0\x01",
             b"NONE\0\0\0\x02", b"DIRC\x01\0\0\x02"]
)  # fmt: skip
def test_an_index_that_cannot_be_read_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/index").write_bytes(data)
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")

    assert tracking(tmp_path / "a.json") is Tracking.UNKNOWN


def test_an_index_that_is_a_folder_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git/index").mkdir(parents=True)
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")

    assert tracking(tmp_path / "a.json") is Tracking.UNKNOWN


@pytest.mark.parametrize(
    ("rules", "folders", "expected"),
    [
        ("x\n" * 5_000, 2, Tracking.NOT_IGNORED),
        ("x\n" * 5_001, 2, Tracking.UNKNOWN),
        ("x\n" * 900, 10, Tracking.NOT_IGNORED),
        ("x\n" * 4_000, 200, Tracking.UNKNOWN),
        (f"/*{'a' * 1_900}\n" * 500, 0, Tracking.UNKNOWN),
        ("/*a\n" * 500, 0, Tracking.NOT_IGNORED),
    ],
)
def test_more_rules_than_anybody_writes_say_nothing(
    tmp_path: Path, rules: str, folders: int, expected: Tracking
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(rules, encoding="utf-8")
    folder = tmp_path.joinpath(*["d"] * folders)

    assert tracking(folder / ("b" * 250)) is expected


PIECES = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", ".json", "x"])
NAME = st.lists(PIECES, min_size=1, max_size=4).map(lambda some: "".join(some).replace("**", "*"))
WAY = st.lists(NAME | st.just("**"), min_size=1, max_size=4).map("/".join)
LINE = st.tuples(st.sampled_from(["", "!", "/", "!/"]), WAY, st.sampled_from(["", "/"]))


@needs_git
@given(st.lists(LINE.map("".join), min_size=1, max_size=4))
def test_any_rule_means_what_it_means_to_git(lines: list[str]) -> None:
    names = ("a", "x", "ab", "b/a", "a/b/x", "x/a/b/b.json", "ab/ab/a.json", "b/x/x/a")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        git(folder, "init", "--quiet")
        (folder / ".gitignore").write_text("\n".join(lines), encoding="utf-8")
        asked = subprocess.run(
            ["git", "check-ignore", "--no-index", "--stdin"], cwd=folder, check=False, text=True,
            input="\n".join(names), capture_output=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        )  # fmt: skip
        ignored = set(asked.stdout.splitlines())

        for name in names:
            expected = Tracking.IGNORED if name in ignored else Tracking.NOT_IGNORED
            assert (name, tracking(folder / name)) == (name, expected)


@pytest.mark.parametrize("rule", ["*a" * 400 + "x", "**/" * 300 + "x", "a/**/" * 12 + "x",
                                  "[a-" * 50 + "]x", "x\n" * 400_000, "*x\n" * 4_000])  # fmt: skip
def test_rules_that_a_stranger_wrote_end_soon(tmp_path: Path, rule: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(f"{rule}\n", encoding="utf-8")
    folder = tmp_path.joinpath(*["a"] * 200)

    with ends(5):
        for name in ("a" * 200, "ab" * 100):
            assert tracking(folder / name) in (Tracking.NOT_IGNORED, Tracking.UNKNOWN)
