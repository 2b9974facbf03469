//! A WebSocket server that sends the same messages to all clients, without WAMP.
//!
//! ```text
//! cargo run --example websocket_broadcast                                a server, and two clients that leave after three
//! cargo run --example websocket_broadcast -- --listen ws://0.0.0.0:9000  a server alone
//! cargo run --example websocket_broadcast -- --url ws://host:9000        a client alone
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod common;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::error::Error;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use wampwerk::transport::ServerOptions;
    use wampwerk::websocket::Deflate;
    use wampwerk::websocket::{
        self, IncomingRequests, Message, PreparedMessage, SendOptions, Sender,
    };

    use crate::common;

    type Clients = Arc<Mutex<Vec<Sender>>>;

    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        common::options(&["--listen", "--url"])?;
        if let Some(url) = common::option("--url") {
            return client("client", &url).await;
        }
        let listen = common::option("--listen");
        let options = ServerOptions::new().per_message_deflate(Deflate::new());
        let url = listen.as_deref().unwrap_or("ws://127.0.0.1:0");
        let requests = websocket::listen(url).options(options).await?;
        println!("server {}", requests.url());
        let (url, clients) = (requests.url().to_owned(), Clients::default());
        tokio::spawn(serve(requests, clients.clone()));
        let broadcasting = broadcast(clients);
        if listen.is_some() {
            broadcasting.await;
            return Ok(());
        }
        tokio::select! {
            () = broadcasting => Ok(()),
            ended = async { tokio::try_join!(client("first", &url), client("second", &url)) } => {
                ended.map(|_| ())
            }
        }
    }

    async fn serve(mut requests: IncomingRequests, clients: Clients) {
        while let Some(request) = requests.next().await {
            let clients = clients.clone();
            tokio::spawn(async move {
                let Ok(mut socket) = request.accept().await else { return };
                clients.lock().unwrap_or_else(PoisonError::into_inner).push(socket.sender());
                // Messages of clients are read, or the end would not be seen.
                while socket.next().await.is_some() {}
            });
        }
    }

    /// Sends a number each tenth of a second.
    async fn broadcast(clients: Clients) {
        for number in 1_u64.. {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let text = format!("{{\"tick\": {number}}}");
            // Compressed once, whatever the number of clients.
            let message = PreparedMessage::new(text, SendOptions::new());
            // A client that does not read misses messages, and does not delay others.
            let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.retain(|client| client.is_closed().is_none());
            for client in clients.iter() {
                let _ = client.try_send_prepared(&message);
            }
        }
    }

    async fn client(name: &str, url: &str) -> Result<(), Box<dyn Error>> {
        let mut socket = websocket::connect(url).per_message_deflate(Deflate::new()).await?;
        for _ in 0..3 {
            match socket.next().await.transpose()? {
                Some(Message::Text(text)) => println!("{name} received {text}"),
                other => return Err(format!("{name} received {other:?}").into()),
            }
        }
        socket.close(1000, "").await?;
        println!("{name} left");
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
