//! A WebSocket server that echoes, and its client, without WAMP.
//!
//! ```text
//! cargo run --example websocket_echo                            a server, and a client that sends three messages
//! cargo run --example websocket_echo -- --listen ws://0.0.0.0:9000   a server alone
//! cargo run --example websocket_echo -- --url ws://host:9000         a client alone
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod common;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::error::Error;

    use wampwerk::transport::ServerOptions;
    use wampwerk::websocket::Deflate;
    use wampwerk::websocket::{self, IncomingRequests, Message};

    use crate::common;

    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        common::options(&["--listen", "--url"])?;
        if let Some(url) = common::option("--url") {
            return client(&url).await;
        }
        let listen = common::option("--listen");
        // Servers compress only if they are told to.
        let options = ServerOptions::new().per_message_deflate(Deflate::new());
        let url = listen.as_deref().unwrap_or("ws://127.0.0.1:0");
        let requests = websocket::listen(url).options(options).await?;
        println!("server {}", requests.url());
        let url = requests.url().to_owned();
        let server = tokio::spawn(serve(requests));
        if listen.is_none() {
            return client(&url).await;
        }
        Ok(server.await?)
    }

    async fn serve(mut requests: IncomingRequests) {
        while let Some(request) = requests.next().await {
            // The handshakes of several clients run side by side.
            tokio::spawn(async move {
                let mut socket = match request.accept().await {
                    Ok(socket) => socket,
                    Err(error) => return eprintln!("no handshake: {error}"),
                };
                while let Some(Ok(message)) = socket.next().await {
                    if socket.send(message).await.is_err() {
                        break;
                    }
                }
                println!("server: {}", socket.closed().await);
            });
        }
    }

    async fn client(url: &str) -> Result<(), Box<dyn Error>> {
        let mut socket = websocket::connect(url).per_message_deflate(Deflate::new()).await?;
        for extension in socket.response().extensions() {
            println!("agreed on {extension}");
        }
        for message in ["one", "two", "three"] {
            socket.send(message).await?;
            match socket.next().await.transpose()? {
                Some(Message::Text(text)) => println!("received {text}"),
                other => return Err(format!("received {other:?}").into()),
            }
        }
        let closed = socket.close(1000, "that was all").await?;
        println!("client: {closed}");
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    native::run().await
}

/// The tests of the browser build every example; this one has no place there.
#[cfg(target_arch = "wasm32")]
fn main() {}
