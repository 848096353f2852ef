//! Real container engines (docker, podman, containerd's ctr, buildah) with a given runtime under them, end to end.
//!
//! Each engine is started by hand in a *lab*: namespaces and cgroups of its own, so that the host is left as it was
//! whatever happens. Inside, this program is started again, drives the engine, and looks after each check whether
//! something was left behind. In a virtual machine that systemd has started, which is ours as a whole, engines run as its
//! services and with their defaults.

mod buildah;
mod call;
mod cgroup;
mod check;
mod cli;
mod containerd;
mod docker;
mod lab;
mod options;
mod outer;
mod place;
mod podman;
mod rootfs;
mod service;
mod table;
mod waiting;

use std::process::ExitCode;
use std::sync::Arc;

use check::{Named, Session};
use containerd::{cri, ctr};
use docker::{as_runc, builds, compose, registry, rootless, swarm};
use lab::Lab;
use options::Options;

const HELP: &str = "\
conformance engines --runtime PATH [--engine NAME...] [--short] [--not-yet AREA[,AREA...]] [--filter WORD...] [--list]

  --engine NAME    docker, as-runc (docker and containerd where what is called runc is the runtime), docker-build and
                   buildkit (images from Dockerfiles), docker-registry, docker-compose and docker-compose-2 (by version),
                   docker-rootless (in rootlesskit), docker-swarm (of two nodes), podman, podman-rootless (by an ordinary
                   user, in a virtual machine of the lab that systemd has started), ctr, cri (containerd as a kubelet
                   uses it), buildah, or rootfs (a busybox and a Debian root filesystem with the config of `PATH spec`
                   and of `runc spec`); all unless given
  --short          the most telling checks only, in less than 90 seconds
  --not-yet AREA   skip what needs exec, pause, update, resources, ps, userns, build
  --filter WORD    only checks whose name has one of the words
  --table FILE     with each --runtime (repeated), and write a page of what became of each check; ends with failure where
                   a check fails with the first runtime and passes with runc
  --from FILE      for the page, what earlier runs said (repeated), instead of new ones: reports, also of machines of the
                   lab, whose runs have columns of their own, or a page
";

/// Runs the engines' checks; the arguments are those after `engines`.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("conformance: engines: {text}\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    if options.help {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match &options.table {
        _ if options.inside => inside(&options),
        Some(page) if !options.list => table::run(&options, page),
        _ => outer::run(&options),
    }
}

/// The part that runs in the lab: one engine's checks, a line for each.
fn inside(options: &Options) -> ExitCode {
    let mut session = Session::new(options);
    for engine in &options.engines {
        if options.list {
            session.list(&checks_of(engine));
            continue;
        }
        let ended = Lab::new(&options.runtime)
            .map(Arc::new)
            .and_then(|lab| match engine.as_str() {
                "docker" => docker::run(&lab, &mut session),
                "as-runc" => as_runc::run(&lab, &mut session),
                "docker-build" | "buildkit" => builds::run(&lab, &mut session, engine == "buildkit"),
                "docker-registry" => registry::run(&lab, &mut session),
                "docker-compose" => compose::run(&lab, &mut session, '1'),
                "docker-compose-2" => compose::run(&lab, &mut session, '2'),
                "docker-rootless" => rootless::run(&lab, &mut session),
                "docker-swarm" => swarm::run(&lab, &mut session),
                "podman" | "podman-rootless" => podman::run(&lab, &mut session, engine == "podman-rootless"),
                "ctr" => ctr::run(&lab, &mut session),
                "cri" => cri::run(&lab, &mut session),
                "buildah" => buildah::run(&lab, &mut session),
                _ => rootfs::run(&lab, &mut session),
            });
        if let Err(failure) = ended {
            session.report("the engine starts", Err(failure), None);
        }
    }
    ExitCode::SUCCESS
}

/// An engine's checks.
fn checks_of(engine: &str) -> Vec<Named> {
    match engine {
        "docker" => [check::names(cli::CHECKS), check::names(docker::CHECKS)].concat(),
        "podman" | "podman-rootless" => [check::names(cli::CHECKS), check::names(podman::CHECKS)].concat(),
        "as-runc" => check::names(&[as_runc::CHECKS]),
        "docker-build" => check::names(&[builds::CHECKS]),
        "buildkit" => check::names(&[builds::CHECKS, builds::OF_BUILDKIT]),
        "docker-registry" => check::names(&[registry::CHECKS]),
        "docker-compose" | "docker-compose-2" => check::names(&[compose::CHECKS]),
        "docker-rootless" => check::names(&[rootless::CHECKS]),
        "docker-swarm" => check::names(&[swarm::CHECKS]),
        "ctr" => check::names(ctr::CHECKS),
        "cri" => check::names(cri::CHECKS),
        "buildah" => check::names(&[buildah::CHECKS]),
        _ => check::names(&[rootfs::CHECKS]),
    }
}
