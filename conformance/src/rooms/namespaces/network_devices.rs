//! `linux.netDevices` (config-linux.md#network-devices). Tried with veth pairs.

use std::process::Command;

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, same, wrong};
use crate::host::link_name;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

const RUNC: Known = ("runc", "1.1", "does not know network devices");
const CRUN: Known = ("crun", "1.8", "does not know network devices");

pub(crate) const TESTS: &[Test] = &[
    test!(device_moves_with_its_addresses, RUNC, CRUN),
    test!(device_is_renamed, RUNC, CRUN),
    test!(devices_with_a_template_get_the_lowest_numbers, RUNC, CRUN),
    test!(device_keeps_its_mtu_and_address_and_is_up, RUNC, CRUN),
    test!(device_moves_into_a_joined_namespace, RUNC, CRUN),
    test!(hooks_see_the_device, RUNC, CRUN),
    test!(missing_device_is_an_error, RUNC, CRUN),
    test!(name_that_is_taken_is_an_error, RUNC, CRUN),
    test!(failed_create_gives_the_devices_back, RUNC, CRUN),
    test!(devices_without_a_network_namespace_are_refused, RUNC, CRUN),
    test!(two_devices_with_one_name_are_refused, RUNC, CRUN),
    test!(template_that_the_kernel_would_not_take_is_refused, RUNC, CRUN),
    test!(template_leaves_the_names_that_others_ask_for, RUNC, CRUN),
];

fn ip(words: &str) -> Result<String, Failure> {
    let done = match Command::new("ip").args(words.split(' ')).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::Skip("there is no `ip` to make devices with".into()));
        }
        done => done?,
    };
    if !done.status.success() {
        return wrong(format!(
            "harness: ip {words}: {}",
            String::from_utf8_lossy(&done.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// A pair of devices on the host; removed when dropped.
struct Pair {
    name: String,
    peer: String,
}

impl Pair {
    fn new(number: u32) -> Result<Self, Failure> {
        let (name, peer) = (link_name('a', number), link_name('b', number));
        // That of a test before may be going yet: the kernel takes namespaces down when it has time.
        let _ = ip(&format!("link del {peer}"));
        ip(&format!("link add {name} mtu 1400 type veth peer name {peer}"))?;
        let pair = Self { name, peer };
        ip(&format!("addr add 10.99.{number}.2/24 brd + dev {}", pair.name))?;
        ip(&format!("addr add fd99:{number}::2/64 dev {} nodad", pair.name))?;
        ip(&format!("link set {} up", pair.name))?;
        Ok(pair)
    }

    fn shown(&self) -> Result<String, Failure> {
        ip(&format!("-o addr show dev {}", self.name))
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = ip(&format!("link del {}", self.peer));
    }
}

fn moving(bundle: Bundle, devices: Value) -> Bundle {
    bundle.set("/linux/netDevices", devices)
}

fn read(path: &str, name: &str) -> String {
    format!("read /sys/class/net/{name}/{path}")
}

fn text(answer: &Value) -> &str {
    answer["value"].as_str().unwrap_or_default().trim()
}

fn device_moves_with_its_addresses(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let bundle = moving(t.bundle()?, json!({&pair.name: {}}));
    let said = t.see(&bundle.probe("read /proc/net/fib_trie , read /proc/net/if_inet6"))?;
    ensure(text(&said[0]).contains("10.99.1.2"), || said[0].to_string())?;
    ensure(text(&said[0]).contains("10.99.1.255"), || said[0].to_string())?;
    let line = text(&said[1])
        .lines()
        .find(|line| line.ends_with(&pair.name) && line.starts_with("fd990001"));
    ensure(line.is_some_and(|line| line.contains(" 40 00 ")), || {
        said[1].to_string()
    })
}

fn device_is_renamed(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let bundle = moving(t.bundle()?, json!({&pair.name: {"name": "net.7"}}));
    let said = t.see(&bundle.probe("list /sys/class/net"))?;
    let names = said[0]["value"].as_array().map_or(0, Vec::len);
    ensure(said[0].to_string().contains("\"net.7\"") && names == 2, || {
        said[0].to_string()
    })
}

fn devices_with_a_template_get_the_lowest_numbers(t: &Trial<'_>) -> Verdict {
    let (one, two) = (Pair::new(1)?, Pair::new(2)?);
    let devices = json!({&one.name: {"name": "eth%d"}, &two.name: {"name": "eth%d"}});
    let said = t.see(&moving(t.bundle()?, devices).probe("list /sys/class/net"))?;
    ensure(
        said[0].to_string().contains("\"eth0\"") && said[0].to_string().contains("\"eth1\""),
        || said[0].to_string(),
    )
}

fn device_keeps_its_mtu_and_address_and_is_up(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let address = std::fs::read_to_string(format!("/sys/class/net/{}/address", pair.name))?;
    let actions = [read("mtu", "in0"), read("address", "in0"), read("flags", "in0")];
    let bundle = moving(t.bundle()?, json!({&pair.name: {"name": "in0"}}));
    let said = t.see(&bundle.probe(&actions.join(" , ")))?;
    same("mtu", &text(&said[0]), "1400")?;
    same("address", &text(&said[1]), address.trim())?;
    same("flags", &text(&said[2]), "0x1003")
}

fn device_moves_into_a_joined_namespace(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let holder = t.launch(&t.bundle()?.probe("sleep 60"))?;
    let pid = t.pid(&holder.id)?.as_raw_nonzero();
    let bundle = t.bundle()?.without_namespace("network").set(
        "/linux/namespaces/-",
        json!({"type": "network", "path": format!("/proc/{pid}/ns/net")}),
    );
    let said = t.see(&moving(bundle, json!({&pair.name: {"name": "in0"}})).probe("list /sys/class/net"))?;
    ensure(said[0].to_string().contains("\"in0\""), || said[0].to_string())
}

fn hooks_see_the_device(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let bundle = moving(t.bundle()?, json!({&pair.name: {"name": "in0"}}));
    let hook = json!({"path": "/bin/sh", "args": ["sh", "-c", "grep -q in0: /proc/net/dev"]});
    let done = t.run(&bundle.hook("createContainer", hook).probe("report"))?;
    same("exit code", &done.code, 0)
}

fn missing_device_is_an_error(t: &Trial<'_>) -> Verdict {
    let bundle = moving(t.bundle()?, json!({"no-such-dev": {}}));
    t.refused(&bundle, &["linux.netDevices", "no-such-dev"])
}

fn name_that_is_taken_is_an_error(t: &Trial<'_>) -> Verdict {
    let pair = Pair::new(1)?;
    let before = pair.shown()?;
    let bundle = moving(t.bundle()?, json!({&pair.name: {"name": "lo"}}));
    t.refused(&bundle, &["linux.netDevices", "lo"])?;
    same("the host's device", &pair.shown()?, before)
}

fn failed_create_gives_the_devices_back(t: &Trial<'_>) -> Verdict {
    let (one, two) = (Pair::new(1)?, Pair::new(2)?);
    // On its way back it may be seen under the new name, also by a harness beside this one.
    let devices = json!({&one.name: {"name": link_name('c', "%d")}, &two.name: {}});
    let before = [one.shown()?, two.shown()?];
    let failing = json!({"path": "/no/such/hook"});
    let bundle = moving(t.bundle()?, devices).hook("createRuntime", failing);
    t.refused(&bundle, &["hook"])?;
    same("the host's devices", &[one.shown()?, two.shown()?], before)
}

fn devices_without_a_network_namespace_are_refused(t: &Trial<'_>) -> Verdict {
    let bundle = moving(t.bundle()?.without_namespace("network"), json!({"no-such-dev": {}}));
    t.refused(&bundle, &["linux.netDevices", "namespace"])
}

fn two_devices_with_one_name_are_refused(t: &Trial<'_>) -> Verdict {
    let bundle = moving(t.bundle()?, json!({"one": {"name": "eth0"}, "two": {"name": "eth0"}}));
    t.refused(&bundle, &["linux.netDevices", "eth0"])
}

fn template_that_the_kernel_would_not_take_is_refused(t: &Trial<'_>) -> Verdict {
    for name in ["eth%d%d", "eth%%d", "eth%s", "e%"] {
        let pair = Pair::new(1)?;
        let bundle = moving(t.bundle()?, json!({&pair.name: {"name": name}}));
        t.refused(&bundle, &["linux.netDevices.", "no name for a network device"])?;
        pair.shown()?;
    }
    Ok(())
}

fn template_leaves_the_names_that_others_ask_for(t: &Trial<'_>) -> Verdict {
    let (one, two) = (Pair::new(1)?, Pair::new(2)?);
    let devices = json!({&one.name: {"name": "eth%d"}, &two.name: {"name": "eth0"}});
    let said = t.see(&moving(t.bundle()?, devices).probe("list /sys/class/net"))?;
    ensure(
        said[0].to_string().contains("\"eth0\"") && said[0].to_string().contains("\"eth1\""),
        || said[0].to_string(),
    )
}
