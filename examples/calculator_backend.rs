//! A calculator with a display, for `calculator_frontend`. An `ApplicationSession` keeps its state.
//!
//!     cargo run --example calculator_backend                               with a router of its own
//!     cargo run --example calculator_backend -- --url ws://router:8080/ws  with another
//!
//! Ctrl-C ends it.

mod common;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use wampwerk::component::{ApplicationRunner, ApplicationSession, BoxError, LogLevel};
use wampwerk::{ApplicationError, Session};

#[derive(Default)]
struct Calculator {
    display: Arc<Mutex<f64>>,
}

impl ApplicationSession for Calculator {
    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        let display = self.display.clone();
        let clear = move || {
            *display.lock().unwrap_or_else(PoisonError::into_inner) = 0.0;
            async {}
        };
        session.register("com.example.calculator.clear", clear).await?;

        let display = self.display.clone();
        let calculate = move |operator: String, number: f64| {
            let mut display = display.lock().unwrap_or_else(PoisonError::into_inner);
            let result = apply(*display, &operator, number);
            if let Ok(result) = result {
                println!("{display} {operator} {number} = {result}");
                *display = result;
            }
            async move { result }
        };
        session.register("com.example.calculator.calculate", calculate).await?;
        println!("the calculator is ready");
        Ok(())
    }
}

fn apply(display: f64, operator: &str, number: f64) -> Result<f64, ApplicationError> {
    match operator {
        "=" => Ok(number),
        "+" => Ok(display + number),
        "-" => Ok(display - number),
        "*" => Ok(display * number),
        "/" if number == 0.0 => {
            Err(ApplicationError::new("com.example.calculator.error.division_by_zero"))
        }
        "/" => Ok(display / number),
        other => {
            Err(ApplicationError::new("com.example.calculator.error.no_such_operator").arg(other))
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    common::options(&["--url"])?;
    let (url, _router) = common::router(common::MEETING).await?;
    // Strict: when another calculator has the names, this one ends with an error.
    let runner = ApplicationRunner::new(url, "realm1").strict(true);
    runner.log_level(LogLevel::Warn).run(|_| Calculator::default()).await?;
    Ok(())
}
