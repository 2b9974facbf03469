//! Asks `calculator_backend` for a result, step by step.
//!
//!     cargo run --example calculator_frontend -- 8 / 4 + 0.5
//!     cargo run --example calculator_frontend -- --url ws://router:8080/ws 2 '*' 21
//!
//! An error also sets the exit status.

mod common;

use std::error::Error;

use wampwerk::connect;
use wampwerk::error::CallError;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words = common::words(&["--url"])?;
    if words.is_empty() {
        return Err("what is to be calculated? For example: 8 / 4 + 0.5".into());
    }
    let session = connect(common::url(), "realm1").await?;
    session.call("com.example.calculator.clear").value::<()>().await?;

    let mut operator = "=".to_owned();
    let mut result = 0.0;
    for word in words {
        let Ok(number) = word.parse::<f64>() else {
            operator = word;
            continue;
        };
        let step = session.call("com.example.calculator.calculate").args((&operator, number));
        result = match step.value::<f64>().await {
            Ok(result) => result,
            // An error of the application's, as the backend gave it.
            Err(CallError::Application(error)) => {
                let message = format!("{operator} {number}: {}", error.uri);
                session.leave().await;
                return Err(message.into());
            }
            Err(error) => return Err(error.into()),
        };
        println!("{operator} {number} -> {result}");
    }
    println!("{result}");
    session.leave().await;
    Ok(())
}
