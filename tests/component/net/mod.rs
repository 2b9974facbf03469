//! Components over real sockets, and in processes of their own.

#[cfg(unix)]
mod application_runner;
#[cfg(unix)]
mod config;
#[cfg(target_os = "linux")]
mod cycles;
#[cfg(feature = "log")]
mod log;
mod rawsocket;
mod recovers;
#[cfg(unix)]
mod refused;
mod ruled_out;
#[cfg(unix)]
mod run;
mod stop;
mod websocket_options;
mod wrong_password;
