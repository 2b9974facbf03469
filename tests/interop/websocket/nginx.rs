//! nginx as a reverse proxy in front of our server.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wampwerk::transport::ServerOptions;
use wampwerk::websocket;

use super::exchange::exchange;
use super::roles::takeover;

tests! { Nginx:
    compressed_messages_pass_a_proxy_and_the_client_is_known_behind_it,
}

async fn compressed_messages_pass_a_proxy_and_the_client_is_known_behind_it() {
    let options = ServerOptions::new().per_message_deflate(takeover()).trust_x_forwarded_for(1);
    let mut requests = websocket::listen("ws://127.0.0.1:0").options(options).await.unwrap();
    let nginx = Nginx::start(requests.local_addr().unwrap());
    let url = format!("ws://{}/some/path?q=1", nginx.address);
    let client = tokio::spawn(async move {
        let connecting = websocket::connect(url).per_message_deflate(takeover());
        connecting.header("X-Forwarded-For", "192.0.2.7").await.unwrap()
    });
    let request = requests.next().await.unwrap();
    assert_eq!(request.request().path(), "/some/path");
    // What nginx has added counts, and not what the client says.
    assert!(request.request().peer().unwrap().starts_with("127.0.0.1"));
    assert_eq!(request.request().header("X-Forwarded-For"), Some("192.0.2.7, 127.0.0.1"));
    let mut server = request.accept().await.unwrap();
    let mut client = client.await.unwrap();
    assert_eq!(client.response().extensions().count(), 1);
    let echoing = tokio::spawn(async move {
        while let Some(message) = server.next().await {
            server.send(message.unwrap()).await.unwrap();
        }
        server.closed().await
    });
    exchange(&mut client).await;
    let closed = client.close(4001, "thät is all").await.unwrap();
    assert_eq!((closed.was_clean, closed.code), (true, Some(4001)), "{closed:?}");
    let closed = echoing.await.unwrap();
    assert_eq!((closed.was_clean, closed.code), (true, Some(4001)), "{closed:?}");
}

/// A proxy that runs. It ends when it is dropped.
pub(crate) struct Nginx {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    address: SocketAddr,
}

impl Nginx {
    /// Path of the program: what `tools/setup nginx` unpacks, or what the system has.
    pub(crate) fn program() -> Option<PathBuf> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        let unpacked = cache.map(|cache| cache.join("wampwerk/nginx/usr/sbin/nginx"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut installed = std::env::split_paths(&path).map(|folder| folder.join("nginx"));
        installed.find(|path| path.exists()).or(unpacked.filter(|path| path.exists()))
    }

    /// Starts one in front of a server.
    fn start(server: SocketAddr) -> Nginx {
        let folder = std::env::temp_dir().join(format!("wampwerk-nginx-{}", server.port()));
        std::fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        std::fs::write(folder.join("nginx.conf"), configuration(address, server)).unwrap();
        let child = Command::new(Nginx::program().unwrap())
            .args(["-e", "error.log", "-c", "nginx.conf", "-p"])
            .arg(&folder)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Nginx { child, folder, address };
        for _ in 0..600 {
            if TcpStream::connect(address).is_ok() {
                return nginx;
            }
            assert!(nginx.child.try_wait().unwrap().is_none(), "nginx ended: {}", nginx.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx does not listen: {}", nginx.log());
    }

    fn log(&self) -> String {
        read(&self.folder.join("error.log"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// As nginx's documentation has it for WebSocket; all files in its own folder.
fn configuration(address: SocketAddr, server: SocketAddr) -> String {
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log error.log warn;
        events {{ worker_connections 256; }}
        http {{
            access_log off;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
            server {{
                listen {address};
                location / {{
                    proxy_pass http://{server};
                    proxy_http_version 1.1;
                    proxy_set_header Host $http_host;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $connection_upgrade;
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                }}
            }}
        }}"
    )
}
