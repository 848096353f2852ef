//! Debian's docker-registry: login, push, pull, and running what was pulled.

use std::fs;
use std::sync::Arc;

use super::Way;
use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::{Daemon, Lab};
use crate::failure::{Failure, Verdict, ensure};

/// Where it listens: dockerd speaks plain HTTP with what is on the loopback link.
const REGISTRY: &str = "127.0.0.1:5000";

const USER: &str = "purser";
const PASSWORD: &str = "rum and lime";

/// A docker and a registry.
#[derive(Debug)]
pub(in crate::engines) struct Harbour {
    cli: Cli,
    _registry: Daemon,
}

/// Starts the registry and dockerd, and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>) -> Verdict {
    let (_containerd, cli) = super::start(lab, Way::Told)?;
    let registry = start_registry(lab, &cli)?;
    let harbour = Harbour {
        cli,
        _registry: registry,
    };
    session.run(lab, &harbour, CHECKS);
    Ok(())
}

fn start_registry(lab: &Lab, cli: &Cli) -> Result<Daemon, Failure> {
    let users = lab.path("htpasswd");
    let line = Call::new("htpasswd").args(["-Bbn", USER, PASSWORD]).succeed()?.out;
    fs::write(&users, line)?;
    let config = lab.path("registry.yml");
    let text = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
         http: {{addr: {REGISTRY}}}\nauth: {{htpasswd: {{realm: hold, path: {users}}}}}\n",
        lab.make_folder("registry")?
    );
    fs::write(&config, text)?;
    let mut registry = lab.start("docker-registry", &["serve", &config], &[])?;
    registry.answers(&login(cli, PASSWORD))?;
    cli.call(&["logout", REGISTRY]).succeed()?;
    Ok(registry)
}

fn login(cli: &Cli, password: &str) -> Call {
    let words = ["login", "--username", USER, "--password-stdin", REGISTRY];
    cli.call(&words).stdin(password)
}

pub(in crate::engines) const CHECKS: &[Check<Harbour>] = checks![
    long a_wrong_password_is_refused,
    long nothing_is_pushed_or_pulled_without_login,
    long what_was_pushed_is_pulled_and_runs,
    long a_digest_names_an_image,
    long layers_that_are_there_are_not_pushed_again,
    long run_pulls_what_is_missing,
    long an_unknown_image_is_told,
    long a_search_is_told_not_to_be_there,
];

impl Harbour {
    /// The image's name in the registry.
    fn name(image: &str) -> String {
        format!("{REGISTRY}/{image}")
    }

    /// Logs in, does something, logs out.
    fn aboard(&self, body: impl FnOnce() -> Verdict) -> Verdict {
        login(&self.cli, PASSWORD).succeed()?;
        let verdict = body();
        let out = self.cli.call(&["logout", REGISTRY]).succeed();
        verdict.and(out.map(drop))
    }

    /// Pushes the busybox image under a name, and removes that name here.
    fn push(&self, image: &str) -> Result<String, Failure> {
        let name = Self::name(image);
        self.cli.call(&["tag", self.cli.image, &name]).succeed()?;
        let pushed = self.cli.call(&["push", &name]).seconds(60).succeed()?;
        self.cli.call(&["image", "rm", &name]).succeed()?;
        // "latest: digest: sha256:... size: 123"
        let digest = pushed
            .out
            .rsplit("digest: ")
            .next()
            .and_then(|rest| rest.split(' ').next())
            .filter(|digest| digest.starts_with("sha256:"));
        digest.map_or_else(
            || Err(Failure::Wrong(format!("no digest: {pushed}"))),
            |digest| Ok(digest.to_owned()),
        )
    }
}

fn a_wrong_password_is_refused(harbour: &Harbour) -> Verdict {
    let outcome = login(&harbour.cli, "water").finish()?;
    ensure(outcome.code != 0, || outcome.to_string())?;
    outcome.said("401 Unauthorized")
}

fn nothing_is_pushed_or_pulled_without_login(harbour: &Harbour) -> Verdict {
    let name = Harbour::name("nobody/busybox");
    harbour.cli.call(&["tag", harbour.cli.image, &name]).succeed()?;
    let pushed = harbour.cli.call(&["push", &name]).finish()?;
    harbour.cli.call(&["image", "rm", &name]).succeed()?;
    ensure(pushed.code != 0, || pushed.to_string())?;
    pushed.said("no basic auth credentials")?;
    let pulled = harbour.cli.call(&["pull", &name]).finish()?;
    ensure(pulled.code != 0, || pulled.to_string())?;
    pulled.said("no basic auth credentials")
}

fn what_was_pushed_is_pulled_and_runs(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        harbour.push("fleet/busybox:one")?;
        let name = Harbour::name("fleet/busybox:one");
        harbour.cli.call(&["pull", &name]).seconds(60).succeed()?;
        let run = harbour.cli.call(&["run", "--rm", &name, "echo", "aboard"]);
        run.says("aboard\n")?;
        harbour.cli.call(&["image", "rm", &name]).succeed().map(drop)
    })
}

fn a_digest_names_an_image(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        let digest = harbour.push("fleet/busybox:digest")?;
        let name = format!("{}@{digest}", Harbour::name("fleet/busybox"));
        harbour.cli.call(&["pull", &name]).seconds(60).succeed()?;
        harbour
            .cli
            .call(&["run", "--rm", &name, "echo", "aboard"])
            .says("aboard\n")?;
        let told = harbour
            .cli
            .call(&["image", "inspect", "--format", "{{index .RepoDigests 0}}", &name])
            .succeed()?;
        reads("digest", told.out.trim(), &name)?;
        harbour.cli.call(&["image", "rm", &name]).succeed().map(drop)
    })
}

fn layers_that_are_there_are_not_pushed_again(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        harbour.push("fleet/base")?;
        let name = Harbour::name("fleet/base:more");
        let build = harbour.cli.call(&["build", "--tag", &name, "-"]);
        build
            .stdin("FROM busybox\nRUN echo more >/more\n")
            .variable("DOCKER_BUILDKIT", "0")
            .seconds(60)
            .succeed()?;
        let pushed = harbour.cli.call(&["push", &name]).seconds(60).succeed()?;
        pushed.out_has("Layer already exists")?;
        pushed.out_has("Pushed")?;
        harbour.cli.call(&["image", "rm", &name]).succeed()?;
        let run = harbour.cli.call(&["run", "--rm", &name, "cat", "/more"]).seconds(60);
        run.says("more\n")?;
        harbour.cli.call(&["image", "rm", &name]).succeed().map(drop)
    })
}

fn run_pulls_what_is_missing(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        harbour.push("fleet/missing")?;
        let name = Harbour::name("fleet/missing");
        let run = |options: &[&str]| {
            let call = harbour.cli.call(&["run", "--rm"]).args(options).args([&name]);
            call.args(["echo", "aboard"]).seconds(60)
        };
        ensure(run(&["--pull", "never"]).finish()?.code != 0, || {
            "it was there already".to_owned()
        })?;
        run(&[]).says("aboard\n")?;
        run(&["--pull", "always", "--quiet"]).mentions("aboard\n")?;
        harbour.cli.call(&["image", "rm", &name]).succeed().map(drop)
    })
}

fn an_unknown_image_is_told(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        let outcome = harbour.cli.call(&["pull", &Harbour::name("fleet/ghost")]).finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
        outcome.said("manifest unknown").or_else(|_| outcome.said("not found"))
    })
}

fn a_search_is_told_not_to_be_there(harbour: &Harbour) -> Verdict {
    harbour.aboard(|| {
        // Searching is of the first version of the protocol, which registries do not speak any more.
        let outcome = harbour.cli.call(&["search", &Harbour::name("fleet")]).finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
        outcome.said("404")
    })
}
