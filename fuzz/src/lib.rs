//! What is fuzzed: one plain function of bytes for each target, which panics where a promise does
//! not hold.
//!
//! Two run them: libFuzzer through `fuzz_targets/`, and `tests/repository/fuzz_corpus.rs` of the crate, which
//! takes this file as a module and hands in every file of `regressions/`.

#![allow(unreachable_pub, reason = "a module of a test, too")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a broken promise is said by panicking")]

/// Counts what is allocated, so that a target can tell what its input weighs.
#[global_allocator]
static HEAP: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

mod accept;
mod batch;
mod challenges;
mod client;
mod component;
mod decode;
mod deflate;
mod handshake;
mod keys;
mod proxy;
mod rawsocket;
mod router;
mod stream;
mod uri;
mod url;
mod websocket;

/// A target: its name, which is also that of its file and of its folders, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("decode_json", decode::json),
    ("decode_msgpack", decode::msgpack),
    ("decode_cbor", decode::cbor),
    ("batch", batch::read),
    ("deflate_messages", deflate::messages),
    ("deflate_parameters", deflate::parameters),
    ("handshake_request", handshake::request),
    ("handshake_response", handshake::response),
    ("rawsocket_handshake", rawsocket::handshake),
    ("rawsocket_frames", rawsocket::frames),
    ("websocket_frames", websocket::frames),
    ("uri", uri::patterns),
    ("url", url::parse),
    ("router", router::drive),
    ("client", client::drive),
    ("accept", accept::accept),
    ("component_json", component::json),
    ("scram", challenges::scram),
    ("wampcra", challenges::cra),
    ("key_files", keys::parse),
    ("proxy", proxy::answer),
];

/// Returns the sum of all that `step` allocates in bytes, freed or not.
fn allocated<T>(step: impl FnOnce() -> T) -> (usize, T) {
    let region = stats_alloc::Region::new(HEAP);
    let result = step();
    let stats = region.change();
    let grown = usize::try_from(stats.bytes_reallocated).unwrap_or_default();
    (stats.bytes_allocated + grown, result)
}

/// Runs a target by its name.
pub fn run(target: &str, input: &[u8]) {
    let found = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, body) = found.unwrap_or_else(|| panic!("no target {target}"));
    body(input);
}
