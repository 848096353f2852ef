#!/bin/sh
# The first program of a virtual machine of the lab: finds the three disks, and goes on in the first one.
B=/bin/busybox
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs devtmpfs /dev
while read -r module; do
    $B insmod "/$module"
done </modules

tries=0
while [ ! -b /dev/vdc ] && [ $tries -lt 100 ]; do
    $B sleep 0.1
    tries=$((tries + 1))
done
$B mount -t ext4 /dev/vda /new &&
    $B mount -t ext4 -o ro /dev/vdb /new/lib/modules &&
    $B mount -t ext4 /dev/vdc /new/lab || {
    echo "lab: a disk is missing"
    $B ls /dev
    $B poweroff -f
}

init=/sbin/init
for word in $($B cat /proc/cmdline); do
    case $word in lab.init=*) init=${word#lab.init=} ;; esac
done
$B umount /dev /sys /proc
exec $B switch_root /new "$init"
