//! The sections of config.md that are about mounts.

use super::register::{Section, partly, tested};

const NOT_SEEN: &str = "nothing can be seen of it: tested is that it is taken";
const NO_EFFECT: &str = "Linux shows no difference to relatime, its default: tested is that it is taken";

pub(super) const MOUNTS: Section = Section {
    anchor: "mounts",
    entries: &[
        tested(
            "mounted in the listed order",
            &[
                "mount_points: mounts_happen_in_their_order",
                "mount_points: two_mounts_at_one_place_stack",
            ],
        ),
        tested(
            "destination: made where it is missing",
            &[
                "mount_points: mount_point_is_made",
                "mount_points: mount_point_of_a_file_is_made_as_a_file",
            ],
        ),
        tested(
            "destination: relative means below /",
            &["mount_points: relative_destination_is_below_the_root"],
        ),
        tested(
            "source: a file or folder for binds",
            &[
                "binds: bind_of_a_folder_shows_it",
                "binds: bind_of_a_file_shows_it",
                "binds: bind_of_a_device_a_fifo_and_a_socket_works",
            ],
        ),
        tested(
            "source: relative to the bundle for binds",
            &["binds: relative_bind_source_is_relative_to_the_bundle"],
        ),
        tested("source: optional", &["filesystems: mount_without_a_source_works"]),
        tested(
            "options: bind or rbind makes it a bind",
            &[
                "binds: bind_may_stand_anywhere_among_the_options",
                "binds: bind_without_a_type_works",
            ],
        ),
        tested(
            "a folder of the host is not mounted unasked",
            &["filesystems: nothing_of_the_host_is_mounted_inside"],
        ),
    ],
};

pub(super) const LINUX_MOUNT_OPTIONS: Section = Section {
    anchor: "linux-mount-options",
    entries: &[
        tested("async", &["mount_options: async_takes_sync_back"]),
        tested("atime", &["mount_options: atime_takes_noatime_back"]),
        tested("bind", &["binds: plain_bind_leaves_mounts_below_out"]),
        tested("defaults", &["mount_options: defaults_is_taken"]),
        tested("dev", &["mount_options: dev_takes_nodev_back"]),
        tested("diratime", &["mount_options: diratime_takes_nodiratime_back"]),
        tested("dirsync", &["mount_options: dirsync_holds"]),
        tested("exec", &["mount_options: exec_takes_noexec_back"]),
        partly("iversion", &["mount_options: iversion_is_taken"], NOT_SEEN),
        tested("lazytime", &["mount_options: lazytime_holds"]),
        partly("loud", &["mount_options: loud_is_taken"], NOT_SEEN),
        partly("mand, nomand", &["mount_options: mand_and_nomand_are_taken"], NOT_SEEN),
        tested("noatime", &["mount_options: noatime_holds"]),
        tested("nodev", &["mount_options: nodev_holds"]),
        tested("nodiratime", &["mount_options: nodiratime_holds"]),
        tested("noexec", &["mount_options: noexec_holds"]),
        partly("noiversion", &["mount_options: noiversion_is_taken"], NOT_SEEN),
        tested("nolazytime", &["mount_options: nolazytime_takes_lazytime_back"]),
        partly("norelatime", &["mount_options: norelatime_is_taken"], NO_EFFECT),
        tested(
            "nostrictatime",
            &["mount_options: nostrictatime_takes_strictatime_back"],
        ),
        tested("nosuid", &["mount_options: nosuid_holds"]),
        tested("nosymfollow", &["mount_options: nosymfollow_holds"]),
        tested("private", &["mount_options: private_holds"]),
        tested("ratime", &["recursive_options: ratime_reaches_below"]),
        tested("rbind", &["binds: rbind_brings_mounts_below_along"]),
        tested("rdev", &["recursive_options: rdev_reaches_below"]),
        tested("rdiratime", &["recursive_options: rdiratime_reaches_below"]),
        tested("relatime", &["mount_options: relatime_holds"]),
        tested(
            "remount",
            &[
                "mount_changes: remount_changes_the_filesystems_size",
                "mount_changes: remount_makes_an_earlier_mount_read_only",
                "mount_changes: bind_remount_changes_the_flags_of_one_mount",
            ],
        ),
        tested("rexec", &["recursive_options: rexec_reaches_below"]),
        tested("rnoatime", &["recursive_options: rnoatime_reaches_below"]),
        tested("rnodev", &["recursive_options: rnodev_reaches_below"]),
        tested("rnodiratime", &["recursive_options: rnodiratime_reaches_below"]),
        tested("rnoexec", &["recursive_options: rnoexec_reaches_below"]),
        partly("rnorelatime", &["recursive_options: rnorelatime_is_taken"], NO_EFFECT),
        tested("rnostrictatime", &["recursive_options: rnostrictatime_reaches_below"]),
        tested("rnosuid", &["recursive_options: rnosuid_reaches_below"]),
        tested("rnosymfollow", &["recursive_options: rnosymfollow_reaches_below"]),
        tested(
            "ro",
            &["mount_options: ro_holds", "binds: read_only_bind_refuses_writes"],
        ),
        tested(
            "rprivate",
            &[
                "mount_options: rprivate_holds",
                "propagation: mount_on_the_host_does_not_arrive_in_a_private_bind",
            ],
        ),
        tested("rrelatime", &["recursive_options: rrelatime_reaches_below"]),
        tested(
            "rro",
            &[
                "recursive_options: rro_reaches_below",
                "binds: recursive_read_only_reaches_mounts_below",
            ],
        ),
        tested("rrw", &["recursive_options: rrw_reaches_below"]),
        tested(
            "rshared",
            &[
                "mount_options: rshared_holds",
                "propagation: mount_inside_arrives_on_the_host_from_a_shared_bind",
                "propagation: mount_on_the_host_arrives_in_a_shared_bind",
            ],
        ),
        tested(
            "rslave",
            &[
                "mount_options: rslave_holds",
                "propagation: mount_on_the_host_arrives_in_a_slave_bind",
                "propagation: mount_inside_stays_inside_in_a_slave_bind",
            ],
        ),
        tested("rstrictatime", &["recursive_options: rstrictatime_reaches_below"]),
        tested("rsuid", &["recursive_options: rsuid_reaches_below"]),
        tested("rsymfollow", &["recursive_options: rsymfollow_reaches_below"]),
        tested("runbindable", &["mount_options: runbindable_holds"]),
        tested("rw", &["mount_options: rw_takes_ro_back"]),
        tested("shared", &["mount_options: shared_holds"]),
        partly("silent", &["mount_options: silent_is_taken"], NOT_SEEN),
        tested("slave", &["mount_options: slave_holds"]),
        tested("strictatime", &["mount_options: strictatime_holds"]),
        tested("suid", &["mount_options: suid_takes_nosuid_back"]),
        tested("symfollow", &["mount_options: symfollow_takes_nosymfollow_back"]),
        tested("sync", &["mount_options: sync_holds"]),
        tested(
            "tmpcopyup",
            &[
                "filesystems: tmpcopyup_copies_what_was_there",
                "mount_changes: tmpcopyup_keeps_modes_and_owners",
            ],
        ),
        tested("unbindable", &["mount_options: unbindable_holds"]),
        tested(
            "idmap",
            &["id_mapped_mounts: a_bind_with_mappings_shows_the_mapped_owners"],
        ),
        tested(
            "idmap: takes the container's mappings",
            &["id_mapped_mounts: idmap_takes_the_containers_mappings"],
        ),
        tested(
            "idmap: without any mappings is an error",
            &["id_mapped_mounts: idmap_without_any_mappings_is_an_error"],
        ),
        tested(
            "ridmap",
            &["id_mapped_mounts: idmap_leaves_the_mounts_below_and_ridmap_reaches_them"],
        ),
        tested(
            "others: given to the filesystem",
            &[
                "mount_options: word_that_is_no_option_reaches_the_filesystem",
                "filesystems: unknown_option_of_a_filesystem_is_refused",
                "filesystems: procfs_takes_options_of_its_own",
            ],
        ),
        tested(
            "others: data on a bind is no error",
            &[
                "mount_changes: data_on_a_bind_is_tolerated",
                "mount_options: words_of_fstab_are_taken_on_a_bind",
            ],
        ),
    ],
};

pub(super) const POSIX_MOUNTS: Section = Section {
    anchor: "posix-platform-mounts",
    entries: &[
        tested(
            "type: a filesystem of the kernel",
            &["filesystems: default_mounts_are_there_with_their_options"],
        ),
        tested(
            "type: one that the kernel does not have is an error",
            &["filesystems: filesystem_that_the_kernel_does_not_have_is_an_error"],
        ),
        tested(
            "type: optional and of no meaning for binds",
            &["binds: bind_without_a_type_works", "binds: bind_of_any_type_works"],
        ),
        tested(
            "uidMappings, gidMappings: the mount is mapped",
            &[
                "id_mapped_mounts: a_bind_with_mappings_shows_the_mapped_owners",
                "id_mapped_mounts: what_is_written_through_a_mapped_bind_is_stored_unmapped",
            ],
        ),
        tested(
            "uidMappings, gidMappings: without idmap or ridmap among the options",
            &["id_mapped_mounts: mappings_alone_map_the_mount"],
        ),
        tested(
            "uidMappings, gidMappings: one without the other is an error",
            &["id_mapped_mounts: mappings_of_users_without_groups_are_refused"],
        ),
        tested(
            "uidMappings, gidMappings: each mount has its own",
            &["id_mapped_mounts: two_mounts_have_mappings_of_their_own"],
        ),
        tested(
            "uidMappings, gidMappings: no owner on the host changes",
            &["id_mapped_mounts: a_mapped_bind_leaves_the_hosts_owners_alone"],
        ),
    ],
};
