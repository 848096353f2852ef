//! The configs that real engines generate, with the probe as their process.
//!
//! Only what belongs to the machine that recorded them is taken out: files of the engine's own, namespaces of other
//! containers, hooks, and what needs a privilege that the machine at hand does not give.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, ensure, wrong};
use crate::host::devices_of_v1;
use crate::sentence::{Test, test};
use crate::trial::Trial;

/// What a missing CAP_SYS_RESOURCE refuses, and devices that only the recording machine had.
const OF_ANOTHER_MACHINE: &[&str] = &[
    "docker-ulimit",
    "docker-oom",
    "podman-ulimit",
    "podman-userns",
    "docker-resources",
];

/// Binds a hierarchy of cgroup v1 over the container's, below a cgroup2 that has no such folder.
const ON_V1: &str = "podman-systemd";

pub(crate) const TESTS: &[Test] = &[
    test!(
        dockers_configs_run,
        ("runc", "1.1", "refuses a capability that it cannot give"),
        (
            "crun",
            "1.8",
            "refuses a capability that it cannot give, and a device rule without numbers"
        )
    ),
    test!(ctrs_configs_run),
    test!(
        podmans_configs_run,
        ("crun", "1.8", "gives the host's own /dev/null to a container's user")
    ),
    test!(podmans_config_for_systemd_on_v1_runs),
    test!(buildahs_configs_run),
    test!(spec_templates_run),
];

fn dockers_configs_run(t: &Trial<'_>) -> Verdict {
    all(t, "docker-")
}

fn ctrs_configs_run(t: &Trial<'_>) -> Verdict {
    all(t, "ctr-")
}

fn podmans_configs_run(t: &Trial<'_>) -> Verdict {
    all(t, "podman-")
}

fn podmans_config_for_systemd_on_v1_runs(t: &Trial<'_>) -> Verdict {
    if devices_of_v1().is_none() {
        return Err(Failure::Skip(
            "the host has no hierarchy of cgroup v1, which this config binds".into(),
        ));
    }
    one(t, &format!("{ON_V1}.json"))
}

fn buildahs_configs_run(t: &Trial<'_>) -> Verdict {
    all(t, "buildah-")
}

fn spec_templates_run(t: &Trial<'_>) -> Verdict {
    all(t, "runc-spec")?;
    all(t, "crun-spec")
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime-lib/tests/corpus/engines")
}

fn all(t: &Trial<'_>, engine: &str) -> Verdict {
    let folder = corpus();
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| Failure::Wrong(format!("{}, where this harness was built: {error}", folder.display())))?;
    let mut names: Vec<String> = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.retain(|name| {
        let name = name.trim_end_matches(".json");
        name.starts_with(engine)
            && !name.ends_with(".process")
            && !name.contains("rootless")
            && name != ON_V1
            && !OF_ANOTHER_MACHINE.contains(&name)
    });
    names.sort();
    ensure(!names.is_empty(), || format!("no config of {engine}"))?;
    let faults: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}: {}", one(t, name).err()?)))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        wrong(faults.join("\n    "))
    }
}

fn one(t: &Trial<'_>, name: &str) -> Verdict {
    let bundle = t.bundle()?;
    let cgroup = bundle.config["linux"]["cgroupsPath"].clone();
    let text = std::fs::read_to_string(corpus().join(name))?;
    let config = serde_json::from_str(&text).map_err(|error| Failure::Wrong(format!("{name}: {error}")))?;
    let bundle = at_home(t, bundle, config)?.set("/linux/cgroupsPath", cgroup);
    let report = t.see(&bundle)?;
    ensure(report.len() == 1, || format!("{name}: the probe said {report:?}"))
}

/// The recorded config with what is this machine's in place of what was the other's.
fn at_home(t: &Trial<'_>, mut bundle: Bundle, mut config: Value) -> Result<Bundle, Failure> {
    config["root"]["path"] = "rootfs".into();
    config["process"]["args"] = json!(["/probe", "report"]);
    config["process"]["terminal"] = false.into();
    if let Some(process) = config["process"].as_object_mut() {
        process.remove("consoleSize");
    }
    if let Some(object) = config.as_object_mut() {
        object.remove("hooks");
    }
    for namespace in config["linux"]["namespaces"].as_array_mut().into_iter().flatten() {
        if let Some(namespace) = namespace.as_object_mut() {
            namespace.remove("path");
        }
    }
    let recorded = t.dir.join("recorded").join(&bundle.id);
    std::fs::create_dir_all(&recorded)?;
    let mut mounts = Vec::new();
    for (index, mount) in config["mounts"].as_array().into_iter().flatten().enumerate() {
        let mut mount = mount.clone();
        if mount["type"] == "overlay" {
            continue;
        }
        let source = mount["source"].as_str().unwrap_or_default().to_owned();
        if mount["type"] == "bind" && (source.starts_with("/bundle") || !Path::new(&source).exists()) {
            let place = recorded.join(index.to_string());
            let destination = Path::new(mount["destination"].as_str().unwrap_or_default());
            let is_folder = destination.extension().is_none()
                && !destination.starts_with("/etc")
                && !destination.starts_with("/sbin");
            if is_folder {
                std::fs::create_dir_all(&place)?
            } else {
                std::fs::write(&place, "")?
            }
            mount["source"] = place.to_string_lossy().into_owned().into();
        }
        mounts.push(mount);
    }
    config["mounts"] = mounts.into();
    bundle.config = config;
    Ok(bundle)
}
