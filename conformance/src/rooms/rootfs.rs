//! `root` of the config: read-only or not, propagation, the way in.

use serde_json::json;

use crate::failure::{Verdict, same};
use crate::suite::{Test, test};
use crate::trial::Trial;

pub(crate) const TESTS: &[Test] = &[
    test!(read_only_root_refuses_writes_but_tmpfs_takes_them),
    test!(writable_root_takes_writes),
];

fn read_only_root_refuses_writes_but_tmpfs_takes_them(t: &Trial<'_>) -> Verdict {
    let said = t.see(&t.bundle()?.probe("write /x , write /dev/shm/x"))?;
    same("errno on /", &said[0]["errno"], libc::EROFS)?;
    same("errno on tmpfs", &said[1]["errno"], json!(null))
}

fn writable_root_takes_writes(t: &Trial<'_>) -> Verdict {
    let bundle = t.bundle()?.writable().probe("write /x hello");
    t.see(&bundle)?;
    same(
        "the file",
        &std::fs::read_to_string(bundle.rootfs().join("x"))?,
        "hello",
    )
}
