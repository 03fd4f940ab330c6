//! `ocs requests`: the request log (records.md, section 3).

mod lines;
mod moment;

use std::io::{self, BufWriter};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use ocs_protocol::control::RequestsRequest;
use ocs_server::{Clock, Control};

use crate::cli;
use crate::config;
use crate::run::with_control;
use crate::terminal::{DONE, FAILED, complain, end};

use self::lines::Lines;
pub(crate) use self::moment::Moment;

/// Shows the request log.
pub(crate) fn requests(file: Option<&Path>, asked: &cli::Requests, clock: Clock) -> ExitCode {
    let config = match config::load(file) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let now = clock();
    let seconds = |moment: Option<Moment>| moment.map(|moment| moment.seconds(now));
    let request = RequestsRequest {
        since: seconds(asked.since),
        until: seconds(asked.until),
        client: asked.client.clone().unwrap_or_default(),
        request: asked.request.clone().unwrap_or_default(),
        calling_list: asked.list.clone().unwrap_or_default(),
        handle: asked.handle,
        failed: asked.failed,
        limit: asked.limit,
    };
    let shown = with_control(&config, "ocs requests", clock, async |control| {
        show(control, request, asked.format).await
    });
    match shown {
        Ok(0) => {
            complain("the request log has no such line");
            DONE
        }
        Ok(_) => DONE,
        Err(error) if stopped_reading(&error) => DONE,
        Err(error) => end(FAILED, format!("{error:#}")),
    }
}

async fn show(
    control: &mut Control,
    request: RequestsRequest,
    format: cli::Format,
) -> anyhow::Result<u64> {
    let batches = control.client.requests(request).await;
    let mut batches = batches
        .map_err(|status| anyhow!("{}", status.message()))?
        .into_inner();
    let mut shown = 0;
    let mut lines = None;
    loop {
        let batch = batches
            .message()
            .await
            .map_err(|status| anyhow!("{}", status.message()))?;
        let Some(batch) = batch else { break };
        if !batch.problem.is_empty() {
            bail!(batch.problem);
        }
        let lines = begun(&mut lines, format)?;
        for line in &batch.lines {
            lines.write(line)?;
            shown += 1;
        }
    }
    // A table without lines has its head all the same.
    begun(&mut lines, format)?;
    if let Some(lines) = lines {
        lines.end()?;
    }
    Ok(shown)
}

type ToStdout = Lines<BufWriter<io::Stdout>>;

fn begun(lines: &mut Option<ToStdout>, format: cli::Format) -> io::Result<&mut ToStdout> {
    match lines {
        Some(lines) => Ok(lines),
        None => Ok(lines.insert(Lines::begin(BufWriter::new(io::stdout()), format)?)),
    }
}

/// Whoever read the lines has seen enough, as `head` has.
fn stopped_reading(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
