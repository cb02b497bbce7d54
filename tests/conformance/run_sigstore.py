"""Run sigstore-conformance over our verification: `run_sigstore.py [pytest arguments]`.

`SIGSTORE_CONFORMANCE` is the folder of a checkout of the suite, which is not part of this
repository; `SIGSTORE_CONFORMANCE_PYTHON` has what its `requirements.txt` wants.
A case that is listed as failing and passes is a failure too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED_FAILURES = (
    "test_verify?*-intoto-with-custom-trust-root?",
    "test_verify?*-managed-key-and-trusted-root?",
    "test_verify?*-managed-key-happy-path?",
    "test_verify?*-trust-root-tsa-validity-end-inclusive?",
)
"""Each with its reason in `docs/verification.md`."""


def main() -> int:
    """Run the suite and return its exit status."""
    suite = Path(os.environ["SIGSTORE_CONFORMANCE"]).resolve()
    paths = [Path(sys.executable).parent, os.environ.get("PATH", "")]
    around = {
        **os.environ,
        "PATH": os.pathsep.join(map(str, paths)),
        "PYTHONPATH": os.pathsep.join((str(HERE.parent.parent), str(HERE))),
        "GHA_SIGSTORE_CONFORMANCE_XFAIL": " ".join(EXPECTED_FAILURES),
    }
    arguments = ("-p", "offline_token", "-p", "no:cacheprovider", "test/test_bundle.py")
    client = ("-k", "test_verify", "--skip-signing", f"--entrypoint={HERE / 'sigstore_client.py'}")
    python = os.environ["SIGSTORE_CONFORMANCE_PYTHON"]
    command = [python, "-m", "pytest", *arguments, *client, *sys.argv[1:]]
    return subprocess.run(command, cwd=suite, env=around, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
