//! A swarm of two: each node a dockerd in a network namespace of its own, with a cable between them.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use crate::engines::call::{Call, Outcome, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::lab::{Daemon, Lab};
use crate::engines::place::has_systemd;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same};

/// A dockerd with a containerd of its own, and its place.
#[derive(Debug)]
struct Node {
    _dockerd: Daemon,
    name: String,
    host: String,
    config: String,
}

/// A manager and a worker.
#[derive(Debug)]
pub(in crate::engines) struct Swarm {
    lab: Arc<Lab>,
    manager: Node,
    worker: Node,
}

/// Starts the nodes, has them form a swarm and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    if has_systemd() {
        let why = "the machine's network stays as it is: needs namespaces of its own".to_owned();
        return Err(Failure::Skip(why));
    }
    let spaces = ["node1", "node2"];
    for space in spaces {
        Call::new("ip").args(["netns", "add", space]).succeed()?;
    }
    let cable = "link add lan netns node1 type veth peer name lan netns node2";
    Call::new("ip").args(cable.split(' ')).succeed()?;
    for (space, address) in spaces.iter().zip([FIRST, SECOND]) {
        for words in [
            format!("addr add {address}/24 dev lan"),
            "link set lan up".to_owned(),
            "link set lo up".to_owned(),
        ] {
            Call::new("ip").args(["-n", space]).args(words.split(' ')).succeed()?;
        }
    }
    let swarm = Swarm {
        lab: Arc::clone(lab),
        manager: Node::start(lab, "node1")?,
        worker: Node::start(lab, "node2")?,
    };
    swarm.form()?;
    // What stays after the first task (a cgroup, the network for published ports) is the engine's.
    drop(swarm.service("first", &["--mode", "global"], SLEEP)?);
    in_time("the network for published ports", 20, || {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let all = spaces
            .iter()
            .all(|node| mounts.contains(&format!("/{node}/run/netns/ingress_sbox")));
        Ok((all, mounts))
    })?;
    session.run(lab, &swarm, CHECKS);
    Ok(())
}

const FIRST: &str = "192.0.2.1";
const SECOND: &str = "192.0.2.2";

impl Node {
    fn start(lab: &Lab, name: &str) -> Result<Self, Failure> {
        let folder = lab.make_folder(name)?;
        let host = format!("unix://{folder}/docker.sock");
        let runtime = format!("test={}", lab.runtime);
        let line = format!(
            "hostname {name} && exec nsenter --net=/run/netns/{name} dockerd --data-root {folder}/data \
             --exec-root {folder}/run --pidfile {folder}/pid --host {host} --storage-driver overlay2 \
             --add-runtime {runtime} --default-runtime test --init-path /usr/bin/docker-init"
        );
        let mut dockerd = lab.start_as(name, "unshare", &["--uts", "sh", "-c", &line], &[])?;
        let config = lab.path("docker-config");
        let call = |words: &[&str]| {
            let call = Call::new("docker").args(words);
            call.variable("DOCKER_HOST", &host).variable("DOCKER_CONFIG", &config)
        };
        dockerd.answers(&call(&["version"]))?;
        let tar = lab.rootfs_tar()?;
        for image in ["busybox:latest", "busybox:next"] {
            // The second has another id by its message: an update to it is one.
            call(&["import", "--message", image, &tar, image]).succeed()?;
        }
        Ok(Self {
            _dockerd: dockerd,
            name: name.to_owned(),
            host,
            config,
        })
    }

    fn call(&self, words: &[&str]) -> Call {
        let call = Call::new("docker").args(words).seconds(90);
        call.variable("DOCKER_HOST", &self.host)
            .variable("DOCKER_CONFIG", &self.config)
    }

    /// The ids of containers that run, of a service.
    fn containers(&self, service: &str) -> Result<Vec<String>, Failure> {
        let filter = format!("label=com.docker.swarm.service.name={service}");
        let list = self.call(&["ps", "--quiet", "--filter", &filter]).succeed()?;
        Ok(list.out.lines().map(str::to_owned).collect())
    }
}

impl Swarm {
    /// The first node makes a swarm, the second joins.
    fn form(&self) -> Verdict {
        self.manager
            .call(&["swarm", "init", "--advertise-addr", FIRST])
            .succeed()?;
        let token = self
            .manager
            .call(&["swarm", "join-token", "--quiet", "worker"])
            .succeed()?;
        let join = ["swarm", "join", "--advertise-addr", SECOND, "--token", token.out.trim()];
        self.worker.call(&join).args([format!("{FIRST}:2377")]).succeed()?;
        in_time("nodes", 20, || {
            let nodes = self
                .manager
                .call(&["node", "ls", "--format", "{{.Status}}"])
                .succeed()?;
            Ok((nodes.out == "Ready\nReady\n", nodes.out))
        })
    }

    /// `service create OPTIONS IMAGE COMMAND`, which waits until all of it runs.
    fn service(&self, name: &str, options: &[&str], command: &[&str]) -> Result<Service<'_>, Failure> {
        let create = ["service", "create", "--quiet", "--no-resolve-image", "--name", name];
        // A process that ends at once: the first one of a namespace ignores what it has no handler for.
        let ending = ["--stop-signal", "KILL"];
        let call = self.manager.call(&create).args(ending).args(options);
        let service = Service {
            swarm: self,
            name: name.to_owned(),
        };
        call.args(["busybox:latest"]).args(command).succeed()?;
        Ok(service)
    }

    /// Both nodes' containers of a service, with their node.
    fn containers(&self, service: &str) -> Result<Vec<(&Node, String)>, Failure> {
        let mut all = Vec::new();
        for node in [&self.manager, &self.worker] {
            all.extend(node.containers(service)?.into_iter().map(|id| (node, id)));
        }
        Ok(all)
    }

    /// Does something with an overlay network of the name.
    fn with_network(&self, name: &str, body: impl FnOnce() -> Verdict) -> Verdict {
        let create = ["network", "create", "--driver", "overlay", "--attachable", name];
        self.manager.call(&create).succeed()?;
        let verdict = body();
        let removed = in_time("the network is removed", 20, || {
            let outcome = self.manager.call(&["network", "rm", name]).finish()?;
            Ok((outcome.code == 0, outcome.to_string()))
        });
        verdict.and(removed)
    }
}

/// A service; dropped, it is removed, and its containers have gone.
struct Service<'s> {
    swarm: &'s Swarm,
    name: String,
}

impl Service<'_> {
    /// `service update OPTIONS NAME`.
    fn update(&self, options: &[&str]) -> Result<Outcome, Failure> {
        let call = self.swarm.manager.call(&["service", "update", "--quiet"]);
        call.args(["--no-resolve-image"])
            .args(options)
            .args([&self.name])
            .succeed()
    }

    /// How many of it run, of how many that should.
    fn replicas(&self) -> Result<String, Failure> {
        let list = [
            "service",
            "ls",
            "--format",
            "{{.Replicas}}",
            "--filter",
            &format!("name={}", self.name),
        ];
        Ok(self.swarm.manager.call(&list).succeed()?.out.trim().to_owned())
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = self.swarm.manager.call(&["service", "rm", &self.name]).finish();
        let _ = in_time("the service's containers", 30, || {
            let left = self.swarm.containers(&self.name)?.len();
            Ok((left == 0, left.to_string()))
        });
        for node in [&self.swarm.manager, &self.swarm.worker] {
            let _ = node.call(&["container", "prune", "--force"]).finish();
        }
    }
}

pub(in crate::engines) const CHECKS: &[Check<Swarm>] = checks![
    long a_service_has_replicas_on_both_nodes,
    long a_service_is_scaled,
    long a_rolling_update_replaces_each_replica,
    long a_failing_update_is_rolled_back,
    long a_task_that_ends_is_started_again,
    long replicas_reach_each_other_over_the_overlay_network,
    long a_container_of_ones_own_joins_the_overlay_network,
    long a_global_service_is_once_on_each_node,
    long limits_secrets_and_configs_reach_the_tasks,
    long a_stack_is_deployed_and_removed,
    long a_drained_node_has_no_tasks,
    long a_node_leaves_and_joins_again,
];

const SLEEP: &[&str] = &["sleep", "1000"];

/// Replicas get a name each and are found by DNS in turn: without IPVS there is no virtual address.
const IN_TURN: [&str; 2] = ["--endpoint-mode", "dnsrr"];

fn a_service_has_replicas_on_both_nodes(swarm: &Swarm) -> Verdict {
    let service = swarm.service("crew", &["--replicas", "4"], SLEEP)?;
    reads("replicas", &service.replicas()?, "4/4")?;
    let list = ["service", "ps", "--format", "{{.Node}} {{.CurrentState}}", "crew"];
    let tasks = swarm.manager.call(&list).succeed()?.out;
    for node in [&swarm.manager, &swarm.worker] {
        let running = format!("{} Running", node.name);
        same("tasks of a node", &tasks.matches(&running).count(), 2_usize)?;
        same("containers of a node", &node.containers("crew")?.len(), 2_usize)?;
    }
    for (node, id) in swarm.containers("crew")? {
        node.call(&["exec", &id, "echo", "aye"]).says("aye\n")?;
    }
    Ok(())
}

fn a_service_is_scaled(swarm: &Swarm) -> Verdict {
    let service = swarm.service("crew", &["--replicas", "1"], SLEEP)?;
    for count in [5, 2] {
        swarm
            .manager
            .call(&["service", "scale", &format!("crew={count}")])
            .succeed()?;
        reads("replicas", &service.replicas()?, &format!("{count}/{count}"))?;
        in_time("containers", 20, || {
            let seen = swarm.containers("crew")?.len();
            Ok((seen == count, seen.to_string()))
        })?;
    }
    Ok(())
}

fn a_rolling_update_replaces_each_replica(swarm: &Swarm) -> Verdict {
    let service = swarm.service("crew", &["--replicas", "3", "--env", "WATCH=first"], SLEEP)?;
    let before: BTreeSet<String> = swarm.containers("crew")?.into_iter().map(|(_, id)| id).collect();
    let options = [
        "--image",
        "busybox:next",
        "--env-add",
        "WATCH=second",
        "--update-parallelism",
        "1",
    ];
    service.update(&options)?;
    reads("replicas", &service.replicas()?, "3/3")?;
    let after = swarm.containers("crew")?;
    same("containers", &after.len(), 3_usize)?;
    for (node, id) in after {
        ensure(!before.contains(&id), || format!("{id} is as before"))?;
        node.call(&["exec", &id, "sh", "-c", "echo $WATCH"]).says("second\n")?;
        node.call(&["inspect", "--format", "{{.Config.Image}}", &id])
            .says("busybox:next\n")?;
    }
    let state = ["service", "inspect", "--format", "{{.UpdateStatus.State}}", "crew"];
    swarm.manager.call(&state).says("completed\n")
}

fn a_failing_update_is_rolled_back(swarm: &Swarm) -> Verdict {
    let options = [
        "--replicas",
        "2",
        "--update-failure-action",
        "rollback",
        "--update-monitor",
        "3s",
        "--restart-delay",
        "1s",
    ];
    let service = swarm.service("crew", &options, SLEEP)?;
    // What cannot be started at all.
    let failing = ["--args", "/no/such/command", "--detach"];
    service.update(&failing)?;
    in_time("the update", 60, || {
        let words = ["service", "inspect", "--format", "{{.UpdateStatus.State}}", "crew"];
        let seen = swarm.manager.call(&words).succeed()?.out;
        Ok((seen == "rollback_completed\n", seen))
    })?;
    let tasks = ["service", "ps", "--no-trunc", "--format", "{{.Error}}", "crew"];
    swarm
        .manager
        .call(&tasks)
        .succeed()?
        .out_has("no such file or directory")?;
    in_time("replicas", 20, || {
        let seen = service.replicas()?;
        Ok((seen == "2/2", seen))
    })
}

fn a_task_that_ends_is_started_again(swarm: &Swarm) -> Verdict {
    let _service = swarm.service("crew", &["--replicas", "2", "--restart-delay", "1s"], SLEEP)?;
    let before = swarm.containers("crew")?;
    let Some((node, first)) = before.first() else {
        return Err(Failure::Wrong("no container".to_owned()));
    };
    node.call(&["kill", first]).succeed()?;
    in_time("containers", 30, || {
        let now = swarm.containers("crew")?;
        let is_new = now.iter().all(|(_, id)| id != first);
        Ok((is_new && now.len() == 2, format!("{} containers", now.len())))
    })
}

fn replicas_reach_each_other_over_the_overlay_network(swarm: &Swarm) -> Verdict {
    swarm.with_network("sea", || {
        let serve = "mkdir /www; hostname >/www/index.html; exec httpd -f -p 8000 -h /www";
        let options = [&IN_TURN[..], &["--replicas", "3", "--network", "sea"]].concat();
        let _service = swarm.service("crew", &options, &["sh", "-c", serve])?;
        let replicas = swarm.containers("crew")?;
        for (node, id) in &replicas {
            // Every name that answers at the addresses that DNS has for the service.
            let ask = "for a in $(nslookup -type=a crew | sed -n 's/^Address: //p'); do \
                       printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 $a 8000 | tail -n 1; done | sort -u | wc -l";
            in_time("names that answer", 30, || {
                let outcome = node.call(&["exec", id, "sh", "-c", ask]).finish()?;
                Ok((outcome.out.trim() == "3", outcome.to_string()))
            })?;
        }
        ensure(replicas.iter().any(|(node, _)| node.name == "node2"), || {
            "all replicas are on one node".to_owned()
        })
    })
}

fn a_container_of_ones_own_joins_the_overlay_network(swarm: &Swarm) -> Verdict {
    swarm.with_network("sea", || {
        let place = ["--constraint", "node.hostname==node2", "--network", "sea"];
        let options = [&IN_TURN[..], &place].concat();
        let _service = swarm.service("lighthouse", &options, SLEEP)?;
        let run = ["run", "--rm", "--network", "sea", "busybox"];
        swarm
            .manager
            .call(&run)
            .args(["ping", "-c", "1", "-W", "5", "lighthouse"])
            .mentions("1 packets received")
    })
}

fn a_global_service_is_once_on_each_node(swarm: &Swarm) -> Verdict {
    let service = swarm.service("watch", &["--mode", "global"], SLEEP)?;
    reads("replicas", &service.replicas()?, "2/2")?;
    for node in [&swarm.manager, &swarm.worker] {
        same("containers", &node.containers("watch")?.len(), 1_usize)?;
    }
    Ok(())
}

fn limits_secrets_and_configs_reach_the_tasks(swarm: &Swarm) -> Verdict {
    for (kind, text) in [("secret", "hush"), ("config", "sails=3")] {
        let create = [kind, "create", "cargo", "-"];
        swarm.manager.call(&create).stdin(text).succeed()?;
    }
    let verdict = (|| {
        let options = [
            "--limit-memory",
            "64M",
            "--limit-pids",
            "40",
            "--secret",
            "source=cargo,target=word,mode=0400",
            "--config",
            "source=cargo,target=/etc/sails",
            "--user",
            "root",
            "--read-only",
            "--mount",
            "type=tmpfs,target=/scratch",
            "--cap-drop",
            "NET_RAW",
            "--init",
            "--constraint",
            "node.hostname==node2",
        ];
        let _service = swarm.service("hold", &options, SLEEP)?;
        let containers = swarm.worker.containers("hold")?;
        let Some(id) = containers.first() else {
            return Err(Failure::Wrong("no container on the worker".to_owned()));
        };
        let script = "cat /run/secrets/word; echo; stat -c %a /run/secrets/word; cat /etc/sails; echo; \
                      touch /scratch/x && ! touch /x 2>/dev/null && echo read-only; \
                      cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max; \
                      cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max; \
                      tr '\\0' ' ' </proc/1/cmdline | cut -d ' ' -f 1; grep CapBnd /proc/self/status";
        let told = swarm.worker.call(&["exec", id, "sh", "-c", script]);
        told.says("hush\n400\nsails=3\nread-only\n67108864\n40\n/sbin/docker-init\nCapBnd:\t00000000a80405fb\n")
    })();
    for kind in ["secret", "config"] {
        swarm.manager.call(&[kind, "rm", "cargo"]).succeed()?;
    }
    verdict
}

fn a_stack_is_deployed_and_removed(swarm: &Swarm) -> Verdict {
    let file = swarm.lab.path("stack.yml");
    let text = "version: '3.8'
services:
  light:
    image: busybox:latest
    command: ['sh', '-c', 'mkdir /www; echo lit >/www/index.html; exec httpd -f -p 8000 -h /www']
    stop_grace_period: 1s
    deploy:
      replicas: 2
      endpoint_mode: dnsrr
  look:
    image: busybox:latest
    command: ['sh', '-c', 'until grep -q lit /tmp/seen; do wget -q -O /tmp/seen http://light:8000/; sleep 0.2; done; sleep 1000']
    stop_grace_period: 1s
    deploy:
      endpoint_mode: dnsrr
      placement:
        constraints: ['node.hostname==node2']
";
    fs::write(&file, text)?;
    let deploy = [
        "stack",
        "deploy",
        "--resolve-image",
        "never",
        "--compose-file",
        &file,
        "coast",
    ];
    swarm.manager.call(&deploy).succeed()?;
    let verdict = (|| {
        in_time("services of the stack", 60, || {
            let list = ["stack", "services", "--format", "{{.Name}} {{.Replicas}}", "coast"];
            let seen = swarm.manager.call(&list).succeed()?.out;
            let mut lines: Vec<&str> = seen.lines().collect();
            lines.sort_unstable();
            Ok((lines == ["coast_light 2/2", "coast_look 1/1"], seen))
        })?;
        swarm.manager.call(&["stack", "ps", "coast"]).mentions("coast_look.1")?;
        in_time("what the second service saw", 30, || {
            let Some(id) = swarm.worker.containers("coast_look")?.first().cloned() else {
                return Ok((false, "no container".to_owned()));
            };
            let seen = swarm.worker.call(&["exec", &id, "cat", "/tmp/seen"]).finish()?;
            Ok((seen.out == "lit\n", seen.to_string()))
        })
    })();
    swarm.manager.call(&["stack", "rm", "coast"]).succeed()?;
    in_time("the stack's containers and network", 60, || {
        let mut left = Vec::new();
        for node in [&swarm.manager, &swarm.worker] {
            let ps = [
                "ps",
                "--all",
                "--quiet",
                "--filter",
                "label=com.docker.stack.namespace=coast",
            ];
            left.push(node.call(&ps).succeed()?.out);
            let nets = ["network", "ls", "--quiet", "--filter", "name=coast_default"];
            left.push(node.call(&nets).succeed()?.out);
        }
        Ok((left.iter().all(String::is_empty), format!("{left:?}")))
    })?;
    verdict
}

fn a_drained_node_has_no_tasks(swarm: &Swarm) -> Verdict {
    let service = swarm.service("crew", &["--replicas", "4"], SLEEP)?;
    let availability = |wanted: &str| {
        swarm
            .manager
            .call(&["node", "update", "--availability", wanted, "node2"])
            .succeed()
    };
    availability("drain")?;
    let verdict = in_time("containers", 40, || {
        let (here, there) = (
            swarm.manager.containers("crew")?.len(),
            swarm.worker.containers("crew")?.len(),
        );
        Ok((here == 4 && there == 0, format!("{here} and {there}")))
    });
    availability("active")?;
    verdict?;
    reads("replicas", &service.replicas()?, "4/4")?;
    // New ones go to the node that has none.
    swarm.manager.call(&["service", "scale", "crew=6"]).succeed()?;
    same(
        "containers of the second node",
        &swarm.worker.containers("crew")?.len(),
        2_usize,
    )
}

fn a_node_leaves_and_joins_again(swarm: &Swarm) -> Verdict {
    let service = swarm.service("crew", &["--replicas", "2"], SLEEP)?;
    swarm.worker.call(&["swarm", "leave"]).succeed()?;
    in_time("containers of the node that stays", 60, || {
        let seen = swarm.manager.containers("crew")?.len();
        Ok((seen == 2, seen.to_string()))
    })?;
    in_time("the node is told to be down", 60, || {
        let nodes = swarm
            .manager
            .call(&["node", "ls", "--format", "{{.Hostname}} {{.Status}}"])
            .succeed()?;
        Ok((nodes.out.contains("node2 Down"), nodes.out))
    })?;
    swarm.manager.call(&["node", "rm", "node2"]).succeed()?;
    // Until then tasks of the node that left count as well.
    in_time("replicas", 20, || {
        let seen = service.replicas()?;
        Ok((seen == "2/2", seen))
    })?;
    drop(service);
    let token = swarm
        .manager
        .call(&["swarm", "join-token", "--quiet", "worker"])
        .succeed()?;
    let join = ["swarm", "join", "--advertise-addr", SECOND, "--token", token.out.trim()];
    swarm.worker.call(&join).args([format!("{FIRST}:2377")]).succeed()?;
    let again = swarm.service("watch", &["--mode", "global"], SLEEP)?;
    reads("replicas", &again.replicas()?, "2/2")
}
