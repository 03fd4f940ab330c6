//! Validation servers that nobody here wrote the HTTP of: PHP's own, and Flask's.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::home;
use crate::campaigns::{CALLING, running_of};
use crate::home::free_port;
use crate::process::{signal, until};
use crate::program::python;

/// A server that ends with its test.
struct Validator(Child);

impl Validator {
    #[track_caller]
    fn start(command: &mut Command, port: u16) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let validator = Self(child);
        until("the validation server listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        validator
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        signal(self.0.id(), Signal::KILL);
        let _ = self.0.wait();
    }
}

#[track_caller]
fn validates(port: u16, name: &str) {
    let options = format!(
        "pre-dial-validation = true\nvalidation-uri = \"http://127.0.0.1:{port}/validate\""
    );
    let server = running_of(home(&options), &[CALLING]);
    for (phone, visits, right) in [
        ("+16505550100", None, Some(Value::Null)),
        ("+16505550101", Some(3), None),
        ("+16505550102", Some(7), Some(json!(format!("{name}-7")))),
    ] {
        let sent = json!({ "GSW_PHONE": phone, "visits": visits });
        let handle = server.add_to("Calls", &sent);
        let preview = server.preview(CALLING, "ann");
        let record = server.record(&handle);
        match right {
            Some(client) => {
                assert_eq!(preview["GSW_RECORD_HANDLE"], handle, "{name} {phone}");
                assert_eq!(preview["client-id"], client, "{name} {phone}");
                assert_eq!(record["client-id"], client, "{name} {phone}");
                server
                    .on(&handle, "RequestRecordCancel", &json!({}))
                    .expect(200);
            }
            None => {
                assert_eq!(preview["GSW_USER_EVENT"], "PreviewRecordEmpty", "{name}");
                assert_eq!(record["GSW_CALL_RESULT"], 53, "{name} {phone}");
                assert_eq!(record["GSW_RECORD_STATUS"], "Updated", "{name} {phone}");
            }
        }
    }
}

#[test]
fn in_php() {
    let port = free_port();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/notify/validate.php");
    let mut command = Command::new("php");
    command.args(["-S", &format!("127.0.0.1:{port}"), script]);
    let _validator = Validator::start(&mut command, port);
    validates(port, "php");
}

#[test]
fn in_flask() {
    let port = free_port();
    let mut command = python(include_str!("validate.py"));
    command.arg(port.to_string());
    let _validator = Validator::start(&mut command, port);
    validates(port, "flask");
}
