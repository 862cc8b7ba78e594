#!/bin/sh
# install-deps.sh — installs exactly what is missing to build, run or test Cardea
#
#   scripts/install-deps.sh [--for run|test|develop] [--dry-run]
#
# Each need is a line of the table below: what it is for, how to see that it is there, and the packages
# that bring it. Only what is not there is installed, so a machine that has everything is left alone and no
# network is touched. Debian 12 and 13 are supported. Debian 12 lacks two libraries; they come from Debian 13,
# by an apt source that is pinned to these packages and takes the mirror the machine already uses.
# On any other system the script names what is missing and stops.
#
# ORDER LIBRARIES: the Makefile has the same list by the names of pkg-config.
#
# SPDX-License-Identifier: Apache-2.0
set -eu

purpose=run
dry=

# ---- what is needed ---------------------------------------------------------------------------
# purpose | name and least version, as a person would look for it | test | Debian packages

needs() {
    cat <<'TABLE'
run|make|have make|make
run|a C compiler (gcc 12 or clang 14)|have ${CC:-gcc} cc|gcc
run|the C library's headers|headers|libc6-dev
run|pkg-config|have ${PKG_CONFIG:-pkg-config}|pkg-config
run|curl|have curl|curl
run|libevent 2.1.12|lib libevent_core 2.1.12|libevent-dev
run|llhttp 9.2|lib libllhttp 9.2|libllhttp-dev
run|yyjson 0.10|lib yyjson 0.10|libyyjson-dev
run|libyaml 0.2.5|lib yaml-0.1 0.2.5|libyaml-dev
run|PCRE2 10.42 (8 bit)|lib libpcre2-8 10.42|libpcre2-dev
run|SQLite 3.40|lib sqlite3 3.40|libsqlite3-dev
run|OpenSSL 3.0|lib openssl 3.0|libssl-dev
run|zlib 1.2.13|lib zlib 1.2.13|zlib1g-dev
run|libcurl 7.85|lib libcurl 7.85|libcurl4-openssl-dev
run|the time zone database|zones|tzdata
test|libcheck 0.15.2|lib check 0.15.2|check libsubunit-dev
test|Python 3.10 with venv|python|python3 python3-venv
test|Node.js 18|node|nodejs
test|npm|have npm|npm
develop|clang with libFuzzer|fuzzer|clang libclang-rt-dev
develop|clang-format|have clang-format|clang-format
TABLE
}

have() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 && return 0
    done
    return 1
}

lib() {
    have "${PKG_CONFIG:-pkg-config}" && "${PKG_CONFIG:-pkg-config}" --exists "$1 >= $2" 2>/dev/null
}

headers() {
    for cc in ${CC:-gcc} cc; do
        have "$cc" && echo '#include <stdio.h>' | "$cc" -E -x c - >/dev/null 2>&1 && return 0
    done
    return 1
}

zones() { [ -e "${TZDIR:-/usr/share/zoneinfo}/Europe/London" ]; }

python() {
    have python3 && python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

node() {
    have node && command node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null
}

fuzzer() {
    have clang || return 1
    echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return p == 0 && n; }' |
        clang -fsanitize=fuzzer -x c - -o /dev/null >/dev/null 2>&1
}

# ---- how to get it ----------------------------------------------------------------------------

say() { printf '%s\n' "install-deps: $*"; }
die() { printf '%s\n' "install-deps: error: $*" >&2; exit 1; }

usage() {
    cat <<'TEXT'
Usage: scripts/install-deps.sh [--for run|test|develop] [--dry-run]

  --for run       what `make run` needs: compiler and libraries (the default)
  --for test      that and what `make test` needs: libcheck, Python, Node.js
  --for develop   that and clang and clang-format, for `make fuzz` and `make format`
  --dry-run       say what would be installed, change nothing
TEXT
}

# as_root COMMAND…: runs it, by sudo only where that is needed
as_root() {
    if [ -n "$dry" ]; then
        say "would run: $*"
    elif [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif have sudo; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "not root, and sudo is not installed. As root, run: $*"
    fi
}

# write_file PATH: standard input becomes that file, which belongs to root
write_file() {
    if [ -n "$dry" ]; then
        say "would write $1:"
        sed 's/^/    /'
    else
        as_root tee "$1" >/dev/null
    fi
}

apt() { as_root apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"; }

# installable PACKAGE: does a source that apt knows offer it?
installable() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }

# Debian 12: Debian 13 as a source for two libraries and nothing else.
newer='libllhttp-dev libllhttp9.2 libyyjson-dev libyyjson0'
source_file=/etc/apt/sources.list.d/cardea-debian-13.sources
pin_file=/etc/apt/preferences.d/cardea-debian-13

add_debian_13() {
    # shellcheck disable=SC2016 # apt-get expands the name, not the shell
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
    [ -n "$uri" ] || die "no apt source of Debian 12 found, so no mirror to take Debian 13 from"

    say "adding Debian 13 ($uri) for these packages alone: $newer"
    write_file "$pin_file" <<PIN
# Debian 13 gives $newer and nothing else.
# Written by Cardea's scripts/install-deps.sh. Remove it before you upgrade to Debian 13, together with
# $source_file

Package: $newer
Pin: release n=trixie
Pin-Priority: 500

Package: *
Pin: release n=trixie
Pin-Priority: -1
PIN
    write_file "$source_file" <<SOURCE
# Only for the packages named in $pin_file
Types: deb
URIs: $uri
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCE
    apt update || {
        as_root rm -f "$source_file" "$pin_file"
        die "Debian 13 cannot be reached at $uri"
    }
}

install_on_debian() {
    say "missing: $(echo "$missing" | paste -s -d , | sed 's/,/, /g')"
    apt update
    if [ "$1" = 12 ]; then
        case " $packages " in
        *' libllhttp-dev '*|*' libyyjson-dev '*)
            installable libllhttp-dev && installable libyyjson-dev || add_debian_13 ;;
        esac
    fi
    say "installing: $packages"
    # shellcheck disable=SC2086 # a list of words
    apt install -y --no-install-recommends $packages
}

elsewhere() {
    {
        echo "install-deps: error: this system is ${PRETTY_NAME:-not known}; only Debian 12 and 13 are supported."
        echo "Install these (or later versions) by your own means and try again:"
        echo "$missing" | sed 's/^/  /'
    } >&2
    exit 1
}

# ---- main -------------------------------------------------------------------------------------

while [ $# -gt 0 ]; do
    case $1 in
    --for) [ $# -ge 2 ] || { usage >&2; exit 2; }; purpose=$2; shift ;;
    --for=*) purpose=${1#--for=} ;;
    --dry-run) dry=yes ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
case $purpose in
run) wanted='run' ;;
test) wanted='run test' ;;
develop) wanted='run test develop' ;;
*) usage >&2; exit 2 ;;
esac

# find_missing: sets missing (one name a line) and packages
find_missing() {
    missing=
    packages=
    while IFS='|' read -r for_what name test pkgs; do
        case " $wanted " in *" $for_what "*) ;; *) continue ;; esac
        eval "$test" && continue
        missing="${missing:+$missing
}$name"
        packages="${packages:+$packages }$pkgs"
    done <<TABLE
$(needs)
TABLE
}

find_missing
[ -n "$missing" ] || { [ -z "$dry" ] || say "nothing is missing"; exit 0; }

# OS_RELEASE lets the tests pretend to be elsewhere.
os_release=${OS_RELEASE:-/etc/os-release}
# shellcheck disable=SC1090 # a file of the system
[ ! -r "$os_release" ] || . "$os_release"
case ${ID:-}:${VERSION_ID:-} in
debian:12|debian:13) install_on_debian "$VERSION_ID" ;;
*) elsewhere ;;
esac

[ -z "$dry" ] || exit 0
find_missing
[ -z "$missing" ] || die "still missing after the installation: $(echo "$missing" | paste -s -d , -)"
