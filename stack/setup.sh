#!/bin/sh
# Makes .venv from the hashed locks. Costs nothing when they have not changed; run again, it repairs what was cut short.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
python=$venv/bin/python
stamp=$venv/reelworks.stamp
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
base_prefix='import sys; print(sys.base_prefix)'

say() { printf '%s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
runs() { "$@" >/dev/null 2>&1; }

# The path is part of it: a folder that was moved has an editable install that points nowhere.
wanted() {
    cat requirements-dev.txt requirements-sample.txt pyproject.toml stack/setup.sh | cksum
    pwd -P
}

usable() {
    runs "$python" -c "$supported" || return 1
    [ -z "${PYTHON:-}" ] && return
    [ "$("$PYTHON" -c "$base_prefix")" = "$("$python" -c "$base_prefix")" ]
}

# A name on the PATH is no proof (pyenv's shims exist for versions that are not chosen): each one is asked.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        runs "$PYTHON" -c "$supported" ||
            die "PYTHON=$PYTHON does not run or is not Python 3.11, 3.12 or 3.13. Name one that is: make setup PYTHON=/path/to/python3.12"
        say "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3.11 python3 python; do
        if runs "$name" -c "$supported"; then say "$name"; return; fi
    done
    found=$(python3 --version 2>&1) || found="no python3"
    die "needs Python 3.11, 3.12 or 3.13, found $found. Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.12), or name it: make setup PYTHON=/path/to/python3.12"
}

make_venv() {
    base=$(find_python) || exit 1
    say "Creating $venv with $("$base" --version)"
    rm -rf "$venv"
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$("$base" -c 'import sys; print(sys.executable)')" "$venv"
        return
    fi
    runs "$base" -c 'import ensurepip, venv' ||
        die "$base cannot make virtual environments. Debian, Ubuntu: apt install python3-venv; then run this again."
    "$base" -m venv "$venv"
}

# uv itself comes out of the lock, with its hashes, unless the machine has one.
find_uv() {
    if command -v uv >/dev/null 2>&1; then say uv; return; fi
    if ! runs "$venv/bin/uv" --version; then
        awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements-dev.txt >"$venv/uv.txt"
        "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
            -r "$venv/uv.txt" >&2 || return 1
    fi
    say "$venv/bin/uv"
}

if [ -f "$stamp" ] && [ "$(wanted)" = "$(cat "$stamp")" ] && usable; then exit 0; fi

[ -w . ] || die "$(id -un) may not write to $(pwd -P); clone the project to a folder of your own."
usable || make_venv
rm -f "$stamp"
uv=$(find_uv) || { make_venv; uv=$(find_uv) || die "uv could not be installed; is there a network?"; }

say "Installing the locked packages (the first time: one to three minutes)"
quiet=--quiet
if [ -t 2 ]; then quiet=; fi
"$uv" pip sync $quiet --python "$python" --compile-bytecode --require-hashes \
    requirements-dev.txt requirements-sample.txt
"$uv" pip install --quiet --python "$python" --no-build-isolation --no-deps -e .
wanted >"$stamp"
say "$venv is ready: $("$python" --version)"
