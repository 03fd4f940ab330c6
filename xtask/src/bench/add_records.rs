//! `cargo xtask bench add-records`: many records a request, over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::args::Args;
use crate::bench::product::{Installation, Ocs};
use crate::bench::report::{self, Requirements, Table};
use crate::bench::{MEGABYTE, Scratch, cpu, http, median};
use crate::cargo::build_release;

/// Records of one request: below the limit of 64 MiB for a body.
const A_REQUEST: u64 = 200_000;
/// How every line of a record that was stored begins.
const ACKNOWLEDGE: &[u8] = b"{\"GSW_USER_EVENT\":\"AddRecordAcknowledge\"";

/// The bench.
pub(crate) fn add_records(mut args: Args) -> Result<()> {
    let records = args.value::<u64>("--records")?.unwrap_or(1_000_000);
    let strict = args.flag("--strict");
    args.finish()?;
    if !(1..=8_000_000).contains(&records) {
        bail!("--records goes from 1 to 8000000");
    }

    let [binary] = build_release(["ocs"])?;
    let scratch = Scratch::new()?;
    let installation = Installation::new(&binary, scratch.folder.join("ocs"), 0)?;
    installation.apply()?;
    let ocs = installation.run()?;
    let mut client = Client::open(ocs.port)?;
    let mut rates = Vec::new();
    let mut sent = 0;
    while sent < records {
        let count = A_REQUEST.min(records - sent);
        // Made before the clock runs: what is measured is OCS.
        let body = body(sent, count);
        let before = processor_time(&ocs)?;
        let begun = Instant::now();
        client.add(body, count)?;
        let took = begun.elapsed();
        sent += count;
        let after = processor_time(&ocs)?;
        let rate = count as f64 / took.as_secs_f64();
        let a_record = |index: usize| {
            after[index].saturating_sub(before[index]).as_secs_f64() * 1e6 / count as f64
        };
        println!(
            "{count} records: {:.2} s, {rate:.0} records/s; µs of processor a record: \
             ocs run {:.1}, ocs http-proxy {:.1}",
            took.as_secs_f64(),
            a_record(0),
            a_record(1),
        );
        rates.push(rate);
    }
    let held = http::records_in_list(ocs.port)?;
    if held != records {
        bail!("{records} records were acknowledged and the list holds {held}");
    }
    println!("  {held} records in the list");
    let peaks = [
        ("ocs run", cpu::peak(ocs.pid())?),
        ("ocs http-proxy", cpu::peak(ocs.proxy())?),
    ];
    ocs.stop()?;

    let rate = median(rates.iter().copied());
    let memory = peaks.iter().map(|(_, bytes)| *bytes as f64).sum::<f64>() / MEGABYTE;
    let mut requirements = Requirements::default();
    requirements.at_least("records/s over HTTP", rate, 70_000.0, 0);
    requirements.below("peak memory in MB", memory, 300.0, 1);
    requirements.print();

    let table = Table {
        name: "add-records",
        about: "AddRecords over HTTP, the median of its requests, newest run first; \
                how it is measured: ../README.md.",
        columns: &["records", "records/s", "peak MB, both processes"],
        rows: vec![vec![
            records.to_string(),
            format!("{rate:.0}"),
            format!("{memory:.1}"),
        ]],
    };
    let figures = json!({
        "records": records,
        "records_per_second": rates.iter().map(|rate| rate.round()).collect::<Vec<_>>(),
        "peak_bytes": peaks.iter()
            .map(|(process, bytes)| ((*process).to_owned(), json!(bytes)))
            .collect::<serde_json::Map<_, _>>(),
    });
    report::keep(&scratch, &table, &requirements, &figures)?;
    requirements.enforce(strict)
}

fn processor_time(ocs: &Ocs) -> Result<[Duration; 2]> {
    Ok([cpu::time(ocs.pid())?, cpu::time(ocs.proxy())?])
}

/// Lines of records like those that `bench import` has, each of them distinct.
fn body(first: u64, count: u64) -> Vec<u8> {
    const TYPES: [&str; 3] = ["Mobile", "HomePhone", "DirectBusinessPhone"];
    const ZONES: [&str; 4] = ["PST", "EST", "America/Chicago", "GMT"];
    let mut body = Vec::with_capacity(usize::try_from(count).unwrap_or(0) * 170);
    for record in first..first + count {
        let number = 2_000_000 + record;
        let phone_type = TYPES[(record % 3) as usize];
        let zone = ZONES[(record % 4) as usize];
        let (whole, cents) = (record % 5000, record % 100);
        body.extend_from_slice(
            format!(
                "{{\"GSW_PHONE\":\"+1212{number}\",\"GSW_PHONE_TYPE\":\"{phone_type}\",\
                 \"GSW_CUSTOMER_ID\":\"C{number}\",\"GSW_TZ_NAME\":\"{zone}\",\
                 \"client-id\":\"web-{number}\",\"balance\":{whole}.{cents:02}}}\n"
            )
            .as_bytes(),
        );
    }
    body
}

/// One connection.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn open(port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::with_capacity(1 << 18, stream),
        })
    }

    /// Sends the records and reads their lines meanwhile; each of them has to be an
    /// acknowledge.
    fn add(&mut self, body: Vec<u8>, count: u64) -> Result<()> {
        let mut sending = self.stream.get_ref().try_clone()?;
        let head = format!(
            "POST {}?req=AddRecords HTTP/1.1\r\nHost: bench\r\n\
             Content-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
            http::LIST,
            body.len()
        );
        let sender = thread::spawn(move || -> std::io::Result<()> {
            sending.write_all(head.as_bytes())?;
            sending.write_all(&body)
        });
        let acknowledged = self.read_reply().context("reading the reply")?;
        match sender.join() {
            Ok(sent) => sent.context("sending the records")?,
            Err(_) => bail!("the thread that sends the records ended by a fault"),
        }
        if acknowledged != count {
            bail!("{count} records were sent and {acknowledged} acknowledged");
        }
        Ok(())
    }

    fn read_reply(&mut self) -> Result<u64> {
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 200 ") {
            bail!("it is {status}");
        }
        while !self.line()?.is_empty() {}
        let mut acknowledged = 0;
        let mut lines = Vec::new();
        loop {
            let size = self.line()?;
            let size = usize::from_str_radix(&size, 16)
                .with_context(|| format!("{size:?} is no size of a chunk"))?;
            let before = lines.len();
            lines.resize(before + size, 0);
            self.stream.read_exact(&mut lines[before..])?;
            self.line()?;
            let whole = lines.iter().rposition(|byte| *byte == b'\n');
            let whole = whole.map_or(0, |end| end + 1);
            for line in lines[..whole].split_inclusive(|byte| *byte == b'\n') {
                if !line.starts_with(ACKNOWLEDGE) {
                    bail!("a line is {}", line.escape_ascii());
                }
                acknowledged += 1;
            }
            lines.drain(..whole);
            if size == 0 {
                return Ok(acknowledged);
            }
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => bail!("the connection ended after {line:?}"),
        }
    }
}
