"""Make `manifests/advisories.jsonl` from a checkout of PyPA's advisory-database.

`python .ci/make_advisories.py CHECKOUT`, where CHECKOUT is a git repository, with or without a
work tree.  Only ids, affected versions, dates and severities are taken, no sentence of a record.
The same commit gives the same bytes.  Needs PyYAML.
"""

import argparse
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mcpinstall.model import advisory, advisory_text
from mcpinstall.model.advisory import Advisory, AdvisorySource, Bound, Event

FILE = Path(__file__).resolve().parent.parent / "manifests" / advisory_text.NAME
NAME, LICENCE = "PyPA Advisory Database, https://github.com/pypa/advisory-database", "CC-BY-4.0"
LINK = "https://osv.dev/vulnerability/{id}"
CVSS = re.compile(r"CVSS:[0-9.]+/[A-Za-z:/]+")


def git(repository: Path, *arguments: str) -> bytes:
    """Return what git prints."""
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def documents(repository: Path, commit: str) -> Iterator[dict[str, Any]]:
    """Yield every record of a commit."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = git(repository, "ls-tree", "-r", "--name-only", commit, "vulns").decode().split("\n")
    wanted = [path for path in paths if path.endswith(".yaml")]
    names = "".join(f"{commit}:{path}\n" for path in wanted).encode()
    done = subprocess.run(
        ["git", "-C", str(repository), "cat-file", "--batch"],
        input=names, check=True, capture_output=True,
    )  # fmt: skip
    rest = done.stdout
    for _ in wanted:
        head, _, rest = rest.partition(b"\n")
        size = int(head.rsplit(b" ", 1)[1])
        yield yaml.load(rest[:size], loader)  # noqa: S506 (both are safe loaders)
        rest = rest[size + 1 :]


def is_version(text: str) -> bool:
    """Tell whether PEP 440 knows it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def ranges(affected: dict[str, Any], where: str) -> tuple[tuple[Event, ...], ...]:
    """Return the ranges of versions; one that can't be compared is told and left out.

    Versions that the record lists one by one stay.
    """
    found = []
    for one in affected.get("ranges", ()):
        if one["type"] == "GIT":
            continue
        events = [Event(bound=Bound(k), version=v) for e in one["events"] for k, v in e.items()]
        if all(is_version(event.version) for event in events):
            found.append(tuple(events))
        else:
            print(f"  {where}: PEP 440 can't compare {one['events']}")
    return tuple(dict.fromkeys(found))


def record(document: dict[str, Any], affected: dict[str, Any]) -> Advisory:
    """Return what a record says of one package; versions that its ranges have are left out."""
    named = ranges(affected, document["id"])
    vectors = [one["score"] for one in document.get("severity", ())]
    modified = datetime.fromisoformat(str(document["modified"])).date()
    found = Advisory(
        id=document["id"],
        aliases=tuple(sorted({one.strip(" ,") for one in document.get("aliases", ())})),
        modified=modified,
        ranges=named,
        severity=next((one for one in vectors if CVSS.fullmatch(one)), ""),
        malicious=document["id"].startswith(advisory.MALICIOUS_PREFIX),
    )
    listed = [one for one in affected.get("versions", ()) if is_version(one)]
    more = sorted({one for one in listed if not advisory.affects(found, one)}, key=Version)
    return Advisory(**{key: getattr(found, key) for key in KEYS} | {"versions": tuple(more)})


KEYS = ("id", "aliases", "modified", "ranges", "severity", "malicious")


def main() -> None:
    """Write the file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("checkout", type=Path)
    options.add_argument("--commit", default="HEAD")
    options.add_argument("--output", type=Path, default=FILE)
    chosen = options.parse_args()
    commit = git(chosen.checkout, "rev-parse", chosen.commit).decode().strip()
    stamp = int(git(chosen.checkout, "log", "-1", "--format=%ct", commit))
    issued = datetime.fromtimestamp(stamp, UTC).date()
    packages: dict[str, dict[str, Advisory]] = defaultdict(dict)
    withdrawn = nothing = 0
    for document in documents(chosen.checkout, commit):
        if "withdrawn" in document:
            withdrawn += 1
            continue
        for affected in document["affected"]:
            package = affected["package"]
            if package["ecosystem"] != "PyPI":
                raise SystemExit(f"{document['id']}: the ecosystem {package['ecosystem']} is new")
            found = record(document, affected)
            if not found.ranges and not found.versions:
                nothing += 1
                continue
            packages[f"pypi:{canonicalize_name(package['name'])}"][found.id] = found
    source = AdvisorySource(name=f"{NAME} at {commit}", date=issued, licence=LICENCE, link=LINK)
    data = advisory_text.dump(
        issued, [source], {key: [of[one] for one in sorted(of)] for key, of in packages.items()}
    )
    written = advisory_text.read(data, chosen.output.name)
    records = sum(len(of) for _, of in written.every())
    chosen.output.write_bytes(data)
    print(f"{commit}, {issued}: {len(packages)} packages, {records} records, {len(data)} bytes")
    print(f"left out: {withdrawn} withdrawn, {nothing} without any version", file=sys.stderr)


if __name__ == "__main__":
    main()
