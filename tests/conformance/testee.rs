//! The program that `tools/conformance` tests: an echo client and an echo server over the public interface.
//!
//! ```text
//! conformance client URL AGENT    runs every case that the server of the Autobahn test suite at URL has
//! conformance server              prints its URL, echoes, and ends with its stdin
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::error::Error;

    use tokio::io::AsyncReadExt;
    use wampwerk::transport::ServerOptions;
    use wampwerk::websocket::Deflate;
    use wampwerk::websocket::{self, Message, WebSocket};

    pub(crate) async fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        match arguments {
            ["client", url, agent] => client(url, agent).await,
            ["server"] => server().await,
            _ => Err("usage: conformance client URL AGENT | conformance server".into()),
        }
    }

    async fn client(url: &str, agent: &str) -> Result<(), Box<dyn Error>> {
        let mut asking = websocket::connect(format!("{url}/getCaseCount")).await?;
        let Some(Message::Text(count)) = asking.next().await.transpose()? else {
            return Err("the server does not tell the number of its cases".into());
        };
        asking.closed().await;
        for case in 1..=count.parse()? {
            let url = format!("{url}/runCase?case={case}&agent={agent}");
            echo(websocket::connect(url).per_message_deflate(deflate()).await?).await;
        }
        let updating = websocket::connect(format!("{url}/updateReports?agent={agent}")).await?;
        updating.closed().await;
        Ok(())
    }

    async fn server() -> Result<(), Box<dyn Error>> {
        let options = ServerOptions::new().per_message_deflate(deflate());
        let mut requests = websocket::listen("ws://127.0.0.1:0").options(options).await?;
        println!("{}", requests.url());
        let mut stdin = tokio::io::stdin();
        loop {
            tokio::select! {
                request = requests.next() => {
                    let Some(request) = request else { return Ok(()) };
                    tokio::spawn(async move {
                        if let Ok(socket) = request.accept().await {
                            echo(socket).await;
                        }
                    });
                }
                // Ready at the end only: nobody writes there.
                _ = stdin.read_u8() => return Ok(()),
            }
        }
    }

    /// Every message is compressed as far as the peer permits it.
    fn deflate() -> Deflate {
        Deflate::new().server_context_takeover(true).client_context_takeover(true).threshold(0)
    }

    /// Sends every message back. The suite ends the connection, or breaks it.
    async fn echo(mut socket: WebSocket) {
        while let Some(Ok(message)) = socket.next().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
        socket.closed().await;
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    native::run(&arguments).await
}

/// The tests of the browser build every example; this one has no place there.
#[cfg(target_arch = "wasm32")]
fn main() {}
