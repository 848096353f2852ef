//! The sections of config.md that are about mounts.

use super::{Section, partly, tested};

const NOT_SEEN: &str = "nothing can be seen of it: tested is that it is taken";
const NO_EFFECT: &str = "Linux shows no difference to relatime, its default: tested is that it is taken";

pub(super) const MOUNTS: Section = Section {
    anchor: "mounts",
    entries: &[
        tested(
            "mounted in the listed order",
            &[
                "mounts: mounts_happen_in_their_order",
                "mounts: two_mounts_at_one_place_stack",
            ],
        ),
        tested(
            "destination: made where it is missing",
            &[
                "mounts: mount_point_is_made",
                "mounts: mount_point_of_a_file_is_made_as_a_file",
            ],
        ),
        tested(
            "destination: relative means below /",
            &["mounts: relative_destination_is_below_the_root"],
        ),
        tested(
            "source: a file or folder for binds",
            &[
                "mounts: bind_of_a_folder_shows_it",
                "mounts: bind_of_a_file_shows_it",
                "mounts: bind_of_a_device_a_fifo_and_a_socket_works",
            ],
        ),
        tested(
            "source: relative to the bundle for binds",
            &["mounts: relative_bind_source_is_relative_to_the_bundle"],
        ),
        tested("source: optional", &["mounts: mount_without_a_source_works"]),
        tested(
            "options: bind or rbind makes it a bind",
            &[
                "mounts: bind_may_stand_anywhere_among_the_options",
                "mounts: bind_without_a_type_works",
            ],
        ),
        tested(
            "a folder of the host is not mounted unasked",
            &["mounts: nothing_of_the_host_is_mounted_inside"],
        ),
    ],
};

pub(super) const LINUX_MOUNT_OPTIONS: Section = Section {
    anchor: "linux-mount-options",
    entries: &[
        tested("async", &["mount options: async_takes_sync_back"]),
        tested("atime", &["mount options: atime_takes_noatime_back"]),
        tested("bind", &["mounts: plain_bind_leaves_mounts_below_out"]),
        tested("defaults", &["mount options: defaults_is_taken"]),
        tested("dev", &["mount options: dev_takes_nodev_back"]),
        tested("diratime", &["mount options: diratime_takes_nodiratime_back"]),
        tested("dirsync", &["mount options: dirsync_holds"]),
        tested("exec", &["mount options: exec_takes_noexec_back"]),
        partly("iversion", &["mount options: iversion_is_taken"], NOT_SEEN),
        tested("lazytime", &["mount options: lazytime_holds"]),
        partly("loud", &["mount options: loud_is_taken"], NOT_SEEN),
        partly("mand, nomand", &["mount options: mand_and_nomand_are_taken"], NOT_SEEN),
        tested("noatime", &["mount options: noatime_holds"]),
        tested("nodev", &["mount options: nodev_holds"]),
        tested("nodiratime", &["mount options: nodiratime_holds"]),
        tested("noexec", &["mount options: noexec_holds"]),
        partly("noiversion", &["mount options: noiversion_is_taken"], NOT_SEEN),
        tested("nolazytime", &["mount options: nolazytime_takes_lazytime_back"]),
        partly("norelatime", &["mount options: norelatime_is_taken"], NO_EFFECT),
        tested(
            "nostrictatime",
            &["mount options: nostrictatime_takes_strictatime_back"],
        ),
        tested("nosuid", &["mount options: nosuid_holds"]),
        tested("nosymfollow", &["mount options: nosymfollow_holds"]),
        tested("private", &["mount options: private_holds"]),
        tested("ratime", &["recursive options: ratime_reaches_below"]),
        tested("rbind", &["mounts: rbind_brings_mounts_below_along"]),
        tested("rdev", &["recursive options: rdev_reaches_below"]),
        tested("rdiratime", &["recursive options: rdiratime_reaches_below"]),
        tested("relatime", &["mount options: relatime_holds"]),
        tested(
            "remount",
            &[
                "mount changes: remount_changes_the_filesystems_size",
                "mount changes: remount_makes_an_earlier_mount_read_only",
                "mount changes: bind_remount_changes_the_flags_of_one_mount",
            ],
        ),
        tested("rexec", &["recursive options: rexec_reaches_below"]),
        tested("rnoatime", &["recursive options: rnoatime_reaches_below"]),
        tested("rnodev", &["recursive options: rnodev_reaches_below"]),
        tested("rnodiratime", &["recursive options: rnodiratime_reaches_below"]),
        tested("rnoexec", &["recursive options: rnoexec_reaches_below"]),
        partly("rnorelatime", &["recursive options: rnorelatime_is_taken"], NO_EFFECT),
        tested("rnostrictatime", &["recursive options: rnostrictatime_reaches_below"]),
        tested("rnosuid", &["recursive options: rnosuid_reaches_below"]),
        tested("rnosymfollow", &["recursive options: rnosymfollow_reaches_below"]),
        tested(
            "ro",
            &["mount options: ro_holds", "mounts: read_only_bind_refuses_writes"],
        ),
        tested(
            "rprivate",
            &[
                "mount options: rprivate_holds",
                "propagation: mount_on_the_host_does_not_arrive_in_a_private_bind",
            ],
        ),
        tested("rrelatime", &["recursive options: rrelatime_reaches_below"]),
        tested(
            "rro",
            &[
                "recursive options: rro_reaches_below",
                "mounts: recursive_read_only_reaches_mounts_below",
            ],
        ),
        tested("rrw", &["recursive options: rrw_reaches_below"]),
        tested(
            "rshared",
            &[
                "mount options: rshared_holds",
                "propagation: mount_inside_arrives_on_the_host_from_a_shared_bind",
                "propagation: mount_on_the_host_arrives_in_a_shared_bind",
            ],
        ),
        tested(
            "rslave",
            &[
                "mount options: rslave_holds",
                "propagation: mount_on_the_host_arrives_in_a_slave_bind",
                "propagation: mount_inside_stays_inside_in_a_slave_bind",
            ],
        ),
        tested("rstrictatime", &["recursive options: rstrictatime_reaches_below"]),
        tested("rsuid", &["recursive options: rsuid_reaches_below"]),
        tested("rsymfollow", &["recursive options: rsymfollow_reaches_below"]),
        tested("runbindable", &["mount options: runbindable_holds"]),
        tested("rw", &["mount options: rw_takes_ro_back"]),
        tested("shared", &["mount options: shared_holds"]),
        partly("silent", &["mount options: silent_is_taken"], NOT_SEEN),
        tested("slave", &["mount options: slave_holds"]),
        tested("strictatime", &["mount options: strictatime_holds"]),
        tested("suid", &["mount options: suid_takes_nosuid_back"]),
        tested("symfollow", &["mount options: symfollow_takes_nosymfollow_back"]),
        tested("sync", &["mount options: sync_holds"]),
        tested(
            "tmpcopyup",
            &[
                "mounts: tmpcopyup_copies_what_was_there",
                "mount changes: tmpcopyup_keeps_modes_and_owners",
            ],
        ),
        tested("unbindable", &["mount options: unbindable_holds"]),
        tested("idmap", &["mount maps: a_bind_with_mappings_shows_the_mapped_owners"]),
        tested(
            "idmap: takes the container's mappings",
            &["mount maps: idmap_takes_the_containers_mappings"],
        ),
        tested(
            "idmap: without any mappings is an error",
            &["mount maps: idmap_without_any_mappings_is_an_error"],
        ),
        tested(
            "ridmap",
            &["mount maps: idmap_leaves_the_mounts_below_and_ridmap_reaches_them"],
        ),
        tested(
            "others: given to the filesystem",
            &[
                "mount options: word_that_is_no_option_reaches_the_filesystem",
                "mounts: unknown_option_of_a_filesystem_is_refused",
                "mounts: procfs_takes_options_of_its_own",
            ],
        ),
        tested(
            "others: data on a bind is no error",
            &["mount changes: data_on_a_bind_is_tolerated"],
        ),
    ],
};

pub(super) const POSIX_MOUNTS: Section = Section {
    anchor: "posix-platform-mounts",
    entries: &[
        tested(
            "type: a filesystem of the kernel",
            &["mounts: default_mounts_are_there_with_their_options"],
        ),
        tested(
            "type: one that the kernel does not have is an error",
            &["mounts: filesystem_that_the_kernel_does_not_have_is_an_error"],
        ),
        tested(
            "type: optional and of no meaning for binds",
            &["mounts: bind_without_a_type_works", "mounts: bind_of_any_type_works"],
        ),
        tested(
            "uidMappings, gidMappings: the mount is mapped",
            &[
                "mount maps: a_bind_with_mappings_shows_the_mapped_owners",
                "mount maps: what_is_written_through_a_mapped_bind_is_stored_unmapped",
            ],
        ),
        tested(
            "uidMappings, gidMappings: without idmap or ridmap among the options",
            &["mount maps: mappings_alone_map_the_mount"],
        ),
        tested(
            "uidMappings, gidMappings: one without the other is an error",
            &["mount maps: mappings_of_users_without_groups_are_refused"],
        ),
        tested(
            "uidMappings, gidMappings: each mount has its own",
            &["mount maps: two_mounts_have_mappings_of_their_own"],
        ),
        tested(
            "uidMappings, gidMappings: no owner on the host changes",
            &["mount maps: a_mapped_bind_leaves_the_hosts_owners_alone"],
        ),
    ],
};
