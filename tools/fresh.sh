#!/bin/sh
# fresh.sh [COMMAND...]    (COMMAND: make try, then ./test.sh)
#
# What the README promises, on a machine that has nothing: makes a minimal Debian 12 in a temporary folder with git, build-essential and
# this machine's Rust, clones the last commit of this checkout into its /root, which only root enters, and runs the README's commands there,
# with namespaces and cgroups of their own. Afterwards all of it is gone, also where it failed or a signal ended it.
#
# Needs root, mmdebstrap, the Debian archive and crates.io, and 12 GB below TMPDIR (/tmp).
set -eu
cd "$(dirname "$0")/.."

command -v mmdebstrap >/dev/null || {
    echo "fresh.sh: there is no mmdebstrap (apt-get install mmdebstrap)" >&2
    exit 1
}
for command in 'make try' './test.sh'; do
    grep -qx "$command" README.md || {
        echo "fresh.sh: the README has no command '$command' any more" >&2
        exit 1
    }
done
[ -z "$(git status --porcelain)" ] || echo "fresh: what is not committed is not tried"

began=$(date +%s)
work=$(mktemp -d "${TMPDIR:-/tmp}/orlop-fresh.XXXXXX")
child=
cleanup() {
    status=$?
    trap - EXIT
    # The lab takes down its namespaces, with every mount and process in them, before it ends.
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    rm -rf --one-file-system "$work"
    echo "fresh: $(($(date +%s) - began)) s in all, ended with $status"
    exit $status
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

# In the background, as a shell takes its signals only between commands that it waits for.
run() {
    "$@" </dev/null &
    child=$!
    status=0
    wait "$child" || status=$?
    child=
    return $status
}

root=$work/root
echo "fresh: making a minimal Debian 12 in $root"
# What it mounts goes with its namespace.
run unshare --mount --propagation private mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,build-essential bookworm "$root"
echo "fresh: $(du -sm "$root" | cut -f 1) MB after $(($(date +%s) - began)) s"

sysroot=$(rustc --print sysroot)
cp -a "$sysroot/bin" "$sysroot/lib" "$root/usr/local/"
# As this machine reaches the network: certificates that were added to it, and its resolver.
cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
cat /etc/resolv.conf >"$root/etc/resolv.conf"
cat /etc/hosts >"$root/etc/hosts"
git clone --quiet --no-hardlinks "file://$(pwd)" "$root/root/orlop"
cp tools/fresh-inside.sh "$root/usr/local/sbin/fresh-inside.sh"

LAB_NET=host run sh conformance/engines/lab.sh sh tools/fresh-inside.sh enter "$root" "$@"
