"""Environment variables that load code, move an index or a proxy: no manifest may name them."""

from __future__ import annotations

from mcpinstall.model.names import is_environment_variable

_PREFIXES = (
    "BUN_", "BUNDLE_", "CARGO_", "CONDA", "COR_", "CORECLR_", "DBUS_", "DENO_", "DOTNET_", "DYLD_",
    "ELECTRON_", "GIT_CONFIG", "JAVA_TOOL", "LD_", "MCPI_", "NIX_", "NODE_", "NPM_CONFIG_",
    "OPENSSL_", "PERL5", "PIP_", "PIPX_", "POETRY_", "PYTHON", "RUBY", "RUSTC_", "SSL_CERT_",
    "UV_", "XDG_", "YARN_", "_PYTHON", "__PYVENV",
)  # fmt: skip
_SUFFIXES = ("_PROXY", "_CA_BUNDLE")
_NAMES = frozenset({
    "APPDATA", "BASHOPTS", "BASH_ENV", "BROWSER", "CDPATH", "CLASSPATH", "COMSPEC", "EDITOR",
    "ENV", "GCONV_PATH", "GEM_HOME", "GEM_PATH", "GIT_ASKPASS", "GIT_EDITOR", "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_PROXY_COMMAND", "GIT_SEQUENCE_EDITOR", "GIT_SSH",
    "GIT_SSH_COMMAND", "GIT_TEMPLATE_DIR", "GLIBC_TUNABLES", "GOFLAGS", "HOME", "HOSTALIASES",
    "IFS", "JDK_JAVA_OPTIONS", "LOCALAPPDATA", "LOCPATH", "LUA_INIT", "MAKEFLAGS", "NETRC",
    "NLSPATH", "PAGER", "PATH", "PATHEXT", "PHPRC", "PHP_INI_SCAN_DIR", "PROMPT_COMMAND", "PS4",
    "RES_OPTIONS", "R_PROFILE", "SHELL", "SHELLOPTS", "SSH_ASKPASS", "SYSTEMROOT", "TCLLIBPATH",
    "USERPROFILE", "VIRTUAL_ENV", "VISUAL", "WINDIR", "ZDOTDIR", "_JAVA_OPTIONS",
})  # fmt: skip


def is_loader_variable(name: str) -> bool:
    """Tell whether `name`, in any case, makes a program load code or look elsewhere (T28)."""
    upper = name.upper()
    return upper in _NAMES or upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES)


def environment_fault(name: str) -> str:
    """Return what is wrong with `name` as a variable that a manifest sets, or nothing."""
    if not is_environment_variable(name):
        return "is not the name of an environment variable"
    if is_loader_variable(name):
        return "is a variable that loads code, moves an index or a proxy; no manifest may set it"
    return ""
