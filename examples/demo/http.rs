//! A small static file server: what the page needs, and nothing that it does not.
//!
//! GET and HEAD of the files below two folders. One request per connection; size, time and number
//! of connections are bounded, and no path leads out of the folders.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The longest request line with headers, in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// How long a client may take to send its request.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to receive the answer.
const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// How much of a refused request is still taken in, in bytes.
const MAX_REST: u64 = 256 * 1024;
/// How long it is waited for that, and for the client to close.
const REST_LIMIT: Duration = Duration::from_secs(1);
/// How many clients are served at a time; others wait.
const MAX_CONNECTIONS: usize = 64;

/// Scripts and styles from here only, and WebSockets to any router.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Browsers give pages that are by themselves a clock of microseconds, others one of 0.1 ms: too
/// coarse for the plot.
const ISOLATION: &str = "Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Embedder-Policy: require-corp\r\n";

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

    /// Serves until the task is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let site = Arc::new(self);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely: some will be given back.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let site = Arc::clone(&site);
            tokio::spawn(async move {
                // A client that breaks off is its own matter.
                let _ = site.answer(stream).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let reply = match timeout(READ_LIMIT, read_head(&mut stream)).await {
            Ok(Ok(Some(head))) => self.reply(&head).await,
            Ok(Ok(None)) => Reply::plain("431 Request Header Fields Too Large"),
            Ok(Err(error)) => return Err(error),
            Err(_) => Reply::plain("408 Request Timeout"),
        };
        timeout(WRITE_LIMIT, async {
            stream.write_all(&reply.bytes()).await?;
            stream.shutdown().await
        })
        .await??;
        // Closing with bytes unread resets the connection, and the client may lose the answer.
        let mut rest = stream.take(MAX_REST);
        let _ = timeout(REST_LIMIT, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
        Ok(())
    }

    async fn reply(&self, head: &str) -> Reply {
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Reply::plain("400 Bad Request");
        };
        if !matches!(method, "GET" | "HEAD") {
            return Reply { allow: true, ..Reply::plain("405 Method Not Allowed") };
        }
        let mut reply = match self.file(target).await {
            Some((path, content)) => {
                Reply { status: "200 OK", kind: content_type(&path), content, ..Reply::default() }
            }
            None => Reply::plain("404 Not Found"),
        };
        reply.head_only = method == "HEAD";
        reply
    }

    async fn file(&self, target: &str) -> Option<(PathBuf, Vec<u8>)> {
        let relative = relative_path(target)?;
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

#[derive(Default)]
struct Reply {
    status: &'static str,
    kind: &'static str,
    content: Vec<u8>,
    allow: bool,
    head_only: bool,
}

impl Reply {
    fn plain(status: &'static str) -> Self {
        let content = format!("{status}\n").into_bytes();
        Reply { status, kind: "text/plain; charset=utf-8", content, ..Reply::default() }
    }

    fn bytes(&self) -> Vec<u8> {
        let allow = if self.allow { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: {POLICY}\r\n{ISOLATION}Connection: close\r\n\r\n",
            self.status,
            self.kind,
            self.content.len(),
        );
        let mut bytes = head.into_bytes();
        if !self.head_only {
            bytes.extend_from_slice(&self.content);
        }
        bytes
    }
}

/// Reads up to the empty line; nothing if the request is too long.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<String>> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() >= MAX_HEAD {
            return Ok(None);
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// The file that a request means, below the root. Nothing if it would lead out of it, or to a
/// hidden file.
fn relative_path(target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = percent_decode(path)?;
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

    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        let path = |target| relative_path(target).map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(path("/").as_deref(), Some("index.html"));
        assert_eq!(path("/?url=ws://127.0.0.1:1/ws").as_deref(), Some("index.html"));
        assert_eq!(path("/pkg/index.js").as_deref(), Some("pkg/index.js"));
        assert_eq!(path("//app.js").as_deref(), Some("app.js"));
        assert_eq!(path("/a%20b.js").as_deref(), Some("a b.js"));
        for bad in [
            "",
            "app.js",
            "http://127.0.0.1/app.js",
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
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let site = Site::new(&root.join("www"), &root.join("src/js/npm")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(site.serve(listener));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        server.abort();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn serves_both_folders() {
        let page = ask("GET /?url=x HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{page}");
        assert!(page.contains("<title>"), "{page}");
        let package = ask("GET /pkg/index.js HTTP/1.1\r\n\r\n").await;
        assert!(package.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/javascript"));
        assert!(package.contains("export async function connect"), "{package}");
    }

    #[tokio::test]
    async fn head_has_no_body() {
        let answer = ask("HEAD / HTTP/1.1\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(!answer.contains("Content-Length: 0\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn refuses_what_it_does_not_do() {
        for (request, status) in [
            ("POST / HTTP/1.1\r\n\r\n".to_owned(), "405"),
            ("GET /none HTTP/1.1\r\n\r\n".to_owned(), "404"),
            ("GET /pkg/ HTTP/1.1\r\n\r\n".to_owned(), "404"),
            ("GET /../Cargo.toml HTTP/1.1\r\n\r\n".to_owned(), "404"),
            ("GET /\r\n\r\n".to_owned(), "400"),
            ("nonsense\r\n\r\n".to_owned(), "400"),
            (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(MAX_HEAD)), "431"),
        ] {
            let answer = ask(&request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        }
    }
}
