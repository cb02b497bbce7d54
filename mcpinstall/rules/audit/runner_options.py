"""Options with values of every runner.  Those of uv were compared with its help (2026-11).

Those of the others were not; one that is missing here makes its value pass for a package.
"""

from __future__ import annotations

from mcpinstall.rules.audit.options import Grammar


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NPM = Grammar(
    valued=_names(
        "-p --package -c --call -w --workspace --registry --cache --userconfig --globalconfig "
        "--prefix -C --loglevel --script-shell --node-options -n --node-arg --before --tag --otp "
        "--proxy --https-proxy --noproxy --cafile --ca --cert --key --fetch-timeout "
        "--fetch-retries --maxsockets --location --omit --include --shell --scope --user-agent "
        "--min-release-age"
    )
)
"""`npx` and `npm exec`."""
PNPM = Grammar(
    valued=_names(
        "--package -C --dir -F --filter --allow-build --reporter --loglevel --registry "
        "--store-dir --cpu --os --libc"
    )
)
YARN = Grammar(valued=_names("-p --package --cwd"))
BUN = Grammar(valued=_names("-p --package --cwd -c --config --registry --env-file"))
DENO = Grammar(
    valued=_names(
        "-c --config --import-map -L --log-level --cert --location --seed --ext --env-file "
        "--v8-flags --node-modules-dir --preload"
    )
)
UV = Grammar(
    valued=_names(
        "--from -w --with --with-editable --with-requirements -c --constraints -b "
        "--build-constraints --overrides --env-file --python-platform --torch-backend --index "
        "--default-index -i --index-url --extra-index-url -f --find-links --index-strategy "
        "--keyring-provider -P --upgrade-package --upgrade-group --resolution --prerelease "
        "--prerelease-package --fork-strategy --exclude-newer --exclude-newer-package "
        "--no-sources-package --reinstall-package --link-mode -C --config-setting "
        "--config-settings-package --no-build-isolation-package --no-build-package "
        "--no-binary-package --cache-dir --refresh-package -p --python --color "
        "--allow-insecure-host --directory --project --config-file --extra --no-extra --group "
        "--no-group --only-group --package --no-editable-package"
    )
)
"""`uvx` and `uv run`; `-m` of `uv run` ends the options: its module is no option's value."""
PIPX = Grammar(
    valued=_names(
        "--spec --with --python --pip-args -i --index-url --backend --fetch-python "
        "--fetch-missing-python --suffix"
    )
)
PIP = Grammar(
    valued=_names(
        "-r --requirement -c --constraint -e --editable -t --target --platform --python-version "
        "--implementation --abi --prefix --root --src -i --index-url --extra-index-url -f "
        "--find-links --trusted-host --no-binary --only-binary --upgrade-strategy --progress-bar "
        "--config-settings -C --cache-dir --proxy --cert --client-cert --log --python -p --timeout "
        "--retries --index --default-index --index-strategy"
    )
)
DOCKER = Grammar(
    valued=_names(
        "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey "
        "--connection --url --identity --root --runroot --storage-driver --namespace -n --address "
        "-a --snapshotter --cgroup-manager --data-root"
    )
)
DOCKER_RUN = Grammar(
    valued=_names("-a -c -e -h -l -m -p -u -v -w --volume --env"),
    flags=_names(
        "--detach --disable-content-trust --help --init --interactive --no-healthcheck "
        "--oom-kill-disable --privileged --publish-all --quiet --read-only --rm --sig-proxy --tty "
        "--use-api-socket --env-host --http-proxy --no-hostname --no-hosts --passwd "
        "--read-only-tmpfs --replace --rmi --rootfs --tls-verify --unsetenv-all --systemd-activate"
    ),
)
DNX = Grammar(
    valued=_names(
        "--version --source --add-source --configfile --framework -v --verbosity --arch -a"
    )
)
GO = Grammar(
    clusters=False,
    valued=_names(
        "-C -exec -p -asmflags -buildmode -buildvcs -compiler -covermode -coverpkg -gccgoflags "
        "-gcflags -installsuffix -ldflags -mod -modfile -overlay -pgo -pkgdir -tags -toolexec"
    ),
)
CARGO = Grammar(
    clusters=False,
    valued=_names(
        "--version --vers --git --branch --tag --rev --path --registry --index --root --target "
        "--target-dir --profile -F --features --bin --example -j --jobs --color --config -Z"
    ),
)
NIX = Grammar(
    valued=_names(
        "--extra-experimental-features --experimental-features --inputs-from -I --include "
        "--log-format --reference-lock-file --output-lock-file --update-input --store --eval-store "
        "--expr -f --file -j --max-jobs --cores --unset -u --keep -k"
    )
)
JAVA = Grammar(
    clusters=False,
    valued=_names(
        "-jar -cp -classpath --class-path -p --module-path --add-modules --add-opens "
        "--add-exports --add-reads --patch-module --upgrade-module-path"
    ),
)
