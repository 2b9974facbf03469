//! The program behind `make demo`: a router, a native component, and a page in the browser that talk
//! to each other.
//!
//! ```text
//! cargo run -p wampwerk-demo -- [--url ws://…] [--realm NAME] [--port N]
//! ```

mod component;
mod options;
mod run;
mod site;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match run::run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
