//! Writes what fuzzing begins with to `fuzz/regressions/`: messages by our own encoder, and edge
//! cases by hand. What fuzzing has found lies there, too, and is left alone.
//!
//!     cargo run --manifest-path fuzz/Cargo.toml --example seeds

#[path = "seeds/further.rs"]
mod further;

use std::error::Error;
use std::path::Path;

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::internals::codec;
use wampwerk::internals::framing::batch::BatchFormat;

/// One of each message, and forms of payloads.
const MESSAGES: &[(&str, &str)] = &[
    (
        "hello",
        r#"[1,"realm1",{"roles":{"caller":{"features":{"call_canceling":true}},"callee":{}},"authmethods":["ticket","scram"],"authid":"peter","authextra":{"channel_binding":null}}]"#,
    ),
    (
        "welcome",
        r#"[2,9007199254740992,{"realm":"realm1","authid":"x","authrole":"user","roles":{"dealer":{},"broker":{"features":{"event_history":true}}}}]"#,
    ),
    ("abort", r#"[3,{"message":"gone"},"wamp.close.system_shutdown",[1],{"k":2}]"#),
    ("challenge", r#"[4,"wampcra",{"challenge":"{}","salt":"ab","keylen":32,"iterations":1000}]"#),
    ("authenticate", r#"[5,"c2lnbmF0dXJl",{"nonce":"n"}]"#),
    ("goodbye", r#"[6,{},"wamp.close.goodbye_and_out"]"#),
    ("error", r#"[8,48,7,{},"com.example.error",["text",[1,2]],{"cause":{"a":null}}]"#),
    (
        "publish",
        r#"[16,1,{"acknowledge":true,"exclude":[1,2],"eligible_authid":["a"],"retain":false},"com.topic",[1.5,"ä€😀"]]"#,
    ),
    ("published", "[17,1,4429313566]"),
    ("subscribe", r#"[32,1,{"match":"wildcard","get_retained":true},"com..topic"]"#),
    ("subscribed", "[33,1,2]"),
    ("unsubscribe", "[34,1,2]"),
    ("unsubscribed", r#"[35,0,{"subscription":2,"reason":"x"}]"#),
    ("event", r#"[36,1,2,{"publisher":3,"topic":"com.topic"},[],{"k":[true,false,null]}]"#),
    (
        "call",
        r#"[48,1,{"timeout":1000,"receive_progress":true},"com.add",[1,-1,18446744073709551615,-9223372036854775808]]"#,
    ),
    ("call_bytes", r#"[48,1,{},"com.add",["\u0000AAECAw==",{"k":"\u0000"}]]"#),
    (
        "call_opaque",
        r#"[48,1,{"enc_algo":"cryptobox","enc_serializer":"json"},"com.add","\u0000AAECAw=="]"#,
    ),
    ("call_floats", r#"[48,1,{},"com.add",[0.1,-0.0,1e300,5e-324,1.0,1E5]]"#),
    ("cancel", r#"[49,1,{"mode":"killnowait"}]"#),
    ("result", r#"[50,1,{"progress":true},[[[]],{"a":{"b":{}}}]]"#),
    ("result_kwargs", r#"[50,1,{},[],{"a":1,"b":"two"}]"#),
    ("register", r#"[64,1,{"invoke":"roundrobin","match":"prefix","concurrency":3},"com."]"#),
    ("registered", "[65,1,2]"),
    ("unregister", "[66,1,2]"),
    ("unregistered", r#"[67,0,{"registration":2}]"#),
    (
        "invocation",
        r#"[68,1,2,{"caller":3,"procedure":"com.add","timeout":0},["Point",{"Circle":1.5},{"Line":[1,2]},{"Box":{"width":3}}]]"#,
    ),
    ("interrupt", r#"[69,1,{"mode":"kill"}]"#),
    ("yield", r#"[70,1,{},[{"1":true,"-2":false}],{"a":{"a":null,"b":["Point"]},"true":1}]"#),
];

const JSON: &[(&str, &str)] = &[
    ("spaces", " [ 50 , 1 ,\n{ } ,\t[ 1 , 2 ] , { \"a\" : [ ] } ] \r\n"),
    ("escapes", r#"[50,1,{},["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"]]"#),
    ("escaped_base64", r#"[50,1,{},["\u0000\/\/8=","\u0000AA\u003d\u003d"]]"#),
    ("lone_surrogate", r#"[50,1,{},["\ud800"],{"\udfff":1}]"#),
    ("bad_base64", r#"[50,1,{},["\u0000?","\u0000A"]]"#),
    ("key_like_bytes", r#"[50,1,{"\u0000AA==":1},[{"\u0000":1}]]"#),
    (
        "numbers",
        "[50,1,{},[-0,0e0,1e999,123456789012345678901234567890,0.00000000000000000000001]]",
    ),
    ("twice", r#"[50,1,{"progress":true,"progress":false},[],{"a":1,"a":2}]"#),
    ("no_message", r#"{"a":[null,true]}"#),
    ("cut", r#"[50,1,{},["abc\"#),
];

const MSGPACK: &[(&str, &[u8])] = &[
    ("ext", b"\x94\x32\x01\x80\x93\xc7\x03\x05abc\xd4\x01a\xd8\xff0123456789abcdef"),
    ("wide_integers", b"\x94\x32\xcf\0\0\0\0\0\0\0\x01\x80\x93\xd3\xff\xff\xff\xff\xff\xff\xff\xff\xd0\x80\xcd\0\x01"),
    ("wide_lengths", b"\xdd\0\0\0\x04\x32\x01\xdf\0\0\0\0\xdc\0\x02\xdb\0\0\0\x01a\xc6\0\0\0\x01b"),
    ("claimed_list", b"\x94\x32\x01\x80\xdd\xff\xff\xff\xff\x01"),
    ("claimed_dict", b"\x95\x32\x01\x80\x90\xdf\xff\xff\xff\xff\xa0\x01"),
    ("claimed_text", b"\x94\x32\x01\x80\x91\xdb\xff\xff\xff\xffab"),
    ("claimed_ext", b"\x94\x32\x01\x80\x91\xc9\xff\xff\xff\xff\x01"),
    ("odd_keys", b"\x94\x32\x01\x80\x91\x83\x01\x02\xc0\x03\x90\x04"),
    ("floats", b"\x94\x32\x01\x80\x92\xca\x7f\xc0\0\0\xcb\xff\xf0\0\0\0\0\0\0"),
    ("bad_text", b"\x94\x32\x01\x80\x91\xa2\xc3\x28"),
];

const CBOR: &[(&str, &[u8])] = &[
    ("indefinite", b"\x9f\x18\x32\x01\xbf\xff\x9f\x7f\x61a\x61b\xff\x5f\x41\x01\xff\xff\xbf\x61k\xf7\xff\xff"),
    ("tags", b"\xd9\xd9\xf7\x84\xc1\x18\x32\x01\xc1\xa0\xc1\x83\xc2\x42\x01\0\xc3\x41\0\xc1\xc1\xc1\xf6"),
    ("big_bignum", b"\x84\x18\x32\x01\xa0\x81\xc2\x49\x01\0\0\0\0\0\0\0\0"),
    ("halves", b"\x84\x18\x32\x01\xa0\x85\xf9\x3c\0\xf9\0\x01\xf9\x7c\0\xf9\x7e\0\xf9\x80\0"),
    ("wide_lengths", b"\x9b\0\0\0\0\0\0\0\x04\x1b\0\0\0\0\0\0\0\x32\x19\0\x01\xb8\0\x98\x01\x78\x01a"),
    ("claimed_list", b"\x84\x18\x32\x01\xa0\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
    ("claimed_dict", b"\x85\x18\x32\x01\xa0\x80\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x60\x01"),
    ("claimed_text", b"\x84\x18\x32\x01\xa0\x81\x7b\x7f\xff\xff\xff\xff\xff\xff\xffab"),
    ("odd_keys", b"\x84\x18\x32\x01\xa0\x81\xa4\x01\x02\xf6\x03\x80\x04\xc1\x61k\x05"),
    ("simple", b"\x84\x18\x32\x01\xa0\x84\xe0\xf8\xff\xf7\xf5"),
    ("lowest", b"\x84\x18\x32\x01\xa0\x82\x3b\x7f\xff\xff\xff\xff\xff\xff\xff\x3b\xff\xff\xff\xff\xff\xff\xff\xff"),
];

const URIS: &[(&str, &str)] = &[
    ("exact", "com.example.add\ncom.example.add"),
    ("wildcard", "com..add\ncom.example.add"),
    ("prefix", "com.example.\ncom.example.add.two"),
    ("starred", "com.*.add\ncom.x.add"),
    ("star", "*\na"),
    ("named", "com.shop.<id:int>.<name>\ncom.shop.17.price"),
    ("suffix", "com.shop.<rest:suffix>\ncom.shop.a.b"),
    ("typed", "<a:str>.<b:string>.<c>\nx.y.z"),
    ("numbers", "<a:int>.<b:int>\n-9223372036854775808.+1"),
    ("odd", "com.a#b.\u{a0}\n.."),
];

const URLS: &[(&str, &str)] = &[
    ("plain", "ws://localhost"),
    ("full", "wss://EXAMPLE.com:8443/ws/a%20b?key=1&b=?"),
    ("ipv6", "ws://[::1]:9000/"),
    ("mapped", "wss://[::ffff:1.2.3.4]"),
    ("ipv4", "ws://127.0.0.1:0"),
    ("unix", "ws://unix:/run/router.sock:/ws?a=b"),
    ("unix_scheme", "ws+unix:///run/router.sock"),
    ("user", "ws://peter:secret@host/?a"),
    ("fragment", "ws://host/#a"),
    ("http", "https://host/"),
    ("port", "ws://host:65536/"),
    ("rawsocket", "rs://127.0.0.1:8080"),
    ("rawsocket_secure", "rss://Router.example/"),
    ("rawsocket_ipv6", "rs://[::1]:0"),
    ("rawsocket_unix", "rs://unix:/run/router.sock"),
    ("rawsocket_unix_scheme", "rs+unix:///run/router.sock"),
    ("rawsocket_secure_unix", "rss://unix:/run/router.sock"),
    ("rawsocket_path", "rs://host:1/ws"),
];

/// Settings, then steps of who and what, with what that takes.
const ROUTER: &[(&str, &[u8])] = &[
    // Two connections join; a procedure, a call, its answer.
    ("call", &[4, 0, 0, 1, 0, 0, 10, 0, 30, 1, 10, 0, 30, 0, 19, 0, 0, 1, 22, 0, 0, 3, 0, 27, 0, 0, 2]),
    // An event for one by prefix, one by name.
    ("event", &[4, 0, 0, 1, 0, 0, 10, 0, 30, 1, 10, 0, 30, 0, 14, 1, 0, 0, 14, 0, 0, 1, 17, 3, 0, 2]),
    // Calls with progress, cancelled, timed out.
    ("cancel", &[4, 0, 0, 1, 0, 0, 10, 0, 30, 1, 10, 0, 30, 0, 19, 9, 0, 1, 22, 16, 0, 2, 0, 27, 0, 18, 2, 1, 26, 23, 0, 28, 0, 0, 0, 1, 22, 20, 0, 1, 0, 1, 11]),
    // Meta procedures, with ids; testaments.
    ("meta", &[4, 0, 0, 1, 0, 0, 10, 0, 30, 1, 10, 0, 30, 0, 14, 0, 15, 0, 22, 0, 22, 5, 0, 22, 0, 16, 10, 0, 0, 1, 23, 0, 19, 0]),
    // The authorizer is asked, answers, answers too late.
    ("dynamic", &[0x46, 0, 0, 0, 10, 0, 29, 0, 19, 0, 0, 0, 14, 0, 0, 0, 4, 0, 2, 0, 17, 3, 0, 1, 0, 4, 0, 3, 0, 1, 255]),
    // History and retained events.
    ("history", &[0x22, 0, 0, 0, 10, 0, 29, 0, 17, 4, 12, 2, 0, 17, 4, 0, 2, 0, 14, 5, 12, 0, 22, 0, 24, 9]),
    // The end of everything.
    ("shutdown", &[4, 0, 0, 1, 0, 0, 10, 0, 30, 1, 10, 0, 30, 0, 6, 255, 1, 12, 0, 13, 0, 1, 255]),
    // Messages as they are.
    ("raw", b"\x04\0\0\0\x07\x10[1,\"realm1\",{}] \0\x09\x07\x84\x18\x20\x01\xa0\x61a\0\x08\x05\x93\x22\x02\x01\x00"),
];

/// The headers of a valid request.
macro_rules! asking {
    ($more:literal) => {
        concat!(
            "GET /ws?a=b HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\n",
            "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            $more,
            "\r\n",
        )
    };
}

/// An octet for the portions, then a request.
const REQUESTS: &[(&str, &str)] = &[
    ("plain", concat!("0", asking!(""))),
    ("protocols", concat!("1", asking!("Sec-WebSocket-Protocol: chat, wamp.2.json\r\n"))),
    (
        "extensions",
        concat!("2", asking!("Sec-WebSocket-Extensions: a; b=\"c\", permessage-deflate\r\n")),
    ),
    ("frames", concat!("3", asking!("Origin: null\r\n"), "\u{1}\u{2}hello")),
    ("doubled", concat!("4", asking!("Host: x\r\n"))),
    ("body", concat!("5", asking!("Content-Length: 5\r\n"), "hello")),
    ("folded", concat!("6", asking!("X: a\r\n b\r\n"))),
    ("line_feeds", "7GET / HTTP/1.1\nHost: x\n\n"),
    ("absolute", "8GET ws://[::1]:1/ws HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("post", "9POST / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("http2", ":PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("tls", ";\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}"),
];

/// An octet for the portions and the offer, then a response.
const RESPONSES: &[(&str, &str)] = &[
    (
        "accepted",
        "1HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
    ),
    (
        "compressed",
        "0HTTP/1.1 101 x\r\nupgrade: WebSocket\r\nconnection: keep-alive,upgrade\r\n\
         Sec-WebSocket-Accept:\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n\r\n\u{1}\u{1}x",
    ),
    ("refused", "2HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"),
    ("old", "3HTTP/1.0 200 OK\r\n\r\n"),
    ("no_reason", "4HTTP/1.1 101\r\n\r\n"),
    ("folded", "5HTTP/1.1 101 x\r\nUpgrade:\r\n websocket\r\n\r\n"),
    ("mail", "6220 mail.example ESMTP\r\n"),
];

/// A client's half, a server's half.
const HANDSHAKES: &[(&str, &[u8])] = &[
    ("accepted", b"\x7f\xf1\0\0\x7f\x71\0\0"),
    ("refused", b"\x7f\xf2\0\0\x7f\x10\0\0"),
    ("unknown_code", b"\x7f\xf2\0\0\x7f\xf0\0\0"),
    ("other_serializer", b"\x7f\x03\0\0\x7f\x02\0\0"),
    ("reserved", b"\x7f\xf1\0\x01\x7f\xf1\x01\0"),
    ("no_serializer", b"\x7f\xf0\0\0"),
    ("http", b"GET / HTTP/1.1\r\n"),
];

/// A limit and portions, then frames.
const FRAMES: &[(&str, &[u8])] = &[
    ("messages", b"\x0f\x01\0\0\0\x08[17,1,2]\0\0\0\x06[35,3]"),
    ("pings", b"\x0f\x02\x01\0\0\x02ab\x02\0\0\x02ab\x01\0\0\0\x02\0\0\0"),
    ("cut_header", b"\x0f\x03\0\0\0\x01a\0\0"),
    ("cut_payload", b"\x0f\x04\0\0\0\x09[17,1,2]"),
    ("claimed", b"\x0f\x05\0\xff\xff\xffabc"),
    ("longest", b"\x0f\x06\x08\0\0\0abc"),
    ("too_long", b"\0\x07\0\0\0\x01a\0\0\x02\x01abc"),
    ("beyond", b"\x0f\x08\x08\0\0\x01"),
    ("reserved_type", b"\x0f\x09\0\0\0\x01a\x03\0\0\0"),
    ("reserved_bits", b"\x0f\x0a\0\0\0\x01a\x10\0\0\0"),
];

/// Role and limits, portions; then frames of WebSocket.
const WEBSOCKET: &[(&str, &[u8])] = &[
    ("hello", b"\0\x03\x81\x05Hello\x82\x03\0\xff\x80"),
    ("masked", b"\x01\x02\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
    ("fragments", b"\0\x04\x01\x03Hel\x89\x02ab\x80\x02lo\x02\0\0\x01a\0\0\x80\0"),
    ("split_character", b"\0\x05\x01\x01\xf0\0\x02\x9f\x98\x8a\0\x80\x01\x80"),
    ("cut_character", b"\0\x06\x81\x02a\xc3"),
    ("bad_text_in_a_cut_frame", b"\0\x07\x81\x0aabc\xc0"),
    ("surrogate", b"\0\x07\x81\x03\xed\xa0\x80"),
    ("close", b"\0\x08\x88\x05\x03\xe8bye\x81\x01a"),
    ("close_empty", b"\0\x08\x88\0\xff"),
    ("close_one", b"\0\x08\x88\x01\x03"),
    ("close_code", b"\0\x08\x88\x02\x03\xed"),
    ("close_reason", b"\0\x08\x88\x03\x03\xe8\xff"),
    ("not_minimal_16", b"\0\x09\x82\x7e\0\x7d"),
    ("not_minimal_64", b"\0\x09\x82\x7f\0\0\0\0\0\0\xff\xff"),
    ("highest_bit", b"\0\x09\x82\x7f\x80\0\0\0\0\0\0\0"),
    ("reserved_bits", b"\0\x0a\xc1\x01a"),
    ("reserved_opcode", b"\0\x0a\x81\x01a\x83"),
    ("not_masked", b"\x01\x0a\x81\x01a"),
    ("masked_by_a_server", b"\0\x0a\x81\x81abcde"),
    ("long_ping", b"\0\x0a\x89\x7e"),
    ("fragmented_ping", b"\0\x0a\x09\0"),
    ("nothing_to_continue", b"\0\x0a\x80\0"),
    ("message_in_a_message", b"\0\x0a\x01\x01a\x81\x01b"),
    ("frame_too_long", b"\x02\x0b\x82\x65abc"),
    ("message_too_long", b"\x04\x0b\x02\x01a\x80\x7e\x01\x2c"),
    ("nothing_fits", b"\x06\x0b\x82\0\x82\x01"),
];

/// Settings, a limit and portions; then messages, each with its length.
const DEFLATED: &[(&str, &[u8])] = &[
    (
        "vectors",
        b"\x03\xff\x02\x07\xf2\x48\xcd\xc9\xc9\x07\0\x05\xf2\0\x11\0\0\x0b\0\x05\0\xfa\xffHello\0",
    ),
    ("without_takeover", b"\0\xff\x02\x07\xf2\x48\xcd\xc9\xc9\x07\0\x05\xf2\0\x11\0\0"),
    ("final", b"\x03\xff\x02\x08\xf3\x48\xcd\xc9\xc9\x07\0\0\x05\xf3\0\x11\0\0\x05\xf2\0\x11\0\0"),
    ("only_final", b"\x03\xff\x02\x02\x03\x80\x06\x03\0\x03\0\x03\0\x01\0"),
    ("two_blocks", b"\x03\xff\x02\x0d\xf2\x48\x05\0\0\0\xff\xff\xca\xc9\xc9\x07\0"),
    ("empty", b"\x03\0\x02\0\x01\0\0\x01\0"),
    ("zeros", b"\x03\x03\x02\x06\x62\x60\x18\x05\0\0"),
    ("bad_block", b"\x03\xff\x02\x01\x07"),
    ("cut", b"\x03\xff\x02\x05\xf2\x48\xcd\xc9\xc9"),
    ("too_long", b"\x03\x02\x02\x07\xf2\x48\xcd\xc9\xc9\x07\0"),
    ("window_8", b"\x1f\xff\x3f\x07\xf2\x48\xcd\xc9\xc9\x07\0"),
];

/// Settings, then lines of a header.
const EXTENSIONS: &[(&str, &[u8])] = &[
    ("chromium", b"\x03permessage-deflate; client_max_window_bits"),
    ("firefox", b"\0permessage-deflate"),
    ("all", b"\x3fpermessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=15"),
    ("several", b"\x07permessage-deflate; server_max_window_bits=9, permessage-deflate\npermessage-deflate"),
    ("quoted", b"\x0bPermessage-Deflate;server_max_window_bits=\"1\\0\""),
    ("others", b"\0x-webkit-deflate-frame, permessage-bzip2; a=\"b\", ,"),
    ("unknown", b"\0permessage-deflate; x=1, permessage-deflate"),
    ("doubled", b"\0permessage-deflate; client_max_window_bits; client_max_window_bits"),
    ("values", b"\0permessage-deflate; server_max_window_bits=08; client_max_window_bits=16"),
    ("syntax", b"\0permessage-deflate; a=\"b"),
];

fn main() -> Result<(), Box<dyn Error>> {
    for (name, text) in MESSAGES {
        let message = codec::decode(Serializer::Json, &Bytes::from(*text))?;
        for serializer in Serializer::ALL {
            let target = format!("decode_{}", serializer.as_str());
            write(&target, name, &codec::encode(serializer, &message)?)?;
        }
    }
    for (serializer, list, dict, ends) in [
        (Serializer::Json, &b"["[..], &b"{\"k\":"[..], true),
        (Serializer::MsgPack, b"\x91", b"\x81\xa1k", false),
        (Serializer::Cbor, b"\x81", b"\xa1\x61k", false),
    ] {
        for (name, depth) in [("deepest", 98), ("too_deep", 99)] {
            let mut message = codec::encode(serializer, &result()?)?.to_vec();
            // Its one argument goes, and the end of two lists.
            message.truncate(message.len() - if ends { 3 } else { 1 });
            (0..depth).for_each(|level| message.extend(if level % 2 == 0 { list } else { dict }));
            message.push(if ends { b'0' } else { 0 });
            let close = |level| if level % 2 == 0 { b']' } else { b'}' };
            if ends {
                (0..depth).rev().for_each(|level| message.push(close(level)));
                message.extend(b"]]");
            }
            write(&format!("decode_{}", serializer.as_str()), name, &message)?;
        }
    }
    write_texts("decode_json", JSON)?;
    write_all("decode_msgpack", MSGPACK)?;
    write_all("decode_cbor", CBOR)?;
    write_texts("uri", URIS)?;
    write_texts("url", URLS)?;
    write_all("router", ROUTER)?;
    write_all("deflate_messages", DEFLATED)?;
    write_all("deflate_parameters", EXTENSIONS)?;
    write_texts("handshake_request", REQUESTS)?;
    write_texts("handshake_response", RESPONSES)?;
    write_all("rawsocket_handshake", HANDSHAKES)?;
    write_all("rawsocket_frames", FRAMES)?;
    write_all("websocket_frames", WEBSOCKET)?;
    write_texts("scram", further::SCRAM)?;
    write_texts("wampcra", further::CRA)?;
    write_texts("key_files", further::KEYS)?;
    write_texts("component_json", further::SETTINGS)?;
    write_all("proxy", further::PROXIES)?;
    write_all("accept", further::CLIENTS)?;
    write_all("client", further::STEPS)?;
    // Some of it is read to where it belongs.
    let long = [&b"\x0f\x0b\0\0\xff\xff"[..], &vec![b' '; 0xffff], b"\x01\0\0\0"].concat();
    write("rawsocket_frames", "in_place", &long)?;
    let long = [&b"\x01\xff\x01\xff\0\0\0\0\0\x01\0\0\0\0\0\0"[..], &vec![b' '; 0x1_0000]];
    let long = [&long.concat()[..], b"\x80\x81\x01\x02\x03\x04x"].concat();
    write("websocket_frames", "in_place", &long)?;
    batches()
}

fn result() -> Result<wampwerk::message::Message, Box<dyn Error>> {
    Ok(codec::decode(Serializer::Json, &Bytes::from("[50,1,{},[0]]"))?)
}

fn batches() -> Result<(), Box<dyn Error>> {
    let messages = [result()?, codec::decode(Serializer::Json, &"[17,1,2]".into())?];
    for (choice, serializer) in (0..).zip(Serializer::ALL) {
        let mut batch = vec![choice];
        for message in &messages {
            let message = codec::encode(serializer, message)?;
            assert!(BatchFormat::of(serializer).append(&message, &mut batch));
        }
        write("batch", serializer.as_str(), &batch)?;
    }
    write("batch", "spec_separator", b"\x02[17,1,2]\x1e[35,3]\x1e")?;
    write("batch", "empty_messages", b"\x02\x18\x18")?;
    write("batch", "claimed", b"\0\0\0\0\x01\x80\xff\xff\xff\xff")?;
    write("batch", "rest", b"\x01\0\0\0\x01\x80\0\0")
}

fn write_texts(target: &str, seeds: &[(&str, &str)]) -> Result<(), Box<dyn Error>> {
    seeds.iter().try_for_each(|(name, seed)| write(target, name, seed.as_bytes()))
}

fn write_all(target: &str, seeds: &[(&str, &[u8])]) -> Result<(), Box<dyn Error>> {
    seeds.iter().try_for_each(|(name, seed)| write(target, name, seed))
}

fn write(target: &str, name: &str, seed: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), seed)?)
}
