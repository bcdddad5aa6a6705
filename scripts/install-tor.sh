#!/bin/sh
# Install Debian's tor without it ever being started, and leave it disabled.
#
# Debian starts a service as it is installed; this machine would join the public Tor network for
# nothing. So a policy-rc.d forbids every start meanwhile (invoke-rc.d and deb-systemd-invoke ask
# it); one that exists is moved aside and put back. Where tor exists already, nothing is touched.
#
# usage: install-tor.sh [ROOT]
#   ROOT  stands before /usr/sbin/policy-rc.d, /etc and /proc; only tests name one
set -eu

root=${1:-}
policy=$root/usr/sbin/policy-rc.d
aside=$policy.onionrig-aside
mark='# onionrig holds every service back while it installs tor'
PATH=$PATH:$root/usr/sbin:$root/sbin # "su" without "-" leaves these out

main() {
    ready && exit 0
    become_root "$@"
    exec 9<"$0" && flock 9 # one at a time: a second one would take our policy for the owner's
    ready && exit 0
    command -v apt-get >/dev/null ||
        fail 'tor is missing and there is no apt-get here; install tor 0.4.8 or newer, then call again'

    if exists "$aside" && exists "$policy" && ! is_ours; then
        fail "both $policy and $aside exist; keep the right one, under the first name"
    fi

    log=$(mktemp)
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM

    say "installing Debian's tor, held back from starting"
    hold_services_back
    fetch || { apt_get update && fetch; } || failed_with_log 'apt-get could not fetch tor'
    # Its own session: a signal that ended apt-get here could leave dpkg configuring without us.
    # The shell runs a trap only when its child has ended, so the policy outlives dpkg.
    session='setsid --wait'
    apt_get install tor || failed_with_log 'apt-get could not install tor'
}

# Tor is here, and no killed run of this script left its policy behind.
ready() {
    command -v tor >/dev/null && ! is_ours && ! exists "$aside"
}

become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null ||
        fail "installing tor needs root, and there is no sudo here; type: su -c '$(realpath "$0")'"
    say 'installing tor needs root: asking sudo'
    exec sudo -- sh "$0" "$@"
}

hold_services_back() {
    if exists "$policy" && ! is_ours; then
        mv "$policy" "$aside"
    fi
    mkdir -p "${policy%/*}"
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy.onionrig-new"
    chmod 755 "$policy.onionrig-new"
    mv "$policy.onionrig-new" "$policy"
}

fetch() {
    apt_get --download-only install tor
}

apt_get() {
    # shellcheck disable=SC2086 # the session is words, or nothing
    DEBIAN_FRONTEND=noninteractive ${session:-} apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 </dev/null 9<&-
}

# Whatever happened: disabled, the policy as it was, and a look whether that is true.
finish() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    if command -v tor >/dev/null; then
        disable
    fi
    put_policy_back || status=1
    stays_down || status=1
    rm -f "$log"
    [ "$status" -ne 0 ] || say 'installed, stopped and disabled'
    exit "$status"
}

# Failures show in stays_down: tor@default.service, for one, has nothing to disable by itself.
disable() {
    if command -v systemctl >/dev/null; then
        systemctl --quiet disable tor.service tor@default.service >/dev/null 2>&1 || true
    fi
    if command -v update-rc.d >/dev/null; then
        update-rc.d tor disable >/dev/null 2>&1 || true
    fi
}

put_policy_back() {
    rm -f "$policy.onionrig-new"
    if exists "$aside"; then
        mv -f "$aside" "$policy"
    elif is_ours; then
        rm -f "$policy"
    fi
}

stays_down() {
    if command -v systemctl >/dev/null; then
        case $(systemctl is-enabled tor.service 2>/dev/null) in
        enabled*) complain 'tor.service is still enabled; type: systemctl disable tor.service' ;;
        esac
    fi
    for link in "$root"/etc/rc[2-5].d/S??tor "$root"/etc/systemd/system/*.wants/tor.service; do
        ! exists "$link" || complain "tor still starts at boot, because of $link; remove it"
    done
    for process in "$root"/proc/[0-9]*; do
        ! is_service "$process" ||
            complain "a tor daemon RUNS on the public network: type: kill ${process##*/}"
    done
    [ -z "${complained:-}" ]
}

# Only the packaged service names this file, so a tor of somebody's own is not meant.
is_service() {
    { read -r name <"$1/comm"; } 2>/dev/null || return 1
    [ "$name" = tor ] && grep -qs tor-service-defaults-torrc "$1/cmdline"
}

is_ours() {
    grep -qsxF "$mark" "$policy"
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}

say() {
    echo "tor: $*"
}

complain() {
    echo "tor: ERROR: $*" >&2
    complained=yes
}

fail() {
    complain "$@"
    exit 1
}

failed_with_log() {
    complain "$*; it said:"
    sed 's/^/    /' "$log" >&2
    exit 1
}

main "$@"
