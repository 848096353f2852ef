//! Files of podman's containers: copies, images made of them, volumes, secrets, and networks.

use std::fs;

use crate::engines::call::{Call, reads};
use crate::engines::check::{Check, checks};
use crate::engines::cli::Cli;
use crate::failure::{Failure, Verdict, ensure};

pub(super) const CHECKS: &[Check<Cli>] = checks![
    long files_are_copied_in_and_out,
    long differences_are_told_and_become_an_image,
    long a_container_is_exported_and_mounted,
    long named_volumes_keep_what_is_written,
    long a_volume_is_given_to_the_containers_user,
    long an_image_is_mounted,
    long secrets_are_files_or_variables,
    long a_pod_network_is_made_connected_and_left,
    long paths_are_unmasked,
    long processes_of_others_are_hidden,
    long an_entry_point_and_labels_of_the_image,
    long a_command_stays_below_its_image_of_one_run,
];

fn files_are_copied_in_and_out(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("copies")?;
    fs::write(format!("{folder}/in"), "rope\n")?;
    let container = cli.background(&["--tmpfs", "/hold"], &["sleep", "100"])?;
    let place = |path: &str| format!("{}:{path}", container.id);
    cli.call(&["cp", &format!("{folder}/in"), &place("/home/in")])
        .succeed()?;
    // A tmpfs is of the container's mount namespace alone.
    cli.call(&["cp", &format!("{folder}/in"), &place("/hold/in")])
        .succeed()?;
    container
        .exec(&[], &["cat", "/home/in", "/hold/in"])
        .says("rope\nrope\n")?;
    container.exec(&[], &["sh", "-c", "echo tar >/hold/out"]).succeed()?;
    cli.call(&["cp", &place("/hold/out"), &format!("{folder}/out")])
        .succeed()?;
    reads("copied", &fs::read_to_string(format!("{folder}/out"))?, "tar\n")
}

fn differences_are_told_and_become_an_image(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "echo rope >/hold; rm -r /home; sleep 100"])?;
    crate::engines::waiting::in_time("the differences", 10, || {
        let seen = container.call(&["diff"]).succeed()?.out;
        Ok((seen.contains("A /hold\n") && seen.contains("D /home\n"), seen))
    })?;
    let commit = [
        "commit",
        "--quiet",
        "--change",
        "CMD [\"cat\", \"/hold\"]",
        &container.id,
        "localhost/laden",
    ];
    cli.call(&commit).succeed()?;
    let verdict = cli.call(&["run", "--rm", "localhost/laden"]).says("rope\n");
    cli.call(&["rmi", "localhost/laden"]).succeed()?;
    verdict
}

fn a_container_is_exported_and_mounted(cli: &Cli) -> Verdict {
    let container = cli.background(&[], &["sh", "-c", "echo rope >/hold; sleep 100"])?;
    container
        .exec(&[], &["sh", "-c", "until test -s /hold; do sleep 0.1; done"])
        .succeed()?;
    let tar = cli.lab.path("exported.tar");
    container.call(&["export", "--output", &tar]).succeed()?;
    Call::new("tar").args(["-xOf", &tar, "hold"]).says("rope\n")?;
    if cli.is_rootless {
        return Ok(());
    }
    let point = container.call(&["mount"]).succeed()?.out;
    let seen = fs::read_to_string(format!("{}/hold", point.trim()));
    container.call(&["unmount"]).succeed()?;
    reads("mounted", &seen?, "rope\n")
}

fn named_volumes_keep_what_is_written(cli: &Cli) -> Verdict {
    cli.call(&["volume", "create", "hold"]).succeed()?;
    let verdict = (|| {
        // What the image has at the place is there at first.
        cli.script(&["-v", "hold:/home"], "ls /home; echo rope >/home/file")
            .says("user\n")?;
        cli.script(
            &["-v", "hold:/data:ro"],
            "cat /data/file; touch /data/f 2>/dev/null || echo refused",
        )
        .says("rope\nrefused\n")?;
        let source = cli.background(&["-v", "hold:/data"], &["sleep", "100"])?;
        cli.script(&["--volumes-from", &source.id], "cat /data/file")
            .says("rope\n")
    })();
    cli.call(&["volume", "rm", "hold"]).succeed()?;
    verdict
}

fn a_volume_is_given_to_the_containers_user(cli: &Cli) -> Verdict {
    let folder = cli.lab.make_folder("given")?;
    fs::write(format!("{folder}/file"), "rope\n")?;
    let options = ["-v", &format!("{folder}:/data:U"), "--user", "1000:1000"];
    let verdict = cli.script(
        &options,
        "stat -c '%u %g' /data /data/file; echo tar >/data/file; cat /data/file",
    );
    verdict.says("1000 1000\n1000 1000\ntar\n")
}

fn an_image_is_mounted(cli: &Cli) -> Verdict {
    let mount = format!("type=image,source={},destination=/other", cli.image);
    cli.script(
        &["--mount", &mount],
        "test -x /other/bin/busybox && touch /other/f 2>/dev/null || echo refused",
    )
    .says("refused\n")
}

fn secrets_are_files_or_variables(cli: &Cli) -> Verdict {
    cli.call(&["secret", "create", "chart", "-"])
        .stdin("here be rocks")
        .succeed()?;
    let verdict = (|| {
        let script = "cat /run/secrets/chart; stat -c ' %a %u' /run/secrets/chart";
        cli.script(&["--secret", "chart,mode=0400,uid=0"], script)
            .says("here be rocks 400 0\n")?;
        cli.script(&["--secret", "chart,type=env,target=CHART"], "echo $CHART")
            .says("here be rocks\n")
    })();
    cli.call(&["secret", "rm", "chart"]).succeed()?;
    verdict
}

fn a_pod_network_is_made_connected_and_left(cli: &Cli) -> Verdict {
    if cli.is_rootless {
        return Err(Failure::Skip("of root's podman".to_owned()));
    }
    cli.call(&["network", "create", "--disable-dns", "--subnet", "10.89.9.0/24", "lane"])
        .succeed()?;
    let verdict = (|| {
        let options = ["--network", "lane", "--ip", "10.89.9.7"];
        let server = cli.background(&options, &["sh", "-c", "echo rope >/f; nc -ll -p 7070 -e cat /f"])?;
        server
            .exec(
                &[],
                &["sh", "-c", "ip -4 -o addr show eth0 | tr -s ' ' | cut -d' ' -f4"],
            )
            .says("10.89.9.7/24\n")?;
        let client = cli.background(&["--network", "none"], &["sleep", "100"]);
        let client = client?;
        let answer = cli.script(
            &["--network", "lane"],
            "for n in 1 2 3 4 5; do nc -w 2 10.89.9.7 7070 </dev/null && exit; sleep 0.3; done; exit 1",
        );
        answer.says("rope\n")?;
        drop(client);
        // A running container gets another interface, and loses it.
        let links = || Ok::<_, Failure>(server.exec(&[], &["ls", "/sys/class/net"]).succeed()?.out);
        cli.call(&[
            "network",
            "create",
            "--disable-dns",
            "--subnet",
            "10.89.10.0/24",
            "strait",
        ])
        .succeed()?;
        cli.call(&["network", "connect", "strait", &server.id]).succeed()?;
        let with = links()?;
        cli.call(&["network", "disconnect", "strait", &server.id]).succeed()?;
        let without = links()?;
        ensure(with.contains("eth1") && !without.contains("eth1"), || {
            format!("{with}, then {without}")
        })
    })();
    cli.call(&["network", "rm", "--force", "lane"]).succeed()?;
    cli.call(&["network", "rm", "--force", "strait"]).finish()?;
    // The bridges of networks stay.
    for link in fs::read_dir("/sys/class/net")?.flatten() {
        let name = link.file_name().to_string_lossy().into_owned();
        let address = Call::new("ip")
            .args(["-4", "-o", "addr", "show", "dev", &name])
            .finish()?
            .out;
        if address.contains("10.89.9.") || address.contains("10.89.10.") {
            Call::new("ip").args(["link", "delete", &name]).finish()?;
        }
    }
    verdict
}

fn paths_are_unmasked(cli: &Cli) -> Verdict {
    let script = "grep -c ' /proc/[a-z]' /proc/mounts";
    let outcome = cli.script(&["--security-opt", "unmask=ALL"], script).finish()?;
    reads("mounts below /proc", &outcome.out, "0\n")?;
    let script = "grep -c ' /proc/kcore' /proc/mounts";
    let outcome = cli.script(&["--security-opt", "unmask=/proc/kcore"], script).finish()?;
    reads("mounts at /proc/kcore", &outcome.out, "0\n")
}

fn processes_of_others_are_hidden(cli: &Cli) -> Verdict {
    let options = ["--security-opt", "proc-opts=hidepid=2", "--user", "1000"];
    cli.script(
        &options,
        "grep -o 'hidepid=[a-z0-9]*' /proc/mounts | tail -n 1; ls -d /proc/1",
    )
    .mentions("hidepid=")
}

fn an_entry_point_and_labels_of_the_image(cli: &Cli) -> Verdict {
    let options = [
        "--entrypoint",
        "[\"echo\", \"begins\"]",
        "--label",
        "ship=one",
        "--annotation",
        "fleet.example/n=1",
    ];
    cli.run(&options, &["with", "this"]).says("begins with this\n")
}

fn a_command_stays_below_its_image_of_one_run(cli: &Cli) -> Verdict {
    // Nothing of one container is in the next one of the same image.
    cli.script(&[], "echo rope >/hold && cat /hold").says("rope\n")?;
    cli.script(&[], "cat /hold 2>/dev/null || echo none").says("none\n")
}
