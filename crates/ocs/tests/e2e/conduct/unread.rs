//! Clients that send request after request and read no reply until the last was sent
//! (RFC 9112, section 9.3.2).

use crate::home::Home;
use crate::http::request;
use crate::process::until;

use super::check;

/// More replies than the system keeps for a client that does not read.
const REPLIES: usize = 150;

/// A refusal that nobody's service makes stands behind the replies before it, as any
/// other reply, however long these wait to be read.
#[test]
fn refused_behind_replies_that_wait() {
    let server = Home::new().start();
    let good = request("GET", "/openapi.json", &[], b"");
    for (what, bad, status) in [
        // Which hyper refuses, and which the watch does.
        ("a method", "G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("a name", "GET / HTTP/1.1\r\nH(st: localhost\r\n\r\n", 400),
        ("a space", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        (
            "a chunk",
            "POST /lists/Spring?req=AddRecord HTTP/1.1\r\nHost: localhost\r\n\
             Transfer-Encoding: chunked\r\n\r\nx\r\n",
            400,
        ),
    ] {
        let mut connection = server.connect();
        let mut sent = good.repeat(REPLIES);
        sent.extend_from_slice(bad.as_bytes());
        connection.send(&sent).expect("it is sent");
        // Until it has written what can be written.
        let mut here = 0;
        until("nothing more can be written", || {
            let before = here;
            here = connection.unread().expect("replies come");
            here == before
        });
        for number in 0..REPLIES {
            let reply = connection.reply("GET").expect("a reply");
            assert_eq!(reply.status, 200, "{what}: reply {number}");
            let body = String::from_utf8_lossy(&reply.body);
            assert!(
                body.ends_with("}\n") || body.ends_with('}'),
                "{what}: {number}"
            );
        }
        let refused = connection.reply("GET").expect("a refusal");
        check(&refused, status, false).expect(what);
        assert_eq!(refused.header("connection"), Some("close"), "{what}");
    }
    server.stop();
}
