//! The web server: files of the page and of the package, and the built-in router, on one port.
//!
//! GET and HEAD of the files below two folders; no path leads out of them. axum implements
//! the rest of HTTP, and the router's `Mount` accepts WAMP clients.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wampwerk::websocket::Mount;

/// Where the router is, if it is ours.
pub(crate) const WAMP: &str = "/ws";

/// Scripts and styles from here only, and WebSockets to any router. Browsers give pages that are by
/// themselves a clock of microseconds, others one of 0.1 ms: too coarse for the plot.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws: wss:; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cache-control", "no-cache"),
    ("x-content-type-options", "nosniff"),
];

/// What is served: `page` at `/`, and `package` at `/pkg/`.
pub(crate) struct Site {
    page: PathBuf,
    package: PathBuf,
}

impl Site {
    /// A site of two folders that exist.
    pub(crate) fn new(page: &Path, package: &Path) -> io::Result<Self> {
        Ok(Site { page: page.canonicalize()?, package: package.canonicalize()? })
    }

    /// Serves until the task is dropped; with the router, if there is one.
    pub(crate) async fn serve(self, listener: TcpListener, mount: Option<Mount>) -> io::Result<()> {
        let mut app = Router::new().fallback(get(file)).with_state(Arc::new(self));
        if let Some(mount) = mount {
            app = app.merge(Router::new().route(WAMP, any(wamp)).with_state(mount));
        }
        // Answers are small and must not wait for an acknowledgement; one that cannot be told so is
        // just slower.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
    }

    async fn read(&self, path: &str) -> Option<(PathBuf, Vec<u8>)> {
        let relative = relative_path(path)?;
        let (root, rest) = match relative.strip_prefix("pkg") {
            Ok(rest) => (&self.package, rest),
            Err(_) => (&self.page, relative.as_path()),
        };
        // A symbolic link could still lead out.
        let path = tokio::fs::canonicalize(root.join(rest)).await.ok()?;
        if !path.starts_with(root) {
            return None;
        }
        let content = tokio::fs::read(&path).await.ok()?;
        Some((path, content))
    }
}

/// A file of the site. axum leaves the body out if only the head was asked for.
async fn file(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let mut response = match site.read(uri.path()).await {
        Some((path, content)) => ([(CONTENT_TYPE, content_type(&path))], content).into_response(),
        None => (StatusCode::NOT_FOUND, "404 Not Found\n").into_response(),
    };
    let headers = HEADERS
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    response.headers_mut().extend(HeaderMap::from_iter(headers));
    response
}

/// From HTTP to WAMP.
async fn wamp(
    State(mount): State<Mount>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let (response, upgrade) = match mount.upgrade(&request).await {
        Ok(agreed) => agreed,
        Err(refusal) => return refusal.into_response(),
    };
    let connection = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // A client that breaks off is its own matter.
        if let Ok(stream) = connection.await {
            upgrade.serve(TokioIo::new(stream), peer);
        }
    });
    response.map(|()| Body::empty())
}

/// The file that a path means, below the root. Nothing if it would lead out of it, or to a hidden
/// file.
fn relative_path(path: &str) -> Option<PathBuf> {
    let path = percent_decode(path.strip_prefix('/')?)?;
    let mut relative = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment.starts_with('.') || segment.contains(['\\', ':', '\0']) {
            return None;
        }
        relative.push(segment);
    }
    if path.is_empty() || path.ends_with('/') {
        relative.push("index.html");
    }
    Some(relative)
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        Some("ts" | "md" | "txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use wampwerk::transport::ServerOptions;

    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let path = |target| relative_path(target).map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(path("/").as_deref(), Some("index.html"));
        assert_eq!(path("/pkg/index.js").as_deref(), Some("pkg/index.js"));
        assert_eq!(path("//app.js").as_deref(), Some("app.js"));
        assert_eq!(path("/a%20b.js").as_deref(), Some("a b.js"));
        for bad in [
            "",
            "app.js",
            "/../Cargo.toml",
            "/pkg/../../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/..%2fCargo.toml",
            "/..%5cCargo.toml",
            "/.git/config",
            "/%00",
            "/%ff",
            "/%4",
            "/c:/x",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    async fn ask(request: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let site = Site::new(&root.join("www"), &root.join("npm/js")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = wampwerk::Router::builder().realm("realm1").build().unwrap();
        let mount = router.mount(ServerOptions::new()).unwrap();
        let server = tokio::spawn(site.serve(listener, Some(mount)));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        server.abort();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn serves_both_folders_with_its_headers() {
        let page = ask("GET /?url=x HTTP/1.0\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.0 200 OK\r\ncontent-type: text/html"), "{page}");
        assert!(page.contains("<title>"), "{page}");
        for (name, value) in HEADERS {
            assert!(page.contains(&format!("\r\n{name}: {value}\r\n")), "{name}: {page}");
        }
        let package = ask("GET /pkg/index.js HTTP/1.0\r\n\r\n").await;
        assert!(package.starts_with("HTTP/1.0 200 OK\r\ncontent-type: text/javascript"));
        assert!(package.contains("export async function connect"), "{package}");
    }

    #[tokio::test]
    async fn head_has_no_body() {
        let answer = ask("HEAD / HTTP/1.0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(!answer.contains("content-length: 0\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn refuses_what_it_does_not_do() {
        for (request, status) in [
            ("POST / HTTP/1.0\r\n\r\n", "405"),
            ("GET /none HTTP/1.0\r\n\r\n", "404"),
            ("GET /pkg/ HTTP/1.0\r\n\r\n", "404"),
            ("GET /../Cargo.toml HTTP/1.0\r\n\r\n", "404"),
            ("GET /ws HTTP/1.0\r\n\r\n", "505"),
        ] {
            let answer = ask(request).await;
            assert!(answer.starts_with(&format!("HTTP/1.0 {status} ")), "{request}: {answer}");
        }
        let answer = ask("nonsense\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let many = format!("GET / HTTP/1.0\r\n{}\r\n", "Cookie: x\r\n".repeat(200));
        let answer = ask(&many).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
