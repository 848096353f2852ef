//! Runs a bundle, and prints what its process writes: `captured_output BUNDLE [STATE-ROOT]`.

use orlop::{Bundle, Id, Io, Runtime};
use std::error::Error;
use std::io::Read;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bundle = arguments.next().ok_or("usage: captured_output BUNDLE [STATE-ROOT]")?;
    let root = arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned());

    let (mut reader, writer) = std::io::pipe()?;
    let mut io = Io::default();
    io.stdio[1] = Some(writer.into());
    let runtime = Runtime::new(root);
    let id = Id::new(format!("captured-{}", std::process::id()))?;
    // The writing end is given away with `io`: when the container's last process has closed it, reading ends.
    let guard = runtime.run(&id, &Bundle::load(bundle)?, io)?.guard();
    let mut said = String::new();
    reader.read_to_string(&mut said)?;
    let status = guard.init.wait()?;
    println!("it said {said:?} and ended with {}", status.code());
    Ok(())
}
