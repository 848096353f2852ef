//! Mounts of type `cgroup`: the container's own cgroups at the mount point, whatever the host's hierarchies are.

use super::propagation::PropagationList;
use crate::bundle::{Mount, NamespaceType, attribute};
use crate::plan::acts::{Origin, StringList, c_string};
use crate::plan::cgroup::Place;
use crate::plan::compile::Compiler;
use orlop_init::step::devices::{Directory, Link};
use orlop_init::step::mounts::{Bind, ChangeAttributes, Changes, Links, Mount as MountStep, Propagations, Source};
use orlop_init::wire::Strings;

pub(super) fn push(compiler: &mut Compiler<'_>, mount: &Mount) {
    let propagation = PropagationList::from(&*mount.propagation);
    if compiler.cgroup.v1.is_empty() {
        unified(compiler, mount, propagation.as_propagations());
    } else {
        hierarchies(compiler, mount, propagation.as_propagations());
    }
}

/// On a host with nothing but v2.
fn unified(compiler: &mut Compiler<'_>, mount: &Mount, propagation: Propagations<'_>) {
    let (target, attributes) = (&mount.target, mount.changes.set);
    let place = compiler.cgroup.places().next().cloned();
    if !has_own_namespace(compiler) {
        // To mount it anew from the host's cgroup namespace would set the options of the host's one superblock:
        // `nsdelegate` would end for the whole machine (Linux: kernel/cgroup/cgroup.c, `apply_cgroup_root_flags`).
        let Some(place) = place else {
            let text = "the host has no cgroups mounted that could be shown, and the container has no cgroup namespace to mount them from";
            compiler.problems.error(mount.path(), text);
            return;
        };
        let step = Bind {
            source: Source::Path(&c_string(&place.mount.to_string_lossy())),
            target,
            recursive: true,
            links: Links::default(),
            changes: Changes::one(attributes, 0),
            mapping: None,
            propagation,
            hold: None,
        };
        compiler.step(&step, Origin::Element("mounts", mount.index));
        return;
    }
    let step = MountStep {
        kind: c"cgroup2",
        source: c"cgroup",
        target,
        parameters: Strings::EMPTY,
        attributes,
        propagation,
        mapping: None,
        copy_up: false,
        mode: 0o755,
        hold: None,
    };
    compiler.step(&step, Origin::Element("mounts", mount.index));
}

/// Whether the container's cgroup namespace is another than the one that the host's own mounts are made from.
fn has_own_namespace(compiler: &Compiler<'_>) -> bool {
    compiler.config.linux.namespace(NamespaceType::Cgroup).is_some() && !compiler.host.joins_first_cgroup_namespace
}

/// On a v1 or hybrid host: a tmpfs with a directory for each hierarchy.
fn hierarchies(compiler: &mut Compiler<'_>, mount: &Mount, propagation: Propagations<'_>) {
    let origin = || Origin::Element("mounts", mount.index);
    let (target, attributes) = (&mount.target, mount.changes.set);
    let base = target.to_string_lossy();
    let parameters: StringList = ["mode=755"].into_iter().collect();
    let tmpfs = MountStep {
        kind: c"tmpfs",
        source: c"cgroup",
        target,
        parameters: parameters.as_strings(),
        attributes: attributes & !attribute::RDONLY,
        propagation,
        mapping: None,
        copy_up: false,
        mode: 0o755,
        hold: None,
    };
    compiler.step(&tmpfs, origin());
    let placement = std::sync::Arc::clone(&compiler.cgroup);
    // v2 beside v1 is shown to nobody who sees the host's paths: a systemd takes it for its own hierarchy, and finds its
    // cgroup in /proc/self/cgroup but not below the mount, which begins at the container's (runc shows v1 alone).
    let shows_v2 = has_own_namespace(compiler);
    let shown = placement
        .places()
        .filter(|place| shows_v2 || !place.controllers.is_empty());
    for place in shown {
        let name = place
            .mount
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let below = c_string(&format!("{base}/{name}"));
        let directory = Directory {
            path: &below,
            mode: 0o755,
        };
        compiler.step(&directory, origin());
        hierarchy(compiler, mount, propagation, place, &below);
        // Programs look for `cpu` where the host mounts `cpu,cpuacct`.
        if name.contains(',') {
            for controller in name.split(',') {
                let link = Link {
                    path: &c_string(&format!("{base}/{controller}")),
                    target: &c_string(&name),
                    replace: false,
                };
                compiler.step(&link, origin());
            }
        }
    }
    if mount.is_read_only() {
        let step = ChangeAttributes {
            target,
            set: attribute::RDONLY,
            clear: 0,
        };
        compiler.step(&step, origin());
    }
}

/// One hierarchy on its directory: mounted, or the container's cgroup bound where no namespace hides the rest.
fn hierarchy(
    compiler: &mut Compiler<'_>,
    mount: &Mount,
    propagation: Propagations<'_>,
    place: &Place,
    target: &std::ffi::CStr,
) {
    let origin = Origin::Element("mounts", mount.index);
    let attributes = mount.changes.set;
    if has_own_namespace(compiler) {
        let is_v2 = place.controllers.is_empty();
        let parameters = controllers(place);
        let step = MountStep {
            kind: if is_v2 { c"cgroup2" } else { c"cgroup" },
            source: c"cgroup",
            target,
            parameters: parameters.as_strings(),
            attributes,
            propagation,
            mapping: None,
            copy_up: false,
            mode: 0o755,
            hold: None,
        };
        return compiler.step(&step, origin);
    }
    let path = c_string(&place.path().to_string_lossy());
    // One that nobody asked for may be left out: then the process stays where the runtime is.
    let own = match compiler.config.linux.cgroups_path {
        None => place.of_the_runtime(&compiler.host.hierarchies),
        Some(_) => None,
    };
    let own = own.map(|own| c_string(&own.to_string_lossy()));
    let step = Bind {
        source: match &own {
            Some(own) => Source::Either(&path, own),
            None => Source::Path(&path),
        },
        target,
        recursive: false,
        links: Links::default(),
        changes: Changes::one(attributes, 0),
        mapping: None,
        propagation,
        hold: None,
    };
    compiler.step(&step, origin);
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
