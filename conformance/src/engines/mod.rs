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
mod waiting;

use std::process::ExitCode;
use std::sync::Arc;

use check::Session;
use containerd::{cri, ctr};
use docker::{as_runc, builds};
use lab::Lab;
use options::Options;

const HELP: &str = "\
conformance engines --runtime PATH [--engine NAME...] [--short] [--not-yet AREA[,AREA...]] [--filter WORD...] [--list]

  --engine NAME    docker, as-runc (docker and containerd where what is called runc is the runtime), docker-build and
                   buildkit (images from Dockerfiles), podman, podman-rootless (by an ordinary user, in a virtual
                   machine of the lab that systemd has started), ctr, cri (containerd as a kubelet uses it), buildah,
                   or rootfs (a busybox and a Debian root filesystem with the config of `PATH spec` and of
                   `runc spec`); all unless given
  --short          the most telling checks only, in less than 90 seconds
  --not-yet AREA   skip what needs exec, pause, update, resources, ps, userns, build
  --filter WORD    only checks whose name has one of the words
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
    if options.inside {
        inside(&options)
    } else {
        outer::run(&options)
    }
}

/// The part that runs in the lab: one engine's checks, a line for each.
fn inside(options: &Options) -> ExitCode {
    let mut session = Session::new(options);
    for engine in &options.engines {
        if options.list {
            list(&session, engine);
            continue;
        }
        let ended = Lab::new(&options.runtime)
            .map(Arc::new)
            .and_then(|lab| match engine.as_str() {
                "docker" => docker::run(&lab, &mut session),
                "as-runc" => as_runc::run(&lab, &mut session),
                "docker-build" | "buildkit" => builds::run(&lab, &mut session, engine == "buildkit"),
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

/// The names of an engine's checks.
fn list(session: &Session<'_>, engine: &str) {
    match engine {
        "docker" => {
            session.list(cli::CHECKS);
            session.list(docker::CHECKS);
        }
        "podman" | "podman-rootless" => {
            session.list(cli::CHECKS);
            session.list(podman::CHECKS);
        }
        "as-runc" => session.list(&[as_runc::CHECKS]),
        "docker-build" => session.list(&[builds::CHECKS]),
        "buildkit" => session.list(&[builds::CHECKS, builds::OF_BUILDKIT]),
        "ctr" => session.list(ctr::CHECKS),
        "cri" => session.list(cri::CHECKS),
        "buildah" => session.list(&[buildah::CHECKS]),
        _ => session.list(&[rootfs::CHECKS]),
    }
}
