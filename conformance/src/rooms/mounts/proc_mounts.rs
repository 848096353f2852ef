//! Mounts on `/proc` and in it: what programs have to believe is not replaced (CVE-2019-16884).

use std::path::Path;

use crate::bundle::Bundle;
use crate::failure::{Failure, Verdict, same};
use crate::report::mount_at;
use crate::sentence::{Known, Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(mount_in_proc_is_refused_however_it_is_written, CRUN),
    test!(
        filesystem_in_proc_is_refused,
        (
            "runc",
            "1.1",
            "looks only where something is bound or of no kind that it knows"
        ),
        CRUN
    ),
    test!(folder_bound_at_proc_is_refused_however_it_is_written, CRUN),
    test!(tmpfs_at_proc_is_refused, ("runc", "1.1", "takes it"), CRUN),
    test!(mount_in_proc_by_a_link_of_the_image_is_refused, CRUN),
    test!(single_files_of_proc_may_be_replaced),
    test!(procfs_of_the_host_may_be_bound_at_proc),
    test!(mount_beside_proc_is_none_in_it),
];

const CRUN: Known = ("crun", "1.8", "mounts it");

const INSIDE: &str = "cannot be mounted because it is inside /proc";
const NO_PROC: &str = "cannot be mounted because it is not of type proc";

fn bound_at(t: &Trial<'_>, destination: &str) -> Result<Bundle, Failure> {
    Ok(t.bundle()?.bind(destination, Path::new(&t.host_folder()?), &["rbind"]))
}

fn mount_in_proc_is_refused_however_it_is_written(t: &Trial<'_>) -> Verdict {
    for destination in [
        "/proc/sys",
        "//proc/sys",
        "/proc//sys/",
        "/./proc/./sys",
        "/data/../proc/sys/kernel",
        "/../proc/self",
        "/proc/driver/../irq",
        "/proc/1/task",
    ] {
        t.refused(&bound_at(t, destination)?, &[INSIDE])?;
    }
    let file = Path::new(&t.host_folder()?).join("inside");
    for destination in ["/proc/sys/kernel/hostname", "/proc/self/attr/exec", "/proc/cmdline"] {
        t.refused(&t.bundle()?.bind(destination, &file, &["bind"]), &[INSIDE])?;
    }
    Ok(())
}

fn filesystem_in_proc_is_refused(t: &Trial<'_>) -> Verdict {
    for destination in ["/proc/sys", "/proc/self", "/proc/./fs"] {
        t.refused(&t.bundle()?.mount(destination, "tmpfs", "x", &[]), &[INSIDE])?;
    }
    Ok(())
}

fn folder_bound_at_proc_is_refused_however_it_is_written(t: &Trial<'_>) -> Verdict {
    for destination in ["/proc", "/proc/", "//proc", "/./proc", "/data/../proc"] {
        t.refused(&bound_at(t, destination)?, &[NO_PROC])?;
    }
    Ok(())
}

fn tmpfs_at_proc_is_refused(t: &Trial<'_>) -> Verdict {
    t.refused(&t.bundle()?.mount("/proc", "tmpfs", "x", &[]), &[NO_PROC])
}

fn mount_in_proc_by_a_link_of_the_image_is_refused(t: &Trial<'_>) -> Verdict {
    for (link, target, destination) in [
        ("link", "/proc", "/link/sys"),
        ("link", "proc", "/link/self"),
        ("link", ".", "/link/proc/sys"),
        ("data/link", "../proc/sys", "/data/link/kernel"),
        ("data/link", "/proc/sys", "/data/link"),
    ] {
        let bundle = bound_at(t, destination)?.link(link, Path::new(target))?;
        t.refused(&bundle, &[INSIDE])?;
    }
    Ok(())
}

fn single_files_of_proc_may_be_replaced(t: &Trial<'_>) -> Verdict {
    let file = Path::new(&t.host_folder()?).join("inside");
    let bundle = ["/proc/cpuinfo", "/proc/uptime", "//proc/./meminfo"]
        .into_iter()
        .fold(t.bundle()?, |bundle, path| bundle.bind(path, &file, &["bind", "ro"]));
    for line in t.see(&bundle.probe("read /proc/cpuinfo , read /proc/uptime , read /proc/meminfo"))? {
        same("content", &line["value"], "from the host")?;
    }
    Ok(())
}

fn procfs_of_the_host_may_be_bound_at_proc(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.without_mount("/proc").without_namespace("pid");
    let report = t.see_one(&bundle.bind("/proc", Path::new("/proc"), &["rbind"]))?;
    same("type", &mount_at(&report, "/proc")?["type"], "proc")
}

fn mount_beside_proc_is_none_in_it(t: &Trial<'_>) -> Verdict {
    for destination in ["/process", "/data/proc/sys", "/proc/../data"] {
        t.see(&bound_at(t, destination)?)?;
    }
    Ok(())
}
