#!/bin/sh
# debian-rust.sh FOLDER PACKAGE[:ARCH]...
#
# Unpacks Debian packages below FOLDER/root without installing them: for the Rust that Debian 12's security archive has (rustc-web) and its
# libraries for other machines. Nothing of the system changes; apt's lists are fetched into FOLDER too. Packages that are there are not
# fetched again.
set -eu

folder=$1
shift
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
