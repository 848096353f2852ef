#!/bin/bash
# record.sh OUTPUT_FOLDER [ENGINE...]
#
# Catches the config.json (and for exec the process.json) that real engines generate: docker, ctr, podman and buildah
# are driven with a wrapper in place of their runtime, which copies the file and then runs the real runc. `spec` is
# what `runc spec` and `crun spec` write. What is local to the machine is replaced, so a second run gives (nearly) the
# same files. Needs root, and the packages docker.io containerd podman buildah runc crun jq busybox-static.
#
# Everything runs in a lab (lab.sh): the host is left as it was.
set -u
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${LAB-}" ]; then
    [ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    mkdir -p "$1" && out=$(cd "$1" && pwd) || exit 1
    shift
    exec "$here/lab.sh" "$0" "$out" "$@"
fi

out=$1
shift
engines=${*:-spec docker ctr podman buildah}
cd "$LAB" || exit 1
mkdir caught bin tmp
export TMPDIR=$LAB/tmp
failures=0

# The wrapper. The name of the next recording stands in $LAB/name; without one nothing is recorded.
cat >bin/recorder <<EOT
#!/bin/bash
name=\$(cat $LAB/name 2>/dev/null)
verb= bundle=. process= previous=
for argument; do
    case \$argument in
    create | run | exec) [ -z "\$verb" ] && verb=\$argument ;;
    --bundle=*) bundle=\${argument#*=} ;;
    --process=*) process=\${argument#*=} ;;
    esac
    case \$previous in
    --bundle | -b) bundle=\$argument ;;
    --process | -p) process=\$argument ;;
    esac
    previous=\$argument
done
if [ -n "\$name" ]; then
    case \$verb in
    create | run) cp "\$bundle/config.json" "$LAB/caught/\$name.json" ;;
    exec) [ -n "\$process" ] && cp "\$process" "$LAB/caught/\$name.process.json" ;;
    esac
fi
exec $(command -v runc) "\$@"
EOT
chmod +x bin/recorder

"$here/rootfs.sh" busybox rootfs
tar -C rootfs -cf rootfs.tar .
# A mount of its own, so that propagation other than private can be asked for.
mkdir volume && mount -t tmpfs -o mode=755 tmpfs volume && mount --make-rshared volume

# record NAME COMMAND...: the command may fail (a container's exit status), but the recording must appear.
record() {
    name=$1
    shift
    echo "$name" >name
    timeout 60 "$@" >output 2>&1 </dev/null
    status=$?
    : >name
    if [ ! -s "caught/$name.json" ] && [ ! -s "caught/$name.process.json" ]; then
        echo "record: $name: nothing was caught (exit status $status)" >&2
        sed 's/^/    /' output >&2
        failures=$((failures + 1))
    fi
}

# on_a_terminal COMMAND...: runs it on a new pty. A program, because `timeout` runs it.
cat >bin/on_a_terminal <<'EOT'
#!/bin/bash
exec script -qec "$(printf '%q ' "$@")" /dev/null
EOT
chmod +x bin/on_a_terminal
PATH=$LAB/bin:$PATH

# waits_for COMMAND...: until it succeeds, at most ten seconds.
waits_for() {
    for _ in {1..100}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "record: gave up waiting for: $*" >&2
    exit 1
}

start_containerd() {
    [ -e containerd.toml ] && return
    cat >containerd.toml <<-EOT
	version = 2
	root = "$LAB/containerd"
	state = "$LAB/run/containerd"
	disabled_plugins = ["io.containerd.grpc.v1.cri"]
	[grpc]
	  address = "$LAB/containerd.sock"
	EOT
    containerd --config containerd.toml >containerd.log 2>&1 &
    waits_for ctr --address "$LAB/containerd.sock" version
}

record_spec() {
    for runtime in runc crun; do
        for options in '' --rootless; do
            rm -f config.json
            "$runtime" spec $options
            mv config.json "caught/$runtime-spec${options/--/-}.json"
        done
    done
}

record_docker() {
    start_containerd
    dockerd --data-root "$LAB/docker" --exec-root "$LAB/run/docker" --pidfile "$LAB/docker.pid" \
        --host "unix://$LAB/docker.sock" --containerd "$LAB/containerd.sock" --iptables=false --ip6tables=false \
        --storage-driver vfs --add-runtime "recorder=$LAB/bin/recorder" --default-runtime recorder --init-path /usr/bin/docker-init \
        >docker.log 2>&1 &
    export DOCKER_HOST=unix://$LAB/docker.sock DOCKER_CONFIG=$LAB/docker-config
    waits_for docker version
    docker import rootfs.tar busybox >/dev/null

    run() { variant=$1; shift; record "docker-$variant" docker run --rm --hostname orlop "$@"; }
    record docker-plain docker run --rm busybox echo hi
    run detached --detach busybox true
    record docker-terminal on_a_terminal docker run --rm --hostname orlop -it busybox tty
    run privileged --privileged busybox true
    run read-only --read-only busybox true
    run volume-rw -v "$LAB/volume:/data" busybox true
    run volume-ro -v "$LAB/volume:/data:ro" busybox true
    run volume-rslave -v "$LAB/volume:/data:ro,rslave" busybox true
    run volume-named -v cargo:/data busybox true
    run mount-bind --mount "type=bind,source=$LAB/volume,target=/data,readonly,bind-propagation=rprivate" busybox true
    run mount-tmpfs --mount type=tmpfs,target=/scratch,tmpfs-size=1048576,tmpfs-mode=1770 busybox true
    run tmpfs --tmpfs /scratch busybox true
    run tmpfs-options --tmpfs /scratch:rw,exec,size=64k,mode=700,uid=1000 busybox true
    run user --user 1000:1000 busybox id
    run user-groups --user user --group-add 50 --group-add 3000 busybox id
    run cap-add --cap-add SYS_ADMIN --cap-add NET_ADMIN busybox true
    run cap-drop-all --cap-drop ALL --cap-add CHOWN busybox true
    run cap-add-all --cap-add ALL busybox true
    run ulimit --ulimit nofile=512:1024 --ulimit core=0 --ulimit nproc=100 busybox true
    run resources --memory 64m --memory-reservation 32m --memory-swappiness 10 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --blkio-weight 300 busybox true
    run memory --memory 64m busybox true
    run cpu-quota --cpu-period 50000 --cpu-quota 25000 busybox true
    run oom --oom-kill-disable --memory 64m --oom-score-adj 500 busybox true
    run network-host --network host busybox true
    run network-none --network none busybox true
    run pid-host --pid host busybox true
    run ipc-host --ipc host busybox true
    run ipc-shareable --ipc shareable busybox true
    record docker-uts-host docker run --rm --uts host busybox true
    run cgroupns-private --cgroupns private busybox true
    run no-new-privileges --security-opt no-new-privileges busybox true
    run seccomp-unconfined --security-opt seccomp=unconfined busybox true
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO"}, {"name": "umask", "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": 511, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]}]}' >seccomp.json
    run seccomp-custom --security-opt "seccomp=$LAB/seccomp.json" busybox true
    run systempaths-unconfined --security-opt systempaths=unconfined busybox true
    run init --init busybox true
    run device --device /dev/fuse --device /dev/null:/dev/nothing:rw busybox true
    run device-rule --device-cgroup-rule 'c 10:* rmw' busybox true
    run sysctl --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 busybox true
    run hostname-domain --hostname deck --domainname example.org busybox hostname
    run environment --env GREETING=hello --env 'EMPTY=' --env 'UNICODE=ünï "quoted"' busybox env
    run workdir -w /not/there/yet busybox pwd
    run entrypoint --entrypoint /bin/sh busybox -c 'exit 7'
    run shm-size --shm-size 1m busybox true
    run add-host --add-host deck:10.0.0.1 --dns 10.0.0.2 busybox true
    run label --label org.example.deck=lowest --stop-signal SIGINT busybox true
    run cgroup-parent --cgroup-parent /fleet busybox true
    run stdin -i busybox cat
    run missing-command busybox /no/such/command

    docker run -d --name sleeper busybox sleep 100 >/dev/null
    record docker-exec docker exec sleeper true
    record docker-exec-terminal on_a_terminal docker exec -it sleeper tty
    record docker-exec-user docker exec --user 1000:1000 -w /tmp -e DECK=orlop sleeper id
    record docker-exec-privileged docker exec --privileged sleeper true
    record docker-pid-container docker run --rm --hostname orlop --pid container:sleeper busybox true
    record docker-network-container docker run --rm --network container:sleeper busybox true
    docker rm -f sleeper >/dev/null
    docker run -d --name sleeper --ipc shareable busybox sleep 100 >/dev/null
    record docker-ipc-container docker run --rm --hostname orlop --ipc container:sleeper busybox true
    docker rm -f sleeper >/dev/null
    # podman and buildah would read them too.
    unset DOCKER_HOST DOCKER_CONFIG
}

record_ctr() {
    start_containerd
    ctr() { command ctr --address "$LAB/containerd.sock" "$@"; }
    mkdir -p oci && docker_archive oci/image.tar
    ctr image import --base-name local/busybox oci/image.tar >output 2>&1 || cat output >&2
    image=$(ctr image ls -q | head -n 1)
    run() {
        variant=$1
        shift
        record "ctr-$variant" timeout 60 ctr --address "$LAB/containerd.sock" run --rm --runc-binary "$LAB/bin/recorder" "$@"
    }
    run plain "$image" deck true
    record ctr-terminal on_a_terminal ctr --address "$LAB/containerd.sock" run --rm --tty --runc-binary "$LAB/bin/recorder" "$image" deck tty
    run privileged --privileged "$image" deck true
    run net-host --net-host "$image" deck true
    run mount --mount "type=bind,src=$LAB/volume,dst=/data,options=rbind:ro" "$image" deck true
    run read-only --read-only "$image" deck true
    run environment --env DECK=orlop --cwd /tmp "$image" deck env
    run memory --memory-limit 67108864 --cpus 0.5 "$image" deck true
    run seccomp --seccomp "$image" deck true
    run with-ns --with-ns ipc:/proc/1/ns/ipc "$image" deck true
    run cap-add --cap-add CAP_SYS_ADMIN --cap-drop CAP_MKNOD "$image" deck true
    run allow-new-privs --allow-new-privs "$image" deck true
    run device --device /dev/fuse "$image" deck true
    run rootfs --rootfs "$LAB/rootfs" deck true
    run cgroup --cgroup /fleet/deck "$image" deck true
    run annotations --annotation org.example.deck=lowest --label deck=lowest "$image" deck true
    run rootfs-propagation --rootfs-propagation rslave "$image" deck true

    command ctr --address "$LAB/containerd.sock" run -d --runc-binary "$LAB/bin/recorder" "$image" sleeper sleep 100
    record ctr-exec timeout 60 ctr --address "$LAB/containerd.sock" task exec --exec-id one sleeper true
    command ctr --address "$LAB/containerd.sock" task kill --signal 9 sleeper
    waits_for command ctr --address "$LAB/containerd.sock" task rm sleeper
    command ctr --address "$LAB/containerd.sock" container rm sleeper
}

# docker_archive FILE: a `docker save` archive of the rootfs, by hand, so that no other engine is needed.
docker_archive() {
    mkdir -p archive/layer
    cp rootfs.tar archive/layer/layer.tar
    digest=$(sha256sum <rootfs.tar | cut -d' ' -f1)
    architecture=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
    printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$architecture" "$digest" >archive/config.json
    printf '[{"Config":"config.json","RepoTags":["local/busybox:latest"],"Layers":["layer/layer.tar"]}]' >archive/manifest.json
    tar -C archive -cf "$1" manifest.json config.json layer
}

record_podman() {
    podman=(podman --root "$LAB/podman" --runroot "$LAB/run/podman" --tmpdir "$LAB/run/libpod" --storage-driver vfs
        --cgroup-manager cgroupfs --runtime "$LAB/bin/recorder" --network-config-dir "$LAB/networks")
    "${podman[@]}" import rootfs.tar localhost/busybox >output 2>&1 || cat output >&2
    run() { variant=$1; shift; record "podman-$variant" "${podman[@]}" run --rm --hostname orlop "$@"; }
    image=localhost/busybox
    record podman-plain "${podman[@]}" run --rm $image echo hi
    run detached --detach $image true
    record podman-terminal on_a_terminal "${podman[@]}" run --rm --hostname orlop -it $image tty
    run read-only --read-only $image true
    run privileged --privileged $image true
    run network-none --network none $image true
    run network-host --network host $image true
    run volume-rw -v "$LAB/volume:/data" $image true
    run volume-ro -v "$LAB/volume:/data:ro,rslave" $image true
    run volume-overlay -v "$LAB/volume:/data:O" $image true
    run volume-named -v cargo:/data:nosuid,noexec $image true
    run user --user 1000:1000 $image id
    run user-name --user user --group-add staff $image id
    run systemd --systemd=always $image true
    run init --init --init-path /usr/bin/docker-init $image true
    run tmpfs --tmpfs /scratch:size=64k,mode=700 $image true
    run tmpfs-notmpcopyup --mount type=tmpfs,destination=/scratch,notmpcopyup,tmpfs-size=1m $image true
    run cap-add --cap-add SYS_ADMIN,NET_ADMIN $image true
    run cap-drop-all --cap-drop all $image true
    run ulimit --ulimit nofile=512:1024 $image true
    run resources --memory 64m --cpus 0.5 --pids-limit 50 --cpu-shares 512 --cpuset-cpus 0 $image true
    run pid-host --pid host $image true
    run ipc-host --ipc host $image true
    run sysctl --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 $image true
    run cgroupns-host --cgroupns host $image true
    run no-new-privileges --security-opt no-new-privileges $image true
    run seccomp-unconfined --security-opt seccomp=unconfined $image true
    run mask --security-opt mask=/etc/passwd:/home --security-opt unmask=/proc/kcore $image true
    run device --device /dev/fuse:/dev/fuse:rw $image true
    run environment --env DECK=orlop --unsetenv container -w /tmp $image env
    run umask --umask 0077 $image true
    run timezone --tz UTC $image true
    run annotation --annotation org.example.deck=lowest --stop-signal SIGINT $image true
    run cgroup-parent --cgroup-parent /fleet $image true
    mkdir hooks
    for stage in prestart createRuntime createContainer startContainer poststart poststop; do
        printf '{"version":"1.0.0","hook":{"path":"/bin/true","args":["true","%s"],"env":["STAGE=%s"],"timeout":10},"when":{"always":true},"stages":["%s"]}' \
            $stage $stage $stage >hooks/$stage.json
    done
    record podman-hooks "${podman[@]}" --hooks-dir "$LAB/hooks" run --rm --hostname orlop $image true
    run userns --uidmap 0:100000:65536 --gidmap 0:100000:65536 $image true
    run rootfs --rootfs "$LAB/rootfs" true
    run missing-command $image /no/such/command
    run personality --personality=LINUX32 $image true
    run shm-size --shm-size 1m $image true

    "${podman[@]}" run -d --name sleeper $image sleep 100 >/dev/null
    record podman-exec "${podman[@]}" exec sleeper true
    record podman-exec-terminal on_a_terminal "${podman[@]}" exec -it sleeper tty
    record podman-exec-user "${podman[@]}" exec --user 1000:1000 -w /tmp -e DECK=orlop sleeper id
    record podman-exec-privileged "${podman[@]}" exec --privileged sleeper true
    "${podman[@]}" rm -f -t 0 sleeper >/dev/null
    "${podman[@]}" pod create --name fleet --infra-command "/bin/sleep 100" --infra-image $image >output 2>&1 || cat output >&2
    record podman-pod "${podman[@]}" run --rm --pod fleet $image true
    "${podman[@]}" pod rm -f -t 0 fleet >/dev/null
}

record_buildah() {
    buildah=(buildah --root "$LAB/buildah" --runroot "$LAB/run/buildah" --storage-driver vfs)
    container=$("${buildah[@]}" from scratch)
    "${buildah[@]}" add --quiet "$container" rootfs.tar / >/dev/null
    run() {
        variant=$1
        shift
        record "buildah-$variant" "${buildah[@]}" run --isolation oci --runtime "$LAB/bin/recorder" "$@"
    }
    run plain "$container" echo hi
    run user --user 1000:1000 "$container" id
    run volume -v "$LAB/volume:/data:ro" "$container" true
    run network-none --network none "$container" true
    run network-host --network host "$container" true
    run cap-add --cap-add CAP_SYS_ADMIN --cap-drop CAP_CHOWN "$container" true
    run tmpfs --mount type=tmpfs,destination=/scratch "$container" true
    record buildah-terminal on_a_terminal "${buildah[@]}" run --isolation oci --runtime "$LAB/bin/recorder" --terminal "$container" tty
    printf 'FROM scratch\nADD rootfs.tar /\nRUN echo hi\n' >Containerfile
    record buildah-bud "${buildah[@]}" bud --isolation oci --runtime "$LAB/bin/recorder" -f Containerfile --layers=false .
}

# strip FILE: what is local becomes fixed, and the JSON readable.
strip() {
    sed -E \
        -e "s#$LAB/?(docker|podman|buildah)/vfs/dir/[0-9a-f]{64}#/bundle/rootfs#g" \
        -e "s#$LAB/tmp/buildah[0-9]+/mnt/rootfs#/bundle/rootfs#g" \
        -e "s#$LAB/tmp/buildah[0-9]+#/bundle#g" \
        -e 's#/overlay/[0-9]+/#/overlay/1/#g' \
        -e 's#container_uuid=[0-9a-f]{32}#container_uuid=0123456789abcdef0123456789abcdef#g' \
        -e "s#$LAB#/bundle#g" \
        -e 's#/proc/[0-9]+/exe#/proc/1000/exe#g' \
        -e 's#/proc/[0-9]+/ns#/proc/1000/ns#g' \
        -e 's#buildah-buildah[0-9]+#buildah-buildah1#g' \
        -e 's#/(netns|podman-netns)/(netns|cni)-[0-9a-f-]+#/netns/netns-1#g' \
        -e 's#[0-9a-f]{64}#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef#g' \
        -e 's#(HOSTNAME=|")[0-9a-f]{12}"#\10123456789ab"#g' \
        -e 's#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)#2026-01-01T00:00:00.000000000Z#g' \
        "$1" | jq --indent 2 .
}

for engine in $engines; do
    "record_$engine"
done
for file in caught/*.json; do
    strip "$file" >"$out/${file##*/}"
done
echo "$(ls caught | wc -l) files, $failures not caught" >&2
[ $failures -eq 0 ]
