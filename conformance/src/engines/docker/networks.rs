//! Networks: docker's bridges and the names on them, the host's, another container's, macvlan.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::{Background, Cli};
use crate::engines::docker::has_packet_filter;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short containers_reach_each_other_by_name,
    long containers_on_the_default_bridge_reach_each_other,
    long a_network_is_joined_and_left_while_running,
    long addresses_are_the_ones_asked_for,
    long a_link_is_a_name_and_variables,
    long names_and_servers_of_names_are_those_asked_for,
    long a_container_shares_anothers_network_whole,
    long a_server_on_the_hosts_network_is_the_hosts,
    long an_internal_network_leads_nowhere,
    long containers_on_a_macvlan_reach_each_other,
    long a_network_in_use_stays,
];

/// A container that answers whoever asks its port for `/` with the text.
pub(super) fn server<'c>(cli: &'c Cli, options: &[&str], port: u16, text: &str) -> Result<Background<'c>, Failure> {
    let script = format!("mkdir /www; echo {text} >/www/index.html; exec httpd -f -p {port} -h /www");
    let container = cli.background(options, &["sh", "-c", &script])?;
    let listens = format!(":{port:04X} ");
    in_time("the server does not listen", 10, || {
        let pid = container.inspect("{{.State.Pid}}")?;
        let sockets = fs::read_to_string(format!("/proc/{pid}/net/tcp6")).unwrap_or_default();
        Ok((sockets.contains(&listens), sockets))
    })?;
    Ok(container)
}

/// The script that asks a server, on a host that may not answer.
fn ask(host: &str) -> String {
    format!("timeout 5 wget -q -O - http://{host}/")
}

/// Where docker has no packet filter, it answers no container that looks up a name, and keeps no networks apart.
fn filters_packets() -> Verdict {
    if has_packet_filter() {
        return Ok(());
    }
    Err(Failure::Skip("iptables does not work here".to_owned()))
}

/// A network for as long as the guard lives.
fn network(cli: &Cli, options: &[&str], name: &str) -> Result<impl Sized + use<>, Failure> {
    let gone = cli.afterwards(&["network", "rm", name]);
    cli.call(&["network", "create"]).args(options).args([name]).succeed()?;
    Ok(gone)
}

/// The address of a container on a network.
fn address(container: &Background<'_>, network: &str) -> Result<String, Failure> {
    container.inspect(&format!(
        "{{{{(index .NetworkSettings.Networks {network:?}).IPAddress}}}}"
    ))
}

fn containers_reach_each_other_by_name(cli: &Cli) -> Verdict {
    filters_packets()?;
    let _network = network(cli, &[], "fleet")?;
    let on = ["--network", "fleet"];
    let first = server(
        cli,
        &[&on[..], &["--name", "brig", "--network-alias", "twomaster"]].concat(),
        80,
        "aye",
    )?;
    let asked = ["brig", "twomaster", "brig.fleet"].map(ask).join("; ");
    let found = "nslookup brig | grep -c '^Name:.*brig'";
    cli.script(&on, &format!("{asked}; {found}"))
        .says("aye\naye\naye\n1\n")?;
    // Other networks are kept apart.
    unreachable(cli, &[], &address(&first, "fleet")?)
}

/// A container on another network gets no answer.
fn unreachable(cli: &Cli, options: &[&str], address: &str) -> Verdict {
    cli.run(options, &["ping", "-c", "1", "-W", "1", address])
        .finish()
        .and_then(|outcome| {
            outcome
                .out_has("0 packets received")
                .or_else(|_| outcome.said("Network is unreachable"))
        })
}

fn containers_on_the_default_bridge_reach_each_other(cli: &Cli) -> Verdict {
    let first = server(cli, &[], 80, "aye")?;
    let address = address(&first, "bridge")?;
    cli.script(&[], &ask(&address)).says("aye\n")?;
    let gateway = first.inspect("{{.NetworkSettings.Networks.bridge.Gateway}}")?;
    cli.script(&[], &format!("ping -c 1 -W 3 {gateway} && ping -c 1 -W 3 {address}"))
        .mentions("1 packets received")?;
    let route = cli.run(&[], &["ip", "route"]).succeed()?;
    route.out_has(&format!("default via {gateway} dev eth0"))
}

fn a_network_is_joined_and_left_while_running(cli: &Cli) -> Verdict {
    filters_packets()?;
    let _network = network(cli, &[], "joined")?;
    let container = server(cli, &[], 80, "aye")?;
    let links = || {
        container
            .exec(&[], &["ls", "/sys/class/net"])
            .succeed()
            .map(|outcome| outcome.out)
    };
    reads("links", &links()?, "eth0\nlo\n")?;
    cli.call(&["network", "connect", "--alias", "late", "joined", &container.id])
        .succeed()?;
    reads("links", &links()?, "eth0\neth1\nlo\n")?;
    cli.script(&["--network", "joined"], &ask("late")).says("aye\n")?;
    // Both stay over a restart.
    container.call(&["restart", "--time", "0"]).succeed()?;
    reads("links after a restart", &links()?, "eth0\neth1\nlo\n")?;
    cli.call(&["network", "disconnect", "bridge", &container.id])
        .succeed()?;
    // A restart may have given the names in another order.
    let last = links()?;
    ensure(["eth0\nlo\n", "eth1\nlo\n"].contains(&&*last), || last.clone())?;
    cli.call(&["network", "disconnect", "joined", &container.id])
        .succeed()?;
    reads("links", &links()?, "lo\n")
}

fn addresses_are_the_ones_asked_for(cli: &Cli) -> Verdict {
    let _network = network(cli, &["--subnet", "10.77.0.0/24", "--gateway", "10.77.0.9"], "numbered")?;
    let options = ["--network", "numbered", "--ip", "10.77.0.77"];
    let outcome = cli.script(&options, "ip address show eth0; ip route").succeed()?;
    for text in ["inet 10.77.0.77/24", "default via 10.77.0.9"] {
        outcome.out_has(text)?;
    }
    let taken = cli.background(&options, &["sleep", "1000"])?;
    let second = cli.run(&options, &["true"]).finish()?;
    second.ended_with(125)?;
    second.said("Address already in use")?;
    drop(taken);
    let list = [
        "network",
        "inspect",
        "--format",
        "{{(index .IPAM.Config 0).Subnet}} {{.Driver}}",
        "numbered",
    ];
    cli.call(&list).says("10.77.0.0/24 bridge\n")
}

fn a_link_is_a_name_and_variables(cli: &Cli) -> Verdict {
    let server = server(
        cli,
        &["--name", "linked", "--expose", "80", "--env", "CARGO=rope"],
        80,
        "aye",
    )?;
    let address = address(&server, "bridge")?;
    let outcome = cli
        .script(
            &["--link", "linked:store"],
            &format!("{}; env; cat /etc/hosts", ask("store")),
        )
        .succeed()?;
    for text in [
        "aye\n",
        &format!("STORE_PORT_80_TCP_ADDR={address}\n"),
        "STORE_ENV_CARGO=rope\n",
        &format!("{address}\tstore"),
    ] {
        outcome.out_has(text)?;
    }
    Ok(())
}

fn names_and_servers_of_names_are_those_asked_for(cli: &Cli) -> Verdict {
    let mut options = vec![
        "--add-host",
        "harbour:10.1.2.3",
        "--hostname",
        "deck",
        "--domainname",
        "sea.example",
    ];
    options.extend([
        "--dns",
        "10.1.1.1",
        "--dns-search",
        "fleet.example",
        "--dns-option",
        "ndots:3",
    ]);
    let outcome = cli
        .script(
            &options,
            "cat /etc/hosts /etc/resolv.conf /etc/hostname; hostname; cat /proc/sys/kernel/domainname",
        )
        .succeed()?;
    for text in [
        "10.1.2.3\tharbour\n",
        "\tdeck.sea.example deck\n",
        "nameserver 10.1.1.1\n",
        "search fleet.example\n",
        "options ndots:3\n",
        "deck\ndeck\nsea.example\n",
    ] {
        outcome.out_has(text)?;
    }
    // The three files are the container's own, also for root in it.
    let container = cli.background(&options, &["sh", "-c", "echo 10.9.9.9 pier >>/etc/hosts; sleep 1000"])?;
    in_time("/etc/hosts", 5, || {
        let outcome = container.exec(&[], &["grep", "pier", "/etc/hosts"]).finish()?;
        Ok((outcome.code == 0, outcome.to_string()))
    })
}

fn a_container_shares_anothers_network_whole(cli: &Cli) -> Verdict {
    let first = server(cli, &["--hostname", "deck"], 80, "aye")?;
    let with = format!("container:{}", first.id);
    let join = ["--network", with.as_str()];
    // Its loopback, its name, its /etc/hosts.
    cli.script(
        &join,
        &format!("{}; hostname; grep -c deck /etc/hosts", ask("127.0.0.1")),
    )
    .says("aye\ndeck\n1\n")?;
    let second = cli.background(&join, &["sleep", "1000"])?;
    // The namespace lives on with the second; but docker joins none of a container that does not run.
    first.call(&["kill"]).succeed()?;
    first.ended_with("137")?;
    second.exec(&[], &["ip", "link", "show", "lo"]).mentions("LOOPBACK")?;
    let refused = cli.run(&join, &["true"]).finish()?;
    refused.ended_with(125)?;
    refused.said("of a non running container")
}

fn a_server_on_the_hosts_network_is_the_hosts(cli: &Cli) -> Verdict {
    let _server = server(cli, &["--network", "host"], 8765, "aye")?;
    Call::new("busybox")
        .args(["wget", "-q", "-O", "-", "http://127.0.0.1:8765/"])
        .says("aye\n")?;
    let own = Call::new("hostname").succeed()?.out;
    cli.run(&["--network", "host"], &["hostname"]).says(&own)
}

fn an_internal_network_leads_nowhere(cli: &Cli) -> Verdict {
    filters_packets()?;
    let _network = network(cli, &["--internal"], "walled")?;
    let on = ["--network", "walled"];
    let first = server(cli, &on, 80, "aye")?;
    cli.script(&on, &ask(&address(&first, "walled")?)).says("aye\n")?;
    let outside = cli.background(&[], &["sleep", "1000"])?;
    unreachable(cli, &on, &address(&outside, "bridge")?)
}

fn containers_on_a_macvlan_reach_each_other(cli: &Cli) -> Verdict {
    // Its parent is a link of ours, which leads nowhere.
    let ends = ["link", "add", "quay", "type", "veth", "peer", "name", "water"];
    Call::new("ip").args(ends).succeed()?;
    let verdict = (|| {
        for end in ["quay", "water"] {
            Call::new("ip").args(["link", "set", end, "up"]).succeed()?;
        }
        let options = [
            "--driver",
            "macvlan",
            "--subnet",
            "10.78.0.0/24",
            "--opt",
            "parent=quay",
        ];
        let _network = network(cli, &options, "on-quay")?;
        let first = server(cli, &["--network", "on-quay"], 80, "aye")?;
        let address = address(&first, "on-quay")?;
        cli.script(&["--network", "on-quay"], &ask(&address)).says("aye\n")
    })();
    Call::new("ip").args(["link", "delete", "quay"]).succeed()?;
    verdict
}

fn a_network_in_use_stays(cli: &Cli) -> Verdict {
    let _network = network(cli, &["--label", "fleet=networks"], "used")?;
    let container = cli.background(&["--network", "used"], &["sleep", "1000"])?;
    let refused = cli.call(&["network", "rm", "used"]).finish()?;
    refused.ended_with(1)?;
    refused.said("has active endpoints")?;
    let list = [
        "network",
        "ls",
        "--format",
        "{{.Name}}",
        "--filter",
        "label=fleet=networks",
    ];
    cli.call(&list).says("used\n")?;
    let members = [
        "network",
        "inspect",
        "--format",
        "{{range $id, $it := .Containers}}{{$id}}{{end}}",
        "used",
    ];
    cli.call(&members).says(&format!("{}\n", container.id))?;
    drop(container);
    cli.call(&["network", "prune", "--force", "--filter", "label=fleet=networks"])
        .mentions("used")?;
    cli.call(&list).says("")
}
