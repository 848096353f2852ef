#!/bin/sh
# inside.sh     (in a virtual machine of the lab) runs what /lab/words say, a word a line, with its output on the second serial line,
#               then how it ended, and turns the machine off.
#
# As the machine's first process, which it is where the host is to have no systemd, it mounts the usual filesystems first, and the cgroup
# hierarchies that FORM in /lab/form says.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
form=$(cat /lab/form)
export LAB_FORM="$form"

hierarchy() {
    mkdir -p "/sys/fs/cgroup/$1"
    mount -t cgroup -o "$2" "$1" "/sys/fs/cgroup/$1" || echo "lab: no hierarchy $1"
}

first() {
    mount -t proc -o nosuid,nodev,noexec proc /proc
    mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
    mount -t devtmpfs devtmpfs /dev
    # As udev makes them: TOMOYO, which Debian 11's kernel has, looks up what is executed by descriptor there.
    ln -s /proc/self/fd /dev/fd
    for stream in stdin:0 stdout:1 stderr:2; do
        ln -s "/proc/self/fd/${stream#*:}" "/dev/${stream%:*}"
    done
    mkdir -p /dev/pts /dev/shm /dev/mqueue
    mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
    mount -t mqueue mqueue /dev/mqueue
    for place in /dev/shm /tmp /run; do
        mount -t tmpfs -o mode=1777 tmpfs "$place"
    done
    ip link set lo up
    case $form in
    v2)
        mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /sys/fs/cgroup
        sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
        ;;
    hybrid)
        mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
        hierarchy systemd none,name=systemd
        hierarchy cpu,cpuacct cpu,cpuacct
        hierarchy net_cls,net_prio net_cls,net_prio
        for controller in cpuset memory pids blkio devices freezer perf_event hugetlb rdma; do
            hierarchy "$controller" "$controller"
        done
        mkdir -p /sys/fs/cgroup/unified
        mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup/unified
        ;;
    esac
}

[ $$ != 1 ] || first
for module in veth dummy overlay fuse macvlan bridge ifb tun rdma_rxe bfq; do
    modprobe -q "$module"
done
# As udev has it, which is not here.
chmod 666 /dev/fuse /dev/net/tun
stty -F /dev/ttyS1 raw -echo
echo 16 >/proc/sys/vm/nr_hugepages

# Where the program was built it looks for the configs of engines.
source=$(cat /lab/source)
mkdir -p "$source" "$(dirname "$source")/runtime-lib/tests"
ln -s /lab/corpus "$(dirname "$source")/runtime-lib/tests/corpus"

set --
while IFS= read -r word; do
    set -- "$@" "$word"
done </lab/words
cd /lab || exit 1
"$@" </dev/null >/dev/ttyS1 2>&1
echo "lab: ended with $?" >/dev/ttyS1
sync
# Waits until all of it is out (`man 1 stty`, drain).
stty -F /dev/ttyS1 raw -echo
echo o >/proc/sysrq-trigger
sleep 60
