//! A proxy: HTTP `CONNECT` and SOCKS5, small and real.

use std::net::SocketAddr;

use data_encoding::BASE64;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a proxy behaves.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// User and password that it wants.
    pub login: Option<(&'static str, &'static str)>,
    /// Whether each byte of its answers goes alone.
    pub byte_by_byte: bool,
    /// Whether it ends the connection in the middle of its last answer.
    pub dies_in_the_middle: bool,
    /// SOCKS5: refuses with this reply, from its code on.
    pub reply: Option<Vec<u8>>,
}

/// It serves one client, and knows all names: they are `target`. The handle gives what was asked for.
pub async fn http(target: SocketAddr, manner: Manner) -> (u16, JoinHandle<String>) {
    serve(move |stream| async move { serve_http(stream, target, &manner).await }).await
}

/// One client of an HTTP proxy.
pub async fn serve_http(mut stream: TcpStream, target: SocketAddr, manner: &Manner) -> String {
    let asked = answer_http(&mut stream, manner).await;
    tunnel(stream, asked, target).await
}

/// As [`http`].
pub async fn socks5(target: SocketAddr, manner: Manner) -> (u16, JoinHandle<String>) {
    serve(move |stream| async move { serve_socks5(stream, target, &manner).await }).await
}

/// One client of a SOCKS5 proxy.
pub async fn serve_socks5(mut stream: TcpStream, target: SocketAddr, manner: &Manner) -> String {
    let asked = answer_socks5(&mut stream, manner).await;
    tunnel(stream, asked, target).await
}

/// What says this, whatever comes, once it has got `read` bytes; then it waits for the client to go,
/// or ends the connection.
pub async fn saying(read: usize, bytes: Vec<u8>, waits: bool) -> (u16, JoinHandle<String>) {
    serve(move |mut stream| async move {
        let mut request = vec![0; read];
        stream.read_exact(&mut request).await.unwrap();
        // The client may have had enough of it.
        let _ = stream.write_all(&bytes).await;
        if waits {
            let _ = stream.read_to_end(&mut request).await;
        }
        String::from_utf8_lossy(&request).into_owned()
    })
    .await
}

async fn serve<F: Future<Output = String> + Send + 'static>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        serve(stream).await
    });
    (port, task)
}

/// Of what was asked for; an error is what was refused.
async fn tunnel(mut stream: TcpStream, asked: Result<String, String>, to: SocketAddr) -> String {
    if asked.is_ok() {
        let mut router = TcpStream::connect(to).await.unwrap();
        router.set_nodelay(true).unwrap();
        let _ = copy_bidirectional(&mut stream, &mut router).await;
    }
    asked.unwrap_or_else(|refused| refused)
}

async fn answer_http(stream: &mut TcpStream, manner: &Manner) -> Result<String, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
    assert!(head.contains(&format!("\r\nHost: {target}\r\n")), "{head}");
    if let Some((user, password)) = manner.login {
        let wanted = BASE64.encode(format!("{user}:{password}").as_bytes());
        let wanted = format!("\r\nProxy-Authorization: Basic {wanted}\r\n");
        if !head.contains(&wanted) {
            let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                          Proxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno";
            say(stream, answer.as_bytes(), manner).await;
            return Err(format!("refused {target}"));
        }
    }
    // A length means nothing here.
    let answer = "HTTP/1.1 200 Connection established\r\nVia: x\r\nContent-Length: 9\r\n\r\n";
    if manner.dies_in_the_middle {
        say(stream, &answer.as_bytes()[..30], manner).await;
        return Err(format!("refused {target}"));
    }
    say(stream, answer.as_bytes(), manner).await;
    Ok(target.to_owned())
}

async fn answer_socks5(stream: &mut TcpStream, manner: &Manner) -> Result<String, String> {
    assert_eq!(stream.read_u8().await.unwrap(), 5);
    let methods = read(stream).await;
    if let Some((user, password)) = manner.login {
        if !methods.contains(&2) {
            say(stream, &[5, 0xff], manner).await;
            return Err("refused without a password".to_owned());
        }
        say(stream, &[5, 2], manner).await;
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        let given = (read(stream).await, read(stream).await);
        if given != (user.as_bytes().to_vec(), password.as_bytes().to_vec()) {
            say(stream, &[1, 1], manner).await;
            return Err("refused the password".to_owned());
        }
        say(stream, &[1, 0], manner).await;
    } else {
        assert!(methods.contains(&0));
        say(stream, &[5, 0], manner).await;
    }
    let mut start = [0; 4];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(start[..3], [5, 1, 0]);
    let host = match start[3] {
        1 => {
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            std::net::Ipv4Addr::from(bytes).to_string()
        }
        4 => {
            let mut bytes = [0; 16];
            stream.read_exact(&mut bytes).await.unwrap();
            format!("[{}]", std::net::Ipv6Addr::from(bytes))
        }
        3 => String::from_utf8(read(stream).await).unwrap(),
        other => panic!("{other}"),
    };
    let target = format!("{host}:{}", stream.read_u16().await.unwrap());
    if let Some(reply) = &manner.reply {
        say(stream, &[&[5], reply.as_slice()].concat(), manner).await;
        return Err(format!("refused {target}"));
    }
    let answer = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    if manner.dies_in_the_middle {
        say(stream, &answer[..6], manner).await;
        return Err(format!("refused {target}"));
    }
    say(stream, &answer, manner).await;
    Ok(target)
}

/// Bytes with their count before them.
async fn read(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; stream.read_u8().await.unwrap().into()];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn say(stream: &mut TcpStream, bytes: &[u8], manner: &Manner) {
    let size = if manner.byte_by_byte { 1 } else { bytes.len() };
    for part in bytes.chunks(size) {
        stream.write_all(part).await.unwrap();
        tokio::task::yield_now().await;
    }
}
