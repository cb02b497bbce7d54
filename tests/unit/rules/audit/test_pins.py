"""The table of the pin parser: what each command line fetches, and how tightly it is fixed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.rules.audit.pins import fetch
from mcpinstall.rules.audit.unwrap import unwrap
from tests.builders.watchdog import ends
from tests.unit.rules.audit.launches import values

HEX40, HEX64 = "0123456789" * 4, "0123456789abcdef" * 4

NPM = [
    ("npx -y a", "a floating"),
    ("npx a@latest", "a latest"),
    ("npx a@1", "a floating"),
    ("npx a@~1.2", "a floating"),
    ("npx a@'>=1'", "a floating"),
    ("npx a@^1.2.3", "a floating"),
    ("npx a@1.2.3", "a exact"),
    ("npx a@1.2.3-beta.1+b5", "a exact"),
    ("npx -y @s/a@1.2.3 --flag b@2", "@s/a exact"),
    ("npx -y -p a@1.0.0 -p b c", "a exact, b floating"),
    ("npx --package=a@1.0.0 a-bin", "a exact"),
    ("npx --yes -- a@1.0.0", "a exact"),
    ("npx --registry https://r.example a@1.0.0 b", "a exact"),
    ("npx --loglevel silent -y a", "a floating"),
    ("npx ./pkg", "./pkg local"),
    ("npx file:../x", "file:../x local"),
    ("npx github:o/r", "github:o/r mutable"),
    ("npx o/r", "o/r mutable"),
    (f"npx o/r#{HEX40}", "o/r exact"),
    ("npx https://h.example/a.tgz", "https://h.example/a.tgz mutable"),
    ("npx x@npm:y@1.0.0", "y exact"),
    ("npx -c 'a b'", ""),
    ("cmd /c npx -y a@1.0.0", "a exact"),
    ("npm exec -y -- a@1.0.0 --x", "a exact"),
    ("npm exec a", "a floating"),
    ("npm x --package=a -- b", "a floating"),
    ("npm --silent exec a@1.0.0", "a exact"),
    ("pnpm dlx a", "a floating"),
    ("pnpm --package=a@1.0.0 dlx b", "a exact"),
    ("pnpm --silent dlx a@1.0.0", "a exact"),
    ("pnpx a", "a floating"),
    ("yarn dlx -q a@1.0.0", "a exact"),
    ("yarn dlx -p a -p b@1.0.0 c", "a floating, b exact"),
    ("bunx --bun a", "a floating"),
    ("bunx -p @s/a@1.0.0 a", "@s/a exact"),
    ("bun x a@1.0.0", "a exact"),
    ("deno run -A npm:a@1.2.3/bin", "a exact"),
    ("deno run --allow-net npm:@s/a", "@s/a floating"),
    ("deno run -A jsr:@s/a@^1", "@s/a floating"),
    ("deno run -A jsr:@s/a@1.0.0", "@s/a exact"),
    ("deno run https://h.example/x@1.0.0/m.ts", "https://h.example/x@1.0.0/m.ts mutable"),
    ("deno run -c deno.json ./x.ts npm:b", "./x.ts local"),
    ("deno x npm:a", "a floating"),
]
PYTHON = [
    ("uvx a", "a floating"),
    ("uvx a@latest", "a latest"),
    ("uvx --from 'a>=1' a", "a floating"),
    ("uvx --with b a@1.0", "a exact, b floating"),
    ("uvx --with b==1,c a@1.0", "a exact, b exact, c floating"),
    ("uvx --with 'b>=1,<2' a@1.0", "a exact, b floating"),
    ("uvx a@1.0", "a exact"),
    ("uvx a==1.0", "a exact"),
    ("uvx --from a==1.0 a", "a exact"),
    ("uvx --from 'a[x]==1.0' a", "a exact"),
    ("uvx 'a[x]@1.0' --with b", "a exact"),
    ("uvx a==1.*", "a floating"),
    ("uvx 'a==1.0; sys_platform == \"linux\"'", "a exact"),
    ("uvx -p 3.12 a@1.0", "a exact"),
    ("uvx -p3.12 a", "a floating"),
    ("uvx --python=3.12 --index-url https://i.example a", "a floating"),
    (f"uvx --from git+https://h/o/r@{HEX40} a", f"git+https://h/o/r@{HEX40} exact"),
    ("uvx --from git+https://h/o/r@v1.0 a", "git+https://h/o/r@v1.0 mutable"),
    ("uvx --from 'a @ git+https://h/o/r' a", "a @ git+https://h/o/r mutable"),
    ("uvx --from https://h/a.whl a", "https://h/a.whl mutable"),
    (f"uvx --from https://h/a.whl#sha256={HEX64} a", "https://h/a.whl exact"),
    ("uvx --from . a", ". local"),
    ("uv tool run --from a==1.0 a", "a exact"),
    ("uv --directory /x tool run a", "a floating"),
    ("uv run --with mcp mcp run server.py", "mcp floating"),
    ("uv run --with mcp==1.2 --python 3.12 s.py --with b", "mcp exact"),
    ("uv --directory /x run server.py", ""),
    ("uv run https://h.example/s.py", "https://h.example/s.py mutable"),
    ("pipx run a", "a floating"),
    ("pipx run --spec a==1.0 a", "a exact"),
    ("pipx run a==1.0", "a exact"),
    ("python3 -m pipx run a", "a floating"),
    ("pip install a==1.0 b -r x.txt", "a exact, b floating"),
    ("python -m pip install -U a", "a floating"),
]
DIGEST = f"sha256:{HEX64}"
OTHERS = [
    ("docker run --rm -i -e K -v a:b reg/x:1.0 arg", "reg/x floating"),
    (f"docker run --rm reg/x:1.0@{DIGEST}", "reg/x exact"),
    (f"docker run reg:5000/x@{DIGEST} y:1", "reg:5000/x exact"),
    ("docker run -i reg:5000/x", "reg:5000/x latest"),
    ("docker run -ite K --name n x:latest", "x latest"),
    ("docker run --init --pull=always --network none x:1 --privileged", "x floating"),
    ("docker --context c container run x", "x latest"),
    (f"docker run {DIGEST}", "sha256 local"),
    ("docker compose run x", ""),
    ("docker exec -i x y", ""),
    ("podman run --replace --name n x:1", "x floating"),
    ("nerdctl run -i x", "x latest"),
    ("podman --storage-opt a=b --hooks-dir /x --log-level debug run x:1", "x floating"),
    ("podman --noout -r --syslog run x:1", "x floating"),
    ("podman run --rootfs /srv/tree server", ""),
    ("podman run --tls-verify --read-only-tmpfs --systemd always --umask 22 x:1", "x floating"),
    ("nerdctl --cni-path /x --hosts-dir /y --insecure-registry run x:1", "x floating"),
    ("dnx A.B@1.0.0 --yes", "A.B exact"),
    ("dnx A.B --version 1.0.0 --yes", "A.B exact"),
    ("dnx A.B --yes -- --version 1.0.0", "A.B floating"),
    ("dotnet tool run a", ""),
    ("dotnet tool exec A.B@1.0.0", "A.B exact"),
    ("dotnet tool execute --prerelease --no-http-cache A.B", "A.B floating"),
    ("dotnet -d tool exec A.B@1.0.0", "A.B exact"),
    ("dotnet dnx -a x64 -v q --disable-parallel A.B@1.0.0", "A.B exact"),
    ("go run h.example/m@latest", "h.example/m latest"),
    ("go run h.example/m@main", "h.example/m floating"),
    ("go run h.example/m@v1.2.3 x@latest", "h.example/m exact"),
    ("go run -tags x h.example/m@v0.0.0-20240101000000-0123456789ab", "h.example/m exact"),
    ("go run ./cmd/x", "./cmd/x local"),
    ("go run -buildvcs h.example/m@latest", "h.example/m latest"),
    ("go run -buildvcs=false -x h.example/m@latest", "h.example/m latest"),
    ("go run --tags x --exec y h.example/m@v1.2.3", "h.example/m exact"),
    ("go run --mod=mod -race h.example/m@latest", "h.example/m latest"),
    ("cargo run --release", ""),
    ("cargo install a", "a floating"),
    ("cargo install a@1.2.3", "a exact"),
    ("cargo install --version 1.2.3 a", "a exact"),
    ("cargo install --bin b --example e a@1.2.3", "a exact"),
    ("cargo install --target t -F f -j4 --locked -Z x a", "a floating"),
    ("cargo install --git https://h.example/r", "git+https://h.example/r mutable"),
    (f"cargo install --git https://h.example/r --rev {HEX40}", "git+https://h.example/r exact"),
    ("nix run github:o/r", "github:o/r mutable"),
    (f"nix run github:o/r/{HEX40}#x -- y", f"github:o/r/{HEX40}#x exact"),
    ("nix run nixpkgs#x", "nixpkgs#x mutable"),
    ("nix run .#x", ".#x local"),
    ("nix run --substituters https://c.example --trusted-public-keys k .#x", ".#x local"),
    ("nix --netrc-file n --timeout 9 run --accept-flake-config -L .#x", ".#x local"),
    ("nix run --set-env-var A b -u C .#x", ".#x local"),
    ("nix shell --arg a b -I c nixpkgs#x -c y", "nixpkgs#x mutable"),
    ("java -Xmx1g -jar x.jar --port 1", "x.jar local"),
    ("node node_modules/.bin/a", None),
    ("python -m a", None),
]


@pytest.mark.parametrize(("line", "expected"), [*NPM, *PYTHON, *OTHERS])
def test_what_is_fetched(line: str, expected: str | None) -> None:
    found = fetch(unwrap(values(line)).launch)

    packages = None if found is None else ", ".join(
        f"{one.name} {one.pin}" for one in found.packages
    )  # fmt: skip
    assert (packages or None) == (expected or None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("npx --no-install a", True),
        ("npx --offline a", True),
        ("npx --yes=false a", True),
        ("npx -y a --offline", False),
        ("uvx --offline a", True),
        ("uv --offline run --with a b", True),
        ("docker run --pull never x", True),
        ("docker run --pull always x", False),
        ("deno run --cached-only npm:a", True),
    ],
)
def test_what_fetches_nothing_new(line: str, expected: bool) -> None:
    found = fetch(unwrap(values(line)).launch)

    assert found is not None
    assert found.is_offline is expected


ENDING = ("npx", "uvx", "bunx", "yarn", "docker", "podman", "go", "nix", "deno", "pipx")


@pytest.mark.parametrize(
    "line",
    [line for line, found in (*NPM, *PYTHON, *OTHERS) if found and line.split()[0] in ENDING],
)
def test_arguments_of_the_server_are_no_packages(line: str) -> None:
    before = fetch(values(*line.split()))
    after = fetch(values(*line.split(), "--later", "b@latest", "-p", "c==2"))

    assert before is not None
    assert after is not None
    assert [one.name for one in after.packages] == [one.name for one in before.packages]


def test_no_credential_of_an_address_is_in_a_name() -> None:
    found = fetch(values("uvx", "--from", "git+https://user:word@h.example/r?key=word#word", "a"))

    assert found is not None
    assert "word" not in found.packages[0].shown


WORDS = st.sampled_from([
    "npx", "uvx", "uv", "tool", "run", "docker", "npm", "exec", "--", "-p", "--from", "--with",
    "-c", "a@1", "@", "@/", "==", "a==", "[", "-", "-it", "--package=", "=", "cargo", "install",
    "--git", "nix", "go", "deno", "java", "-jar", "dnx", "pip", "python", "-m", "git+",
    "https://", "#", ":",
]) | st.text(max_size=12)  # fmt: skip


@given(st.lists(WORDS, max_size=10))
def test_it_never_fails(argv: list[str]) -> None:
    fetch(unwrap(values(*argv)).launch)


@pytest.mark.parametrize("start", ["npx", "uvx", "docker run", "go run", "nix run", "deno run",
                                   "pip install", "uvx --with", "cargo install"])  # fmt: skip
@pytest.mark.parametrize("piece", ["a", "@", "#", "=", ",", "[", "//", "#&", " ", "-", "a@", "a/"])
def test_five_megabytes_take_no_time_of_their_square(start: str, piece: str) -> None:
    with ends(10):
        fetch(values(*start.split(), piece * (5_000_000 // len(piece))))
