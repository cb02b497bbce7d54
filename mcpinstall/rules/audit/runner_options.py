"""Options with values of every runner: one that is missing makes its value pass for a package.

Compared with the programs themselves (2026-11): npm 11.19 (its own table of definitions), pnpm
10.34, bun 1.4, deno 2.9, uv 0.13, pipx 1.16, pip, docker 28, podman 4.3.1, go 1.19.8, cargo 1.95,
nix 2.8.0 (its own dump of options) and java by what they do with such an option; nerdctl 2.3 and
`dotnet tool exec` of .NET 10 by their sources and pages, for they could not be run here.
"""

from __future__ import annotations

from mcpinstall.rules.audit.options import Grammar


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NPM = Grammar(
    valued=_names(
        "-p --package -c --call -w --workspace -C --prefix -L --location -m --message -n "
        "--node-arg --npm --shell --access --allow-directory --allow-file --allow-git "
        "--allow-remote --allow-scripts --also --audit-level --auth-type --before --enjoy-by --ca "
        "--cache --cache-max --cache-min --cafile --cert --cidr --cpu --depth --diff "
        "--diff-dst-prefix --diff-src-prefix --diff-unified --editor --expect-result-count "
        "--expires --fetch-retries --fetch-retry-factor --fetch-retry-maxtimeout "
        "--fetch-retry-mintimeout --fetch-timeout --git --globalconfig --heading --https-proxy "
        "--include --init-author-email --init-author-name --init-author-url --init-license "
        "--init-module --init-type --init-version --install-strategy --key --libc --local-address "
        "--lockfile-version --loglevel --logs-dir --logs-max --maxsockets --min-release-age "
        "--min-release-age-exclude --name --node-gyp --node-options --noproxy --omit --only --orgs "
        "--os --otp --pack-destination --packages --preid --provenance-file --proxy --reg "
        "--registry --replace-registry-host --save-prefix --sbom-format --sbom-type --scope "
        "--scopes --script-shell --searchexclude --searchlimit --searchopts --searchstaleness "
        "--tag --tag-version-prefix --umask --user-agent --userconfig --viewer --which"
    )
)
"""`npx` and `npm exec`; of an option that npm doesn't know, the next word is the package."""
PNPM = Grammar(
    valued=_names(
        "--package -C --dir -F --filter --allow-build --reporter --loglevel --registry "
        "--store-dir --config-dir --cpu --os --libc --use-node-version"
    )
)
YARN = Grammar(valued=_names("-p --package --cwd"))
BUN = Grammar(
    valued=_names(
        "-p --package --cwd --registry --env-file --ca --cafile --minimum-release-age --loglevel"
    )
)
"""`bunx`, which has no `-c FILE`; with `--cwd` before `x`, bun looks for a script `x`."""
DENO = Grammar(
    valued=_names(
        "-c --config --import-map -L --log-level --cert --location --seed --ext --lock --preload "
        "--require --conditions --min-dep-age --inspect-publish-uid --node-modules-linker "
        "--port --host --parallel-workers"
    )
)
"""`--env-file`, `--v8-flags` and `--node-modules-dir` take a value behind `=` alone."""
DENO_X = Grammar(valued=DENO.valued | _names("-p --package --install-alias"))
NODE = Grammar(
    valued=_names(
        "-e --eval -p --print -r --require --import --loader --experimental-loader -C --conditions "
        "--input-type --title --env-file --env-file-if-exists --watch-path --icu-data-dir "
        "--openssl-config --redirect-warnings --report-filename --report-directory "
        "--report-signal --diagnostic-dir --disable-warning --dns-result-order --disable-proto "
        "--cpu-prof-dir --cpu-prof-name --cpu-prof-interval --heap-prof-dir --heap-prof-name "
        "--heap-prof-interval --heapsnapshot-signal --heapsnapshot-near-heap-limit "
        "--max-http-header-size --inspect-publish-uid --tls-cipher-list --tls-keylog "
        "--trace-event-categories --trace-event-file-pattern --unhandled-rejections "
        "--use-largepages --v8-pool-size --secure-heap --secure-heap-min --snapshot-blob "
        "--experimental-default-type --experimental-sea-config --experimental-config-file "
        "--build-snapshot-config --allow-fs-read --allow-fs-write --test-name-pattern "
        "--test-reporter --test-shard --test-timeout --trace-require-module "
        "--network-family-autoselection-attempt-timeout"
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
        "--no-group --only-group --package --no-editable-package --preview-features "
        "--python-preference --python-fetch --trusted-host --config-settings "
        "--max-recursion-depth --generate-shell-completion"
    )
)
"""`uvx` and `uv run`; `-m` of `uv run` ends the options: its module is no option's value."""
PIPX = Grammar(
    valued=_names(
        "--spec --with --python --pip-args -i --index-url --backend --fetch-python "
        "--python-args --cooldown --suffix"
    )
)
PIP = Grammar(
    valued=_names(
        "-r --requirement -c --constraint -e --editable -t --target --platform --python-version "
        "--implementation --abi --prefix --root --src -i --index-url --extra-index-url -f "
        "--find-links --trusted-host --no-binary --only-binary --upgrade-strategy --progress-bar "
        "--config-settings -C --cache-dir --proxy --cert --client-cert --log --python -p --timeout "
        "--retries --index --default-index --index-strategy --report --root-user-action "
        "--global-option --keyring-provider --exists-action --use-feature --use-deprecated "
        "--uploaded-prior-to --group --resume-retries"
    )
)
DOCKER = Grammar(
    valued=_names(
        "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey "
        "--connection --url --identity --root --runroot --storage-driver --namespace -n --address "
        "-a --snapshotter --cgroup-manager --data-root --conmon --events-backend --hooks-dir "
        "--network-cmd-path --network-config-dir --runtime --runtime-flag --ssh --storage-opt "
        "--tmpdir --volumepath --module --imagestore --pull-option --cni-path --cni-netconfpath "
        "--hosts-dir --host-gateway-ip --bridge-ip --cdi-spec-dirs --userns-remap"
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
_GO = (
    "-C -exec -p -asmflags -buildmode -compiler -covermode -coverpkg -gccgoflags -gcflags "
    "-installsuffix -ldflags -mod -modfile -overlay -pgo -pkgdir -tags -toolexec"
)
GO = Grammar(clusters=False, valued=_names(_GO) | _names(_GO.replace("-", "--")))
"""Go takes `--tags` for `-tags`; `-buildvcs` takes a value behind `=` alone."""
CARGO = Grammar(
    clusters=False,
    valued=_names(
        "--version --vers --git --branch --tag --rev --path --registry --index --root --target "
        "--target-dir --profile -F --features -j --jobs --color --config -Z --message-format "
        "--lockfile-path -C --bin --example -p --package --explain --manifest-path --artifact-dir"
    ),
)
NIX = Grammar(
    valued=_names(
        "--access-tokens --allowed-impure-host-deps --allowed-uris --allowed-users "
        "--arg-from-stdin --bash-prompt --bash-prompt-prefix --bash-prompt-suffix --build-dir "
        "--build-hook --build-poll-interval --build-users-group --builders "
        "--commit-lockfile-summary --connect-timeout --cores --deprecated-features --diff-hook "
        "--download-attempts --download-buffer-size --eval-store --experimental-features --expr "
        "--extra-access-tokens --extra-allowed-impure-host-deps --extra-allowed-uris "
        "--extra-allowed-users --extra-deprecated-features --extra-experimental-features "
        "--extra-extra-platforms --extra-hashed-mirrors --extra-ignored-acls --extra-nix-path "
        "--extra-platforms --extra-plugin-files --extra-sandbox-paths --extra-secret-key-files "
        "--extra-substituters --extra-system-features --extra-trusted-public-keys "
        "--extra-trusted-substituters --extra-trusted-users --file --flake-registry "
        "--gc-reserved-space --hashed-mirrors --http-connections --ignored-acls --impure-env "
        "--include --inputs-from --json-log-path --keep --keep-env-var --log-format --log-lines "
        "--max-build-log-size --max-call-depth --max-free --max-jobs --max-silent-time "
        "--min-free --min-free-check-interval --nar-buffer-size --narinfo-cache-negative-ttl "
        "--narinfo-cache-positive-ttl --netrc-file --nix-path --output-lock-file --plugin-files "
        "--post-build-hook --pre-build-hook --profile --reference-lock-file --repeat "
        "--sandbox-build-dir --sandbox-dev-shm-size --sandbox-paths --secret-key-files "
        "--ssl-cert-file --stalled-download-timeout --store --substituters --system "
        "--system-features --tarball-ttl --timeout --trusted-public-keys --trusted-substituters "
        "--trusted-users --unset --unset-env-var --update-input --user-agent-suffix -I -f -j -k "
        "-u"
    ),
    pairs=_names(
        "--option --override-input --override-flake --arg --argstr --arg-from-file -s --set-env-var"
    ),
)
"""Every setting of `nix.conf` that is no switch is an option with a value, too."""
JAVA = Grammar(
    clusters=False,
    valued=_names(
        "-jar -cp -classpath --class-path -p --module-path --add-modules --add-opens "
        "--add-exports --add-reads --patch-module --upgrade-module-path --enable-native-access "
        "--limit-modules -m --module --source -d --describe-module"
    ),
)
