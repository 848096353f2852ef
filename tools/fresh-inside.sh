#!/bin/sh
# fresh-inside.sh enter ROOT [COMMAND...]     (by fresh.sh, in namespaces of its own) makes ROOT this mount namespace's root
# fresh-inside.sh within [COMMAND...]         (by the former) runs the README's commands, or this one
set -eu

enter() {
    root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    # Nodes of its own: nothing done to them is done to the host's.
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 console:5:1 kmsg:1:11 fuse:10:229; do
        numbers=${node#*:}
        mknod -m 666 "$root/dev/${node%%:*}" c "${numbers%:*}" "${numbers#*:}"
    done
    chmod 600 "$root/dev/console" "$root/dev/kmsg"
    mkdir "$root/dev/net" "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
    mknod -m 666 "$root/dev/net/tun" c 10 200
    mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t mqueue mqueue "$root/dev/mqueue"
    ln -s pts/ptmx "$root/dev/ptmx"
    for name in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
        ln -s "/proc/self/${name#*:}" "$root/dev/${name%%:*}"
    done
    # Not by chroot: nobody makes a user namespace in one.
    cd "$root"
    pivot_root . mnt
    umount -l /mnt
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} \
        sh /usr/local/sbin/fresh-inside.sh within "$@"
}

within() {
    update-ca-certificates >/dev/null 2>&1
    chmod 0700 /root
    cd /root/orlop
    status=0
    if [ $# -gt 0 ]; then
        "$@" || status=$?
    else
        { timed make try && timed ./test.sh; } || status=$?
    fi
    echo "fresh: MB on the disk, and what of them was fetched:"
    du -cms / --one-file-system 2>/dev/null | sed -n 1p
    for folder in target target/debian-rust/packages /root/.cargo/registry/cache /root/.cargo/registry/index /var/cache/apt/archives; do
        [ ! -d "$folder" ] || du -ms "$folder"
    done
    return $status
}

timed() {
    begun=$(date +%s)
    status=0
    "$@" || status=$?
    echo "fresh: '$*' took $(($(date +%s) - begun)) s and ended with $status"
    return $status
}

"$@"
