//! Volumes and other mounts: named, anonymous, of other containers, in memory, of the host.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    short a_named_volume_outlives_its_containers,
    long a_new_volume_has_what_the_image_has_there,
    long anonymous_volumes_go_with_their_container_on_request,
    long volumes_come_from_another_container,
    long mounts_of_each_type_by_their_long_form,
    long a_source_that_is_missing_is_made_or_told,
    long mounts_lie_in_each_other_and_over_files,
    long mounts_on_the_host_are_passed_on_as_asked,
    long mounts_in_a_container_are_passed_on_as_asked,
    long a_volume_of_a_drivers_options_is_mounted,
    long links_of_an_image_lead_no_mount_out_of_it,
];

fn a_named_volume_outlives_its_containers(cli: &Cli) -> Verdict {
    let _gone = cli.afterwards(&["volume", "rm", "--force", "hold"]);
    cli.call(&["volume", "create", "--label", "fleet=volumes", "hold"])
        .says("hold\n")?;
    cli.script(&["-v", "hold:/data"], "echo rope >/data/cargo").succeed()?;
    let user = cli.background(&["-v", "hold:/elsewhere:ro"], &["sleep", "1000"])?;
    user.exec(&[], &["cat", "/elsewhere/cargo"]).says("rope\n")?;
    let write = user.exec(&[], &["touch", "/elsewhere/other"]).finish()?;
    write.ended_with(1)?;
    write.said("Read-only file system")?;
    let point = cli
        .call(&["volume", "inspect", "--format", "{{.Mountpoint}}", "hold"])
        .succeed()?
        .out;
    reads(
        "on the host",
        &fs::read_to_string(format!("{}/cargo", point.trim()))?,
        "rope\n",
    )?;
    cli.call(&["volume", "ls", "--quiet", "--filter", "label=fleet=volumes"])
        .says("hold\n")?;
    user.shows(
        "{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}",
        "volume hold /elsewhere false",
    )?;
    let refused = cli.call(&["volume", "rm", "hold"]).finish()?;
    refused.ended_with(1)?;
    refused.said("volume is in use")?;
    drop(user);
    cli.call(&["volume", "rm", "hold"]).succeed()?;
    ensure(!fs::exists(point.trim())?, || format!("{point} is still there"))
}

fn a_new_volume_has_what_the_image_has_there(cli: &Cli) -> Verdict {
    let _gone = cli.afterwards(&["volume", "rm", "--force", "filled", "empty"]);
    cli.script(
        &["-v", "filled:/home"],
        "stat -c '%n %u %g %a' /home/user; touch /home/more",
    )
    .says("/home/user 1000 1000 755\n")?;
    // Once it has something, it stays as it is.
    cli.script(&["-v", "filled:/etc"], "ls /etc")
        .says("hostname\nhosts\nmore\nresolv.conf\nuser\n")?;
    cli.script(&["-v", "empty:/home:nocopy"], "ls /home").says("")
}

fn anonymous_volumes_go_with_their_container_on_request(cli: &Cli) -> Verdict {
    let names =
        |container: &crate::engines::cli::Background<'_>| container.inspect("{{range .Mounts}}{{.Name}}{{end}}");
    let exists = |name: &str| {
        cli.call(&["volume", "inspect", name])
            .finish()
            .map(|outcome| outcome.code == 0)
    };
    let kept = cli.created(&["-v", "/data"], &["true"])?;
    let name = names(&kept)?;
    let _gone = cli.afterwards(&["volume", "rm", &name]);
    kept.call(&["rm"]).succeed()?;
    ensure(exists(&name)?, || "rm has removed the volume".to_owned())?;
    let removed = cli.created(&["-v", "/data", "-v", "named-beside:/named"], &["true"])?;
    let _named = cli.afterwards(&["volume", "rm", "named-beside"]);
    let name = removed.inspect("{{range .Mounts}}{{if eq .Destination \"/data\"}}{{.Name}}{{end}}{{end}}")?;
    removed.call(&["rm", "--volumes"]).succeed()?;
    ensure(!exists(&name)?, || "rm --volumes has left the volume".to_owned())?;
    ensure(exists("named-beside")?, || {
        "a volume with a name has gone too".to_owned()
    })?;
    // An image's VOLUME, and --rm.
    let base = cli.created(&[], &["true"])?;
    let _image = cli.afterwards(&["image", "rm", "--force", "with-volume:1"]);
    cli.call(&["commit", "--change", "VOLUME /home", &base.id, "with-volume:1"])
        .succeed()?;
    let before = cli.call(&["volume", "ls", "--quiet"]).succeed()?.out;
    let script = "touch /home/user/mine; grep -c ' /home ' /proc/self/mountinfo";
    cli.call(&["run", "--rm", "with-volume:1", "sh", "-c", script])
        .says("1\n")?;
    reads(
        "volumes",
        &cli.call(&["volume", "ls", "--quiet"]).succeed()?.out,
        &before,
    )
}

fn volumes_come_from_another_container(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("from")?;
    let source = cli.background(
        &["-v", "/data", "-v", &format!("{folder}:/bound:ro")],
        &["sleep", "1000"],
    )?;
    source.exec(&[], &["sh", "-c", "echo rope >/data/cargo"]).succeed()?;
    fs::write(format!("{folder}/file"), "of the host\n")?;
    cli.script(
        &["--volumes-from", &source.id],
        "cat /data/cargo /bound/file; echo more >>/data/cargo; touch /bound/new",
    )
    .finish()?
    .said("Read-only file system")?;
    source.exec(&[], &["cat", "/data/cargo"]).says("rope\nmore\n")?;
    let only_read = cli
        .script(&["--volumes-from", &format!("{}:ro", source.id)], "touch /data/other")
        .finish()?;
    only_read.ended_with(1)?;
    only_read.said("Read-only file system")
}

fn mounts_of_each_type_by_their_long_form(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("long-form")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let _gone = cli.afterwards(&["volume", "rm", "--force", "long-form"]);
    let bind = format!("type=bind,source={folder},target=/bind,readonly");
    let mut options = vec!["--mount", bind.as_str()];
    options.extend([
        "--mount",
        "type=volume,source=long-form,target=/volume,volume-label=a=b",
    ]);
    options.extend(["--mount", "type=tmpfs,target=/memory,tmpfs-size=65536,tmpfs-mode=1770"]);
    let script = "cat /bind/file; touch /bind/x; echo $?; touch /volume/x && echo ok; stat -c %a /memory;
        dd if=/dev/zero of=/memory/x bs=1k count=128 2>/dev/null; stat -c %s /memory/x;
        grep -E ' /(bind|memory) ' /proc/self/mountinfo";
    let outcome = cli.script(&options, script).succeed()?;
    outcome.out_has("rope\n1\nok\n1770\n65536\n")?;
    let line = |point: &str| {
        outcome
            .out
            .lines()
            .find(|line| line.contains(point))
            .unwrap_or_default()
    };
    ensure(line(" /bind ").contains(" ro,"), || outcome.to_string())?;
    ensure(
        ["nosuid", "nodev", "noexec"]
            .iter()
            .all(|flag| line(" /memory ").contains(flag)),
        || outcome.to_string(),
    )
}

fn a_source_that_is_missing_is_made_or_told(cli: &Cli) -> Verdict {
    let missing = cli.lab.path("made-by-docker");
    cli.script(&["-v", &format!("{missing}:/data")], "echo rope >/data/cargo")
        .succeed()?;
    reads("made", &fs::read_to_string(format!("{missing}/cargo"))?, "rope\n")?;
    fs::remove_dir_all(&missing)?;
    let mount = format!("type=bind,source={missing},target=/data");
    let refused = cli.run(&["--mount", &mount], &["true"]).finish()?;
    refused.ended_with(125)?;
    refused.said("bind source path does not exist")
}

fn mounts_lie_in_each_other_and_over_files(cli: &Cli) -> Verdict {
    let outer = cli.lab.make_folder("outer")?;
    let inner = cli.lab.make_folder("inner")?;
    fs::write(format!("{outer}/file"), "outer\n")?;
    fs::write(format!("{inner}/file"), "inner\n")?;
    // Given inside out: the engine sorts them. Their mount points are made, the one below in the outer folder.
    let words = [
        format!("{inner}:/data/below/deep"),
        format!("{outer}:/data"),
        format!("{inner}/file:/etc/passwd:ro"),
        format!("{inner}/file:/opt/some/new/file"),
    ];
    let mut options: Vec<&str> = words.iter().flat_map(|word| ["-v", word.as_str()]).collect();
    options.extend(["--tmpfs", "/data/memory"]);
    let script = "cat /data/file /data/below/deep/file /etc/passwd /opt/some/new/file; touch /data/memory/x";
    cli.script(&options, script).says("outer\ninner\ninner\ninner\n")?;
    ensure(fs::exists(format!("{outer}/below/deep"))?, || {
        "no mount point".to_owned()
    })?;
    let left = fs::read_dir(format!("{outer}/memory"))?.count();
    ensure(left == 0, || "what was written to memory is on the host".to_owned())
}

/// A folder of the host that shares its mounts, for as long as this lives.
struct Shared(String);

impl Shared {
    fn new(cli: &Cli, name: &str) -> Result<Self, crate::failure::Failure> {
        let folder = cli.lab.make_folder(name)?;
        Call::new("mount").args(["-t", "tmpfs", "shared", &folder]).succeed()?;
        let shared = Self(folder);
        Call::new("mount").args(["--make-shared", &shared.0]).succeed()?;
        Ok(shared)
    }

    /// Mounts something in a new folder in it.
    fn mount(&self, name: &str) -> Verdict {
        let folder = format!("{}/{name}", self.0);
        fs::create_dir(&folder)?;
        Call::new("mount").args(["-t", "tmpfs", "inner", &folder]).succeed()?;
        fs::write(format!("{folder}/file"), "rope\n").map_err(Into::into)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = Call::new("umount").args(["--recursive", &self.0]).finish();
    }
}

fn mounts_on_the_host_are_passed_on_as_asked(cli: &Cli) -> Verdict {
    let shared = Shared::new(cli, "passed-on")?;
    shared.mount("early")?;
    let with = |option: &str| cli.background(&["-v", &format!("{}:/data{option}", shared.0)], &["sleep", "1000"]);
    let (private, slave, both) = (with("")?, with(":rslave")?, with(":rshared")?);
    shared.mount("late")?;
    for container in [&private, &slave, &both] {
        container.exec(&[], &["cat", "/data/early/file"]).says("rope\n")?;
    }
    for container in [&slave, &both] {
        container.exec(&[], &["cat", "/data/late/file"]).says("rope\n")?;
    }
    private.exec(&[], &["ls", "/data/late"]).says("")?;
    // What is unmounted goes where it came.
    Call::new("umount").args([format!("{}/early", shared.0)]).succeed()?;
    slave.exec(&[], &["ls", "/data/early"]).says("")?;
    private.exec(&[], &["cat", "/data/early/file"]).says("rope\n")?;
    // A folder that shares nothing cannot be asked for it.
    Call::new("mount").args(["--make-private", &shared.0]).succeed()?;
    let refused = cli
        .run(&["-v", &format!("{}:/data:rshared", shared.0)], &["true"])
        .finish()?;
    refused.ended_with(125)?;
    refused.said("is not a shared mount")
}

fn mounts_in_a_container_are_passed_on_as_asked(cli: &Cli) -> Verdict {
    let shared = Shared::new(cli, "passed-back")?;
    let inside = "mkdir /data/$0 && mount -t tmpfs inner /data/$0 && echo rope >/data/$0/file && sleep 1000";
    let with = |option: &str, name: &str| {
        let volume = format!("{}:/data{option}", shared.0);
        let options = [
            "--cap-add",
            "SYS_ADMIN",
            "--security-opt",
            "apparmor=unconfined",
            "-v",
            &volume,
        ];
        let container = cli.background(&options, &["sh", "-c", inside, name])?;
        crate::engines::waiting::in_time("mount", 5, || {
            let outcome = container.exec(&[], &["cat", &format!("/data/{name}/file")]).finish()?;
            Ok((outcome.out == "rope\n", outcome.to_string()))
        })?;
        Ok::<_, crate::failure::Failure>(container)
    };
    let _both = with(":rshared", "both")?;
    let _slave = with(":rslave", "slave")?;
    reads(
        "passed on",
        &fs::read_to_string(format!("{}/both/file", shared.0))?,
        "rope\n",
    )?;
    ensure(!fs::exists(format!("{}/slave/file", shared.0))?, || {
        "a slave has passed on a mount".to_owned()
    })
}

fn a_volume_of_a_drivers_options_is_mounted(cli: &Cli) -> Verdict {
    let _gone = cli.afterwards(&["volume", "rm", "--force", "in-memory"]);
    let mut create = vec!["volume", "create", "--opt", "type=tmpfs", "--opt", "device=tmpfs"];
    create.extend(["--opt", "o=size=64k,uid=1000,mode=750", "in-memory"]);
    cli.call(&create).succeed()?;
    let script = "stat -c '%u %a' /data; dd if=/dev/zero of=/data/x bs=1k count=128 2>/dev/null; stat -c %s /data/x";
    let options = ["-v", "in-memory:/data"];
    cli.script(&options, script).says("1000 750\n65536\n")?;
    // It is unmounted with its last user.
    cli.script(&options, "ls /data").says("")
}

fn links_of_an_image_lead_no_mount_out_of_it(cli: &Cli) -> Verdict {
    let outside = cli.lab.make_folder("outside")?;
    let inside = cli.lab.make_folder("mounted")?;
    fs::write(format!("{inside}/file"), "rope\n")?;
    let up = "../../../../../../../../../..";
    let script = format!("ln -s {outside} /direct; ln -s {up}{outside} /up; mkdir /x; ln -s ../../../up/y /x/twice");
    let base = cli.background(&[], &["sh", "-c", &script])?;
    base.ended_with("0")?;
    let _image = cli.afterwards(&["image", "rm", "--force", "with-links:1"]);
    cli.call(&["commit", &base.id, "with-links:1"]).succeed()?;
    for link in ["/direct", "/up/new", "/x/twice"] {
        let outcome = cli
            .call(&["run", "--rm", "-v", &format!("{inside}:{link}"), "with-links:1", "cat"])
            .args([format!("{link}/file")])
            .succeed()?;
        reads(link, &outcome.out, "rope\n")?;
        let left = fs::read_dir(&outside)?.count();
        ensure(left == 0, || format!("{link} has led outside"))?;
    }
    Ok(())
}
