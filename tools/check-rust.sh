#!/bin/sh
# check-rust.sh [CARGO...]    (CARGO: cargo)
#
# Says nothing if this cargo and rustc are new enough to build orlop; otherwise which Rust is needed and how to get it, and ends with 1.
set -u
cd "$(dirname "$0")/.." || exit 1

[ $# -gt 0 ] || set -- cargo
needed=
while read -r name _ value _; do
    [ "$name" != rust-version ] || needed=$value
done <Cargo.toml
needed=${needed#\"}
needed=${needed%\"}

# Whether a version, 1.95.0 or 1.97.0-nightly, is new enough.
is_enough() {
    rest=${1#*.}
    [ "${1%%.*}" -gt "${needed%%.*}" ] 2>/dev/null ||
        { [ "${1%%.*}" = "${needed%%.*}" ] && [ "${rest%%.*}" -ge "${needed#*.}" ]; } 2>/dev/null
}

# Prints what is wrong with a program, if anything is.
fault() {
    if ! command -v "$1" >/dev/null; then
        echo "there is no $1"
    elif ! words=$("$@" --version 2>&1); then
        echo "$1 does not work: $words"
    else
        version=${words#* }
        version=${version%% *}
        is_enough "$version" || echo "this $1 is $version"
    fi
}

wrong=$(fault "$@")
# With `cargo +TOOLCHAIN` it is the toolchain's rustc that counts, which is as old as its cargo.
[ -n "$wrong" ] || [ $# -gt 1 ] || wrong=$(fault "${RUSTC:-rustc}")
[ -n "$wrong" ] || exit 0

cat >&2 <<END
orlop needs Rust $needed or newer (cargo and rustc), and $wrong.
How to get it:
  rustup       curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
               then a new shell; where rustup is there already: rustup update
  Debian 12    apt-get install cargo-web rustc-web      (from Debian's security archive; the packages cargo and rustc are too old)
END
exit 1
