"""The trust root that is part of the program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import sigstore

import mcpinstall.signatures
from mcpinstall.signatures import PUBLIC
from tests.conftest import ROOT

OURS = Path(mcpinstall.signatures.__file__).parent
STORE = Path(sigstore.__file__).parent / "_store" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"


def test_our_copies_are_those_of_the_library() -> None:
    """A newer library may bring a newer root: then copy it, and read what changed."""
    for ours, theirs in (
        ("trusted_root.json", "trusted_root.json"),
        ("signing_config.json", "signing_config.v0.2.json"),
    ):
        assert json.loads((OURS / ours).read_bytes()) == json.loads((STORE / theirs).read_bytes())


def test_the_public_instance_can_be_signed_with_too() -> None:
    config = PUBLIC.config()

    assert config.signing_config.get_fulcio() is not None
    assert config.signing_config.get_oidc_url().startswith("https://")
    assert config.trusted_root.get_fulcio_certs()


def test_the_module_alone_loads_no_library() -> None:
    script = (
        "import sys, mcpinstall.operations.lookup, mcpinstall.cli.sign\n"
        "heavy = {'sigstore', 'tuf', 'pydantic', 'cryptography', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
