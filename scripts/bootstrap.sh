#!/bin/sh
# Puts everything Slipway needs into .venv, and nothing anywhere else.
#
#   scripts/bootstrap.sh           the Python environment; a second call takes a fraction of a second
#   scripts/bootstrap.sh restic    restic, by apt or brew, where it is missing and we may install it
set -eu

cd "$(dirname "$0")/.."
VENV=.venv

say() { echo "slipway: $*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Run a command as root, directly or by a sudo that asks for nothing; fail when neither is possible.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; elif have sudo && sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

apt_install() {
    have apt-get || return 1
    as_root true || return 1
    say "installing $* by apt"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -qq update >/dev/null && as_root apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

install_restic() {
    have restic && return
    apt_install restic && return
    if have brew; then say "installing restic by brew"; brew install --quiet restic && return; fi
    if have brew; then command="brew install restic"; else command="sudo apt-get install restic"; fi
    fail "restic is not installed, and backups need it. Install it with: $command"
}

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 or newer is needed. Install it with: sudo apt-get install python3 (or: brew install python)"
}

# A pip that is set up for another index tells uv of it, which does not read pip's settings.
follow_pip() {
    [ -n "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] && return
    index=${PIP_INDEX_URL:-$("$VENV/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

create_venv() {
    "$1" -m venv "$VENV" >/dev/null 2>&1 && return
    rm -rf "$VENV"
    # Debian keeps ensurepip in a package of its own.
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" && "$1" -m venv "$VENV" && return
    rm -rf "$VENV"
    if "$1" -m pip --version >/dev/null 2>&1; then "$1" -m venv --without-pip "$VENV" && return; fi
    fail "Python's venv module is incomplete. Install it with: sudo apt-get install python$version-venv"
}

# The pinned uv with its hashes, read from requirements.txt.
install_uv() {
    pinned=$VENV/uv.txt
    awk '/^uv==/ { print; on = 1; next } on && /^ +--hash/ { print; next } { on = 0 }' requirements.txt >"$pinned"
    if "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --require-hashes -r "$pinned"
    else
        "$1" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pinned" --target "$VENV/uv"
        ln -sf ../uv/bin/uv "$VENV/bin/uv"
    fi
}

# What the environment was made from; it is made anew where its folder has moved.
wanted() { { pwd; cat requirements.txt pyproject.toml scripts/bootstrap.sh; } | cksum; }

install_environment() {
    [ "$(cat "$VENV/stamp" 2>/dev/null)" = "$(wanted)" ] && return
    python=$(find_python) || exit 1
    if [ "$(cat "$VENV/place" 2>/dev/null)" != "$(pwd)" ] || ! "$VENV/bin/python" -c '' 2>/dev/null; then
        say "creating $VENV with $("$python" --version)"
        rm -rf "$VENV"
        create_venv "$python"
        pwd >"$VENV/place"
    fi
    say "installing the packages of requirements.txt; this takes a minute or two the first time"
    [ -x "$VENV/bin/uv" ] || install_uv "$python"
    follow_pip
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}" VIRTUAL_ENV="$PWD/$VENV"
    "$VENV/bin/uv" pip install --quiet --require-hashes --compile-bytecode -r requirements.txt
    "$VENV/bin/uv" pip install --quiet --no-deps --no-build-isolation --editable .
    "$VENV/bin/python" -m tasks.planning.warmup
    wanted >"$VENV/stamp"
}

case ${1:-environment} in
    environment) install_environment ;;
    restic) install_restic ;;
    *) fail "unknown part: $1 (environment, restic)" ;;
esac
