//! WAMP over streams of tokio-tungstenite, on both sides, for programs that do the opening handshake with that crate.
//!
//! ```text
//! cargo run --example over_tungstenite --features tokio-tungstenite
//! ```

#[cfg(not(target_arch = "wasm32"))]
mod program {
    use std::error::Error;
    use std::net::SocketAddr;

    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
    use tokio_tungstenite::tungstenite::http::HeaderValue;
    use wampwerk::session::{self, SessionConfig};
    use wampwerk::transport::TungsteniteTransport;
    use wampwerk::{Router, Serializer, Session};

    const SERIALIZER: Serializer = Serializer::Json;

    fn protocol() -> HeaderValue {
        HeaderValue::from_static(SERIALIZER.subprotocol())
    }

    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        let router = Router::builder().realm("realm1").build()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = router.clone();
        tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                if let Err(error) = serve(&server, stream, peer).await {
                    eprintln!("{peer}: {error}");
                }
            }
        });

        let session = join(address).await?;
        println!("joined realm1 over {}", session.transport().kind);
        session.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
        let sum: i64 = join(address).await?.call("com.example.add").args((2, 3)).value().await?;
        println!("2 + 3 = {sum}");
        session.leave().await;
        router.shutdown().await;
        Ok(())
    }

    /// The server's side: the handshake by tokio-tungstenite, the rest by the router.
    #[allow(clippy::result_large_err, reason = "the refusal is a whole response of tungstenite")]
    async fn serve(
        router: &Router,
        tcp: TcpStream,
        peer: SocketAddr,
    ) -> Result<(), Box<dyn Error>> {
        tcp.set_nodelay(true)?;
        // A server for others looks at what the client offers.
        let choose = |_: &Request, mut response: Response| {
            response.headers_mut().insert("Sec-WebSocket-Protocol", protocol());
            Ok(response)
        };
        let stream = tokio_tungstenite::accept_hdr_async(tcp, choose).await?;
        router.serve(Box::new(TungsteniteTransport::new(stream, SERIALIZER).peer(peer)));
        Ok(())
    }

    /// The client's side.
    async fn join(address: SocketAddr) -> Result<Session, Box<dyn Error>> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol());
        let (stream, _) = tokio_tungstenite::client_async(request, tcp).await?;
        let transport = TungsteniteTransport::new(stream, SERIALIZER).peer(address);
        Ok(session::join(Box::new(transport), "realm1", SessionConfig::new()).await?)
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    program::run().await
}

/// The tests of the browser build every example; this one has no place there.
#[cfg(target_arch = "wasm32")]
fn main() {}
