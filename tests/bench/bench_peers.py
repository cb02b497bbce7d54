"""What other programs that write hosts' files do to the same odd and broken ones.

    python tests/bench/bench_peers.py [--write]

Installs the peers from npm and PyPI into a folder that is thrown away; each runs in a home of its
own, on files that `tests/builders/odd_configs.py` makes.  With `--write` the page
`docs/peers.md` is made of what came out.
"""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.builders.documents import lost
from tests.builders.host_formats import parse
from tests.builders.odd_configs import FILES, OddConfig, configs
from tests.builders.peers import Peer, installed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "peers.md"
_HEAD = """\
# What becomes of a host's file: mcpi and other programs that write it

Measured on {today}, on Linux, by `python tests/bench/bench_peers.py --write`, which made this
page: {versions}.

Each program was asked to add one server to the same files, with its own command and no terminal.
A file has up to two servers of the user, comments and other settings; what is broken about the
broken ones makes the host itself reject them or drop something, so the careful answer is to
refuse. “Nothing else changed” means that all bytes outside the new entry are the same. “–”: the
program does not know the host. “Error printed”: its output has a word for a failure. Newer
versions of the programs may do better: run it again."""
_BACK = """\
mcpi took its server out again each time: {same} of {tried} files had their first bytes back
(refused ones never had others)."""
_FAILED = re.compile(r"\b(error|failed|fail|cannot|could not)\b", re.IGNORECASE)


@dataclass
class Outcome:
    """What one program did to one file."""

    succeeded: bool
    """It ended with status 0."""
    warned: bool
    """Its output has a word for a failure."""
    changed: bool
    servers: int = 0
    """Of the user's, that are gone."""
    comments: int = 0
    settings: int = 0
    identical: bool = False
    """All bytes but the new entry's are as before."""
    readable: bool = True
    """The host's dialect allows the result, and the new server is in it."""
    mode: bool = True
    link: bool = True
    copy: bool = False
    """The file as it was lies beside it."""
    given_back: bool | None = None

    def __str__(self) -> str:
        if not self.changed:
            if self.succeeded:
                return f"nothing written, status 0{', error printed' if self.warned else ''}"
            return "refused"
        facts = [
            f"**{_some(self.servers, 'server')} lost**" if self.servers else "",
            f"{_some(self.comments, 'comment')} lost" if self.comments else "",
            "**settings lost**" if self.settings else "",
            "" if self.identical or self.servers or self.comments else "other bytes changed",
            "" if self.readable else "**not readable by the host**",
            "" if self.mode else "mode changed",
            "" if self.link else "link replaced",
            "copy left beside it" if self.copy else "",
            "error printed" if self.warned else "",
            "" if self.succeeded else "status not 0",
        ]
        return ", ".join(fact for fact in facts if fact) or "nothing else changed"


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def tried(peer: Peer, config: OddConfig) -> Outcome:
    """Give the peer the file and a server to add, and look at what it did."""
    path = peer.home / FILES[config.host][0]
    target = _placed(peer.home, path, config)
    done = peer.run(peer.words[config.host])
    after = path.read_bytes() if path.exists() else None
    outcome = Outcome(
        succeeded=done.returncode == 0,
        warned=bool(_FAILED.search(done.stdout + done.stderr)),
        changed=after != config.content,
    )
    if outcome.changed:
        _look(outcome, config, after or b"")
        outcome.mode = path.stat().st_mode & 0o777 == config.mode or config.content is None
        outcome.copy = any(
            other.read_bytes() == config.content
            for other in path.parent.iterdir()
            if other.is_file() and other != path and other.name.startswith(path.name)
        )
        outcome.link = path.is_symlink() == config.is_link and target.read_bytes() == after
    if config.host in peer.back:
        undone = peer.run(peer.back[config.host]) if outcome.changed else None
        same = (path.read_bytes() if path.exists() else None) == config.content
        outcome.given_back = same and (undone is None or undone.returncode == 0)
    return outcome


def _placed(home: Path, path: Path, config: OddConfig) -> Path:
    """Put the file where its host has it; return what is really written to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    target = path
    if config.is_link:
        target = home / "dot-files" / path.name
        target.parent.mkdir(exist_ok=True)
        path.symlink_to(target)
    if config.content is not None:
        target.write_bytes(config.content)
        target.chmod(config.mode)
    return target


def _look(outcome: Outcome, config: OddConfig, after: bytes) -> None:
    before = config.content or b""
    missing = [sum(word not in after for word in words) for words in config.words]
    outcome.servers, outcome.comments, outcome.settings = missing
    outcome.identical = lost(before, after) == ""
    outcome.readable = _is_readable(config, after)


def _is_readable(config: OddConfig, after: bytes) -> bool:
    """Tell whether the host's dialect allows the file, and the new server is in it."""
    _, dialect, key = FILES[config.host]
    try:
        found = parse(dialect, after)[key]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    names = set(found) if isinstance(found, dict) else set()
    return any(name in names for name in ("ours", "time", "mcpm_ours"))


def table(peers: list[Peer], found: dict[tuple[str, str, str], Outcome]) -> Iterator[str]:
    """Yield the lines of one table for each host."""
    for host, group in itertools.groupby(configs(), lambda config: config.host):
        path, dialect, _ = FILES[host]
        yield f"\n## {host}: `~/{path}` ({dialect})\n"
        yield f"| The file | {' | '.join(peer.name for peer in peers)} |"
        yield f"|---|{'---|' * len(peers)}"
        for config in group:
            cells = [str(found.get((peer.name, host, config.name), "–")) for peer in peers]
            broken = "" if config.is_valid else " (broken)"
            yield f"| {config.name}{broken} | {' | '.join(cells)} |"


def totals(peers: list[Peer], found: dict[tuple[str, str, str], Outcome]) -> Iterator[str]:
    """Yield the lines of the table of sums."""
    yield f"| Of the files it was tried on | {' | '.join(peer.name for peer in peers)} |"
    yield f"|---|{'---|' * len(peers)}"
    rows = collections.defaultdict[str, list[int]](list)
    broken = {(one.host, one.name) for one in configs() if not one.is_valid}
    for peer in peers:
        own = {key: one for key, one in found.items() if key[0] == peer.name}
        bad = [one for key, one in own.items() if key[1:] in broken]
        changed = [one for one in own.values() if one.changed]
        lossy = [one for one in changed if one.servers]
        rows["tried"].append(len(own))
        rows["servers of the user lost"].append(len(lossy))
        rows["… and ended with status 0"].append(sum(one.succeeded for one in lossy))
        rows["… and left a copy of the file"].append(sum(one.copy for one in lossy))
        rows["comments lost"].append(sum(bool(one.comments) for one in changed))
        rows["other settings lost"].append(sum(bool(one.settings) for one in changed))
        rows["nothing changed but the entry"].append(sum(one.identical for one in changed))
        rows["result not readable by the host"].append(sum(not one.readable for one in changed))
        rows["mode changed or link replaced"].append(
            sum(not (one.mode and one.link) for one in changed)
        )
        rows["refused, file as it was"].append(
            sum(not one.changed and not one.succeeded for one in own.values())
        )
        rows["nothing written, status 0"].append(
            sum(not one.changed and one.succeeded for one in own.values())
        )
        rows["broken ones among them"].append(len(bad))
        rows["broken ones that were changed"].append(sum(one.changed for one in bad))
    for name, numbers in rows.items():
        yield f"| {name} | {' | '.join(map(str, numbers))} |"


def page(peers: list[Peer], found: dict[tuple[str, str, str], Outcome]) -> str:
    """Return the whole page."""
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers)
    back = [one.given_back for one in found.values() if one.given_back is not None]
    today = dt.datetime.now(tz=dt.UTC).date()
    head = f"{_HEAD.format(today=today, versions=versions)}\n"
    given = f"\n{_BACK.format(same=sum(back), tried=len(back))}"
    return "\n".join([head, *totals(peers, found), given, *table(peers, found), ""])


def main() -> None:
    """Try every program on every file."""
    found: dict[tuple[str, str, str], Outcome] = {}
    with tempfile.TemporaryDirectory() as folder:
        peers = installed(Path(folder))
        for peer in peers:
            for config in configs():
                if config.host in peer.words:
                    outcome = tried(peer, config)
                    found[peer.name, config.host, config.name] = outcome
                    back = "" if outcome.given_back in (None, True) else "  NOT GIVEN BACK"
                    print(f"{peer.name:<12} {config.host:<12} {config.name}: {outcome}{back}")
        text = page(peers, found)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
