//! The measured floor: the least an HTTP server can do with an AddRecord body.
//!
//! It parses the body into a [`serde_json::Value`] and answers that value
//! written again: no routes, no second process, no store. `cargo xtask bench
//! add-record` measures OCS as a share of what this server reaches in the same
//! run, so that a figure means the same on every machine. It is built with the
//! product's release profile and the product's allocator, and hyper is left at
//! its defaults.
//!
//! `floor [--port PORT]` listens on 127.0.0.1 (port 0, the default, lets the
//! system choose) and prints the port as one line on stdout.

use std::convert::Infallible;
use std::io::Write;
use std::process::ExitCode;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let port = match port_wanted(std::env::args().skip(1)) {
        Ok(port) => port,
        Err(message) => {
            eprintln!("floor: {message}");
            return ExitCode::from(2);
        }
    };
    match serve(port).await {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("floor: cannot listen on 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn port_wanted(mut args: impl Iterator<Item = String>) -> Result<u16, String> {
    let mut port = 0;
    while let Some(arg) = args.next() {
        if arg != "--port" {
            return Err(format!(
                "unknown argument `{arg}`; usage: floor [--port PORT]"
            ));
        }
        let value = args.next().unwrap_or_default();
        port = value
            .parse()
            .map_err(|_| format!("--port takes a number from 0 to 65535, not `{value}`"))?;
    }
    Ok(port)
}

async fn serve(port: u16) -> std::io::Result<Infallible> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    // Flushed at once: whoever started this waits for the line.
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{port}")?;
    stdout.flush()?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that goes away in the middle is the load generator at
            // the end of its round.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let written = serde_json::from_slice::<serde_json::Value>(&body)
        .and_then(|value| serde_json::to_vec(&value));
    let mut response = match written {
        Ok(json) => Response::new(Full::new(Bytes::from(json))),
        Err(error) => {
            let mut refusal = Response::new(Full::new(Bytes::from(error.to_string())));
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(refusal);
        }
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
