#!/bin/sh
# test.sh [STAGE...]    all stages unless some are named, in this order:
#
#   packages      installs the Debian packages that the other stages need (only what is missing)
#   format        rustfmt
#   lints         clippy, warnings are errors
#   unit          the tests of all crates
#   build         the release binary and the black-box tests
#   conformance   the black-box tests, against orlop
#   engines       docker, containerd, podman and buildah with orlop under them, the most telling checks
#   musl          the release binary against musl, and the black-box tests against it; passed over where Debian's Rust cannot be fetched
#
# and on demand only:
#
#   aarch64       the image and the binary compiled for aarch64, and tried under qemu
#   fuzz          the fuzz targets, shortly
#
# packages, conformance and engines need root; as an ordinary user they go through sudo.
set -eu
cd "$(dirname "$0")"

PACKAGES='build-essential pkg-config libseccomp-dev
    busybox-static iproute2 mmdebstrap musl-dev
    runc containerd docker.io podman conmon buildah'

# What the engines' checks may ask for and orlop does not have yet.
NOT_YET=exec,pause,update,resources,ps

host=$(rustc -vV | sed -n 's/^host: //p')
built=${CARGO_TARGET_DIR:-target}/$host/release

say() {
    printf '\n== %s: %s\n' "$1" "$2"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "test.sh: this stage needs root, and there is no sudo" >&2
        return 1
    fi
}

packages() {
    missing=
    for package in $PACKAGES; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    say packages "installing${missing:- nothing, all are there}"
    [ -n "$missing" ] || return 0
    as_root apt-get update -q
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

format() {
    say format "cargo fmt --check"
    cargo fmt --all --check
}

lints() {
    say lints "cargo clippy"
    cargo clippy --workspace --all-targets --locked -- -D warnings
    # The init image is compiled by a build script, which clippy does not see; and it does not unwind.
    cargo clippy --package orlop-init --features image --release --locked -- -D warnings
}

unit() {
    say unit "cargo test"
    # The probe's programs have no tests of their own, and no place for cargo's test harness.
    cargo test --workspace --locked --quiet
}

build() {
    say build "cargo build --release"
    cargo build --release --locked --package orlop-cli --package conformance --package conformance-probe
}

conformance() {
    say conformance "black-box tests of $built/orlop"
    as_root "$built/conformance" run --runtime "$built/orlop" --quiet
}

engines() {
    say engines "docker, containerd, podman and buildah with $built/orlop"
    as_root "$built/conformance" engines --runtime "$built/orlop" --short --not-yet "$NOT_YET"
}

musl() {
    say musl "tools/build-musl.sh, and the black-box tests"
    triple=$(printf %s "$host" | sed 's/-gnu$/-musl/')
    cache=${CARGO_TARGET_DIR:-target}/debian-rust
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib" ] &&
        ! tools/debian-rust.sh "$cache" libllvm22 libstd-rust-web-1.96 rustc-web libstd-rust-web-dev rust-web-src; then
        echo "musl: skipped: rustup has no target $triple, and Debian's Rust cannot be fetched"
        return 0
    fi
    tools/build-musl.sh "$cache"
    as_root "$built/conformance" run --runtime "${CARGO_TARGET_DIR:-target}/$triple/release/orlop" --quiet
}

aarch64() {
    say aarch64 "tools/check-aarch64.sh"
    tools/check-aarch64.sh
}

fuzz() {
    say fuzz "tools/fuzz-short.sh"
    tools/fuzz-short.sh
}

case ${1-} in
-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
esac
[ $# -gt 0 ] || set -- packages format lints unit build conformance engines musl
for stage in "$@"; do
    case $stage in
    packages | format | lints | unit | build | conformance | engines | musl | aarch64 | fuzz) "$stage" ;;
    *) echo "test.sh: there is no stage $stage" >&2 && exit 2 ;;
    esac
done
printf '\nall passed: %s\n' "$*"
