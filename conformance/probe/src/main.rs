//! The program that runs inside the containers of the conformance tests: it reports what it sees and tries what it is
//! told, one line of JSON per action on stdout. Actions are separated by a comma of its own:
//! `probe write /x , read /y , report`. Exits with 0, or with what `exit N` says.
#![no_main]

mod actions;
mod impersonate;
mod json;
mod programs;
mod report;
mod sys;
mod watch;

/// Carries out the actions in `arguments`, whose first word is the program's name.
fn enter(arguments: Vec<String>) -> i32 {
    for words in arguments.get(1..).unwrap_or_default().split(|word| word == ",") {
        match actions::act(words, &arguments) {
            Ok(answer) => sys::write_all(1, format!("{answer}\n").as_bytes()),
            Err(code) => return code,
        }
    }
    0
}
