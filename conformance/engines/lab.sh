#!/bin/sh
# lab.sh COMMAND [ARGUMENT...]
#
# Runs a command, as root, where container engines can do what they like without the host noticing: in new mount,
# pid, network, UTS, IPC and cgroup namespaces. When the command ends, every process, mount and network link that was
# made inside is gone with the namespaces, and the cgroups are removed.
#
#   LAB         (set for the command) a new empty folder; removed at the end
#   LAB_NET     "host": with the host's network
#   LAB_HYBRID  "no": leave out the cgroup v2 mount beside v1 controllers (Debian's crun refuses such hosts)
#
# A cgroup that could not be removed, because something in it still lives, is an error: exit status 99.
set -u

# Each line of /proc/self/cgroup is number:controllers:path; prints "mount-options|folder-name|v1-or-v2|folder".
hierarchies() {
    while IFS=: read -r _ controllers path; do
        case $controllers in
        '') kind=cgroup2 options= ;;
        name=*) kind=cgroup options=none,$controllers ;;
        *) kind=cgroup options=$controllers ;;
        esac
        # The mount point whose superblock has these controllers, and its root as we see it.
        point=$(awk -v kind=$kind -v want="$controllers" '{
            for (i = 7; i <= NF; i++) if ($i == "-") break
            if ($(i + 1) != kind) next
            if (kind == "cgroup2") { print $5; exit }
            n = split(want, w, ","); have = "," $(i + 3) ","; ok = 1
            for (j = 1; j <= n; j++) if (index(have, "," w[j] ",") == 0) ok = 0
            if (ok) { print $5; exit }
        }' /proc/self/mountinfo)
        [ -n "$point" ] && echo "$options|${point##*/}|$kind|$point${path%/}"
    done </proc/self/cgroup
}

name=orlop-lab-$$
LAB=$(mktemp -d /tmp/lab.XXXXXX) || exit 1
export LAB
table=$(hierarchies)
for line in $table; do
    folder=${line##*|}/$name
    case $line in
    *'|cgroup2|'*) ;;
    *) [ -e "${line##*|}/cgroup.clone_children" ] ;;
    esac || continue
    mkdir "$folder" || continue
    # On v1 a new cgroup has no time for real-time policies, of which the others need some, too.
    [ ! -e "$folder/cpu.rt_runtime_us" ] || echo 100000 2>/dev/null >"$folder/cpu.rt_runtime_us"
    # On v1 an empty cpuset takes no process.
    for file in cpuset.cpus cpuset.mems; do
        case $line in
        *'|cgroup|'*) [ -e "$folder/$file" ] && cat "${line##*|}/$file" >"$folder/$file" ;;
        esac
    done
done

cleanup() {
    rc=$?
    trap - EXIT
    # Where a signal brought us here, the namespaces still live; unshare takes its child with it.
    [ -n "${child-}" ] && kill -KILL "$child" 2>/dev/null
    for line in $table; do
        folder=${line##*|}/$name
        [ -d "$folder" ] || continue
        # The last processes of a killed pid namespace may take a moment to go.
        for _ in 1 2 3 4 5 6 7 8 9 10; do
            find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
            [ -d "$folder" ] || break
            sleep 0.1
        done
        if [ -d "$folder" ]; then
            echo "lab: $folder is still in use" >&2
            rc=99
        fi
    done
    rm -rf --one-file-system "$LAB"
    exit $rc
}
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
trap 'exit 129' HUP

# shellcheck disable=SC2016 # expanded by the inner shell
inside='
set -u
hybrid=$1 v2_only=$2; shift 2
mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
# Not all that a runtime does to /dev/null is for the host.
mknod -m 666 /run/null c 1 3 && mount --bind /run/null /dev/null
# The configuration of podman and buildah is ours, whatever the host has.
if [ -d /etc/containers ]; then
    mkdir "$LAB/etc-containers" && mount --bind "$LAB/etc-containers" /etc/containers
    echo "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}" >/etc/containers/policy.json
    init=$(command -v catatonit || command -v docker-init || command -v tini)
    {
        printf "[containers]\ninit_path=\"%s\"\n" "$init"
        printf "[engine]\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n"
    } >/etc/containers/containers.conf
fi
if [ "$v2_only" = yes ]; then
    umount -l /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # A group with controllers for its children holds no processes itself.
    mkdir /sys/fs/cgroup/lab && echo $$ >/sys/fs/cgroup/lab/cgroup.procs
    for c in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
    done
else
    umount -l /sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    echo "$LAB_TABLE" | while IFS="|" read -r options point kind _; do
        [ "$kind" = cgroup2 ] && [ "$hybrid" = no ] && continue
        mkdir "/sys/fs/cgroup/$point"
        mount -t "$kind" ${options:+-o "$options"} "$point" "/sys/fs/cgroup/$point"
    done
fi
[ "${LAB_NET-}" = host ] || ip link set lo up
hostname lab
# Not exec: as pid 1 the shell reaps the orphans that engines leave.
"$@"
exit $?
'
case $table in
*'|cgroup|'*) v2_only=no ;;
*) v2_only=yes ;;
esac
LAB_TABLE=$table
export LAB_TABLE
# A command in the background gets no stdin unless told.
exec 3<&0
# The shell below enters the cgroups before the cgroup namespace is made, so that they are its roots.
# shellcheck disable=SC2016
sh -c '
name=$1 inside=$2; shift 2   # what is left: hybrid, v2 only, the command
[ "${LAB_NET-}" = host ] && net= || net=--net
for line in $LAB_TABLE; do echo $$ >"${line##*|}/$name/cgroup.procs"; done
exec unshare --mount --propagation private $net --uts --ipc --cgroup --pid --fork --kill-child --mount-proc \
    sh -c "$inside" lab "$@"
' lab-enter "$name" "$inside" "${LAB_HYBRID:-yes}" "$v2_only" "$@" <&3 3<&- &
exec 3<&-
child=$!
wait $child
rc=$?
child=
exit $rc
