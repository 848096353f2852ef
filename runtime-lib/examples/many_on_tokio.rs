//! Runs a bundle many times at once in an asynchronous program: `many_on_tokio COUNT BUNDLE [STATE-ROOT]`.
//!
//! What blocks is on threads for blocking work (`spawn_blocking`). While the containers run there is none for them: the
//! program waits for their pidfds, which become readable at their end.

use orlop::{Bundle, Error, ExitStatus, Guard, Id, Io, Runtime};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::{JoinSet, spawn_blocking};

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: many_on_tokio COUNT BUNDLE [STATE-ROOT]";
    let count: u32 = arguments.next().ok_or(usage)?.parse()?;
    let bundle = Arc::new(Bundle::load(arguments.next().ok_or(usage)?)?);
    let runtime = Runtime::new(arguments.next().unwrap_or_else(|| "/run/orlop-example".to_owned()));

    let tokio = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio.block_on(async {
        let mut all = JoinSet::new();
        for number in 0..count {
            let id = Id::new(format!("many-{}-{number}", std::process::id()))?;
            all.spawn(one(runtime.clone(), id, bundle.clone()));
        }
        while let Some(ended) = all.join_next().await {
            let (id, status) = ended??;
            println!("{id} ended with {}", status.code());
        }
        Ok(())
    })
}

async fn one(runtime: Runtime, id: Id, bundle: Arc<Bundle>) -> Result<(Id, ExitStatus), Failed> {
    let guard: Guard = {
        let id = id.clone();
        spawn_blocking(move || Ok::<_, Error>(runtime.run(&id, &bundle, Io::default())?.guard())).await??
    };
    let pidfd: OwnedFd = guard.init.pidfd().try_clone_to_owned()?;
    // A pidfd is never writable: to be asked for what it can be is all that it takes.
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for types that do not own their descriptor: this one does"
    )]
    let pidfd = AsyncFd::with_interest(pidfd, Interest::READABLE)?;
    let _ = pidfd.readable().await?;
    let status = guard.init.wait()?;
    // To delete it blocks, too.
    spawn_blocking(move || drop(guard)).await?;
    Ok((id, status))
}
