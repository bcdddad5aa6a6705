#!/bin/sh
# Make .venv hold onionrig and all it needs, and see that tor is here.
#
# usage: [PYTHON=python3.12] setup.sh [dev]
#   PYTHON  makes .venv, where there is none yet
#   dev     adds the tools of the tests: chromium looks at reports, with iproute2 and a compiler
#           emulated hosts get links and delays, and the bed's hosts are made by mmdebstrap, booted
#           by systemd-nspawn and reached by ssh;
#           nc, curl and torsocks are clients of a rig as people have them
#
# What is there is left alone: a stamp in .venv says from which files it was made.
set -eu

cd -P "$(dirname "$0")/.."
log=.venv/setup.log

main() {
    case $* in
    '') kind=setup lock=requirements.lock ;;
    dev) kind=dev lock=requirements-dev.lock ;;
    *) fail "unknown argument: $*; usage: [PYTHON=python3.12] scripts/setup.sh [dev]" ;;
    esac
    exec 9<scripts/setup.sh && flock 9 # two at a time would write into one .venv
    ! up_to_date || exit 0

    scripts/install-tor.sh 9<&-
    [ "$kind" = setup ] || has_browser || apt_install chromium chromium-driver
    [ "$kind" = setup ] || has_links || apt_install iproute2 gcc libc6-dev
    [ "$kind" = setup ] || has_hosts || apt_install mmdebstrap systemd-container openssh-client
    [ "$kind" = setup ] || has_clients || apt_install netcat-openbsd curl torsocks
    venv_works || make_venv
    mkdir -p .venv && : >"$log"
    say "installing what $lock names"
    pip_install --require-hashes -r "$lock"
    say 'installing onionrig from this directory'
    pip_install --no-deps -e .
    build_delaybox
    # The dev lock holds all of the other one (tests/process/test_setup.py).
    [ "$kind" = setup ] || origin requirements.lock >.venv/setup.stamp
    origin "$lock" >".venv/$kind.stamp"
    say 'done: .venv/bin/onionrig'
}

up_to_date() {
    [ "$(cat ".venv/$kind.stamp" 2>/dev/null)" = "$(origin "$lock")" ] &&
        command -v tor >/dev/null &&
        { [ "$kind" = setup ] || { has_browser && has_links && has_hosts && has_clients; }; } &&
        [ -x .venv/bin/onionrig ] &&
        .venv/bin/python -c 'from importlib import util; exit(util.find_spec("onionrig") is None)'
}

# What .venv is made from; the directory too, since the programs in .venv/bin name it.
origin() {
    pwd
    sha256sum "$1" pyproject.toml
}

# It runs (the system's Python may have moved on), and it was made in this directory.
venv_works() {
    .venv/bin/python -c 'import pip' 2>/dev/null && grep -qF "$PWD/.venv" .venv/bin/activate
}

make_venv() {
    find_python
    has_venv || apt_install python3-venv
    has_venv || fail "$python lacks the modules venv and ensurepip; install them, or name another" \
        'Python: make setup PYTHON=/usr/bin/python3'
    say "making .venv with $python ($version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "$python -m venv .venv did not work; why stands above"
}

find_python() {
    if [ -z "${PYTHON:-}" ] && ! command -v python3 >/dev/null; then
        apt_install python3 python3-venv
    fi
    found=
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
            continue
        case $version in
        3.11 | 3.12 | 3.13) return ;;
        esac
        found="$found${found:+, }$python is $version"
    done
    fail "onionrig needs Python 3.11, 3.12 or 3.13; found: ${found:-no Python that runs}." \
        'Install one, or name it: make setup PYTHON=/path/to/python3.12'
}

has_venv() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null
}

has_browser() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null
}

# Debian keeps ip and tc where only root's path leads.
has_links() (
    PATH=$PATH:/usr/sbin:/sbin
    command -v ip >/dev/null && command -v tc >/dev/null && command -v cc >/dev/null
)

has_hosts() {
    command -v mmdebstrap >/dev/null && command -v systemd-nspawn >/dev/null &&
        command -v ssh >/dev/null
}

has_clients() {
    command -v nc >/dev/null && command -v curl >/dev/null && command -v torsocks >/dev/null
}

apt_install() {
    command -v apt-get >/dev/null ||
        fail "missing: $*, and there is no apt-get here; install what your system calls them"
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root='sudo --'
    else
        fail "missing: $*, and no sudo here; type: su -c 'apt-get install -y $*'"
    fi
    say "installing Debian's $*"
    # Lists of an old image name packages that are gone: then read new ones.
    apt_get install "$@" 2>/dev/null || { apt_get update && apt_get install "$@"; } ||
        fail "apt-get could not install $*; why stands above"
}

apt_get() {
    # shellcheck disable=SC2086 # as_root is words, or nothing
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" >/dev/null 9<&-
}

pip_install() {
    .venv/bin/python -m pip install --no-input --disable-pip-version-check --progress-bar off "$@" \
        >>"$log" 2>&1 9<&- && return
    tail -n 15 "$log" | sed 's/^/    /' >&2
    fail "pip install $* did not work; its end stands above, all of it in $log"
}

# Delays the links of emulated hosts where the kernel has no netem: nothing else needs it, and a run
# that does builds it itself if it is not there.
build_delaybox() {
    ! command -v cc >/dev/null ||
        .venv/bin/python -m onionrig.engine.emulation.delaybox >>"$log" 2>&1 9<&- ||
        say "the program that delays emulated links could not be built; why stands in $log"
}

say() {
    echo "setup: $*"
}

fail() {
    echo "setup: ERROR: $*" >&2
    exit 1
}

main "$@"
