"""tuf-conformance's client protocol (`init`, `refresh`, `download`) over our own TUF client.

The suite is not in this repository: `run_tuf.py` runs it where a variable names a checkout of it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.registries.tuf_client import Places, TufClient
from mcpinstall.registries.tuf_fetchers import WebFetcher
from mcpinstall.system.fetch import Client, Clock
from mcpinstall.system.machine import Machine


def main() -> int:
    """Do what the suite asks; 1 for every refusal."""
    asked = arguments()
    folder = Path(asked.metadata_dir)
    try:
        if asked.sub_command == "init":
            begin(folder, Path(asked.trusted_root))
        else:
            act(asked, folder)
    except McpInstallError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--metadata-dir", required=True)
    parser.add_argument("--metadata-url")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-base-url")
    parser.add_argument("--target-dir")
    commands = parser.add_subparsers(dest="sub_command", required=True)
    commands.add_parser("init").add_argument("trusted_root")
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser.parse_args()


def begin(folder: Path, root: Path) -> None:
    """Keep the root that is trusted from now on."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(root, folder / "root.json")
    shutil.copyfile(root, kept_root(folder))


def kept_root(folder: Path) -> Path:
    """Return where the confirmed root is: beside the folder that the suite looks into."""
    return folder.with_name(f"{folder.name}.trusted-root.json")


def act(asked: argparse.Namespace, folder: Path) -> None:
    folder.chmod(0o700)
    address = urlsplit(asked.metadata_url)
    places = Places(
        name="conformance",
        root=kept_root(folder).read_bytes(),
        base=f"{address.scheme}://{address.netloc}",
        metadata=folder,
        cache=folder.with_name(f"{folder.name}.targets"),
        metadata_at=address.path.strip("/"),
        targets_at=urlsplit(asked.target_base_url or "").path.strip("/"),
    )
    at_once = Clock(sleep=lambda seconds: None)  # the suite's server fails on purpose, and stays so
    with Client(places.base, machine=Machine.current(), clock=at_once) as web:
        client = TufClient(places, WebFetcher(web), at=datetime.now(UTC))
        client.require_fresh()
        if asked.sub_command == "download":
            for name in asked.target_name:
                download(client, name, Path(asked.target_dir))


def download(client: TufClient, name: str, folder: Path) -> None:
    data = client.read(name)
    if data is None:
        raise McpInstallError(ErrorCode.NOT_FOUND, f"no role in charge signs `{name}`")
    path = folder / quote(name, "")
    if not path.exists() or path.read_bytes() != data:  # the suite looks at when it was written
        path.write_bytes(data)


if __name__ == "__main__":
    raise SystemExit(main())
