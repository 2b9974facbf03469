//! A chat over WebSocket, without WAMP: a server with a page for browsers, and a client for terminals.
//!
//! ```text
//! cargo run --example websocket_chat                                     the server; open the page that it prints
//! cargo run --example websocket_chat -- --join ws://127.0.0.1:9000 --name ann   a client; it sends its lines
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod common;

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::error::Error;
    use std::sync::{Arc, Mutex, PoisonError};

    use axum::response::Html;
    use axum::routing::get;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use wampwerk::transport::ServerOptions;
    use wampwerk::websocket::{
        self, ConnectionAccept, ConnectionDeny, IncomingRequest, Message, PreparedMessage,
        SendOptions, Sender,
    };

    use crate::common;

    const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>Chat</title>
<ul id="said"></ul><form><input id="text" autofocus autocomplete="off"><button>Send</button></form>
<script>
  const show = (text) => said.append(Object.assign(document.createElement('li'), { textContent: text }));
  const socket = new WebSocket('URL?name=page', 'chat.example');
  socket.onmessage = ({ data }) => show(data);
  socket.onclose = ({ code, reason }) => show(`closed: ${code} ${reason}`);
  document.forms[0].onsubmit = (event) => {
    event.preventDefault();
    socket.send(text.value);
    text.value = '';
  };
</script>"#;

    /// Whoever is there.
    #[derive(Clone, Default)]
    struct Room(Arc<Mutex<Vec<Sender>>>);

    impl Room {
        fn enter(&self, guest: Sender) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(guest);
        }

        fn say(&self, text: String) {
            println!("{text}");
            let message = PreparedMessage::new(text, SendOptions::new());
            let mut guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // A guest whose queue is full does not read: it is closed, and the others go on.
            guests.retain(|guest| {
                let is_said = guest.try_send_prepared(&message).is_ok();
                if !is_said {
                    let _ = guest.start_close(4000, "too slow");
                }
                is_said
            });
        }
    }

    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        common::options(&["--join", "--name", "--page", "--listen"])?;
        if let Some(url) = common::option("--join") {
            let name = common::option("--name").unwrap_or_else(|| "somebody".to_owned());
            return join(&url, &name).await;
        }
        let page = common::option("--page").unwrap_or_else(|| "127.0.0.1:8000".to_owned());
        let listen = common::option("--listen").unwrap_or_else(|| "ws://127.0.0.1:9000".to_owned());

        let page = tokio::net::TcpListener::bind(page).await?;
        let origin = format!("http://{}", page.local_addr()?);
        // Pages of other sites are refused. Programs that are not pages have no origin.
        let options = ServerOptions::new().allowed_origins([origin.clone()]);
        let chat = websocket::listen(listen).protocols(["chat.example"]).options(options);
        let mut requests = chat.await?;
        println!("page {origin}/");
        println!("chat {}", requests.url());
        let html = Html(PAGE.replace("URL", requests.url()));
        let app = axum::Router::new().route("/", get(|| async { html }));
        tokio::spawn(async { axum::serve(page, app).await });

        let room = Room::default();
        while let Some(request) = requests.next().await {
            tokio::spawn(serve(request, room.clone()));
        }
        Ok(())
    }

    async fn serve(request: IncomingRequest, room: Room) {
        let named = request.request().params().find(|(key, _)| key == "name");
        let name = match named {
            Some((_, name)) if !name.is_empty() && name.len() <= 20 => name,
            _ => return request.deny(ConnectionDeny::new(400, "say who you are: ?name=…")).await,
        };
        let answer = ConnectionAccept::new().header("X-Welcome", "chat");
        let Ok(mut socket) = request.accept_with(answer).await else { return };
        room.enter(socket.sender());
        room.say(format!("{name} is here"));
        while let Some(Ok(message)) = socket.next().await {
            match message {
                Message::Text(text) => room.say(format!("{name}: {text}")),
                Message::Binary(_) => {
                    let _ = socket.close(4001, "text only").await;
                }
            }
        }
        let closed = socket.closed().await;
        room.say(format!("{name} has left ({closed})"));
    }

    /// Sends the lines of the standard input, and prints what is said.
    async fn join(url: &str, name: &str) -> Result<(), Box<dyn Error>> {
        let url = format!("{url}?name={name}");
        let mut socket = websocket::connect(url).protocols(["chat.example"]).await?;
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        loop {
            tokio::select! {
                said = socket.next() => match said.transpose()? {
                    Some(Message::Text(text)) => println!("{text}"),
                    Some(Message::Binary(_)) => {}
                    None => break,
                },
                line = lines.next_line() => match line? {
                    Some(line) => socket.send(line).await?,
                    None => {
                        socket.close(1000, "bye").await?;
                        break;
                    }
                },
            }
        }
        println!("closed: {}", socket.closed().await);
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
