//! A router within an axum server: a page, an API and WAMP on one port.
//!
//! ```text
//! cargo run --example mounted -- [--address 127.0.0.1:8000]
//! ```
//!
//! The page is at `/`, `POST /publish/TOPIC` publishes its body to the sessions connected to `/ws`, and
//! `/count` returns their number.
//!
//! Open the page by the address that is printed: only pages of that origin may connect, and
//! `http://localhost:8000` is a different origin than `http://127.0.0.1:8000`.

#[cfg(not(target_arch = "wasm32"))]
mod common;

#[cfg(not(target_arch = "wasm32"))]
mod server {
    use std::error::Error;
    use std::net::SocketAddr;

    use axum::body::Body;
    use axum::extract::{ConnectInfo, Path, Request, State};
    use axum::http::StatusCode;
    use axum::response::{Html, IntoResponse, Response};
    use axum::routing::{any, get, post};
    use axum::serve::ListenerExt;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;
    use wampwerk::transport::ServerOptions;
    use wampwerk::websocket::Mount;
    use wampwerk::{Router, Session};

    const PAGE: &str = "<!doctype html><title>Mounted</title><p>A page beside a WAMP router.";

    /// What the routes share.
    #[derive(Clone)]
    struct Site {
        router: Router,
        mount: Mount,
        /// The API's own session.
        session: Session,
    }

    pub(crate) async fn run(address: &str) -> Result<(), Box<dyn Error>> {
        let router = Router::builder().realm("realm1").build()?;
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        // Only pages of this server may connect, and programs that are no pages; by this address, as
        // "localhost" is another origin.
        let own = format!("http://{address}");
        let mount =
            router.mount(ServerOptions::new().allowed_origins([own]).max_connections(500))?;
        let session = router.connect("realm1").await?;
        let app = axum::Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/publish/{topic}", post(publish))
            .route("/count", get(count))
            .route("/ws", any(wamp))
            .with_state(Site { router: router.clone(), mount, session });

        println!("page http://{address}/");
        println!("open it by this address: its script may connect from no other, as localhost is");
        println!("router ws://{address}/ws");
        // Answers are small and must not wait for an acknowledgement.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("no TCP_NODELAY: {error}");
            }
        });
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        // axum waits for requests that are under way; sessions are none, and say GOODBYE.
        let end = async move {
            if let Err(error) = tokio::signal::ctrl_c().await {
                eprintln!("Ctrl-C cannot be heard: {error}");
            }
            router.shutdown().await;
        };
        axum::serve(listener, app).with_graceful_shutdown(end).await?;
        println!("down");
        Ok(())
    }

    /// From HTTP to WAMP.
    async fn wamp(
        State(site): State<Site>,
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        mut request: Request,
    ) -> Response {
        let (response, upgrade) = match site.mount.upgrade(&request).await {
            Ok(agreed) => agreed,
            Err(refusal) => return refusal.into_response(),
        };
        let connection = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            match connection.await {
                Ok(stream) => upgrade.serve(TokioIo::new(stream), peer),
                Err(error) => eprintln!("{peer} left before it was connected: {error}"),
            }
        });
        response.map(|()| Body::empty())
    }

    async fn publish(
        State(site): State<Site>,
        Path(topic): Path<String>,
        text: String,
    ) -> Result<StatusCode, (StatusCode, String)> {
        let published = site.session.publish(topic).args((text,)).acknowledge().await;
        match published {
            Ok(_) => Ok(StatusCode::NO_CONTENT),
            Err(error) => Err((StatusCode::BAD_REQUEST, format!("{error}\n"))),
        }
    }

    async fn count(State(site): State<Site>) -> String {
        // One of them is our own.
        format!("{}\n", site.router.statistics().sessions - 1)
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    common::options(&["--address"])?;
    let address = common::option("--address").unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    server::run(&address).await
}

/// The tests of the browser build every example; this one has no place there.
#[cfg(target_arch = "wasm32")]
fn main() {}
