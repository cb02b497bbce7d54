"""Run tuf-conformance over our TUF client: `run_tuf.py [pytest arguments]`.

`TUF_CONFORMANCE` is the folder of a checkout of the suite, which is not part of this repository;
it needs the program `faketime`.  `TUF_CONFORMANCE_PYTHON` has what the suite wants to be installed;
without it this Python is taken, whose `tuf` is newer than the suite's.
No case is expected to fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the suite and return its exit status."""
    if shutil.which("faketime") is None:
        sys.stderr.write("error: the program `faketime` is missing\n")
        return 2
    suite = Path(os.environ["TUF_CONFORMANCE"]).resolve()
    python = os.path.abspath(os.environ.get("TUF_CONFORMANCE_PYTHON", sys.executable))  # noqa: PTH100 (a link stays one)
    around = {**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE.parent.parent), str(suite)))}
    client = f"--entrypoint={sys.executable} {HERE / 'tuf_client.py'}"
    arguments = ("-p", "no:cacheprovider", "tuf_conformance", client, *sys.argv[1:])
    command = [python, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=suite, env=around, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
