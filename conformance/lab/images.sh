#!/bin/sh
# images.sh FOLDER RELEASE SUITE [engines]
#
# Makes, below FOLDER and unless it is there, what a virtual machine of the lab is started from:
#
#   root-RELEASE-SUM.ext4          a small Debian with systemd (bookworm, trixie), which every kernel is started with
#   root-RELEASE-engines-SUM.ext4  the same with docker, containerd, podman and buildah, instead of it where engines are asked for
#   SUITE-SUM/vmlinuz              the kernel that a release of Debian has (bullseye, bookworm, trixie)
#   SUITE-SUM/initrd               what finds the disks
#   SUITE-SUM/modules.ext4         the kernel's modules
#
# SUM changes with these scripts; what another one left is removed. On stdout come the names of the four.
set -eu
folder=$1
release=$2
suite=$3
kind=-$release${4:+-$4}
here=$(cd "$(dirname "$0")" && pwd)
mirror=http://deb.debian.org/debian

missing=
for need in qemu-system-x86_64:qemu-system-x86 mmdebstrap:mmdebstrap mke2fs:e2fsprogs cpio:cpio busybox:busybox-static depmod:kmod xz:xz-utils; do
    PATH=$PATH:/sbin:/usr/sbin command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
done
[ -z "$missing" ] || {
    echo "the lab needs what is not installed here: apt-get install$missing" >&2
    exit 1
}
PATH=$PATH:/sbin:/usr/sbin

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
work=$(mktemp -d "$folder/making.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

sum=$(cat "$here/images.sh" "$here/first.sh" "$here/lab.service" | cksum | cut -d ' ' -f 1)
for old in "$folder"/root-* "$folder"/bullseye-* "$folder"/bookworm-* "$folder"/trixie-*; do
    case $old in *-"$sum" | *-"$sum".ext4 | *'*') ;; *) rm -rf --one-file-system "$old" ;; esac
done

# disk FROM FILE SPARE: a disk with what is in a folder, and so many MB to spare. What mounts anything is in a mount
# namespace of its own.
disk() {
    rm -f "$2.making"
    mke2fs -q -t ext4 -m 0 -d "$1" "$2.making" "$(($(du -sm "$1" | cut -f 1) * 12 / 10 + $3))M" >&2
    mv "$2.making" "$2"
}

debian() {
    unshare --mount --propagation private mmdebstrap --quiet "$@"
}

packages=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,util-linux,iproute2,busybox-static,strace,runc,crun,procps,kmod,uidmap,libseccomp2
engines=apparmor,docker.io,containerd,podman,conmon,buildah,catatonit,netavark,aardvark-dns,iptables,slirp4netns,fuse-overlayfs,ca-certificates,containernetworking-plugins,protobuf-compiler,python3-grpcio,python3-protobuf
# What recommended packages were before, or are needed by newer engines.
[ "$release" = bookworm ] || engines=$engines,docker-cli,passt,nftables

root=$folder/root$kind-$sum.ext4
if [ ! -e "$root" ]; then
    echo "lab: making a Debian $release${4:+ with $4}" >&2
    debian --variant=minbase --include="$packages${4:+,$engines}" "$release" "$work/root" "$mirror"
    mkdir -p "$work/root/lab" "$work/root/lib/modules" "$work/root/etc/systemd/system/multi-user.target.wants"
    cp "$here/lab.service" "$work/root/etc/systemd/system/"
    ln -sf ../lab.service "$work/root/etc/systemd/system/multi-user.target.wants/lab.service"
    for unit in serial-getty@ttyS0 serial-getty@ttyS1 getty@tty1; do
        ln -sf /dev/null "$work/root/etc/systemd/system/$unit.service"
    done
    ln -sf /lib/systemd/system/multi-user.target "$work/root/etc/systemd/system/default.target"
    echo lab >"$work/root/etc/hostname"
    : >"$work/root/etc/fstab"
    chroot "$work/root" useradd --create-home --uid 1000 --shell /bin/sh user
    # Who wants an engine starts it, with a configuration.
    for unit in "$work"/root/etc/systemd/system/*.wants/*; do
        case $unit in */docker.* | */containerd.* | */podman*) rm "$unit" ;; esac
    done
    rm -rf "$work/root/var/cache/apt" "$work/root/var/lib/apt/lists" "$work/root/usr/share/doc"
    disk "$work/root" "$root" 1500
fi

kernel=$folder/$suite-$sum
if [ ! -e "$kernel/modules.ext4" ]; then
    echo "lab: fetching the kernel of Debian's $suite" >&2
    debian --variant=extract --include=linux-image-amd64 "$suite" "$work/kernel" "$mirror"
    modules=$(echo "$work"/kernel/lib/modules/*)
    [ -d "$modules" ] || modules=$(echo "$work"/kernel/usr/lib/modules/*)
    version=${modules##*/}
    mkdir -p "$work/tree/lib/modules" "$work/initrd/bin" "$work/initrd/dev" "$work/initrd/proc" "$work/initrd/sys" "$work/initrd/new" "$kernel"
    mv "$modules" "$work/tree/lib/modules/"
    # Not every modprobe reads what is packed.
    find "$work/tree" -name '*.ko.xz' -exec xz --decompress {} +
    depmod -b "$work/tree" "$version"
    cp "$(command -v busybox)" "$work/initrd/bin/busybox"
    ln -s busybox "$work/initrd/bin/sh"
    cp "$here/first.sh" "$work/initrd/init"
    chmod 755 "$work/initrd/init"
    # Those that come before a disk, each after what it needs; what the kernel has built in is in no file.
    for module in virtio_pci virtio_blk crc32c_generic ext4; do
        modprobe -d "$work/tree" -S "$version" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++' >"$work/modules"
    while read -r file; do
        cp "$file" "$work/initrd/${file##*/}"
        echo "${file##*/}"
    done <"$work/modules" >"$work/initrd/modules"
    (cd "$work/initrd" && find . | cpio --quiet -o -H newc | gzip -1) >"$kernel/initrd"
    # Newer ones come with their modules.
    for file in "$work/kernel/boot/vmlinuz-$version" "$work/tree/lib/modules/$version/vmlinuz"; do
        [ ! -e "$file" ] || cp "$file" "$kernel/vmlinuz"
    done
    disk "$work/tree/lib/modules" "$kernel/modules.ext4" 20
fi

echo "$root"
echo "$kernel/vmlinuz"
echo "$kernel/initrd"
echo "$kernel/modules.ext4"
