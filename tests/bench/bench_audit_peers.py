"""What other static auditors, and `mcpi audit`, find in the corpora of `tests/audit_corpora`.

    python -m tests.bench.bench_audit_peers [--every N] [--write]

Installs npm's `mcp-scan` and PyPI's `mcp-audit-scanner` into a folder that is thrown away.  Each
is run offline, in a new home, on one file at a time; none starts a server.  `--every 3` takes
each third file.  With `--write` the page `docs/audit-peers.md` is made of what came out.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from tests.audit_corpora.corpus import CLEAN, FOLDER, unpinned
from tests.audit_corpora.planted import ROWS
from tests.builders.peers import ROOT

MCP_SCAN, MCP_AUDIT = "2.0.8", "0.21.1"
PAGE = ROOT / "docs" / "audit-peers.md"


@dataclass
class Auditor:
    """One program."""

    name: str
    version: str
    words: list[str]
    """Its command line, without the file."""
    read: Callable[[Any], Iterator[tuple[str, str]]]
    """Server and rule of each finding in its JSON."""
    count: Callable[[Any], int]
    """Servers that it saw."""
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one program said of one file."""

    found: tuple[tuple[str, str], ...]
    servers: int
    status: int


def installed(folder: Path) -> list[Auditor]:
    """Install the peers; return all three."""
    npm = shutil.which("npm")
    assert npm is not None, "needs npm"
    scan, audit = folder / "npm", folder / "pypi"
    scan.mkdir()
    uv = find_uv_bin()
    steps: tuple[list[str | Path], ...] = (
        [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
         "--prefix", scan, f"mcp-scan@{MCP_SCAN}"],
        [uv, "venv", "--quiet", "--python", sys.executable, audit],
        [uv, "pip", "install", "--quiet", "--python", audit / "bin" / "python",
         f"mcp-audit-scanner=={MCP_AUDIT}"],
    )  # fmt: skip
    for words in steps:
        subprocess.run(words, check=True, cwd=scan, timeout=600, capture_output=True)
    from mcpinstall import __version__

    return [
        Auditor("mcpi audit", __version__,
                [sys.executable, "-P", "-m", "mcpinstall", "audit", "--json"], _mcpi,
                lambda said: sum(len(file["servers"]) for file in said["files"])),
        Auditor("mcp-scan (npm)", MCP_SCAN,
                [str(scan / "node_modules/.bin/mcp-scan"), "scan", "--ci", "--offline",
                 "--config"], _mcp_scan, lambda said: int(said["totalScanned"])),
        Auditor("mcp-audit-scanner (PyPI)", MCP_AUDIT,
                [str(audit / "bin/mcp-audit"), "scan", "--json", "--offline", "--path"],
                _mcp_audit, lambda said: int(said["servers_found"])),
    ]  # fmt: skip


def _mcpi(said: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    yield from ((one["server"], one["rule"]) for one in said["findings"])


def _mcp_scan(said: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for server in said["results"]:
        yield from ((server["serverName"], one["id"]) for one in server["findings"])


def _mcp_audit(said: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    yield from ((one["server"] or "", one["id"]) for one in said["findings"])


def answer(auditor: Auditor, name: str, text: str) -> Answer:
    """Run one program on one file, which only its owner may read, in a new home."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "files" / name
        path.parent.mkdir(mode=0o700)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        environment = {
            "PATH": os.environ["PATH"], "HOME": home, "NO_COLOR": "1", "PYTHONPATH": str(ROOT),
            "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
        }  # fmt: skip
        if auditor.read is not _mcpi:
            del environment["PYTHONPATH"]
        start = time.perf_counter()
        done = subprocess.run(
            [*auditor.words, *_host(auditor, name), str(path)], cwd=path.parent,
            env=environment, timeout=120, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        auditor.seconds.append(time.perf_counter() - start)
    try:
        said = json.loads(done.stdout[done.stdout.index("{") :])
    except ValueError:
        return Answer((), 0, done.returncode)
    return Answer(tuple(auditor.read(said)), auditor.count(said), done.returncode)


def _host(auditor: Auditor, name: str) -> list[str]:
    """Tell `mcpi audit` the host of a file, which here has another name than there."""
    return ["--host", name.partition("--")[0]] if auditor.read is _mcpi else []


@dataclass
class Row:
    """One program's line of a table."""

    files: int = 0
    unread: int = 0
    findings: int = 0
    failing: int = 0
    planted: int = 0
    noticed: int = 0
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)


def clean(auditor: Auditor, every: int) -> tuple[Row, Row]:
    """Return what is found in clean files, and in the same without pins."""
    pinned, bare = Row(), Row()
    for path in CLEAN[::every]:
        text = path.read_text(encoding="utf-8")
        before = answer(auditor, path.name, text)
        _add(pinned, before)
        loose, count = unpinned(text)
        after = answer(auditor, path.name, loose)
        _add(bare, after)
        bare.planted += count
        bare.noticed += min(len({name for name, _ in _new(after, before)}), count)
    return pinned, bare


def planted(auditor: Auditor, every: int) -> Row:
    """Return what is found in files with a problem that the same file lacks without it."""
    bases: dict[str, Answer] = {}
    found = Row()
    for row in ROWS[::every]:
        if row.base not in bases:
            bases[row.base] = answer(
                auditor, row.base, (FOLDER / row.base).read_text(encoding="utf-8")
            )
        said = answer(auditor, row.base, row.text)
        first = next(iter(json.loads(row.text)["mcpServers"]))
        new = _new(said, bases[row.base])
        _add(found, said)
        found.planted += 1
        found.noticed += any(name == first for name, _ in new)
    return found


def _new(after: Answer, before: Answer) -> list[tuple[str, str]]:
    return list((collections.Counter(after.found) - collections.Counter(before.found)).elements())


def _add(row: Row, said: Answer) -> None:
    row.files += 1
    row.unread += said.servers == 0
    row.findings += len(said.found)
    row.failing += said.status != 0
    row.kinds.update(rule for _, rule in said.found)


HEAD = """\
# Static auditors side by side

Made on {today}, on Linux, by `python -m tests.bench.bench_audit_peers{every} --write`: {versions}.

Three programs that read hosts' files and start no server were run on the corpora of
`tests/audit_corpora`, one file at a time, offline, in a new home, with the options {options}; all
else as they come; `mcpi audit` is told each file's host (`--host`), for the others know no such
option. The corpora were made for `mcpi audit`, with its rules in mind; another program
may call something a fault that these call clean, and the tables say nothing of what each one
looks for elsewhere. “No servers seen”: it reported none, so it could not judge the file. Newer
versions may do better: run it again. By default `mcpi audit` ends with 1 for findings of medium
severity or worse, `mcp-scan --ci` for those it calls critical or high, `mcp-audit-scanner` for any.
"""


def page(auditors: list[Auditor], every: int) -> str:
    """Run everything; return the page."""
    rows = {one.name: (*clean(one, every), planted(one, every)) for one in auditors}
    shown = "".join(f" --every {every}" for _ in [0] if every > 1)
    lines = [HEAD.format(
        today=dt.datetime.now(tz=dt.UTC).date(), every=shown,
        versions=", ".join(f"{one.name} {one.version}" for one in auditors),
        options=", ".join(f"`{' '.join(_options(one))}`" for one in auditors),
    )]  # fmt: skip
    sample = f" (one file of {every})" if every > 1 else ""
    lines += [f"## Clean, pinned configurations{sample}\n", _table(
        ("", "files", "no servers seen", "findings", "files with exit status ≠ 0"),
        [(name, r[0].files, r[0].unread, r[0].findings, r[0].failing) for name, r in rows.items()],
    ), "Most often reported there: " + "; ".join(
        f"{name}: {_often(r[0])}" for name, r in rows.items() if r[0].kinds
    ) + ".\n"]  # fmt: skip
    lines += [f"## The same without versions and digests{sample}\n", _table(
        ("", "servers without a pin", "servers with a finding that the pin takes away",
         "findings in all", "files with exit status ≠ 0"),
        [(name, r[1].planted, r[1].noticed, r[1].findings, r[1].failing)
         for name, r in rows.items()],
    )]  # fmt: skip
    lines += [
        f"## One planted problem in each file{sample}\n",
        _table(
            ("", "problems", "noticed", "missed", "findings in all", "files with exit status ≠ 0"),
            [
                (
                    name,
                    r[2].planted,
                    r[2].noticed,
                    r[2].planted - r[2].noticed,
                    r[2].findings,
                    r[2].failing,
                )
                for name, r in rows.items()
            ],
        ),
        "“Noticed”: the server has a finding that it lacks without the problem.\n",
    ]
    lines += [
        "## Time\n",
        _table(
            ("", "median of a run, seconds"),
            [(one.name, f"{statistics.median(one.seconds):.2f}") for one in auditors],
        ),
        "One process for each file; most of it is start-up, and the machine was busy.",
    ]
    return "\n".join(lines) + "\n"


def _options(auditor: Auditor) -> list[str]:
    words = auditor.words
    return words[words.index("audit" if "audit" in words else "scan") :]


def _often(row: Row) -> str:
    return ", ".join(f"`{kind}` {count}" for kind, count in row.kinds.most_common(5))


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = page(installed(Path(folder)), wanted.every)
    if wanted.write:
        PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
