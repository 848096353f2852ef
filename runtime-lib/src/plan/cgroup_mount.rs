//! Mounts of type `cgroup`: the container's own cgroups at the mount point, whatever the host's hierarchies are.

use super::compile::Compiler;
use super::mount_options::attribute;
use super::mounts::Options;
use super::steps::{Origin, StringList, c_string};
use crate::bundle::NamespaceType;
use crate::cgroup::Place;
use orlop_init::wire::{Propagations, Step, Strings};
use std::ffi::CStr;

pub(crate) fn push(compiler: &mut Compiler<'_>, index: usize, target: &CStr, options: &Options) {
    let attributes = options.one.set;
    if compiler.cgroup.v1.is_empty() {
        unified(
            compiler,
            index,
            target,
            attributes,
            options.propagation.as_propagations(),
        );
    } else {
        hierarchies(compiler, index, target, attributes, options);
    }
}

/// On a host with nothing but v2.
fn unified(compiler: &mut Compiler<'_>, index: usize, target: &CStr, attributes: u64, propagation: Propagations<'_>) {
    let linux = &compiler.config.linux;
    let has = |kind| linux.namespace(kind).is_some();
    // The host's cgroup namespace is not a user namespace's to mount from.
    if !has(NamespaceType::Cgroup)
        && (has(NamespaceType::User) || compiler.host.rare.is_in_user_namespace())
        && let Some(place) = compiler.cgroup.places().next().cloned()
    {
        let step = Step::Bind {
            source: &c_string(&place.mount.to_string_lossy()),
            target,
            recursive: true,
            set: attributes,
            clear: 0,
            clear_unlocked: 0,
            set_all: 0,
            clear_all: 0,
            propagation,
        };
        compiler.steps.push(step, Origin::Element("mounts", index));
        return;
    }
    let step = Step::Mount {
        kind: c"cgroup2",
        source: c"cgroup",
        target,
        parameters: Strings::EMPTY,
        attributes,
        propagation,
        copy_up: false,
        mode: 0o755,
    };
    compiler.steps.push(step, Origin::Element("mounts", index));
}

/// On a v1 or hybrid host: a tmpfs with a directory for each hierarchy.
fn hierarchies(compiler: &mut Compiler<'_>, index: usize, target: &CStr, attributes: u64, options: &Options) {
    let origin = || Origin::Element("mounts", index);
    let base = target.to_string_lossy();
    let parameters: StringList = ["mode=755"].into_iter().collect();
    let tmpfs = Step::Mount {
        kind: c"tmpfs",
        source: c"cgroup",
        target,
        parameters: parameters.as_strings(),
        attributes: attributes & !attribute::RDONLY,
        propagation: options.propagation.as_propagations(),
        copy_up: false,
        mode: 0o755,
    };
    compiler.steps.push(tmpfs, origin());
    let own_namespace = compiler.config.linux.namespace(NamespaceType::Cgroup).is_some();
    let places: Vec<Place> = compiler.cgroup.places().cloned().collect();
    for place in &places {
        let name = place
            .mount
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let below = c_string(&format!("{base}/{name}"));
        compiler.steps.push(
            Step::Directory {
                path: &below,
                mode: 0o755,
            },
            origin(),
        );
        if own_namespace {
            let is_v2 = place.controllers.is_empty();
            let parameters = controllers(place);
            let step = Step::Mount {
                kind: if is_v2 { c"cgroup2" } else { c"cgroup" },
                source: c"cgroup",
                target: &below,
                parameters: parameters.as_strings(),
                attributes,
                propagation: options.propagation.as_propagations(),
                copy_up: false,
                mode: 0o755,
            };
            compiler.steps.push(step, origin());
        } else {
            let source = c_string(&place.path().to_string_lossy());
            // One that nobody asked for may be left out: then the process stays where the runtime is.
            if compiler.config.linux.cgroups_path.is_none()
                && let Some(own) = compiler.host.cgroups.own(place)
            {
                let second = c_string(&own.to_string_lossy());
                let step = Step::EitherSource {
                    first: &source,
                    second: &second,
                };
                compiler.steps.push(step, origin());
            }
            let step = Step::Bind {
                source: &source,
                target: &below,
                recursive: false,
                set: attributes,
                clear: 0,
                clear_unlocked: 0,
                set_all: 0,
                clear_all: 0,
                propagation: options.propagation.as_propagations(),
            };
            compiler.steps.push(step, origin());
        }
        // Programs look for `cpu` where the host mounts `cpu,cpuacct`.
        if name.contains(',') {
            for controller in name.split(',') {
                let link = Step::Link {
                    path: &c_string(&format!("{base}/{controller}")),
                    target: &c_string(&name),
                    replace: false,
                };
                compiler.steps.push(link, origin());
            }
        }
    }
    if attributes & attribute::RDONLY != 0 {
        compiler.steps.push(
            Step::Attributes {
                target,
                set: attribute::RDONLY,
                clear: 0,
            },
            origin(),
        );
    }
}

/// The parameters that choose a v1 hierarchy. One that has no controller is chosen by its name alone.
fn controllers(place: &Place) -> StringList {
    let mut parameters = StringList::default();
    for controller in place.controllers.split(',').filter(|controller| !controller.is_empty()) {
        if controller.starts_with("name=") {
            parameters.push("none");
        }
        parameters.push(controller);
    }
    parameters
}
