cat <<'END'
This shell runs in a container. Its root is a new, read-only folder; /usr is this machine's own, bound into it.

END
field() { while read -r name rest; do [ "$name" = "$1:" ] && echo "$rest"; done </proc/self/status; }
show() { printf '  %-12s %s\n' "$1" "$2"; }
processes=; for folder in /proc/[0-9]*; do processes="$processes ${folder#/proc/}"; done
interfaces=; for folder in /sys/class/net/*; do interfaces="$interfaces ${folder##*/}"; done
mounts=0; while read -r line; do mounts=$((mounts + 1)); done </proc/self/mountinfo
place="/, to its own eyes: where it stands in the host's tree of cgroups is hidden"
while read -r line; do case $line in *:/) ;; *) place="$line of the host's" ;; esac; done </proc/self/cgroup
show hostname "$(cat /proc/sys/kernel/hostname)"
show user "$(id -un) (uid $(id -u)), no_new_privs $(field NoNewPrivs)"
show capabilities "$(field CapEff) of $(field CapBnd) possible"
show processes "all that can be seen:$processes (this shell is $$)"
show network "all interfaces:$interfaces"
show mounts "$mounts, of the host's only /usr and a few files of /etc"
show cgroup "$place"
if (: >/file) 2>/dev/null; then show root "WRITABLE"; else show root "read-only: a file could not be made"; fi
if (: >/usr/file) 2>/dev/null; then show /usr "WRITABLE"; else show /usr "read-only as well"; fi
if (: >/tmp/file) 2>/dev/null; then show /tmp "a tmpfs of its own, writable"; fi
if (echo 1 >/proc/sys/kernel/sysrq) 2>/dev/null; then show kernel "SETTINGS WRITABLE"; else show kernel "its settings in /proc/sys are read-only"; fi
cat <<'END'

Your own command: orlop try -- COMMAND...      Look at the bundle: orlop try --keep DIR, then orlop explain DIR
END
