//! Two thousand sessions on one router, each of them calling and publishing, with slow readers among
//! them: no session starves, also not beside six kinds of offenders; slow readers are disconnected, the memory for
//! each session is bounded, and all of it is given back in the end. So is the memory of WebSockets without WAMP.
//!
//! `cargo test --test load -- --help` tells what can be asked for; `make load` runs it in release
//! and for longer. The router is another process, so that what it takes is its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[cfg(unix)]
mod board;
#[cfg(unix)]
mod child;
#[cfg(unix)]
mod crowd;
#[cfg(unix)]
mod idle;
#[cfg(unix)]
mod kind;
#[cfg(unix)]
mod offenders;
#[cfg(unix)]
mod plan;
#[cfg(unix)]
mod scenario;
#[cfg(unix)]
mod slow;
#[cfg(unix)]
mod websockets;

#[cfg(unix)]
#[global_allocator]
static HEAP: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

/// Bytes on the heap of this process.
#[cfg(unix)]
fn heap() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    use plan::Role;
    let role = match plan::parse(std::env::args().skip(1)) {
        Ok(role) => role,
        Err(error) => {
            eprintln!("{error}\n{}", plan::USAGE);
            return std::process::ExitCode::from(2);
        }
    };
    match role {
        Role::Router(directory) => child::serve(&directory, heap),
        Role::Echo(takeover) => websockets::serve(takeover, heap),
        Role::Test(plan) => {
            websockets::run(plan.sockets);
            scenario::run(&plan);
        }
        Role::LeftOut => println!("load: left out, as another test was named"),
        Role::Help => println!("{}", plan::USAGE),
        Role::List => println!("load: test"),
    }
    std::process::ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() {
    let reason = "it counts open files and reads /proc, which this system has not";
    assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "load: {reason}");
    println!("load: LEFT OUT, as {reason}");
}
