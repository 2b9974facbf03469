//! Peers without a session may send short messages only, and longer ones are refused while they come.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::common::raw_client::Server;

/// The length of a message is told before its content.
const LONG: usize = 1 << 20;

/// Connects by RawSocket and JSON.
fn raw_socket(server: &Server) -> (TcpStream, wampwerk::server::Listener) {
    let listener = server.router.listen("rs://127.0.0.1:0").into_future();
    let listener = server.runtime.block_on(listener).unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&[0x7f, 0xf1, 0, 0]).unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    (stream, listener)
}

fn header(length: usize) -> [u8; 4] {
    let [_, high, middle, low] = (length as u32).to_be_bytes();
    [0, high, middle, low]
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(&[&header(text.len()), text.as_bytes()].concat()).unwrap();
}

fn recv(stream: &mut TcpStream) -> String {
    let mut head = [0; 4];
    stream.read_exact(&mut head).unwrap();
    let mut text = vec![0; u32::from_be_bytes(head) as usize];
    stream.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_length_of_a_long_message_is_enough_to_refuse_it() {
    let server = Server::start();
    let (mut stream, _listener) = raw_socket(&server);
    stream.write_all(&header(LONG)).unwrap();
    // Nothing else was sent, and the router does not wait for it.
    match stream.read(&mut [0; 1]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_may_send_long_ones_until_it_has_left() {
    let server = Server::start();
    let (mut stream, _listener) = raw_socket(&server);
    for _ in 0..2 {
        send(&mut stream, r#"[1,"realm1",{"roles":{"publisher":{}}}]"#);
        assert!(recv(&mut stream).starts_with("[2,"));
        let text = "x".repeat(LONG);
        send(&mut stream, &format!(r#"[16,1,{{"acknowledge":true}},"com.example.a",["{text}"]]"#));
        assert!(recv(&mut stream).starts_with("[17,1,"));
        send(&mut stream, r#"[6,{},"wamp.close.close_realm"]"#);
        assert!(recv(&mut stream).starts_with("[6,"));
    }
    stream.write_all(&header(LONG)).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn a_websocket_is_closed_with_the_code_for_it() {
    let server = Server::start();
    let mut stranger = server.connect();
    stranger.send(json!([1, "realm1", {"x": "x".repeat(200 << 10)}]));
    assert_eq!(stranger.recv_close(), 1009);
    let mut session = server.join();
    session.send(json!([48, 1, {}, "com.example.nobody", ["x".repeat(200 << 10)]]));
    assert_eq!(session.recv()[4], "wamp.error.no_such_procedure");
}
