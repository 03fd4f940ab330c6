//! The option `encoding` (configuration.md, section 4), heard and read by a client that
//! has its encodings from elsewhere.

use serde_json::json;

use crate::home::{HTTP_PORT, Home};
use crate::process::run_with;
use crate::program::python;
use crate::server::{ADD, Server};

const CLIENT: &str = include_str!("encoding.py");

/// OCS with this option.
fn server(encoding: &str) -> Server {
    let home = Home::new();
    home.write(
        "ocs.toml",
        format!("[options.OCServer]\nencoding = \"{encoding}\"\n{HTTP_PORT}"),
    );
    home.start()
}

/// An encoding: its name as an option and in replies, and to Python; what it has and
/// what it lacks; bytes that are not legal in it.
struct Case {
    option: &'static str,
    charset: &'static str,
    codec: &'static str,
    has: &'static str,
    lacks: &'static str,
    illegal: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        option: "",
        charset: "utf-8",
        codec: "utf-8",
        has: "Lüdenscheidt 日本 ¥",
        lacks: "",
        illegal: "ff",
    },
    Case {
        option: "850",
        charset: "cp850",
        codec: "cp850",
        has: "Lüdenscheidt ┼█",
        lacks: "€日",
        illegal: "",
    },
    Case {
        option: "latin1",
        charset: "windows-1252",
        codec: "cp1252",
        has: "Lüdenscheidt €œ",
        lacks: "日Ж",
        illegal: "",
    },
    Case {
        option: "windows-1253",
        charset: "windows-1253",
        codec: "cp1253",
        has: "Αρχιμήδης",
        lacks: "äЖ",
        illegal: "aa",
    },
    Case {
        option: "Shift_JIS",
        charset: "Shift_JIS",
        codec: "shift_jis",
        // Bytes of these are a backslash to ASCII.
        has: "ソ表十日本",
        lacks: "ä‾€",
        illegal: "8120",
    },
    Case {
        option: "iso-2022-jp",
        charset: "ISO-2022-JP",
        codec: "iso2022_jp",
        // Bytes of these are quotation marks, braces, commas and backslashes to ASCII.
        has: "あい本゛×ぢ",
        lacks: "ä€",
        illegal: "e4",
    },
    Case {
        option: "gb18030",
        charset: "gb18030",
        codec: "gb18030",
        has: "你好 ä 龍",
        lacks: "",
        illegal: "8130ff",
    },
];

#[test]
fn every_way_in_and_out() {
    std::thread::scope(|scope| {
        for case in &CASES {
            scope.spawn(|| {
                let server = server(case.option);
                let asked = json!({
                    "base": server.base(), "codec": case.codec, "charset": case.charset,
                    "has": case.has, "lacks": case.lacks, "illegal": case.illegal,
                    // Without conversion, items are read as they are.
                    "whole": !case.option.is_empty(),
                    "name": if case.option.is_empty() { "UTF-8" } else { case.charset },
                });
                let ended = run_with(&mut python(CLIENT), &asked.to_string());
                assert_eq!(ended.status, Some(0), "{}: {ended:#?}", case.charset);
                server.stop();
            });
        }
    });
}

/// What is exported and imported is UTF-8, whatever is spoken over HTTP; and what cannot
/// be read as a request is refused in the encoding too.
#[test]
fn http_only() {
    let server = server("cp437");
    let added = server.request(
        "POST",
        ADD,
        &[],
        b"{\"GSW_PHONE\":\"1\",\"VAR_005\":\"\x84\"}",
    );
    assert_eq!(added.status, 200);
    assert_eq!(server.home.export("Spring")[0]["VAR_005"], "ä");
    let mut connection = server.connect();
    connection
        .send(b"GET / HTTP/1.1\r\nno colon\r\n\r\n")
        .expect("it is sent");
    let refused = connection.reply("GET").expect("a reply");
    assert_eq!(refused.status, 400);
    let content_type = refused.header("content-type");
    assert_eq!(content_type, Some("application/json; charset=cp437"));
    server.stop();
}
