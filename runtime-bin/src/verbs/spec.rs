//! `spec`: a config.json to start from.

use crate::call::{Call, Outcome};
use std::fs::File;
use std::io::{ErrorKind, Write};

pub(super) fn run(call: &Call<'_>) -> Outcome {
    let path = call.bundle().join("config.json");
    let rootless = call
        .matches
        .is_on("rootless")
        .then(|| (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()));
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(format!(
                "File {} exists. Remove it first",
                path.display().to_string().trim_start_matches("./")
            )
            .into());
        }
        Err(error) => return Err(orlop::Failure::io(format!("make {path:?}"), &error).into()),
    };
    file.write_all(orlop::template(rootless).as_bytes())
        .map_err(|error| orlop::Failure::io(format!("write {path:?}"), &error))?;
    Ok(0)
}
