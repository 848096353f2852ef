//! Published ports, reached from the host as any client reaches them.

use std::fs;
use std::net::UdpSocket;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::engines::docker::networks::server;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short a_published_port_is_reached,
    long ports_are_published_by_address_range_and_exposure,
    long a_udp_port_is_reached,
    long a_published_port_is_free_again,
    long a_published_port_comes_back_with_its_container,
];

/// Asks a server of the host's.
fn ask(place: &str) -> Call {
    Call::new("busybox").args(["wget", "-q", "-O", "-", &format!("http://{place}/")])
}

fn a_published_port_is_reached(cli: &Cli) -> Verdict {
    let container = server(cli, &["--publish", "8701:80"], 80, "aye")?;
    container.call(&["port"]).mentions("80/tcp -> 0.0.0.0:8701")?;
    // Through loopback there is a proxy, through another address the packet filter.
    ask("127.0.0.1:8701").says("aye\n")?;
    let gateway = container.inspect("{{.NetworkSettings.Networks.bridge.Gateway}}")?;
    ask(&format!("{gateway}:8701")).says("aye\n")?;
    cli.script(&[], &format!("timeout 5 wget -q -O - http://{gateway}:8701/"))
        .says("aye\n")
}

fn ports_are_published_by_address_range_and_exposure(cli: &Cli) -> Verdict {
    let mut options = vec!["--publish", "127.0.0.1:8702:80", "--publish", "8710-8720:81"];
    options.extend(["--expose", "82", "--publish-all"]);
    let container = server(cli, &options, 80, "aye")?;
    let port = |inside: &str| -> Result<String, Failure> {
        let outcome = cli.call(&["port", &container.id, inside]).succeed()?;
        Ok(outcome.out.lines().next().unwrap_or_default().to_owned())
    };
    reads("80", &port("80")?, "127.0.0.1:8702")?;
    ask("127.0.0.1:8702").says("aye\n")?;
    let number = |place: String| {
        place
            .rsplit(':')
            .next()
            .and_then(|port| port.parse::<u16>().ok())
            .unwrap_or(0)
    };
    let in_range = number(port("81")?);
    ensure((8710..=8720).contains(&in_range), || format!("81: {in_range}"))?;
    let any = number(port("82")?);
    ensure(any >= 1024, || format!("82: {any}"))
}

/// How many datagrams have come to ports of a process' network that nobody reads (`man 5 proc`, `net/snmp`).
fn unread_datagrams(pid: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string(format!("/proc/{pid}/net/snmp"))?;
    let numbers = text.lines().filter_map(|line| line.strip_prefix("Udp: ")).nth(1);
    let second = numbers.and_then(|numbers| numbers.split(' ').nth(1));
    Ok(second.and_then(|number| number.parse().ok()).unwrap_or(0))
}

fn a_udp_port_is_reached(cli: &Cli) -> Verdict {
    let container = cli.background(&["--publish", "8703:53/udp"], &["sleep", "1000"])?;
    container.call(&["port"]).mentions("53/udp -> 0.0.0.0:8703")?;
    let pid = container.inspect("{{.State.Pid}}")?;
    let before = unread_datagrams(&pid)?;
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.send_to(b"rope", "127.0.0.1:8703")?;
    in_time("no datagram has come", 10, || {
        let now = unread_datagrams(&pid)?;
        Ok((now > before, format!("{before}, then {now}")))
    })
}

fn a_published_port_is_free_again(cli: &Cli) -> Verdict {
    let publish = ["--publish", "8704:80"];
    let first = server(cli, &publish, 80, "first")?;
    let _gone = cli.afterwards(&["rm", "--force", "second"]);
    let second = cli
        .call(&[
            "run",
            "--detach",
            "--name",
            "second",
            "--publish",
            "8704:80",
            cli.image,
            "true",
        ])
        .finish()?;
    second.ended_with(125)?;
    second.said("port is already allocated")?;
    first.call(&["kill"]).succeed()?;
    first.ended_with("137")?;
    let _second = server(cli, &publish, 80, "second")?;
    ask("127.0.0.1:8704").says("second\n")
}

fn a_published_port_comes_back_with_its_container(cli: &Cli) -> Verdict {
    let container = server(cli, &["--publish", "8705:80"], 80, "aye")?;
    let answers = || {
        in_time("no answer", 10, || {
            let outcome = ask("127.0.0.1:8705").finish()?;
            Ok((outcome.out == "aye\n", outcome.to_string()))
        })
    };
    answers()?;
    container.call(&["restart", "--time", "0"]).succeed()?;
    answers()?;
    // And stays where the daemon starts again below it.
    cli.service.restart(&cli.call(&["version"]))?;
    answers()?;
    container.call(&["port"]).mentions("80/tcp -> 0.0.0.0:8705")
}
