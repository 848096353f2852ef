//! `spec`: a config.json to start from.

use crate::call::Call;
use crate::command::{Command, Verb};
use crate::flag::{Declared, flags};
use crate::matches::Given;
use crate::misuse::is_runc;
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

    fn run(call: &mut Call<'_>, flags: &Given<'_, Self>) -> Outcome {
        let path = flags.path(Target).unwrap_or_else(|| ".".into()).join("config.json");
        let rootless = flags
            .is_on(Rootless)
            .then(|| (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()));
        let mut file = match File::create_new(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let place = match flags.path(Target) {
                    Some(folder) => format!("; it is in {folder:?}"),
                    None => String::new(),
                };
                return Err(format!("File config.json exists. Remove it first{place}").into());
            }
            Err(error) => return Err(orlop::Failure::io(format!("make {path:?}"), &error).into()),
        };
        let mut text = orlop::template(rootless);
        if is_runc(call.program) {
            text = text.replace("\"hostname\": \"orlop\"", "\"hostname\": \"runc\"");
        }
        file.write_all(text.as_bytes())
            .map_err(|error| orlop::Failure::io(format!("write {path:?}"), &error))?;
        Ok(0)
    }
}
