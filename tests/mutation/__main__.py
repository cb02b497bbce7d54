"""Mutation run: `python -m tests.mutation GROUP…`; see docs/mutation.md."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation.groups import GROUPS, Group
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.runner import OPTIONS, Runner, SameExamples

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mutation.md"
COPIED = ("mcpinstall", "tests", "manifests", "docs", ".ci", "pyproject.toml", "README.md")
INSIDE = "MUTATION_COPY"
"""Variable that says: this process runs in the copy."""


def main() -> int:
    """Copy the checkout, and run there; 1 if a mutant survived that the page doesn't argue."""
    arguments = _parser().parse_args()
    if INSIDE in os.environ:
        return _judge(arguments)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "checkout")
        _copy(copy)
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        environment = {
            **os.environ,
            INSIDE: "1",
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(temporary),
        }
        return subprocess.run(
            [sys.executable, "-m", "tests.mutation", *sys.argv[1:]],
            cwd=copy, env=environment, check=False,
        ).returncode  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("groups", nargs="+", choices=GROUPS, help="what to mutate")
    parser.add_argument(
        "--module",
        nargs="+",
        default=[""],
        help="only modules with this in the path, in this order",
    )
    parser.add_argument(
        "--tests", nargs="+", default=[""], help="only the group's tests with this in the path"
    )
    parser.add_argument("--only", default="", help="mutants whose line of the report has this text")
    parser.add_argument("--again", type=Path, help="a report of survivors: only these")
    parser.add_argument("--quick", action="store_true", help="fork only: faster, more survivors")
    parser.add_argument("--count", action="store_true", help="name the mutants and run nothing")
    parser.add_argument("-v", "--verbose", action="store_true", help="name those killed too")
    return parser


def _copy(target: Path) -> None:
    target.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target)


def _judge(arguments: argparse.Namespace) -> int:
    left = 0
    for name in arguments.groups:
        left += _judge_group(name, GROUPS[name], arguments)
    return int(left > 0)


def _judge_group(name: str, group: Group, arguments: argparse.Namespace) -> int:
    """Run one group and return how many of its mutants survived unargued."""
    chosen = _chosen(group, arguments)
    if arguments.count:
        print("\n".join(mutant.label for mutant in chosen), f"{name}: {len(chosen)}", sep="\n")
        return 0
    argued = _argued()
    counts: Counter[str] = Counter()

    def judged(mutant: Mutant, verdict: str) -> None:
        if verdict.startswith("survived") and any(
            line.startswith(f"* {mutant.label}: ") for line in argued
        ):
            verdict = "argued"
        counts[verdict.split(":")[0]] += 1
        if arguments.verbose or verdict.startswith("survived"):
            print(f"{verdict}: {mutant.label} line {mutant.lines[0]}", flush=True)

    runner = Runner(chosen, group.seconds, arguments.quick, judged)
    files = (file for path in group.tests for file in _files(Path("tests", path)))
    tests = [file for file in files if any(text in file for text in arguments.tests)]
    pytest.main([*OPTIONS, "-k", group.asked, *tests], plugins=[SameExamples(), runner])
    print(f"{name}: {len(chosen)} mutants, {len(runner.tests)} tests, {dict(counts)}", flush=True)
    return counts["survived"]


def _files(path: Path) -> list[str]:
    return sorted(map(str, path.rglob("test_*.py"))) if path.is_dir() else [str(path)]


def _argued() -> list[str]:
    """Return the lines of the page that argue for a survivor."""
    lines = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.is_file() else []
    return [line for line in lines if line.startswith("* `mcpinstall/")]


def _chosen(group: Group, arguments: argparse.Namespace) -> list[Mutant]:
    """Return the mutants of a group that the arguments leave."""
    named = _survivors(arguments.again) if arguments.again else None
    paths = [path for pattern in group.modules for path in sorted(Path("mcpinstall").glob(pattern))]
    wanted = (path for text in arguments.module for path in paths if text in path.as_posix())
    return [
        mutant
        for path in dict.fromkeys(wanted)
        for mutant in mutants(path.as_posix(), path.read_bytes())
        if arguments.only in mutant.label and (named is None or mutant.label in named)
    ]


def _survivors(report: Path) -> frozenset[str]:
    lines = report.read_text(encoding="utf-8").splitlines()
    labels = (line[line.index("`") :] for line in lines if line.startswith("survived"))
    return frozenset(label.rpartition(" line ")[0] for label in labels)


if __name__ == "__main__":
    raise SystemExit(main())
