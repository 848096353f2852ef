//! Compiles a seccomp profile and tells how long that took: once in a fresh process ("cold"), then many times.
//!
//! `cargo run --release --example seccomp_compile -- FILE`, where FILE is a profile or a `config.json`.

use orlop::bundle::Seccomp;
use orlop::seccomp::{Native, compile};
use std::error::Error;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: seccomp_compile FILE")?;
    let mut document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let profile = match document.pointer_mut("/linux/seccomp") {
        Some(profile) => profile.take(),
        None => document,
    };
    let profile: Seccomp = serde_json::from_value(profile)?;

    let start = Instant::now();
    let result = compile(&profile, Native::CURRENT);
    let cold = start.elapsed();
    let program = match result {
        Ok(program) => program,
        Err(problems) => return Err(problems.into_warnings().err().map_or("refused".into(), Into::into)),
    };

    let mut times: Vec<Duration> = (0..2000)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(compile(std::hint::black_box(&profile), Native::CURRENT).is_ok());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    for warning in &program.warnings {
        println!("warning: {warning}");
    }
    println!("instructions: {}", program.instructions.len());
    println!("cold: {:.1} us", cold.as_secs_f64() * 1e6);
    println!(
        "hot, median of {}: {:.1} us",
        times.len(),
        times[times.len() / 2].as_secs_f64() * 1e6
    );
    Ok(())
}
