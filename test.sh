#!/bin/sh
# test.sh [STAGE...]    all stages unless some are named, in this order:
#
#   packages      installs the Debian packages that the other stages need (only what is missing)
#   format        rustfmt
#   lints         clippy, warnings are errors
#   unit          the tests of all crates
#   build         the release binary and the black-box tests
#   older         an older release binary, whose containers the black-box tests have the new one take over; built once
#   conformance   the black-box tests, against orlop
#   inject        faults at every twentieth system call of the release binary: nothing hangs, nothing is left
#   engines       docker, containerd, podman and buildah with orlop under them, the most telling checks
#   lab           the black-box tests that cgroups, kernels and devices matter to, in virtual machines: pure cgroup v2, and v1 with hybrid;
#                 passed over where the architecture is another, or the machines' disks cannot be made
#   musl          the release binary against musl, and the black-box tests against it; passed over where Debian's Rust cannot be fetched
#
# and on demand only:
#
#   aarch64       the image and the binary compiled for aarch64, and tried under qemu
#   fuzz          the fuzz targets, shortly
#   lab-engines   docker and podman with orlop under them, as root and as an ordinary user, in a virtual machine that systemd has started
#   lab-whole     all black-box tests in virtual machines: pure cgroup v2, systemd, v1 with hybrid; pure v2 with three kernels
#   fresh         both commands of the README in a minimal Debian 12 that is made for it and removed again
#
# Each stage tells its number and the time it took; a table of the times ends the run.
#
# packages, conformance, inject, engines, lab and fresh need root; as an ordinary user they go through sudo.
set -eu
cd "$(dirname "$0")"

PACKAGES='build-essential pkg-config libseccomp-dev
    busybox-static iproute2 mmdebstrap musl-dev procps strace
    runc containerd docker.io podman conmon buildah
    containernetworking-plugins protobuf-compiler python3-grpcio python3-protobuf
    qemu-system-x86 e2fsprogs cpio kmod xz-utils'

# The last commit whose containers have records of the first version.
OLDER=4b6ae65

host=$(rustc -vV 2>/dev/null | sed -n 's/^host: //p')
built=${CARGO_TARGET_DIR:-target}/$host/release
harness=${CARGO_TARGET_DIR:-target}/$host/harness
older=${CARGO_TARGET_DIR:-target}/older/$OLDER/orlop

say() {
    printf '\n== stage %s of %s: %s: %s\n' "$number" "$count" "$1" "$2"
}

now() {
    date +%s
}

# Seconds as people say them.
duration() {
    if [ "$1" -lt 60 ]; then
        echo "$1 s"
    else
        echo "$(($1 / 60)) min $(($1 % 60)) s"
    fi
}

# The time of each stage, also of the one that failed.
summary() {
    status=$?
    trap - EXIT
    printf '\n%s' "$times"
    if [ $status = 0 ]; then
        printf 'all passed in %s: %s\n' "$(duration $(($(now) - begun)))" "$*"
    else
        printf 'stage %s of %s: %s FAILED after %s\n' "$number" "$count" "$stage" "$(duration $(($(now) - since)))"
    fi
    exit $status
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
    # What the fuzz targets see of the library.
    cargo clippy --package orlop --features fuzzing --locked -- -D warnings
    # The init image is compiled by a build script, which clippy does not see; and it does not unwind.
    cargo clippy --package orlop-init --features image --release --locked -- -D warnings
}

unit() {
    say unit "cargo test"
    # The probe's programs have no tests of their own, and no place for cargo's test harness.
    cargo test --workspace --locked --quiet
}

build() {
    say build "cargo build --release, and --profile harness"
    cargo build --release --locked --package orlop-cli
    cargo build --profile harness --locked --package conformance --package conformance-probe
}

older() {
    say older "$older"
    if [ -x "$older" ]; then
        echo "it is there"
        return 0
    fi
    if ! git cat-file -e "$OLDER^{commit}" 2>/dev/null; then
        echo "older: skipped: the history has no $OLDER (a shallow clone, or none); the tests of upgrades say that they are skipped"
        return 0
    fi
    mkdir -p "$(dirname "$older")"
    folder=$(cd "$(dirname "$older")" && pwd)
    # A worktree that was left by a run that was killed is in the way of this one.
    git worktree remove --force "$folder/source" 2>/dev/null || rm -rf "$folder/source"
    git worktree prune
    git worktree add --detach --quiet "$folder/source" "$OLDER"
    status=0
    (cd "$folder/source" && CARGO_TARGET_DIR=$folder/target cargo build --release --locked --package orlop-cli) || status=$?
    [ $status != 0 ] || cp "$folder/target/$host/release/orlop" "$folder/orlop"
    git worktree remove --force "$folder/source"
    [ $status != 0 ] || rm -rf "$folder/target"
    return $status
}

conformance() {
    say conformance "black-box tests of $built/orlop"
    set -- --runtime "$built/orlop"
    [ ! -x "$older" ] || set -- "$@" --older "$older"
    as_root "$harness/conformance" run "$@" --quiet
}

inject() {
    case $host in
    x86_64-*) ;;
    *) say inject "skipped: built for x86_64 only" && return 0 ;;
    esac
    say inject "faults at every twentieth system call of $built/orlop"
    as_root "$harness/conformance" inject --runtime "$built/orlop" --every 20
}

engines() {
    say engines "docker, containerd, podman and buildah with $built/orlop"
    as_root "$harness/conformance" engines --runtime "$built/orlop" --short
}

# What differs with the cgroups, the kernel and the rights of a usual root; the whole is there on demand.
LAB='limits changed_limits pause cgroup_paths device_rules raised'

lab() {
    case $host in
    x86_64-*) ;;
    *) say lab "skipped: its machines are x86_64" && return 0 ;;
    esac
    say lab "cgroups and devices in virtual machines"
    if ! as_root conformance/lab/images.sh target/lab bookworm bookworm >/dev/null; then
        echo "lab: skipped: its images cannot be made here"
        return 0
    fi
    set -- run --runtime "$built/orlop" --quiet
    for room in $LAB; do
        set -- "$@" --filter "$room"
    done
    as_root "$harness/conformance" lab --form v2 --form hybrid --limit 10 "$@"
}

lab_whole() {
    say lab-whole "all black-box tests in virtual machines"
    set -- run --runtime "$built/orlop" --quiet --time-limit 600
    as_root "$harness/conformance" lab --form v2 --form systemd --form hybrid --limit 120 "$@"
    as_root "$harness/conformance" lab --form v2 --kernel trixie --kernel bullseye --limit 120 "$@"
}

lab_engines() {
    say lab-engines "docker and podman in a virtual machine with systemd"
    as_root "$harness/conformance" lab --form systemd --limit 240 engines --runtime "$built/orlop" \
        --engine docker --engine podman --engine podman-rootless
}

musl() {
    say musl "tools/build-musl.sh, and the black-box tests"
    triple=$(printf %s "$host" | sed 's/-gnu$/-musl/')
    cache=${CARGO_TARGET_DIR:-target}/debian-rust
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib" ] &&
        ! tools/debian-rust.sh "$cache" rust-web-src; then
        echo "musl: skipped: rustup has no target $triple, and Debian's Rust cannot be fetched"
        return 0
    fi
    tools/build-musl.sh "$cache"
    as_root "$harness/conformance" run --runtime "${CARGO_TARGET_DIR:-target}/$triple/release/orlop" --quiet
}

aarch64() {
    say aarch64 "tools/check-aarch64.sh"
    tools/check-aarch64.sh
}

fuzz() {
    say fuzz "tools/fuzz-short.sh"
    tools/fuzz-short.sh
}

fresh() {
    say fresh "tools/fresh.sh"
    as_root tools/fresh.sh
}

case ${1-} in
-h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
esac
tools/check-rust.sh
[ $# -gt 0 ] || set -- packages format lints unit build older conformance inject engines lab musl
for stage in "$@"; do
    case $stage in
    packages | format | lints | unit | build | older | conformance | inject | engines | lab | musl | aarch64 | fuzz | lab-engines | lab-whole | fresh) ;;
    *) echo "test.sh: there is no stage $stage" >&2 && exit 2 ;;
    esac
done
count=$#
number=0
times=
begun=$(now)
since=$begun
trap 'summary "$@"' EXIT
for stage in "$@"; do
    number=$((number + 1))
    since=$(now)
    "$(echo "$stage" | tr - _)"
    took=$(duration $(($(now) - since)))
    printf '== stage %s of %s: %s took %s\n' "$number" "$count" "$stage" "$took"
    times=$times$(printf '%-12s %s' "$stage" "$took")'
'
done
