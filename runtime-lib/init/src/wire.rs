//! The plan as init reads it: a header, a table of descriptors, and a flat list of steps.
//!
//! Both sides are of the same build and run on the same machine, so numbers are in the machine's own order and there is no version to agree
//! on. The plan is nevertheless read with every length checked: a fault of ours must end in an error, not in a wild read by a process that is
//! still root.

use core::ffi::CStr;

/// The first word of a plan.
pub const MAGIC: u32 = 0x6f72_6c70;

/// So many bytes can a source or a parameter of a filesystem have where it is made by `man 2 fsconfig`.
pub const LONGEST_PARAMETER: usize = 255;

/// So many bytes can all parameters have together, with commas between them, where the filesystem is mounted by `man 2 mount`.
pub const LONGEST_DATA: usize = 4095;

/// Whether a parameter, `key` or `key=value`, is too long for `fsconfig`.
pub fn is_too_long(parameter: &CStr) -> bool {
    parameter
        .to_bytes()
        .splitn(2, |byte| *byte == b'=')
        .any(|part| part.len() > LONGEST_PARAMETER)
}

/// The plan is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Which of the descriptors that init inherits: an index into the table behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A security module that labels processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityModule {
    /// AppArmor.
    AppArmor,
    /// SELinux.
    SeLinux,
}

/// A list of strings, as `execve` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strings<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Strings<'a> {
    /// No strings.
    pub const EMPTY: Self = Self { count: 0, bytes: &[] };

    /// A list of `count` strings that stand in `bytes` one after the other, each with its NUL.
    ///
    /// # Errors
    /// If there are not exactly so many.
    pub fn new(count: u32, bytes: &'a [u8]) -> Result<Self, Malformed> {
        let found = bytes.iter().filter(|byte| **byte == 0).count();
        let ends_well = bytes.last().is_none_or(|byte| *byte == 0);
        if found == count as usize && ends_well {
            Ok(Self { count, bytes })
        } else {
            Err(Malformed)
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The strings in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a CStr> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let string = CStr::from_bytes_until_nul(rest).ok()?;
            rest = rest.get(string.count_bytes() + 1..)?;
            Some(string)
        })
    }
}

/// The permissions of a node that exists have to be those of the step.
pub const NODE_MODE: u32 = 1;
/// So does its owner.
pub const NODE_UID: u32 = 2;
/// So does its group.
pub const NODE_GID: u32 = 4;
/// Nobody asked for just this node: what an image or a mount puts there is as good, and over a plain file the device is bound.
pub const NODE_DEFAULT: u32 = 8;
/// No node can be made where the runtime is: a plain file is what was left of the last time that the device was bound over it.
pub const NODE_BOUND: u32 = 16;

/// How a mount is to propagate: operations that are done one after the other, each `MS_SHARED` or the like, with `MS_REC` if that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagations<'a>(&'a [u8]);

impl<'a> Propagations<'a> {
    /// It stays as it is.
    pub const EMPTY: Self = Self(&[]);

    /// The operations that stand in `bytes`, each a `u32`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The operations in their order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + use<'a> {
        let operations = self.0.as_chunks::<4>().0.iter();
        operations.map(|flags| u64::from(u32::from_ne_bytes(*flags)))
    }
}

/// Takes the bytes of a plan that is being written.
pub trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
}

/// Reads a plan from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A value with a form on the wire.
pub trait Wire<'a>: Sized {
    /// Writes it.
    fn put(&self, sink: &mut impl Sink);
    /// Reads it.
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed>;
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl Wire<'_> for $kind {
            fn put(&self, sink: &mut impl Sink) {
                sink.put(&self.to_ne_bytes());
            }
            fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
                let bytes = reader.bytes(size_of::<Self>())?;
                Ok(Self::from_ne_bytes(bytes.try_into().map_err(|_| Malformed)?))
            }
        }
    )*};
}

number!(u8, u32, i32, u64, i64);

impl Wire<'_> for bool {
    fn put(&self, sink: &mut impl Sink) {
        u8::from(*self).put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match u8::take(reader)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }
}

impl Wire<'_> for SecurityModule {
    fn put(&self, sink: &mut impl Sink) {
        (*self as u8).put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        match u8::take(reader)? {
            0 => Ok(Self::AppArmor),
            1 => Ok(Self::SeLinux),
            _ => Err(Malformed),
        }
    }
}

impl Wire<'_> for Slot {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        u32::take(reader).map(Self)
    }
}

/// No slot has the largest number.
impl Wire<'_> for Option<Slot> {
    fn put(&self, sink: &mut impl Sink) {
        self.map_or(u32::MAX, |slot| slot.0).put(sink);
    }
    fn take(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let number = u32::take(reader)?;
        Ok((number != u32::MAX).then_some(Slot(number)))
    }
}

impl<'a> Wire<'a> for &'a [u8] {
    fn put(&self, sink: &mut impl Sink) {
        // A length that does not fit ends as a malformed plan, which init refuses.
        u32::try_from(self.len()).unwrap_or(u32::MAX).put(sink);
        sink.put(self);
    }
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let length = u32::take(reader)?;
        reader.bytes(length as usize)
    }
}

impl<'a> Wire<'a> for &'a CStr {
    fn put(&self, sink: &mut impl Sink) {
        self.to_bytes_with_nul().put(sink);
    }
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        CStr::from_bytes_with_nul(<&[u8]>::take(reader)?).map_err(|_| Malformed)
    }
}

impl<'a> Wire<'a> for Strings<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.count.put(sink);
        self.bytes.put(sink);
    }
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let count = u32::take(reader)?;
        Self::new(count, <&[u8]>::take(reader)?)
    }
}

impl<'a> Wire<'a> for Propagations<'a> {
    fn put(&self, sink: &mut impl Sink) {
        self.0.put(sink);
    }
    fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        <&[u8]>::take(reader).map(Self)
    }
}

/// Declares the steps: from one declaration come the type, its form on the wire and its number.
macro_rules! steps {
    ($life:lifetime; $($(#[$doc:meta])* $name:ident = $number:literal $({ $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })?)*) => {
        /// One thing that init does. The order of a plan's steps is the order in which they are carried out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Step<$life> {
            $($(#[$doc])* $name $({ $($(#[$field_doc])* $field: $kind,)* })?,)*
        }

        impl<$life> Wire<$life> for Step<$life> {
            fn put(&self, sink: &mut impl Sink) {
                match self {
                    $(Self::$name $({ $($field,)* })? => {
                        ($number as u8).put(sink);
                        $($($field.put(sink);)*)?
                    })*
                }
            }
            fn take(reader: &mut Reader<$life>) -> Result<Self, Malformed> {
                match u8::take(reader)? {
                    $($number => Ok(Self::$name $({ $($field: Wire::take(reader)?,)* })?),)*
                    _ => Err(Malformed),
                }
            }
        }
    };
}

steps! { 'a;
    /// Take a new session keyring (`man 2 keyctl`, `KEYCTL_JOIN_SESSION_KEYRING`).
    NewKeyring = 1 {
        /// Its name.
        name: &'a CStr,
    }
    /// Join a cgroup: write `0` to its `tasks` or `cgroup.procs`. As the only thread, init is spared the lock that moving
    /// another process takes.
    JoinCgroup = 2 {
        /// The file, open for writing.
        file: Slot,
    }
    /// Make new namespaces (`man 2 unshare`).
    Unshare = 3 {
        /// `CLONE_NEW*` flags.
        flags: u64,
    }
    /// Join a namespace (`man 2 setns`).
    JoinNamespace = 4 {
        /// The namespace's file.
        file: Slot,
        /// Its `CLONE_NEW*` flag.
        kind: u64,
        /// A refusal is no error yet: the same is tried again from within the user namespace.
        defer: bool,
    }
    /// Join a namespace that could not be joined before the user namespace was.
    JoinDeferred = 41 {
        /// The namespace's file.
        file: Slot,
        /// Its `CLONE_NEW*` flag.
        kind: u64,
    }
    /// Wait while the parent writes the maps of the new user namespace, which only somebody outside may do.
    MapIds = 42
    /// Become root of the user namespace, as far as it has one.
    BecomeRoot = 43 {
        /// Stay in the caller's supplementary groups.
        keep_groups: bool,
    }
    /// Go on in a child of the same parent, which is the first process of the pid namespace made before.
    EnterPidNamespace = 44
    /// Leave the caller's supplementary groups, if that is allowed: in a user namespace that is joined it may not be.
    DropGroups = 48
    /// Enter the time namespace that was made for children.
    EnterTimeNamespace = 47
    /// Open the file that takes the offsets of a new time namespace, while it is ours to open.
    OpenTimeOffsets = 49
    /// Open the sources of bind mounts, while init is the user that it was started as: in a user namespace it will be another one, who may have no
    /// way there. What cannot be opened is left for the mount itself to fail at.
    OpenSources = 64 {
        /// Paths of the host's.
        paths: Strings<'a>,
    }
    /// The next bind mount, or the root, has a source that was opened before.
    TakeSource = 65 {
        /// Which one.
        index: u32,
    }
    /// The next bind mount takes the first of two sources that is there.
    EitherSource = 66 {
        /// A path of the host's.
        first: &'a CStr,
        /// Another one.
        second: &'a CStr,
    }
    /// Set how far the new time namespace's clocks are off the host's. It is entered by the last execve.
    TimeOffsets = 45 {
        /// Lines for `/proc/self/timens_offsets`.
        text: &'a CStr,
    }
    /// Join a pid namespace, and go on in a child of the same parent: only children are members.
    JoinPidNamespace = 5 {
        /// The namespace's file.
        file: Slot,
    }
    /// Change how mounts propagate, from the host's root on, in our copy of its mounts.
    HostPropagation = 6 {
        /// `MS_SLAVE` or `MS_PRIVATE`.
        propagation: u64,
    }
    /// Make the mount that holds the rootfs private, so that nothing mounted there shows on the host.
    PrivateAround = 7 {
        /// The rootfs, absolute, on the host.
        path: &'a CStr,
    }
    /// Mount the rootfs on itself, and take hold of it.
    OpenRoot = 8 {
        /// The rootfs, absolute, on the host.
        path: &'a CStr,
        /// Its propagation while it is set up: `MS_PRIVATE`, or 0 to leave it.
        propagation: u64,
    }
    /// Mount a new filesystem inside the rootfs (`man 2 fsopen`).
    Mount = 9 {
        /// The filesystem's type.
        kind: &'a CStr,
        /// What is mounted; empty for none.
        source: &'a CStr,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The filesystem's own parameters: `key` or `key=value`.
        parameters: Strings<'a>,
        /// `MOUNT_ATTR_*` of the mount.
        attributes: u64,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
        /// Copy what is below the mount point into the filesystem.
        copy_up: bool,
        /// The permissions of the mount point, if it has to be made.
        mode: u32,
    }
    /// Bind a file or a tree into the rootfs.
    Bind = 10 {
        /// What is bound, absolute, on the host.
        source: &'a CStr,
        /// Where, below the rootfs.
        target: &'a CStr,
        /// Take the mounts below the source too.
        recursive: bool,
        /// `MOUNT_ATTR_*` to set.
        set: u64,
        /// `MOUNT_ATTR_*` to clear.
        clear: u64,
        /// `MOUNT_ATTR_*` to clear as well, unless they are locked (`man 7 mount_namespaces`): nobody asked for just these.
        clear_unlocked: u64,
        /// `MOUNT_ATTR_*` to set on all mounts of the tree.
        set_all: u64,
        /// `MOUNT_ATTR_*` to clear on all mounts of the tree.
        clear_all: u64,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
    }
    /// Change the attributes of what is mounted inside the rootfs.
    Attributes = 11 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MOUNT_ATTR_*` to set.
        set: u64,
        /// `MOUNT_ATTR_*` to clear.
        clear: u64,
    }
    /// Change the flags of a filesystem that is mounted inside the rootfs (`man 2 mount`, `MS_REMOUNT`): those that the mount API has no word for.
    Remount = 40 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// `MS_*` flags: all that the mount and its filesystem are to have.
        flags: u64,
    }
    /// Map the ids of what the next step mounts (`man 2 mount_setattr`, `MOUNT_ATTR_IDMAP`).
    MapNextMount = 60 {
        /// A user namespace with the maps.
        namespace: Slot,
        /// Map those of the mounts below, too.
        recursive: bool,
    }
    /// Take the tree that the next step binds from the parent, who may do with it what a user namespace may not.
    TakeTree = 61 {
        /// The tree, which has no place yet.
        tree: Slot,
    }
    /// Take links in the next bind's paths for what they are.
    NextLinks = 62 {
        /// Bind a source that is a link as such.
        source: bool,
        /// Bind onto a target that is a link.
        target: bool,
        /// Make a link like a source that is one, instead of binding it.
        copy: bool,
    }
    /// Change what is mounted inside the rootfs: the attributes of the mount, and the parameters of its filesystem (`man 2 fspick`).
    ChangeMount = 63 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The filesystem's parameters to change: `key` or `key=value`.
        parameters: Strings<'a>,
        /// `MOUNT_ATTR_*` to set.
        set: u64,
        /// `MOUNT_ATTR_*` to clear.
        clear: u64,
        /// `MOUNT_ATTR_*` to clear as well, unless they are locked.
        clear_unlocked: u64,
        /// `MOUNT_ATTR_*` to set on all mounts below, too.
        set_all: u64,
        /// `MOUNT_ATTR_*` to clear on all mounts below, too.
        clear_all: u64,
        /// How it propagates once it has its place.
        propagation: Propagations<'a>,
    }
    /// Keep hold of what the next step mounts or changes, for what is done to it in the end: by then something else may be mounted on its place.
    KeepNextMount = 72 {
        /// Its number among those that are kept.
        number: u32,
        /// How many there can be.
        of: u32,
    }
    /// Make a mount read-only that was kept hold of.
    ReadonlyKept = 73 {
        /// Its number.
        number: u32,
        /// Where it is, below the rootfs.
        target: &'a CStr,
    }
    /// Set how a mount propagates that was kept hold of.
    PropagateKept = 74 {
        /// Its number.
        number: u32,
        /// How it propagates.
        propagation: Propagations<'a>,
    }
    /// Make a directory inside the rootfs, and those above it, if it is not there.
    Directory = 12 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// Its permissions.
        mode: u32,
    }
    /// Make a device node or a FIFO inside the rootfs. An equal one that exists is kept as it is.
    Node = 13 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// `S_IFCHR`, `S_IFBLK` or `S_IFIFO`, and the permissions.
        mode: u32,
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
        /// Its owner.
        uid: u32,
        /// Its group.
        gid: u32,
        /// What has to be so also of one that exists: `NODE_*`.
        demands: u32,
    }
    /// Make a symbolic link inside the rootfs, if nothing is there.
    Link = 14 {
        /// Where, below the rootfs.
        path: &'a CStr,
        /// What it says.
        target: &'a CStr,
        /// Take away what is there.
        replace: bool,
    }
    /// Make a pty in the container's devpts, put it on `/dev/console`, make it the terminal and the stdio, and send its master to the parent.
    Console = 15 {
        /// Rows, 0 to leave it.
        rows: u32,
        /// Columns, 0 to leave it.
        columns: u32,
        /// The owner of the slave.
        uid: u32,
    }
    /// Wait while the parent runs the `prestart` and `createRuntime` hooks.
    RuntimeHooks = 16
    /// Run a hook in the container's namespaces.
    Hook = 17 {
        /// The program, absolute.
        path: &'a CStr,
        /// Its arguments.
        args: Strings<'a>,
        /// Its environment.
        env: Strings<'a>,
        /// Seconds until it is killed; 0 for never.
        timeout: u32,
    }
    /// Say where the output of the hooks that follow goes.
    HookOutput = 46 {
        /// The file that is their standard output; without one it is nowhere.
        stdout: Option<Slot>,
        /// The file that is their standard error; without one it is kept for an error's sentence only.
        stderr: Option<Slot>,
    }
    /// Bring the loopback interface up.
    Loopback = 18
    /// Hold still while the parent moves a network device of the host into the network namespace.
    NetworkDevice = 70 {
        /// Its name on the host.
        from: &'a CStr,
        /// Its name in the container, perhaps with `%d`.
        to: &'a CStr,
    }
    /// Make the rootfs the root, and let the host's mounts go.
    Pivot = 19
    /// Move the rootfs over the root and chroot: for a host whose root is a ramdisk, where `pivot_root` is refused.
    MoveRoot = 20
    /// Set how the root propagates mounts.
    RootPropagation = 21 {
        /// `MS_SHARED` and the like, with `MS_REC` if that was asked for.
        propagation: u64,
    }
    /// Make the root's mount read-only.
    ReadonlyRoot = 22
    /// Make a path inside the container read-only. One that does not exist is no error.
    ReadonlyPath = 23 {
        /// Where, below the root.
        path: &'a CStr,
    }
    /// Hide a path inside the container: a file behind `/dev/null`, a directory behind an empty read-only filesystem. One that does not exist is
    /// no error.
    MaskPath = 24 {
        /// Where, below the root.
        path: &'a CStr,
    }
    /// Set a kernel parameter of the container's namespaces.
    Sysctl = 25 {
        /// Below `/proc/sys`.
        path: &'a CStr,
        /// Its value.
        value: &'a CStr,
    }
    /// Set the host's name (`man 2 sethostname`).
    Hostname = 26 {
        /// The name.
        name: &'a CStr,
    }
    /// Set the NIS domain's name (`man 2 setdomainname`).
    Domainname = 27 {
        /// The name.
        name: &'a CStr,
    }
    /// Set how likely the process is killed when memory runs out.
    OomScore = 28 {
        /// -1000 to 1000.
        value: i32,
    }
    /// Set a resource limit (`man 2 prlimit`).
    Rlimit = 29 {
        /// `RLIMIT_*`.
        resource: u32,
        /// The soft limit.
        soft: u64,
        /// The hard limit.
        hard: u64,
    }
    /// Give stdio that is a pipe, a socket, a file or a terminal to the process's user, so that it can open `/dev/stdout`.
    StdioOwner = 30 {
        /// The user.
        uid: u32,
    }
    /// Enter the working directory.
    WorkingDirectory = 31 {
        /// Where, absolute, in the container.
        path: &'a CStr,
    }
    /// Find the program, as `execvp` would, and `HOME` if it is unset.
    FindProgram = 32 {
        /// The program, as `process.args[0]` says.
        name: &'a CStr,
        /// The value of `PATH` in the container's environment.
        search: &'a CStr,
        /// Look up the user's home.
        home: bool,
        /// The user whose home it is.
        uid: u32,
    }
    /// Become the process's user with its capabilities.
    Credentials = 33 {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
        /// The supplementary groups, as many `u32`.
        groups: &'a [u8],
        /// Stay in the supplementary groups that there are.
        keep_groups: bool,
        /// The bounding set, as bits.
        bounding: u64,
        /// The permitted set.
        permitted: u64,
        /// The effective set.
        effective: u64,
        /// The inheritable set.
        inheritable: u64,
        /// The ambient set.
        ambient: u64,
    }
    /// Set the file mode creation mask.
    Umask = 34 {
        /// The mask.
        mask: u32,
    }
    /// No gain of privileges by execve (`man 2 prctl`, `PR_SET_NO_NEW_PRIVS`).
    NoNewPrivileges = 35
    /// Begin a ruleset of Landlock (`man 2 landlock_create_ruleset`).
    LandlockRuleset = 80 {
        /// What it denies of files, `LANDLOCK_ACCESS_FS_*`.
        filesystem: u64,
        /// What it denies of the network, `LANDLOCK_ACCESS_NET_*`.
        network: u64,
        /// What does not reach out, `LANDLOCK_SCOPE_*`.
        scoped: u64,
    }
    /// Allow something at and below a place (`man 2 landlock_add_rule`).
    LandlockPath = 81 {
        /// Where, below the root.
        path: &'a CStr,
        /// `LANDLOCK_ACCESS_FS_*`.
        access: u64,
    }
    /// Allow something with a port.
    LandlockPort = 82 {
        /// The port.
        port: u64,
        /// `LANDLOCK_ACCESS_NET_*`.
        access: u64,
    }
    /// Bind the process by the ruleset (`man 2 landlock_restrict_self`).
    LandlockRestrict = 83
    /// Tell the parent that all is set up, and wait for `start`.
    WaitForStart = 36 {
        /// The listening socket.
        listener: Slot,
        /// So many descriptors from 3 on are kept for the process; all others are closed by its execve.
        preserve: u32,
    }
    /// Load a system call filter (`man 2 seccomp`).
    Seccomp = 37 {
        /// `struct sock_filter`s.
        filter: &'a [u8],
        /// `SECCOMP_FILTER_FLAG_*`.
        flags: u64,
    }
    /// Become the container's process.
    Exec = 38 {
        /// Its arguments.
        args: Strings<'a>,
        /// Its environment.
        env: Strings<'a>,
    }
    /// Tell the parent of a container without a process that all is set up, and stay.
    Idle = 39 {
        /// The listening socket.
        listener: Slot,
    }
    /// Set how the process is scheduled (`man 2 sched_setattr`).
    Scheduling = 50 {
        /// `SCHED_*`.
        policy: u32,
        /// `SCHED_FLAG_*`.
        flags: u64,
        /// The nice value.
        nice: i32,
        /// The static priority.
        priority: u32,
        /// Nanoseconds of CPU time in each period.
        runtime: u64,
        /// The deadline, in nanoseconds.
        deadline: u64,
        /// The period, in nanoseconds.
        period: u64,
    }
    /// Set the priority for input and output of the process group (`man 2 ioprio_set`).
    IoPriority = 51 {
        /// `IOPRIO_CLASS_*`.
        class: u32,
        /// The priority in the class.
        priority: u32,
    }
    /// Set the execution domain (`man 2 personality`).
    Personality = 52 {
        /// `PER_*`.
        domain: u64,
    }
    /// Set where memory is taken from (`man 2 set_mempolicy`).
    MemoryPolicy = 53 {
        /// `MPOL_*`, with `MPOL_F_*`.
        mode: u32,
        /// A bit for each node, in `u64`s.
        nodes: &'a [u8],
    }
    /// Open the file that takes the label for the process's execve.
    OpenLabel = 54 {
        /// Whose label.
        module: SecurityModule,
    }
    /// Set the label that the next execve takes up.
    Label = 55 {
        /// Whose label.
        module: SecurityModule,
        /// The label, or the profile's name.
        text: &'a CStr,
    }
    /// Set the SELinux label of keys that are made from here to the execve, so that the process may use its session keyring.
    KeyLabel = 57 {
        /// The label.
        label: &'a CStr,
    }
    /// Set the SELinux label of what is mounted inside the rootfs.
    LabelMount = 56 {
        /// Where, below the rootfs.
        target: &'a CStr,
        /// The label.
        label: &'a CStr,
    }
}

/// What stands before the steps: how init talks, and which descriptors it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Init's end of the socket to its parent.
    pub socket: i32,
    /// Descriptors to become 0, 1 and 2; -1 to leave one as it is.
    pub stdio: [i32; 3],
    /// The descriptors behind [`Slot`]s, as `i32`s.
    slots: &'a [u8],
}

impl<'a> Header<'a> {
    /// Writes the header and the table of descriptors.
    pub fn put(sink: &mut impl Sink, socket: i32, stdio: [i32; 3], slots: impl ExactSizeIterator<Item = i32>) {
        MAGIC.put(sink);
        socket.put(sink);
        for number in stdio {
            number.put(sink);
        }
        u32::try_from(slots.len() * size_of::<i32>())
            .unwrap_or(u32::MAX)
            .put(sink);
        for number in slots {
            number.put(sink);
        }
    }

    /// Reads the header and the table of descriptors.
    pub fn take(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if u32::take(reader)? != MAGIC {
            return Err(Malformed);
        }
        Ok(Self {
            socket: i32::take(reader)?,
            stdio: [i32::take(reader)?, i32::take(reader)?, i32::take(reader)?],
            slots: <&[u8]>::take(reader)?,
        })
    }

    /// The descriptor behind `slot`.
    pub fn descriptor(&self, slot: Slot) -> Result<i32, Malformed> {
        let index = slot.0 as usize;
        let bytes = self.slots.as_chunks::<4>().0.get(index).ok_or(Malformed)?;
        Ok(i32::from_ne_bytes(*bytes))
    }
}

/// What init tells: its parent over the socket, `start` over the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// One of [`Message::FAILED`] and its like.
    pub kind: u32,
    /// The step that it is about, by its place in the plan.
    pub step: u32,
    /// An errno; 0 for none.
    pub errno: i32,
    /// Which part of the step: one of [`Part`].
    pub part: u32,
    /// More about the part: an option's index, an exit status.
    pub detail: u32,
    /// So many bytes of text follow.
    pub length: u32,
}

impl Message {
    /// The step failed; init is ending.
    pub const FAILED: u32 = 1;
    /// It is the parent's turn to run hooks.
    pub const HOOKS: u32 = 2;
    /// A pty's master comes with this message; the text is the pty's name.
    pub const CONSOLE: u32 = 3;
    /// All is set up.
    pub const READY: u32 = 4;
    /// Init goes on as another process, whose pid, as the parent sees it, is in `detail`.
    pub const MOVED: u32 = 5;
    /// It is the parent's turn to write the id maps.
    pub const MAPS: u32 = 7;
    /// To `start`: the listener of a filter's notifications comes with this message. Init waits until it has reached the agent.
    pub const LISTENER: u32 = 70;
    /// A netlink socket of init's network namespace comes with this message: it is the parent's turn to move a network device.
    pub const NETWORK: u32 = 71;
    /// From the parent: go on. A descriptor may come with it: the state for the hooks' standard input.
    pub const GO: u32 = 6;

    /// How long a message is, without its text.
    pub const SIZE: usize = 24;
    /// How long its text may be.
    pub const TEXT: usize = 2048;

    /// The message as it is sent.
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let words = [
            self.kind.to_ne_bytes(),
            self.step.to_ne_bytes(),
            self.errno.to_ne_bytes(),
            self.part.to_ne_bytes(),
            self.detail.to_ne_bytes(),
            self.length.to_ne_bytes(),
        ];
        for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word;
        }
        bytes
    }

    /// The message at the start of `bytes`, and its text.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut reader = Reader::new(bytes);
        let message = Self {
            kind: u32::take(&mut reader)?,
            step: u32::take(&mut reader)?,
            errno: i32::take(&mut reader)?,
            part: u32::take(&mut reader)?,
            detail: u32::take(&mut reader)?,
            length: u32::take(&mut reader)?,
        };
        let text = reader.bytes(message.length as usize)?;
        Ok((message, text))
    }
}

/// Which part of a step failed, for the error's sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    /// The step as a whole.
    Whole = 0,
    /// Finding, or making, the place in the rootfs.
    Target = 1,
    /// Opening what is mounted.
    Source = 2,
    /// A parameter, whose index is in `detail`.
    Parameter = 3,
    /// Setting attributes or propagation.
    Attributes = 4,
    /// Putting the mount in its place.
    Attach = 5,
    /// Copying what was below the mount point.
    CopyUp = 6,
    /// A verified procfs.
    Proc = 7,
    /// `/dev/null` is not what it should be.
    Null = 8,
    /// Something else is at the path.
    Exists = 9,
    /// A hook ended with a status other than 0: it is in `detail`, as `waitid` gives it (signals: 128 + n).
    HookStatus = 10,
    /// A hook ran too long.
    HookTimeout = 11,
    /// The program was not found in `PATH`.
    NotFound = 12,
    /// The program is a directory.
    IsDirectory = 13,
    /// The supplementary groups.
    Groups = 14,
    /// The group.
    Gid = 15,
    /// The user.
    Uid = 16,
    /// The bounding set; the capability is in `detail`.
    Bounding = 17,
    /// The ambient set; the capability is in `detail`.
    Ambient = 18,
    /// The place is outside of the rootfs.
    Outside = 19,
    /// The plan itself is broken.
    Plan = 20,
    /// Mapping ids.
    Mapping = 21,
    /// The place is the root itself.
    Root = 22,
}

impl Part {
    /// The part of this number.
    pub fn from_number(number: u32) -> Self {
        const ALL: [Part; 23] = [
            Part::Whole,
            Part::Target,
            Part::Source,
            Part::Parameter,
            Part::Attributes,
            Part::Attach,
            Part::CopyUp,
            Part::Proc,
            Part::Null,
            Part::Exists,
            Part::HookStatus,
            Part::HookTimeout,
            Part::NotFound,
            Part::IsDirectory,
            Part::Groups,
            Part::Gid,
            Part::Uid,
            Part::Bounding,
            Part::Ambient,
            Part::Outside,
            Part::Plan,
            Part::Mapping,
            Part::Root,
        ];
        ALL.get(number as usize).copied().unwrap_or(Part::Whole)
    }
}
