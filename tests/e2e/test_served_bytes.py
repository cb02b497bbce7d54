"""A wheel that the index serves with one flipped byte is refused, and no host file is touched."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.world import World

pytestmark = pytest.mark.e2e

PLACES = {"first": 0, "middle": 0.5, "last": 1}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("page", ["honest page", "page that fits"])
def test_a_flipped_byte_on_the_way_is_refused(world: World, place: str, page: str) -> None:
    before = world.host_files()
    filename = next(name for name in world.wheels if name.startswith("clock"))
    served = bytearray(world.wheels[filename])
    served[int(PLACES[place] * (len(served) - 1))] ^= 1
    if page == "page that fits":
        world.index.publish(filename, bytes(served))
    else:
        world.index.files[world.index.pages["clock-server"][filename].path] = bytes(served)

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor", "codex"])

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH
    assert refused.value.code.exit_status == 3
    world.require_untouched(before)


def test_the_very_bytes_are_installed(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])

    assert world.starts("cursor", "clock")
