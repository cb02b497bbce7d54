"""Look a name up in a TUF registry of 100,000 servers on a plain static web server.

Run: `PYTHONPATH=. python tests/bench/bench_tuf.py [SERVERS]`.  Prints requests, bytes and seconds
of a first look-up (nothing saved) and of later ones, next to the budget of design §13.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from mcpinstall.model import registry_text
from mcpinstall.model.registry import IndexRow, TufSource
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.registries import root_path, tuf_keys, tuf_publish
from mcpinstall.registries.tuf_registry import open_registry
from mcpinstall.registries.tuf_repository import Repository
from mcpinstall.system import files
from mcpinstall.system.machine import Machine
from tests.builders.tuf_world import PASSPHRASE, Site, TufWorld, lonely_context

MOST_REQUESTS, MOST_BYTES, MOST_SECONDS = 6, 200_000, 0.3
WORDS = ("mail", "time", "git", "maps", "notes", "files", "issues", "metrics", "cloud", "search")
TRIES = 15


def row(number: int) -> IndexRow:
    name = f"io.github.owner{number % 20_000}/server-{number}"
    about = " ".join(WORDS[(number // 10**digit) % 10] for digit in range(4))
    digest = hashlib.sha256(name.encode()).hexdigest()
    return IndexRow(
        name=name, version="1.0.0", title=f"Server {number}",
        summary=f"A server about {about}, number {number}", sha256=digest,
    )  # fmt: skip


def publish(tuf: TufWorld, servers: int) -> None:
    """Sign records of that many servers; nobody waits for the disk here."""
    keys = [tuf_keys.signer(tuf.key(n), PASSPHRASE) for n in ("targets-1", "targets-2", "online")]
    facts = RegistryFile(
        name="bench", serial=1, issued=tuf.now, expires=tuf.now + timedelta(days=180),
        index="0" * 64, owner="bench",
    )  # fmt: skip
    rows = {one.name: [one] for one in map(row, range(servers))}
    os.fsync = lambda _: None  # type: ignore[assignment]
    tuf_publish.write_servers(
        Repository(tuf.folder, keys, tuf.now), rows, registry_text.dump(facts)
    )


def measured(site: Site, act: Callable[[], object]) -> tuple[int, int, float]:
    """Return requests, bytes of bodies and seconds of one look-up."""
    site.requests.clear()
    site.sent = 0
    start = time.perf_counter()
    act()
    return len(site.requests), site.sent, time.perf_counter() - start


def main() -> None:
    servers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "user").mkdir()
        tuf = TufWorld(root=root, manifests=root, context=lonely_context(root / "user"))
        tuf.now = datetime.now(UTC).replace(microsecond=0)
        start = time.perf_counter()
        publish(tuf.begin(), servers)
        print(f"{servers} servers published in {time.perf_counter() - start:.0f} s")
        sizes = {path.name: path.stat().st_size for path in tuf.metadata.iterdir()}
        for part in ("timestamp", "snapshot", "targets"):
            print(
                f"  {part:10}", max(size for name, size in sizes.items() if part in name), "bytes"
            )
        bins = [size for name, size in sizes.items() if ".bins-" in name]
        print(f"  {len(bins)} bins of", max(bins), "bytes at most")
        with Site(tuf.folder) as site:
            report(tuf, site, servers)


def report(tuf: TufWorld, site: Site, servers: int) -> None:
    data = (tuf.metadata / "1.root.json").read_bytes()
    source = TufSource(name="bench", base=site.url, root=hashlib.sha256(data).hexdigest())
    machine = Machine.current()

    def look(number: int, word: str = "") -> None:
        paths = tuf.context.paths
        registry = open_registry(source, paths, tuf.now, machine=machine, offline=False)
        found = registry.search(word) if word else registry.rows_of(row(number).name)
        assert found, (number, word)

    def forget() -> None:
        for folder in (tuf.context.paths.data, tuf.context.paths.cache):
            files.remove_tree(folder)

    path = root_path(source.root, tuf.context.paths)
    files.private_folder(path.parent)
    files.write_atomic(path, data)
    first, warm, searches = [], [], []
    look(0)
    for number in range(TRIES):
        forget()
        first.append(measured(site, partial(look, number * 6151 % servers)))
    for number in range(TRIES):
        warm.append(measured(site, partial(look, number * 7919 % servers)))
        searches.append(
            measured(site, partial(look, 0, f"number {10 + number * 7919 % (servers - 10)}"))
        )
    for name, found in (("first", first), ("later", warm), ("search", searches)):
        requests, size, seconds = (
            max(one[0] for one in found),
            max(one[1] for one in found),
            statistics.median(one[2] for one in found),
        )
        good = requests <= MOST_REQUESTS and size <= MOST_BYTES and seconds <= MOST_SECONDS
        print(
            f"{name:7} {requests} requests, {size} bytes, {seconds:.3f} s"
            f"  {'ok' if good else 'OVER THE BUDGET'}"
        )


if __name__ == "__main__":
    main()
