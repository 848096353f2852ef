//! `docker cp`: files in and out of containers that run and that do not.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Verdict, ensure};

pub(in crate::engines) const CHECKS: &[Check<Cli>] = checks![
    long folders_are_copied_into_and_beside_folders,
    long a_stopped_container_is_copied_from_and_to,
    long archives_are_copied_by_pipes,
    long owners_are_kept_on_request,
    long copies_reach_volumes_and_not_read_only_places,
    long links_in_a_container_lead_nowhere_else,
];

fn folders_are_copied_into_and_beside_folders(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let cargo = cli.lab.make_folder("cargo-folder/below")?;
    let folder = cli.lab.path("cargo-folder");
    fs::write(format!("{cargo}/rope"), "hemp")?;
    fs::write(format!("{folder}/tar"), "pine")?;
    let inside = |path: &str| format!("{}:{path}", container.id);
    let list = |path: &str| container.exec(&[], &["sh", "-c", &format!("cd {path} && find . | sort | xargs")]);
    // To a name that is not there: under that name; into a folder that is there: below it; `/.`: only what is in it.
    cli.call(&["cp", &folder, &inside("/new")]).succeed()?;
    list("/new").says(". ./below ./below/rope ./tar\n")?;
    container.exec(&[], &["mkdir", "/old", "/bare"]).succeed()?;
    cli.call(&["cp", &folder, &inside("/old")]).succeed()?;
    list("/old").says(". ./cargo-folder ./cargo-folder/below ./cargo-folder/below/rope ./cargo-folder/tar\n")?;
    cli.call(&["cp", &format!("{folder}/."), &inside("/bare")]).succeed()?;
    list("/bare").says(". ./below ./below/rope ./tar\n")?;
    let back = cli.lab.path("cargo-folder-back");
    cli.call(&["cp", &inside("/new"), &back]).succeed()?;
    reads("below/rope", &fs::read_to_string(format!("{back}/below/rope"))?, "hemp")?;
    // A file over a folder, a folder over a file, and what is not there.
    for (from, to) in [
        (folder.clone(), inside("/new/tar")),
        (inside("/not-there"), back.clone()),
    ] {
        let outcome = cli.call(&["cp", &from, &to]).finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
    }
    fs::remove_dir_all(back)?;
    fs::remove_dir_all(folder).map_err(Into::into)
}

fn a_stopped_container_is_copied_from_and_to(cli: &Cli) -> Verdict {
    let container = cli.created(&[], &["sh", "-c", "cat /hold && echo more >>/hold"])?;
    let file = cli.lab.path("cargo");
    fs::write(&file, "rope\n")?;
    cli.call(&["cp", &file, &format!("{}:/hold", container.id)]).succeed()?;
    for _ in 0..2 {
        container.call(&["start"]).succeed()?;
        container.ended_with("0")?;
    }
    reads("logs", &container.call(&["logs"]).succeed()?.out, "rope\nrope\nmore\n")?;
    let back = cli.lab.path("cargo-back");
    cli.call(&["cp", &format!("{}:/hold", container.id), &back]).succeed()?;
    reads("back", &fs::read_to_string(back)?, "rope\nmore\nmore\n")
}

fn archives_are_copied_by_pipes(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let folder = cli.lab.make_folder("piped")?;
    fs::write(format!("{folder}/rope"), "hemp")?;
    fs::set_permissions(format!("{folder}/rope"), fs::Permissions::from_mode(0o751))?;
    let archive = cli.lab.path("piped.tar");
    Call::new("tar")
        .args([
            "--owner", "1000", "--group", "50", "-C", &folder, "-cf", &archive, "rope",
        ])
        .succeed()?;
    cli.call(&["cp", "-", &format!("{}:/tmp", container.id)])
        .stdin(fs::read(archive)?)
        .succeed()?;
    container
        .exec(&[], &["stat", "-c", "%a %u %g", "/tmp/rope"])
        .says("751 1000 50\n")?;
    cli.call(&["cp", &format!("{}:/tmp/rope", container.id), "-"])
        .mentions("hemp")
}

fn owners_are_kept_on_request(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sleep", "1000"])?;
    let file = cli.lab.path("owned");
    fs::write(&file, "rope")?;
    std::os::unix::fs::chown(&file, Some(1000), Some(50))?;
    cli.call(&["cp", "--archive", &file, &format!("{}:/tmp/kept", container.id)])
        .succeed()?;
    container
        .exec(&[], &["stat", "-c", "%u %g", "/tmp/kept"])
        .says("1000 50\n")
}

fn copies_reach_volumes_and_not_read_only_places(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("copied-to")?;
    let file = cli.lab.path("cargo");
    fs::write(&file, "rope")?;
    let volumes = [format!("{folder}:/data"), format!("{folder}:/fixed:ro")];
    let options = ["--read-only", "-v", &volumes[0], "-v", &volumes[1]];
    let container = cli.background(&options, &["sleep", "1000"])?;
    cli.call(&["cp", &file, &format!("{}:/data/in", container.id)])
        .succeed()?;
    reads("in the volume", &fs::read_to_string(format!("{folder}/in"))?, "rope")?;
    let back = cli.lab.path("cargo-back");
    cli.call(&["cp", &format!("{}:/fixed/in", container.id), &back])
        .succeed()?;
    for place in ["/fixed/other", "/root/other"] {
        let outcome = cli
            .call(&["cp", &file, &format!("{}:{place}", container.id)])
            .finish()?;
        ensure(outcome.code != 0, || outcome.to_string())?;
        outcome.said("read-only")?;
    }
    Ok(())
}

fn links_in_a_container_lead_nowhere_else(cli: &Cli) -> Verdict {
    let secret = cli.lab.path("secret");
    fs::write(&secret, "of the host")?;
    let up = "../../../../../../../../../..";
    let script = format!("ln -s {secret} /link; ln -s {up}{secret} /up; ln -s {up} /root-link; echo up; sleep 1000");
    let container = cli.background(&[], &["sh", "-c", &script])?;
    container.logs("up")?;
    let back = cli.lab.path("cargo-back");
    for link in ["/link", "/up", &format!("/root-link{secret}")] {
        let outcome = cli
            .call(&["cp", "--follow-link", &format!("{}:{link}", container.id), &back])
            .finish()?;
        ensure(outcome.code != 0, || format!("{link}: {outcome}"))?;
    }
    // Where the file is a link of the host's, it is the client who follows.
    let link = cli.lab.path("link-to-secret");
    let _ = fs::remove_file(&link);
    symlink(&secret, &link)?;
    cli.call(&["cp", "--follow-link", &link, &format!("{}:/tmp/in", container.id)])
        .succeed()?;
    container.exec(&[], &["cat", "/tmp/in"]).says("of the host")
}
