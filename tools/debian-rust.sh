#!/bin/sh
# debian-rust.sh FOLDER [PACKAGE[:ARCH]...]
#
# Unpacks the Rust that Debian 12's security archive has (rustc-web) below FOLDER/root without installing it, with the libraries that it needs
# and that are not installed, and the packages named: its libraries for other machines, its source. Nothing of the system changes; apt's
# lists are fetched into FOLDER too. Packages that are there are not fetched again.
set -eu

RUST='libllvm22 libstd-rust-web-1.96 rustc-web libstd-rust-web-dev'
# What libllvm22 needs, and what that needs.
LIBRARIES='libbsd0 libedit2 libffi8 libicu72 libmd0 libtinfo6 libxml2 libz3-4 libzstd1'

folder=$1
shift
for library in $LIBRARIES; do
    dpkg-query -W -f '${Status}' "$library" 2>/dev/null | grep -q 'ok installed' || RUST="$RUST $library"
done
# shellcheck disable=SC2086 # a list of words
set -- $RUST "$@"
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/packages" "$folder/root"
folder=$(cd "$folder" && pwd)

apt() {
    # A state of our own, so that a foreign architecture need not be added to the system.
    "$@" -q -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Architectures=amd64,arm64 \
        -o APT::Sandbox::User=root
}

for package; do
    done=$folder/packages/$package
    [ ! -e "$done" ] || continue
    if [ ! -e "$folder/lists/fetched" ]; then
        apt apt-get update >&2
        touch "$folder/lists/fetched"
    fi
    rm -rf "$folder/download"
    mkdir "$folder/download"
    (cd "$folder/download" && apt apt-get download "$package" >&2)
    for file in "$folder/download"/*.deb; do
        dpkg-deb --extract "$file" "$folder/root"
    done
    rm -rf "$folder/download"
    touch "$done"
done
