//! `ocs`, the one binary: it reads the command line and the clock, and hands both
//! to the crate that does the work.

mod apply;
mod audit;
mod backup;
mod cli;
mod config;
mod consent;
mod desktop;
mod dnc;
mod erase;
mod explain;
mod export;
mod import;
mod outbox;
mod quickstart;
mod reload;
mod requests;
mod run;
mod status;
mod switchover;
mod terminal;
mod token;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use jiff::Timestamp;

use cli::{Arguments, Command};

// SQLite's memory too, by the crate's feature `override`: the system's allocator gives
// what a commit has used back and asks for it again at the next.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The one place that reads the wall clock; everything else is handed it.
    #[expect(
        clippy::disallowed_methods,
        reason = "main is where the clock comes from"
    )]
    let clock: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(Timestamp::now);
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Run => run::run(config, clock),
        Command::Status(status) => status::status(config, &status),
        Command::Switchover => switchover::switchover(config),
        Command::Backup(backup) => backup::backup(config, &backup, &clock),
        Command::Restore(restore) => backup::restore(config, &restore, &clock),
        Command::HttpProxy { parent } => run::http_proxy(parent, clock),
        Command::Apply(apply) => apply::apply(config, &apply, clock),
        Command::Import(import) => import::import(config, &import, clock),
        Command::Export(export) => export::export(config, &export, clock),
        Command::Requests(requests) => requests::requests(config, &requests, clock),
        Command::Audit(command) => audit::audit(config, &command, clock),
        Command::Explain(explain) => explain::explain(config, &explain, clock),
        Command::Outbox => outbox::outbox(config, clock),
        Command::Dnc(command) => dnc::dnc(config, &command, clock),
        Command::Consent(command) => consent::consent(config, &command, clock),
        Command::Erase(erase) => erase::erase(config, &erase, clock),
        Command::Token(command) => token::token(config, &command),
        Command::Desktop(desktop) => desktop::desktop(&desktop),
        Command::Config(command) => config::command(config, &command),
        Command::CheckConfig => config::check(config, &clock),
        Command::ConfigSchema { objects } => config::schema(objects),
        Command::Quickstart(quickstart) => quickstart::quickstart(&quickstart, clock),
    }
}
