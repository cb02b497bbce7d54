"""One parser decides: what it accepts, other readers read alike and uv writes alike."""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Inspection, VerifiedArtifact
from mcpinstall.model.manifest import Hook
from mcpinstall.verification import inspect_wheel, stage_artifacts, unaccepted_hooks
from tests.builders.environments import stage_server
from tests.builders.odd_wheels import damaged, odd_wheel
from tests.builders.wheels import artifact


def inspected(data: bytes, name: str) -> Inspection | None:
    """What is in a wheel, all its hooks accepted; None when it is refused by our own error."""
    claim = artifact(data, name=name)
    try:
        hooks = unaccepted_hooks(io.BytesIO(data), claim)
        return inspect_wheel(io.BytesIO(data), claim, hooks)
    except McpInstallError as error:
        if error.code is not ErrorCode.ARCHIVE_REFUSED:
            raise
        return None


def installed(folder: Path, wheels: Sequence[tuple[str, bytes]]) -> None:
    """Let uv unpack the wheels into one environment; check 7 compares every file of it."""
    for place in ("wheels", "store"):
        (folder / place).mkdir()
    pairs = []
    hooks: list[Hook] = []
    for name, data in wheels:
        stored = folder / "store" / name
        stored.write_bytes(data)
        pairs.append((artifact(data, name=name), stored))
        hooks += unaccepted_hooks(io.BytesIO(data), artifact(data, name=name))
    verified = stage_artifacts(pairs, folder / "wheels", hooks)
    require_installed(stage_server(folder, verified).staged.path, verified)


def require_installed(root: Path, verified: Iterable[VerifiedArtifact]) -> None:
    """Compare the tree once more with what another reader finds in the archives."""
    (site,) = root.glob("[Ll]ib/**/site-packages")
    found = {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    expected: dict[str, bytes] = {}
    for one in verified:
        expected |= read_by_zipfile(one.path.read_bytes())
    assert found == expected


def read_by_zipfile(data: bytes) -> dict[str, bytes]:
    """What the standard library finds for `site-packages`, by path."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {item.filename: archive.read(item) for item in archive.infolist()}
    libraries = {}
    for name, content in files.items():
        top, _, rest = name.partition("/")
        kind, _, path = rest.partition("/")
        if name.endswith("/") or "/__pycache__/" in f"/{name}":
            continue
        if not top.endswith(".data"):
            libraries[name] = content
        elif kind in ("purelib", "platlib"):
            libraries[path] = content
    return libraries


def require_same_reading(data: bytes, found: Inspection) -> None:
    """Compare names and bytes with those that the standard library reads."""
    own = {file.path: file.sha256 for file in found.files if file.scheme == "site"}
    other = {path: hashlib.sha256(content).hexdigest()
             for path, content in read_by_zipfile(data).items()}  # fmt: skip
    assert own == other


@pytest.mark.parametrize("seed", range(3))
def test_what_uv_writes_of_odd_wheels_equals_their_inspection(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (the same wheels every time)
    accepted = []
    for number in range(40):
        name = f"odd{number}"
        data = odd_wheel(chance, name)
        found = inspected(data, name)
        if found is not None:
            require_same_reading(data, found)
            accepted.append((name, data))

    assert len(accepted) > 20
    installed(tmp_path, accepted)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_wheel_is_refused_or_all_readers_agree(tmp_path: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)  # noqa: S311 (the same wheels every time)
    accepted = []
    for number in range(20):
        name = f"odd{number}"
        honest = odd_wheel(chance, name)
        if inspected(honest, name) is None:
            continue
        changed = [data for _ in range(40) if (data := damaged(chance, honest)) != honest]
        found = [(data, one) for data in changed if (one := inspected(data, name)) is not None]
        for data, one in found:
            require_same_reading(data, one)
        accepted += [(name, data) for data, _ in found[-1:]]

    assert len(accepted) > 5
    installed(tmp_path, accepted)
