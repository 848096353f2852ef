//! The numbers and structures of the image's system calls, compared with the headers of the kernel and of the C
//! library, for each machine whose headers are installed.
//!
//! A small C file is made of the constants in the image's source, one `_Static_assert` each, and given to the C
//! compiler. A constant that is added to the image is compared from then on, under its own name if [`c_name`] does not
//! know better. On Debian, the headers are in `libc6-dev` and, for aarch64, in `linux-libc-dev-arm64-cross` and
//! `libc6-dev-arm64-cross`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

#[path = "headers/source.rs"]
mod source;

use orlop_init::linux;
use source::{Layout, constants, image, image_files, modules, number_behind};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A machine, and where Debian has its headers.
struct Machine {
    name: &'static str,
    /// The machine's file in the image's source.
    source: &'static str,
    /// Where its C library's and kernel's headers are, in the compiler's order.
    headers: &'static [&'static str],
    /// How the image gives the number of `rt_sigreturn`.
    return_from_handler: &'static str,
    /// Makes another machine's compiler see this one's side of the headers.
    defines: &'static [&'static str],
}

const MACHINES: [Machine; 2] = [
    Machine {
        name: "x86_64",
        source: "sys/x86_64.rs",
        headers: &["/usr/include/x86_64-linux-gnu", "/usr/include"],
        return_from_handler: "mov eax, ",
        defines: &["-D__x86_64__=1", "-U__aarch64__"],
    },
    Machine {
        name: "aarch64",
        source: "sys/aarch64.rs",
        headers: &["/usr/aarch64-linux-gnu/include"],
        return_from_handler: "mov x8, #",
        defines: &["-U__x86_64__", "-D__aarch64__=1"],
    },
];

/// Headers of the kernel. They and the C library's do not go together in one file.
const KERNEL: &[&str] = &[
    "stddef.h",
    "asm/errno.h",
    "asm/fcntl.h",
    "asm/ioctls.h",
    "asm/poll.h",
    "asm/siginfo.h",
    "asm/signal.h",
    "asm/socket.h",
    "asm/statfs.h",
    "asm/termios.h",
    "asm/unistd.h",
    "linux/capability.h",
    "linux/close_range.h",
    "linux/fcntl.h",
    "linux/filter.h",
    "linux/ioprio.h",
    "linux/keyctl.h",
    "linux/landlock.h",
    "linux/magic.h",
    "linux/major.h",
    "linux/mman.h",
    "linux/mount.h",
    "linux/openat2.h",
    "linux/prctl.h",
    "linux/resource.h",
    "linux/sched.h",
    "linux/sched/types.h",
    "linux/seccomp.h",
    "linux/sockios.h",
    "linux/stat.h",
    "linux/time.h",
    "linux/time_types.h",
    "linux/uio.h",
    "linux/wait.h",
];

/// Headers of the C library, for what the kernel does not export.
const LIBRARY: &[&str] = &[
    "stddef.h",
    "dirent.h",
    "fcntl.h",
    "net/if.h",
    "sys/mount.h",
    "sys/socket.h",
];

/// Constants that only the C library's headers have.
const IN_LIBRARY: &[&str] = &[
    "AF_INET",
    "AF_NETLINK",
    "IFF_RUNNING",
    "IFF_UP",
    "MNT_DETACH",
    "MSG_CMSG_CLOEXEC",
    "MSG_NOSIGNAL",
    "SCM_RIGHTS",
    "SEEK_SET",
    "SOCK_DGRAM",
    "SOCK_RAW",
    "SOL_SOCKET",
    "UMOUNT_NOFOLLOW",
];

/// Constants that are nobody's but ours.
const OURS: &[&str] = &[
    "ALIGNMENT",
    "CPUS",
    "DANGLING_LINKS",
    "DEPTH",
    "MOST_NAMES",
    "GUARD",
    // Linux's include/linux/key.h, which no header gives to programs.
    "KEY_POS_ALL",
    "KEY_USR_LINK",
    "KEY_USR_READ",
    "KEY_USR_SEARCH",
    "KEY_USR_VIEW",
    "LARGEST",
    "LENGTH",
    "MOST_NAMES",
    "NONE",
    "NOTHING",
    "NOWHERE",
    "NULL",
    "PAGE",
    "PASSES",
    "RELEASED",
    "SILENT",
    "STACK",
    "STRICT",
    "THROUGH_LINKS",
    "TO_WHAT_WAS_MADE",
    "TRIES",
    // Newer than Debian's headers: asm/unistd.h of Linux 6.8, 457 on every machine.
    "STATMOUNT",
];

/// Constants of `linux.rs` whose numbers the kernel's headers only reserve, in a comment.
const RESERVED: &[&str] = &["SCHED_ISO"];

/// How C calls a constant of the image.
fn c_name(ours: &str) -> String {
    match ours {
        "THREAD" => "(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)".to_owned(),
        "NEW_LISTENER" => "SECCOMP_FILTER_FLAG_NEW_LISTENER".to_owned(),
        "WAIT_KILLABLE_RECV" => "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV".to_owned(),
        "CWD" => "AT_FDCWD".to_owned(),
        "PROT_READ_WRITE" => "(PROT_READ | PROT_WRITE)".to_owned(),
        "LINUX_CAPABILITY_VERSION_3" => "_LINUX_CAPABILITY_VERSION_3".to_owned(),
        // Linux's include/linux/proc_fs.h; the C side of a mount's first inode is no header of ours.
        "PROC_ROOT_INODE" => "1".to_owned(),
        // Newer than Debian's headers: linux/landlock.h of Linux 6.10.
        "LANDLOCK_RULE_NET_PORT" => "2".to_owned(),
        // linux/stat.h and linux/mount.h of Linux 6.8.
        "STATX_MNT_ID_UNIQUE" => "0x4000".to_owned(),
        "STATMOUNT_MNT_POINT" => "0x10".to_owned(),
        "OF_FILES" => {
            let old = ["EXECUTE", "WRITE_FILE", "READ_FILE"].map(|right| format!("LANDLOCK_ACCESS_FS_{right}"));
            format!("({} | 1 << 14 | 1 << 15)", old.join(" | "))
        }
        _ => ours.to_owned(),
    }
}

/// What C puts before the names in a module of `linux.rs`.
fn prefix(module: &str) -> &'static str {
    match module {
        "namespace" => "CLONE_",
        "mount_attribute" => "MOUNT_ATTR_",
        "mount_flag" => "MS_",
        "errno" => "E",
        _ => "",
    }
}

/// Structures of the image that are one of C's, of the kernel's headers or of the library's: the file, our name and
/// C's, and the names of the fields.
type Structure = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const KERNEL_STRUCTURES: &[Structure] = &[
    (
        "sys/status.rs",
        "Statx",
        "struct statx",
        &[
            ("mask", "stx_mask"),
            ("uid", "stx_uid"),
            ("gid", "stx_gid"),
            ("mode", "stx_mode"),
            ("inode", "stx_ino"),
            ("size", "stx_size"),
            ("device_major", "stx_rdev_major"),
            ("device_minor", "stx_rdev_minor"),
            ("attributes", "stx_attributes"),
            ("attributes_mask", "stx_attributes_mask"),
            ("filesystem_major", "stx_dev_major"),
            ("filesystem_minor", "stx_dev_minor"),
            ("mount", "stx_mnt_id"),
        ],
    ),
    (
        "sys/descriptor.rs",
        "Poll",
        "struct pollfd",
        &[("file", "fd"), ("events", "events"), ("returned", "revents")],
    ),
    (
        "sys/seccomp.rs",
        "FilterProgram",
        "struct sock_fprog",
        &[("length", "len"), ("filter", "filter")],
    ),
    (
        "sys/file.rs",
        "How",
        "struct open_how",
        &[("flags", "flags"), ("mode", "mode"), ("resolve", "resolve")],
    ),
    (
        "sys/clock.rs",
        "Time",
        "struct __kernel_timespec",
        &[("seconds", "tv_sec"), ("nanoseconds", "tv_nsec")],
    ),
    (
        "sys/limits.rs",
        "Limit",
        "struct rlimit64",
        &[("soft", "rlim_cur"), ("hard", "rlim_max")],
    ),
    (
        "sys/terminal.rs",
        "WindowSize",
        "struct winsize",
        &[("rows", "ws_row"), ("columns", "ws_col")],
    ),
    (
        "sys/signals.rs",
        "SignalAction",
        "struct sigaction",
        &[
            ("handler", "sa_handler"),
            ("flags", "sa_flags"),
            ("restorer", "sa_restorer"),
            ("mask", "sa_mask"),
        ],
    ),
    (
        "sys/socket.rs",
        "Vector",
        "struct iovec",
        &[("base", "iov_base"), ("length", "iov_len")],
    ),
];

const LIBRARY_STRUCTURES: &[Structure] = &[
    (
        "sys/socket.rs",
        "MessageHeader",
        "struct msghdr",
        &[
            ("name", "msg_name"),
            ("name_length", "msg_namelen"),
            ("vectors", "msg_iov"),
            ("vectors_count", "msg_iovlen"),
            ("control", "msg_control"),
            ("control_length", "msg_controllen"),
            ("flags", "msg_flags"),
        ],
    ),
    (
        "sys/socket.rs",
        "ControlHeader",
        "struct cmsghdr",
        &[("length", "cmsg_len"), ("level", "cmsg_level"), ("kind", "cmsg_type")],
    ),
    ("sys/network.rs", "Request", "struct ifreq", &[("flags", "ifr_flags")]),
];

/// Structures of `linux.rs`: the module stands for the file.
const SHARED_STRUCTURES: &[Structure] = &[
    (
        "mount_attribute",
        "MountAttributes",
        "struct mount_attr",
        &[
            ("set", "attr_set"),
            ("clear", "attr_clr"),
            ("propagation", "propagation"),
            ("namespace", "userns_fd"),
        ],
    ),
    (
        "scheduling",
        "SchedulingAttributes",
        "struct sched_attr",
        &[
            ("size", "size"),
            ("policy", "sched_policy"),
            ("flags", "sched_flags"),
            ("nice", "sched_nice"),
            ("priority", "sched_priority"),
            ("runtime", "sched_runtime"),
            ("deadline", "sched_deadline"),
            ("period", "sched_period"),
            ("utilization_min", "sched_util_min"),
            ("utilization_max", "sched_util_max"),
        ],
    ),
];

/// Layouts that the image's code has as plain numbers: in C, and what they must be.
const KERNEL_LAYOUTS: &[(&str, usize)] = &[
    // sys/process.rs: wait() reads 32-bit words 2 and 6 of a buffer of 32.
    ("offsetof(siginfo_t, si_code)", 8),
    ("offsetof(siginfo_t, si_status)", 24),
    ("sizeof(siginfo_t)", 128),
    // sys/landlock.rs.
    ("offsetof(struct landlock_path_beneath_attr, allowed_access)", 0),
    ("offsetof(struct landlock_path_beneath_attr, parent_fd)", 8),
    ("sizeof(struct landlock_path_beneath_attr)", 12),
    ("offsetof(struct landlock_ruleset_attr, handled_access_fs)", 0),
    // sys/status.rs: filesystem() reads the first word of a buffer of 16, mount_flags() the eleventh.
    ("offsetof(struct statfs, f_type)", 0),
    ("sizeof(((struct statfs *)0)->f_type)", 8),
    ("offsetof(struct statfs, f_flags)", 80),
    ("sizeof(struct statfs)", 120),
    // sys/credentials.rs: set_capabilities().
    ("sizeof(struct __user_cap_header_struct)", 8),
    ("offsetof(struct __user_cap_data_struct, permitted)", 4),
    ("offsetof(struct __user_cap_data_struct, inheritable)", 8),
    ("sizeof(struct __user_cap_data_struct)", 12),
    // sys/descriptor.rs: poll() has no set of signals. sys/signals.rs has one of 64 bits.
    ("sizeof(sigset_t)", 8),
    // sys/seccomp.rs counts instructions by their size.
    ("sizeof(struct sock_filter)", 8),
];

const LIBRARY_LAYOUTS: &[(&str, usize)] = &[
    // sys/socket.rs: Control, and its LENGTH.
    ("CMSG_SPACE(sizeof(int))", 24),
    ("CMSG_LEN(sizeof(int))", 20),
    // sys/network.rs: socket().
    ("SOCK_CLOEXEC == O_CLOEXEC", 1),
    // mounts/copy.rs: a directory's entries, which getdents64 gives in the library's form.
    ("offsetof(struct dirent64, d_reclen)", 16),
    ("sizeof(((struct dirent64 *)0)->d_reclen)", 2),
    ("offsetof(struct dirent64, d_name)", 19),
];

#[test]
fn the_image_has_the_kernels_numbers_and_structures() {
    let mut compared = 0;
    for machine in &MACHINES {
        match compare(machine) {
            Ok(count) => {
                println!("{}: {count} facts compared with {:?}", machine.name, machine.headers);
                compared += 1;
            }
            Err(reason) => println!("{}: skipped: {reason}", machine.name),
        }
    }
    println!("{compared} of {} machines", MACHINES.len());
}

/// Compares everything for one machine; an error is a reason why that cannot be done here.
fn compare(machine: &Machine) -> Result<usize, String> {
    for header in ["asm/unistd.h", "dirent.h"] {
        if !machine
            .headers
            .iter()
            .any(|folder| Path::new(folder).join(header).exists())
        {
            return Err(format!("no {header} in {:?}", machine.headers));
        }
    }
    let (kernel, library) = facts(machine);
    let (kernel, library) = (includes(KERNEL) + &kernel, includes(LIBRARY) + &library);
    for (part, text) in [("kernel", &kernel), ("library", &library)] {
        if let Some(complaint) = compile(machine, part, text)? {
            panic!("{}, headers of the {part}:\n{complaint}", machine.name);
        }
    }
    // A compiler that let everything pass would be no test.
    let wrong = includes(KERNEL) + "_Static_assert(__NR_read == 4711, \"wrong\");\n";
    assert!(
        compile(machine, "wrong", &wrong)?.is_some(),
        "the compiler does not look at assertions"
    );
    Ok((kernel + &library).matches("_Static_assert(").count())
}

fn includes(headers: &[&str]) -> String {
    headers.iter().map(|header| format!("#include <{header}>\n")).collect()
}

/// What must hold, in C: for the headers of the kernel, and for those of the library.
fn facts(machine: &Machine) -> (String, String) {
    let (mut kernel, mut library) = (String::new(), String::new());
    let own = image(machine.source);
    let (flags, numbers) = own.split_once("mod number {").unwrap();
    for (name, value) in constants(numbers, OURS) {
        let name = format!("__NR_{}", name.to_lowercase());
        assert_equal(&mut kernel, &name, value);
    }
    assert_equal(
        &mut kernel,
        "__NR_rt_sigreturn",
        number_behind(&own, machine.return_from_handler),
    );

    let mut numbers = constants(flags, OURS);
    for file in image_files() {
        numbers.extend(constants(&image(&file), OURS));
    }
    assert!(numbers.len() > 80, "only {} constants were found", numbers.len());
    for (name, value) in numbers {
        let in_library = IN_LIBRARY.contains(&name.as_str());
        assert_equal(
            if in_library { &mut library } else { &mut kernel },
            &c_name(&name),
            value,
        );
    }
    kernel += &shared_facts();

    for (text, structures) in [(&mut kernel, KERNEL_STRUCTURES), (&mut library, LIBRARY_STRUCTURES)] {
        for (file, ours, theirs, fields) in structures {
            *text += &Layout::of(&image(file), ours).assertions(theirs, fields);
        }
    }
    for (text, layouts) in [(&mut kernel, KERNEL_LAYOUTS), (&mut library, LIBRARY_LAYOUTS)] {
        for (c, value) in layouts {
            assert_equal(text, c, i128::try_from(*value).unwrap());
        }
    }
    (kernel, library)
}

/// What must hold of `linux.rs`.
fn shared_facts() -> String {
    let mut text = String::new();
    for (module, source) in modules() {
        for (name, value) in constants(&source, RESERVED) {
            let name = match (module.as_str(), name.as_str()) {
                ("mount_attribute", "ATIME") => "_ATIME",
                (_, name) => name,
            };
            assert_equal(&mut text, &format!("{}{name}", prefix(&module)), value);
        }
        for (_, ours, theirs, fields) in SHARED_STRUCTURES.iter().filter(|(of, ..)| *of == module) {
            text += &Layout::of(&source, ours).assertions(theirs, fields);
        }
    }
    for names in [&linux::capability::NAMES[..], &linux::rlimit::NAMES] {
        for (number, name) in (0..).zip(names) {
            assert_equal(&mut text, name, number);
        }
    }
    assert_equal(&mut text, "CAP_LAST_CAP", 40);
    assert_equal(&mut text, "RLIM_NLIMITS", 16);
    text
}

fn assert_equal(text: &mut String, c: &str, value: i128) {
    let _ = writeln!(text, "_Static_assert(({c}) == {value}, \"{c} is not {value}\");");
}

/// What the compiler has to say against `text`, if anything.
fn compile(machine: &Machine, part: &str, text: &str) -> Result<Option<String>, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("{}-{part}.c", machine.name));
    std::fs::write(&file, text).unwrap();
    // Any 64-bit compiler will do: it is not asked for code, and these structures have the same alignment everywhere.
    let mut command = Command::new("cc");
    command.args([
        "-fsyntax-only",
        "-std=gnu11",
        "-w",
        "-D_GNU_SOURCE",
        "-D__EXPORTED_HEADERS__",
        "-nostdinc",
    ]);
    command.args(machine.defines);
    if let Some(own) = compilers_headers() {
        command.arg("-isystem").arg(own);
    }
    for folder in machine.headers {
        command.arg("-isystem").arg(folder);
    }
    let output = command.arg(&file).output().map_err(|error| format!("cc: {error}"))?;
    Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// The folder of `stddef.h`, which is the compiler's.
fn compilers_headers() -> Option<String> {
    let output = Command::new("cc").arg("-print-file-name=include").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
