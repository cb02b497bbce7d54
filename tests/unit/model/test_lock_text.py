"""`pylock.toml`: what is read, what is refused, what is made from uv's output."""

from __future__ import annotations

import platform
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_authoring, lock_text, platforms
from tests.builders.registry_folders import lock

WHEEL = "clock_server-1.2.0-py3-none-any.whl"
HINT = "packages/ab/cd/" + WHEEL
LINUX = ("linux-x86_64-glibc",)


def refusal(data: bytes) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        lock_text.parse(data, "pylock.toml")
    return refused.value


def with_hint(hint: str) -> bytes:
    return lock(extra=f'[packages.tool.mcpinstall.hints]\n"{WHEEL}" = "{hint}"\n')


def with_marker(marker: str) -> bytes:
    return lock().replace(
        b'version = "1.2.0"', f"version = '1.2.0'\nmarker = \"{marker}\"".encode()
    )


def test_a_lock_is_read() -> None:
    found = lock_text.parse(with_hint(HINT), "pylock.toml")

    assert found.requires_python == ">=3.11,<3.15"
    (package,) = found.packages
    assert (package.name, package.version, package.marker) == ("clock-server", "1.2.0", None)
    (wheel,) = package.wheels
    assert (wheel.filename, wheel.size, wheel.sha256) == (WHEEL, 1000, "a" * 64)
    assert wheel.hint == HINT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'lock-version = "1.0"', b'lock-version = "1.1"'),
        (b'created-by = "uv"', b'created-by = "uv"\nextras = []'),
        (b'requires-python = ">=3.11,<3.15"', b'requires-python = "three"'),
        (b"path = ", b"url = "),
        (b'path = "', b'path = "../'),
        (b'path = "', b'path = "wheels/'),
        (b"py3-none-any.whl", b"py3-none.whl"),
        (b"clock_server-1.2.0-", b"other_server-1.2.0-"),
        (b"clock_server-1.2.0-", b"clock_server-1.2.1-"),
        (b"size = 1000", b"size = 0"),
        (b"size = 1000, ", b""),
        (b"a" * 64, b"A" * 64),
        (b"a" * 64, b"a" * 63),
        (b"sha256 = ", b"md5 = "),
        (b'name = "clock-server"', b'name = "Clock_Server"'),
        (b'version = "1.2.0"', b'version = "1.2.*"'),
        (b'version = "1.2.0"', b'version = "1.2.0"\nindex = "https://index.example/"'),
        (b'version = "1.2.0"', b'version = "1.2.0"\nsdist = {}'),
        (b'version = "1.2.0"', b'version = "1.2.0"\nvcs = {}'),
        (b'version = "1.2.0"', b'version = "1.2.0"\narchive = {}'),
        (b'version = "1.2.0"', b'version = "1.2.0"\ndirectory = {}'),
        (b"size = 1000", b'size = 1000, upload-time = "yesterday"'),
        (b"lock-version", b"\xfflock-version"),
        (b"[[packages]]", b"[[packages]"),
    ],
)
def test_a_lock_that_says_more_or_less_is_refused(old: bytes, new: bytes) -> None:
    assert old in lock()

    assert refusal(lock().replace(old, new)).code is ErrorCode.LOCK_INVALID


def test_a_package_without_wheels_is_refused() -> None:
    head, _, _ = lock().partition(b"wheels = [")

    assert "only wheels" in refusal(head + b"wheels = []").message


def test_a_file_that_comes_twice_is_refused() -> None:
    head, mark, package = lock().partition(b"[[packages]]")

    assert "twice" in refusal(head + mark + package + mark + package).message


@pytest.mark.parametrize(
    "marker",
    [
        "sys_platform == 'win32'",
        "python_full_version < '3.11.5' and platform_machine != 'ARM64'",
        "(os_name == 'nt' or platform_system == 'Linux') and implementation_name == 'cpython'",
        "'platform_release' == sys_platform",
    ],
)
def test_a_marker_may_ask_for_the_platform(marker: str) -> None:
    (package,) = lock_text.parse(with_marker(marker), "pylock.toml").packages

    assert package.marker == marker


@pytest.mark.parametrize(
    "marker",
    [
        "platform_release == '6.1.0-of-one-machine'",
        "sys_platform == 'linux' or platform_version >= '1'",
        "extra == 'more'",
        "'x' in dependency_groups",
        "os.name == 'posix' and",
        "import os",
    ],
)
def test_a_marker_that_could_aim_at_one_machine_is_refused(marker: str) -> None:
    assert refusal(with_marker(marker)).code is ErrorCode.LOCK_INVALID


@pytest.mark.parametrize(
    "marker", ["os_name ~= 'x'", "python_version ~= '3'", "os_name === 'x'", "'a' == 'b'"]
)
def test_a_marker_that_compares_nothing_is_refused(marker: str) -> None:
    assert refusal(with_marker(marker)).code is ErrorCode.LOCK_INVALID


def test_a_wheel_for_thousands_of_tags_is_refused() -> None:
    tags = "-".join(".".join(f"{letter}{number}" for number in range(12)) for letter in "abc")

    error = refusal(lock().replace(b"py3-none-any", tags.encode()))

    assert error.code is ErrorCode.LOCK_INVALID
    assert "1000 tags" in error.message


@pytest.mark.parametrize(
    "hint",
    [
        "https://evil.example/" + WHEEL,
        "//evil.example/" + WHEEL,
        "/packages/" + WHEEL,
        "packages//" + WHEEL,
        "packages/../" + WHEEL,
        "packages/./" + WHEEL,
        "packages/other.whl",
        "packages/%2e%2e/" + WHEEL,
        "packages/x?y=/" + WHEEL,
        "packages/x#/" + WHEEL,
        "user@evil.example:1/" + WHEEL,
    ],
)
def test_a_hint_that_leaves_the_index_is_refused(hint: str) -> None:
    assert refusal(with_hint(hint)).code is ErrorCode.LOCK_INVALID


def test_a_hint_for_another_file_is_refused() -> None:
    data = lock(extra='[packages.tool.mcpinstall.hints]\n"x-1-py3-none-any.whl" = "p/x"\n')

    assert refusal(data).code is ErrorCode.LOCK_INVALID


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        lock_text.parse(data, "pylock.toml")


HASH = f'hashes = {{ sha256 = "{"a" * 64}" }}'
TAGS = (
    "cp312-cp312-manylinux_2_17_x86_64",
    "cp311-abi3-manylinux_2_17_x86_64",
    "cp312-cp312-manylinux_2_17_s390x",
    "cp312-cp312-win32",
    "cp314-cp314t-manylinux_2_17_x86_64",
    "pp311-pypy311_pp73-manylinux_2_17_x86_64",
    "cp310-cp310-manylinux_2_17_x86_64",
)


def uv_wheel(filename: str) -> str:
    url = f"https://files.example/packages/aa/bb/{filename}"
    return f'{{ url = "{url}", upload-time = 2026-08-03T21:19:30Z, size = 7, {HASH} }}'


UV = f"""\
# This file was autogenerated by uv via the following command:
#    uv pip compile --secret-looking-path /home/somebody
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"

[[packages]]
name = "native"
version = "2.0"
sdist = {{ url = "https://files.example/packages/aa/native-2.0.tar.gz", {HASH} }}
wheels = [{", ".join(uv_wheel(f"native-2.0-{tag}.whl") for tag in TAGS)}]

[[packages]]
name = "only-windows"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{uv_wheel("only_windows-1.0-py3-none-any.whl")}]
""".encode()


def test_a_lock_made_from_uv_holds_no_location_and_only_claimed_platforms() -> None:
    data = lock_authoring.from_uv(UV, LINUX)

    found = lock_text.parse(data, "pylock.toml")
    assert [package.name for package in found.packages] == ["native"]
    assert [wheel.filename for wheel in found.packages[0].wheels] == [
        "native-2.0-cp311-abi3-manylinux_2_17_x86_64.whl",
        "native-2.0-cp312-cp312-manylinux_2_17_x86_64.whl",
    ]
    assert found.packages[0].wheels[1].hint == (
        "packages/aa/bb/native-2.0-cp312-cp312-manylinux_2_17_x86_64.whl"
    )
    assert not any(word in data for word in (b"://", b"somebody", b"sdist", b"files.example"))
    assert lock_authoring.uncovered(found, LINUX) == ()


def test_a_package_of_another_platform_comes_with_that_platform() -> None:
    found = lock_text.parse(lock_authoring.from_uv(UV, ("windows-x86_64", *LINUX)), "pylock.toml")

    assert [package.name for package in found.packages] == ["native", "only-windows"]
    faults = lock_authoring.uncovered(found, ("windows-x86_64",))
    assert set(faults) == {
        f"`native` 2.0 has no wheel on windows-x86_64 with Python 3.{minor}"
        for minor in range(11, 15)
    }


def test_a_lock_covers_the_pythons_that_its_manifest_allows() -> None:
    assert lock_authoring.pythons(">=3.11,<3.15") == platforms.PYTHONS
    assert lock_authoring.pythons("~=3.12.0") == ((3, 12),)
    with pytest.raises(McpInstallError, match="allows none"):
        lock_authoring.pythons(">=3.9,<3.11")


def test_wheels_of_other_pythons_are_left_out_of_a_lock_for_one() -> None:
    found = lock_text.parse(lock_authoring.from_uv(UV, LINUX, pythons=((3, 11),)), "pylock.toml")

    assert found.requires_python == ">=3.11,<3.12"
    assert [wheel.filename for wheel in found.packages[0].wheels] == [
        "native-2.0-cp311-abi3-manylinux_2_17_x86_64.whl"
    ]


def test_a_package_with_no_wheel_for_any_claimed_platform_is_an_error() -> None:
    with pytest.raises(McpInstallError, match="native"):
        lock_authoring.from_uv(UV, ("macos-arm64",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"sys_platform == 'win32'", b"sys_platform =="),
        (b"sys_platform == 'win32'", b"os_name ~= 'x'"),
        (b"https://", b"https://[not-an-address]/"),
    ],
)
def test_what_uv_would_never_write_is_an_error_of_our_own(old: bytes, new: bytes) -> None:
    assert old in UV

    with pytest.raises(McpInstallError) as refused:
        lock_authoring.from_uv(UV.replace(old, new), LINUX)

    assert refused.value.code is ErrorCode.LOCK_INVALID


def test_the_oldest_promised_system_needs_a_wheel_too() -> None:
    young = UV.replace(b"manylinux_2_17_x86_64", b"manylinux_2_40_x86_64")
    found = lock_text.parse(lock_authoring.from_uv(young, LINUX), "pylock.toml")

    assert lock_authoring.uncovered(found, LINUX) != ()


def test_the_tags_of_this_machine_are_among_those_of_its_platform() -> None:
    libc = platform.libc_ver()[0]
    if (sys.platform, platform.machine(), libc) != ("linux", "x86_64", "glibc"):
        pytest.skip("needs Linux")

    ours = platforms.tags("linux-x86_64-glibc", sys.version_info[:2])

    assert set(sys_tags()) <= ours
