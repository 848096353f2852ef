//! Configs that real engines wrote, against the crate oci-spec: both read the same values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod bundle_json;

use bundle_json::{configs, difference, meaning, processes};
use oci_spec::runtime::Spec;
use orlop::bundle::{Bundle, Config, parse_process};
use serde_json::Value;

/// Engines write one config that this runtime refuses: a user namespace that nobody is mapped into. crun looks the
/// mappings up in /etc/subuid; runc refuses it as well.
const REFUSED: &[(&str, &str)] = &[(
    "crun-spec-rootless.json",
    "linux.uidMappings: missing, a new user namespace needs them",
)];

fn accepted() -> impl Iterator<Item = (String, String)> {
    configs()
        .into_iter()
        .filter(|(name, _)| REFUSED.iter().all(|(refused, _)| refused != name))
}

#[test]
fn what_engines_write_is_accepted() {
    for (name, text) in accepted().filter(|(name, _)| name != "full") {
        let bundle = Bundle::parse("/bundle", &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bundle.warnings(), [], "{name}");
    }
    for (name, text) in processes() {
        let (_, warnings) = parse_process(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(warnings, [], "{name}");
    }
    for (name, error) in REFUSED {
        let (_, text) = configs().into_iter().find(|(other, _)| other == name).unwrap();
        assert_eq!(Bundle::parse("/bundle", &text).unwrap_err().to_string(), *error);
    }
}

#[test]
fn nothing_that_a_config_says_is_lost() {
    for (name, text) in configs() {
        let mut written: Value = serde_json::from_str(&text).unwrap();
        if name == "full" {
            // Known to be there, and no more: they are not for Linux.
            for system in ["windows", "solaris", "zos", "freebsd"] {
                written[system] = Value::Null;
            }
        }
        let read = serde_json::to_value(serde_json::from_str::<Config>(&text).unwrap()).unwrap();
        assert_eq!(difference(&meaning(&written), &meaning(&read)), None, "{name}");
    }
}

/// oci-spec 0.10 looks for two members of earlier specs under names that the spec never had, `enableCmt` and
/// `enableMbm`.
fn spell_as_oci_spec(config: &mut Value) {
    for name in ["enableCMT", "enableMBM"] {
        config["linux"]["intelRdt"][name] = Value::Null;
    }
}

#[test]
fn oci_spec_reads_the_same() {
    for (name, text) in configs() {
        let mut ours = serde_json::to_value(serde_json::from_str::<Config>(&text).unwrap()).unwrap();
        let mut theirs = serde_json::to_value(serde_json::from_str::<Spec>(&text).unwrap()).unwrap();
        if name == "full" {
            theirs["windows"] = Value::Null;
            // It has no unset numbers for a fifo.
            theirs["linux"]["devices"][1]["major"] = Value::Null;
            theirs["linux"]["devices"][1]["minor"] = Value::Null;
            spell_as_oci_spec(&mut ours);
        }
        assert_eq!(difference(&meaning(&ours), &meaning(&theirs)), None, "{name}");
    }
}

#[test]
#[cfg(feature = "oci-spec")]
fn to_oci_spec_and_back_is_the_same() {
    for (name, text) in accepted() {
        let bundle = Bundle::parse("/bundle", &text).unwrap();
        let again = Bundle::from_spec(&bundle.to_spec().unwrap(), "/bundle").unwrap();
        assert_eq!(again.rootfs(), bundle.rootfs());
        let mut left = serde_json::to_value(bundle.config()).unwrap();
        let mut right = serde_json::to_value(again.config()).unwrap();
        if name == "full" {
            spell_as_oci_spec(&mut left);
            right["linux"]["devices"][1] = left["linux"]["devices"][1].clone();
        }
        assert_eq!(difference(&meaning(&left), &meaning(&right)), None, "{name}");
    }
    let default = Bundle::from_spec(&Spec::default(), "/bundle").unwrap();
    assert_eq!(default.rootfs(), std::path::Path::new("/bundle/rootfs"));
}

#[test]
fn the_config_that_has_everything_is_warned_about_where_it_is_not_for_linux() {
    let bundle = Bundle::parse("/bundle", &bundle_json::full()).unwrap();
    let warnings: Vec<_> = bundle.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "windows: not for Linux, ignored",
            "solaris: not for Linux, ignored",
            "zos: not for Linux, ignored",
            "freebsd: not for Linux, ignored",
            "process.user.username: not for Linux, ignored",
            "process.commandLine: not for Linux, ignored",
        ]
    );
}
