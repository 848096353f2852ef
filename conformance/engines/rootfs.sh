#!/bin/sh
# rootfs.sh busybox DIR    a small rootfs around the host's static busybox
# rootfs.sh debian DIR     a minimal Debian, made by mmdebstrap; the result is cached
# rootfs.sh package NAME   a small Debian with a package, in the cache; writes the path of the tar file
#
# The cache is $XDG_CACHE_HOME/orlop-test, or /var/tmp/orlop-test. SUITE (default: bookworm) and MIRROR (default:
# the host's own sources, else deb.debian.org) are taken from the environment.
set -eu

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# What every image has: users, a hosts file's place, mount points.
skeleton() {
    mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/etc" "$1/tmp" "$1/root" "$1/var/tmp" "$1/run" "$1/home/user"
    chmod 1777 "$1/tmp" "$1/var/tmp"
    chmod 700 "$1/root"
    chown 1000:1000 "$1/home/user"
}

make_busybox() {
    program=$(command -v busybox) || { echo "rootfs: install busybox-static" >&2; exit 1; }
    if ldd "$program" >/dev/null 2>&1; then
        echo "rootfs: $program is not static: install busybox-static" >&2
        exit 1
    fi
    skeleton "$1"
    mkdir -p "$1/bin" "$1/sbin" "$1/usr/bin" "$1/usr/sbin"
    cp "$program" "$1/bin/busybox"
    for applet in $("$program" --list); do
        # Applets of the same name as the program itself would be a link to nothing.
        [ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
    done
    cat >"$1/etc/passwd" <<-PASSWD
	root:x:0:0:root:/root:/bin/sh
	user:x:1000:1000:user:/home/user:/bin/sh
	nobody:x:65534:65534:nobody:/:/bin/false
	PASSWD
    cat >"$1/etc/group" <<-GROUP
	root:x:0:
	staff:x:50:user
	user:x:1000:
	nogroup:x:65534:
	GROUP
}

make_debian() {
    command -v mmdebstrap >/dev/null || { echo "rootfs: install mmdebstrap" >&2; exit 1; }
    suite=${SUITE:-bookworm}
    cache=${XDG_CACHE_HOME:-/var/tmp}/orlop-test
    tar=$cache/debian-$suite-$(dpkg --print-architecture).tar
    if [ ! -s "$tar" ]; then
        mkdir -p "$cache"
        # Two runs at once each make their own; the last one stays.
        new=$tar.$$
        trap 'rm -f "$new"' EXIT
        mmdebstrap --quiet --variant=essential --format=tar "$suite" "$new" ${MIRROR:+"$MIRROR"} >&2
        mv "$new" "$tar"
    fi
    mkdir -p "$1"
    # Device nodes are the runtime's business, and making them needs CAP_MKNOD.
    tar -C "$1" --exclude='./dev/*' -xpf "$tar"
    skeleton "$1"
}

make_package() {
    command -v mmdebstrap >/dev/null || { echo "rootfs: install mmdebstrap" >&2; exit 1; }
    suite=${SUITE:-bookworm}
    cache=${XDG_CACHE_HOME:-/var/tmp}/orlop-test
    tar=$cache/debian-$suite-$(dpkg --print-architecture)+$1.tar
    if [ ! -s "$tar" ]; then
        mkdir -p "$cache"
        new=$tar.$$
        trap 'rm -f "$new"' EXIT
        mmdebstrap --quiet --variant=minbase --include="$1" --format=tar "$suite" "$new" ${MIRROR:+"$MIRROR"} >&2
        mv "$new" "$tar"
    fi
    echo "$tar"
}

[ $# -eq 2 ] || usage
case $1 in
busybox) make_busybox "$2" ;;
debian) make_debian "$2" ;;
package) make_package "$2" ;;
*) usage ;;
esac
