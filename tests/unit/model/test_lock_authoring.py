"""Making a lock: what is missing for a platform, and what the lock says it was made with."""

from __future__ import annotations

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model import lock_authoring, lock_text
from mcpinstall.model.lock_authoring import Gap, MadeWith

UNTIL = "2026-11-15T00:00:00Z"
LINUX, MAC = "linux-x86_64-glibc", "macos-arm64"


def by_uv(*wheels: str, marker: str = "") -> bytes:
    """Return what uv writes for one package with these wheels."""
    rows = "\n".join(
        f'    {{ url = "https://files.example.com/p/{name}", size = 9, '
        f'hashes = {{ sha256 = "{"a" * 63}{number}" }} }},'
        for number, name in enumerate(wheels)
    )
    said = f'marker = "{marker}"\n' if marker else ""
    return f"""\
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "stars"
version = "2.0"
{said}wheels = [
{rows}
]
""".encode()


NATIVE = by_uv("stars-2.0-cp311-cp311-manylinux_2_28_x86_64.whl")


def test_a_wheel_for_everything_leaves_no_gap() -> None:
    assert lock_authoring.gaps(by_uv("stars-2.0-py3-none-any.whl"), (LINUX, MAC)) == ()


def test_every_platform_and_python_without_a_wheel_is_told() -> None:
    found = lock_authoring.gaps(NATIVE, (LINUX, MAC), pythons=((3, 11), (3, 12)))

    assert found == (
        Gap(package="stars", version="2.0", platform=LINUX, python=(3, 12)),
        Gap(package="stars", version="2.0", platform=MAC, python=(3, 11)),
        Gap(package="stars", version="2.0", platform=MAC, python=(3, 12)),
    )


def test_where_a_marker_never_holds_nothing_is_missing() -> None:
    written = by_uv(
        "stars-2.0-cp311-cp311-manylinux_2_28_x86_64.whl", marker="sys_platform == 'linux'"
    )

    assert lock_authoring.gaps(written, (MAC,)) == ()


def test_a_lock_says_what_it_was_made_with_and_reads_it_back() -> None:
    stated = MadeWith(constraints=("stars<3; sys_platform == 'darwin'",), exclude_newer=UNTIL)

    text = lock_authoring.from_uv(by_uv("stars-2.0-py3-none-any.whl"), (LINUX,), made_with=stated)

    found = lock_text.parse(text, "pylock.toml")
    assert (found.constraints, found.exclude_newer) == (stated.constraints, UNTIL)
    other = MadeWith(exclude_newer="2026-11-16T00:00:00Z")
    again = lock_text.parse(lock_authoring.restated(found, other), "pylock.toml")
    assert (again.constraints, again.exclude_newer) == ((), other.exclude_newer)
    assert again.packages == found.packages
    assert lock_authoring.restated(again, stated) == text


@pytest.mark.parametrize(
    "line",
    [
        'constraints = ["stars @ https://evil.example.com/stars.whl"]',
        'constraints = ["stars[extra]<3"]',
        'constraints = ["stars"]',
        "constraints = [\"stars<3; platform_release == '6.1'\"]",
        'constraints = ["--index-url https://evil.example.com"]',
        'constraints = ["stars<3\\n--extra-index-url https://evil.example.com"]',
        'exclude-newer = "tomorrow"',
        'exclude-newer = "2026-11-15T00:00:00+02:00"',
        "index = 'https://evil.example.com'",
    ],
)
def test_what_could_steer_the_next_resolution_elsewhere_is_refused(line: str) -> None:
    text = lock_authoring.from_uv(by_uv("stars-2.0-py3-none-any.whl"), (LINUX,)).decode()
    head, packages = text.split("\n[[packages]]", 1)

    with pytest.raises(McpInstallError):
        lock_text.parse(
            f"{head}\n[tool.mcpinstall]\n{line}\n\n[[packages]]{packages}".encode(), "x"
        )
