"""Whether a wheel says under which licence it is: a header, a file, or its README."""

from __future__ import annotations

import io

import pytest

from mcpinstall import verification
from tests.builders.watchdog import ends
from tests.builders.wheels import artifact, wheel

HEADER = "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"


def names_one(metadata: str, **files: bytes) -> bool:
    members = {"example/__init__.py": b"", "example-1.0.dist-info/METADATA": metadata.encode()}
    data = wheel(members | {name.replace("__", "/"): text for name, text in files.items()})
    inspection, _ = verification.examine_wheel(io.BytesIO(data), artifact(data))
    return verification.names_a_licence(
        verification.metadata_of(io.BytesIO(data), inspection), inspection
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", False),
        ("License: MIT\n", True),
        ("License: UNKNOWN\n", False),
        ("Classifier: License :: OSI Approved :: MIT License\n", True),
        ("\n# Clock\n\n## License\n\nThis server is licensed under the MIT License.\n", True),
        ("\nLicence:\nApache 2.0\n", True),
        ("\nLicense\n=======\nBSD-3-Clause\n", True),
        ("\n## License\n\nSee the repository.\n", False),
        ("\n## Driving license\n\nMIT is a school.\n", False),
        ("\nIt reads the MIT licence of your files.\n", False),
        ("\n## License\n" + "\n" * 500 + "MIT\n", False),
    ],
)
def test_what_names_a_licence(text: str, named: bool) -> None:
    assert names_one(HEADER + text) == named


def test_a_readme_that_is_made_to_be_slow_is_looked_at_in_no_time() -> None:
    with ends(30):
        assert not names_one(f"{HEADER}\nlicense{' ' * 3_000_000}x\n" + "## License\nx\n" * 300_000)
