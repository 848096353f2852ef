//! Runs a bundle for so many seconds at most, and kills it then: `time_limit SECONDS BUNDLE [STATE-ROOT]`.

use orlop::{Bundle, Id, Io, Runtime, Scope, Signal};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: time_limit SECONDS BUNDLE [STATE-ROOT]";
    let limit = Duration::try_from_secs_f64(arguments.next().ok_or(usage)?.parse()?)?;
    let bundle = arguments.next().ok_or(usage)?;
    let root = arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned());

    let id = Id::new(format!("limited-{}", std::process::id()))?;
    let guard = Runtime::new(root)
        .run(&id, &Bundle::load(bundle)?, Io::default())?
        .guard();
    let status = match guard.init.wait_timeout(limit)? {
        Some(status) => status,
        None => {
            // Whoever has ended in this very moment is not there to be killed.
            let _ = guard.container.kill(Signal::KILL, Scope::All);
            guard.init.wait()?
        }
    };
    println!("it ended with {}", status.code());
    Ok(())
}
