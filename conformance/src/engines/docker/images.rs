//! What containers become images, archives and files by: diff, commit, export, import, save, load, tag, rmi, history.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long diff_lists_what_has_changed,
    short a_committed_container_is_an_image,
    long an_exported_container_is_imported,
    long a_saved_image_is_loaded_again,
    long images_have_tags_and_go_with_the_last,
    long an_image_tells_its_history_and_defaults,
    long an_image_in_use_stays,
];

fn diff_lists_what_has_changed(cli: &Cli) -> Verdict {
    let script =
        "echo x >/root/new; rm /etc/group; chmod 600 /etc/passwd; mkdir /hold; echo y >/hold/rope; echo z >/tmpfs/no";
    let container = cli.background(&["--tmpfs", "/tmpfs", "-v", "/volume"], &["sh", "-c", script])?;
    container.ended_with("0")?;
    let mut lines: Vec<String> = container
        .call(&["diff"])
        .succeed()?
        .out
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    let wanted = [
        "A /hold",
        "A /hold/rope",
        "A /root/new",
        "A /tmpfs",
        "A /volume",
        "C /etc",
        "C /etc/passwd",
        "C /root",
        "D /etc/group",
    ];
    reads("diff", &lines.join("\n"), &wanted.join("\n"))
}

fn a_committed_container_is_an_image(cli: &Cli) -> Verdict {
    let container = cli.background(&["--env", "DECK=orlop"], &["sh", "-c", "echo cargo >/hold; sleep 1000"])?;
    container.comes_to("{{.State.Status}}", "running")?;
    container.exec(&[], &["test", "-e", "/hold"]).succeed()?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "committed:1"]);
    cli.call(&["commit", "--author", "bosun", "--message", "stowed"])
        .args([
            "--change",
            r#"CMD ["sh", "-c", "cat /hold; echo $DECK $SHIP; id -u; pwd"]"#,
        ])
        .args([
            "--change",
            "ENV SHIP=victory",
            "--change",
            "USER 1000",
            "--change",
            "WORKDIR /tmp",
        ])
        .args([&container.id, "committed:1"])
        .succeed()?;
    // It was paused meanwhile, and goes on.
    container.shows("{{.State.Status}}", "running")?;
    cli.call(&["run", "--rm", "committed:1"])
        .says("cargo\norlop victory\n1000\n/tmp\n")?;
    cli.call(&["inspect", "--format", "{{.Author}} {{.Comment}}", "committed:1"])
        .says("bosun stowed\n")
}

fn an_exported_container_is_imported(cli: &Cli) -> Verdict {
    let script = "echo cargo >/hold; chown 1000:50 /hold; chmod 4750 /hold; ln -s hold /link; mkfifo /pipe";
    let container = cli.background(&[], &["sh", "-c", script])?;
    container.ended_with("0")?;
    let archive = cli.lab.path("exported.tar");
    container.call(&["export", "--output", &archive]).succeed()?;
    let list = Call::new("tar").args(["--numeric-owner", "-tvf", &archive]).succeed()?;
    list.out_has("-rwsr-x--- 1000/50")?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "imported:1"]);
    let change = r#"ENTRYPOINT ["stat", "-c", "%n %a %u %g %F"]"#;
    cli.call(&[
        "import",
        "--change",
        change,
        "--change",
        "LABEL fleet=imported",
        &archive,
        "imported:1",
    ])
    .succeed()?;
    fs::remove_file(&archive)?;
    cli.call(&["run", "--rm", "imported:1", "/hold", "/link", "/pipe"])
        .says("/hold 4750 1000 50 regular file\n/link 777 0 0 symbolic link\n/pipe 644 0 0 fifo\n")
}

fn a_saved_image_is_loaded_again(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "echo cargo >/hold"])?;
    container.ended_with("0")?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "saved:1", "saved:2"]);
    let id = cli.call(&["commit", &container.id, "saved:1"]).succeed()?.out;
    cli.call(&["tag", "saved:1", "saved:2"]).succeed()?;
    let archive = cli.lab.path("saved.tar");
    cli.call(&["save", "--output", &archive, "saved:1", "saved:2"])
        .succeed()?;
    container.call(&["rm"]).succeed()?;
    cli.call(&["image", "rm", "saved:1", "saved:2"]).succeed()?;
    cli.call(&["run", "--rm", "--pull", "never", "saved:1", "true"])
        .ends_with(125)?;
    cli.call(&["load", "--input", &archive]).mentions("saved:1")?;
    fs::remove_file(&archive)?;
    cli.call(&["inspect", "--format", "{{.Id}}", "saved:2"]).says(&id)?;
    cli.call(&["run", "--rm", "saved:1", "cat", "/hold"]).says("cargo\n")
}

fn images_have_tags_and_go_with_the_last(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["touch", "/tagged"])?;
    container.ended_with("0")?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "fleet/tagged:1", "fleet/tagged:2"]);
    let id = cli.call(&["commit", &container.id, "fleet/tagged:1"]).succeed()?.out;
    let id = id.trim();
    cli.call(&["tag", id, "fleet/tagged:2"]).succeed()?;
    let list = ["images", "--format", "{{.Tag}}", "fleet/tagged"];
    let mut tags: Vec<String> = cli.call(&list).succeed()?.out.lines().map(str::to_owned).collect();
    tags.sort();
    reads("tags", &tags.join(" "), "1 2")?;
    let first = cli.call(&["rmi", "fleet/tagged:1"]).succeed()?;
    first.out_has("Untagged: fleet/tagged:1")?;
    ensure(!first.out.contains("Deleted"), || first.to_string())?;
    cli.call(&["images", "--quiet", "--no-trunc", "--filter", "reference=fleet/*"])
        .says(&format!("{id}\n"))?;
    container.call(&["rm"]).succeed()?;
    cli.call(&["rmi", "fleet/tagged:2"]).mentions("Deleted: sha256:")?;
    let gone = cli.call(&["inspect", id]).finish()?;
    gone.ended_with(1)
}

fn an_image_tells_its_history_and_defaults(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "echo cargo >/hold"])?;
    container.ended_with("0")?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "told:1"]);
    let mut commit = vec![
        "commit",
        "--message",
        "stowed",
        "--change",
        "EXPOSE 80/tcp",
        "--change",
        "VOLUME /data",
    ];
    commit.extend([
        "--change",
        "ONBUILD RUN true",
        "--change",
        "LABEL fleet=told",
        &container.id,
        "told:1",
    ]);
    cli.call(&commit).succeed()?;
    let history = cli
        .call(&[
            "history",
            "--no-trunc",
            "--format",
            "{{.CreatedBy}} {{.Comment}}",
            "told:1",
        ])
        .succeed()?;
    reads("layers", &history.out.lines().count().to_string(), "2")?;
    history.out_has("sh -c echo cargo >/hold stowed")?;
    let template =
        "{{json .Config.ExposedPorts}} {{json .Config.Volumes}} {{json .Config.OnBuild}} {{.Config.Labels.fleet}}";
    cli.call(&["inspect", "--format", template, "told:1"])
        .says("{\"80/tcp\":{}} {\"/data\":{}} [\"RUN true\"] told\n")?;
    // A container has them, and its own on top.
    let id = cli.call(&["create", "--label", "deck=orlop", "told:1"]).succeed()?.out;
    let _removed = cli.afterwards(&["rm", "--volumes", id.trim()]);
    let template = "{{.Config.Labels.fleet}} {{.Config.Labels.deck}} {{len .Mounts}}";
    cli.call(&["inspect", "--format", template, id.trim()])
        .says("told orlop 1\n")
}

fn an_image_in_use_stays(cli: &Cli) -> Verdict {
    let base = cli.background(&[], &["touch", "/used"])?;
    base.ended_with("0")?;
    let _gone = cli.afterwards(&["image", "rm", "--force", "used:1"]);
    cli.call(&["commit", &base.id, "used:1"]).succeed()?;
    let user = cli.call(&["run", "--detach", "used:1", "sleep", "1000"]).succeed()?.out;
    let removed = cli.afterwards(&["rm", "--force", user.trim()]);
    let refused = cli.call(&["rmi", "used:1"]).finish()?;
    refused.ended_with(1)?;
    refused.said("is using its referenced image")?;
    let forced = cli.call(&["rmi", "--force", "used:1"]).finish()?;
    // Without its name the image lives on under the running container.
    cli.call(&["exec", user.trim(), "ls", "/used"]).says("/used\n")?;
    cli.call(&["restart", "--time", "0", user.trim()]).succeed()?;
    cli.call(&["exec", user.trim(), "ls", "/used"]).says("/used\n")?;
    drop(removed);
    let image = cli.call(&["image", "prune", "--force"]).succeed()?;
    ensure(forced.code != 0 || image.out.contains("deleted"), || {
        format!("{forced}; {image}")
    })
}
