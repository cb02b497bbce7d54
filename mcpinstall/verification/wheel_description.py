"""The METADATA of a wheel that was inspected: its README is in it."""

from __future__ import annotations

import itertools
import re
import zipfile
from typing import BinaryIO

from mcpinstall.model.artifact import Inspection
from mcpinstall.system import limits
from mcpinstall.verification.refusals import refusal

_LICENCE = re.compile(
    r"^(License(-Expression|-File)?:[ \t]*(?!UNKNOWN[ \t]*$)\S|Classifier:[ \t]*License ::)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(
    r"^(?:#{1,6}[ \t]{0,8})?licen[cs]e[ \t]{0,8}:?[ \t]{0,8}$", re.IGNORECASE | re.MULTILINE
)
_HEADINGS = 20  # of that name that are looked at
_BELOW = 400  # characters below a heading that are looked at
_KNOWN = re.compile(
    r"\b(MIT|Apache|BSD|[AL]?GPL|MPL|ISC|Unlicense|Zlib|CC0|EUPL|Artistic|Python Software"
    r" Foundation)\b"
)
"""Names of licences that are in use; a heading with nothing below it names none."""
_LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)", re.IGNORECASE)


def metadata_of(file: BinaryIO, inspection: Inspection) -> str:
    """Return METADATA as text; inspection has shown that every reader sees the same archive.

    Raises:
        McpInstallError: `archive-refused` for one that is longer than any real one.
    """
    name = f"{inspection.dist_info}/METADATA"
    with zipfile.ZipFile(file) as archive, archive.open(name) as member:
        data = member.read(limits.ARCHIVE_TEXT + 1)
    if len(data) > limits.ARCHIVE_TEXT:
        raise refusal(f"has more than {limits.ARCHIVE_TEXT} bytes of text", member=name)
    return data.decode("utf-8", "replace")


def names_a_licence(metadata: str, inspection: Inspection) -> bool:
    """Tell whether METADATA or a file of the wheel says under which licence it is."""
    header, _, description = metadata.partition("\n\n")
    if _LICENCE.search(header) or _described(description):
        return True
    folder = f"{inspection.dist_info}/"
    return any(
        file.path.startswith(folder) and _LICENCE_FILE.match(file.path.rpartition("/")[2])
        for file in inspection.files
    )


def _described(description: str) -> bool:
    """Tell whether a README has a section that names a licence; packages without headers do."""
    return any(
        _KNOWN.search(description, found.end(), found.end() + _BELOW)
        for found in itertools.islice(_HEADING.finditer(description), _HEADINGS)
    )


def member_start(file: BinaryIO, name: str, size: int) -> bytes:
    """Return the first `size` bytes of a member of a wheel that was inspected."""
    with zipfile.ZipFile(file) as archive, archive.open(name) as member:
        return member.read(size)
