//! `spec`: a config.json to start from.

use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::refusal::Outcome;
use crate::shared_flags::Help;
use std::fs::File;
use std::io::{ErrorKind, Write};

flags! {
    Target: Text("bundle", "folder to write it in (default: the current one)").short("b").folder();
    Rootless: Switch("rootless", "for an ordinary user");
}

#[derive(Debug)]
pub(crate) struct Spec;

impl Verb for Spec {
    const COMMAND: Command = Command {
        name: "spec",
        summary: "write a config.json to start from",
        surplus: "--bundle names the folder to write it in",
        flags: &[Target::FLAG, Rootless::FLAG, Help::FLAG],
        ..Command::of::<Self>()
    };

    fn run(_: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let path = flags.path(Target).unwrap_or_else(|| ".".into()).join("config.json");
        let rootless = flags
            .is_on(Rootless)
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
}
