//! The command line.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ocs_config::Right;

use crate::desktop::COMMANDS;
use crate::requests::Moment;

/// An open Outbound Contact Server: campaigns and calling lists over HTTP.
#[derive(Parser)]
#[command(name = "ocs", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The configuration [default: ./ocs.toml if there is one, else built-in defaults].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run OCS: open the store and serve until SIGTERM or Ctrl-C.
    Run,
    /// Show every OCS of the store: which is primary, and which are backups. Status 0 where
    /// one is primary.
    Status(Status),
    /// Have the primary hand over to a backup, and wait until that serves.
    Switchover,
    /// Write everything that the store holds into a file, while OCS runs or not.
    Backup(Backup),
    /// Make the store of a backup, where there is none yet.
    Restore(Restore),
    /// HTTP Proxy: started by OCS, never by hand.
    #[command(hide = true)]
    HttpProxy {
        /// The process id of OCS.
        parent: u32,
    },
    /// Bring the campaign objects of a file into the store: all of them or none.
    Apply(Apply),
    /// Add the records of a CSV file to a calling list.
    Import(Import),
    /// Write the records of a calling list as CSV.
    Export(Export),
    /// Show the request log: who asked for what, and what came of it; newest last.
    Requests(Requests),
    /// The audit: who was called, who was not and why, who may not be called any more.
    #[command(subcommand)]
    Audit(Audit),
    /// Explain a record: what decides whether and when it is called, and what would become
    /// of it after call results.
    Explain(Explain),
    /// Show what waits to be sent to web servers, and which of them fail.
    Outbox,
    /// The Do Not Call list: by file, and one entry off it.
    #[command(subcommand)]
    Dnc(Dnc),
    /// Consent to be called, and its revocation: every statement, by file.
    #[command(subcommand)]
    Consent(Consent),
    /// Remove what a person left in the store, by phone or customer id.
    Erase(Erase),
    /// The tokens that HTTP clients are known by, in the configuration.
    #[command(subcommand)]
    Token(Token),
    /// Speak the Desktop protocol with a running OCS: every event is a line of JSON.
    #[command(after_help = COMMANDS)]
    Desktop(Desktop),
    /// Change the configuration: a running OCS takes it up.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check the configuration without starting anything.
    CheckConfig,
    /// Print the JSON Schema of the configuration, for editors.
    ConfigSchema {
        /// The schema of objects files instead.
        #[arg(long)]
        objects: bool,
    },
    /// Start OCS with a small campaign to try it out.
    Quickstart(Quickstart),
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Set one key in the file; its comments stay, and nothing is written that is wrong.
    Set(ConfigSet),
}

#[derive(Args)]
pub(crate) struct ConfigSet {
    /// The key, such as log.level or server-info.port[http].port (by id or by place).
    pub(crate) key: String,
    /// The value, as TOML has it; a text needs no quotes.
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: String,
}

#[derive(Args)]
pub(crate) struct Status {
    /// As one object of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Backup {
    /// The file, which must not be there yet.
    pub(crate) file: PathBuf,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The backup.
    pub(crate) file: PathBuf,
    /// Only read it to its end, and say whether it is whole.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct Apply {
    /// The objects file (TOML).
    pub(crate) file: PathBuf,
    /// Only say what would be changed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Also remove the objects that the file does not name.
    #[arg(long)]
    pub(crate) prune: bool,
}

#[derive(Args)]
pub(crate) struct Import {
    /// The CSV file, UTF-8; its first line names attributes (GSW_PHONE, …) or fields.
    pub(crate) file: PathBuf,
    /// The calling list.
    #[arg(long, value_name = "NAME")]
    pub(crate) list: String,
    /// The column by which a line is known again, so that a file can be imported again
    /// without doubling any record.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// The column whose equal values make one chain of several lines.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) chain: Option<String>,
    /// Check every line and add nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where rejected lines go [default: <FILE>.rejects.csv].
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// What stands between two values.
    #[arg(long, default_value = ",", value_name = "CHARACTER")]
    pub(crate) delimiter: char,
}

#[derive(Args)]
pub(crate) struct Export {
    /// The file to write [default: standard output].
    pub(crate) file: Option<PathBuf>,
    /// The calling list.
    #[arg(long, value_name = "NAME")]
    pub(crate) list: String,
}

#[derive(Args)]
pub(crate) struct Requests {
    /// From this moment on: in RFC 3339, or so long ago (such as 2h, 30m, 7d).
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<Moment>,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT")]
    pub(crate) until: Option<Moment>,
    /// Of this client: its address, or the name of its application.
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
    /// Requests of this name, such as AddRecord or DoNotCall.
    #[arg(long, value_name = "NAME")]
    pub(crate) request: Option<String>,
    /// Of this record.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) handle: Option<u32>,
    /// Of this calling list.
    #[arg(long, value_name = "NAME")]
    pub(crate) list: Option<String>,
    /// Only what was refused.
    #[arg(long)]
    pub(crate) failed: bool,
    /// The newest so many.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<u64>,
    /// How lines are written; json is an object a line.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The record.
    pub(crate) handle: u32,
    /// Call results, one attempt after another, by name or number: what each would come to,
    /// and when. Nothing is changed.
    #[arg(long, value_delimiter = ',', value_name = "RESULT,…")]
    pub(crate) results: Vec<String>,
    /// The campaign group that would call, <campaign>@<group> or its DBID [default: whoever
    /// has the record or hands it out].
    #[arg(long, value_name = "NAME")]
    pub(crate) campaign_group: Option<String>,
    /// Show the phone and the customer id whole.
    #[arg(long)]
    pub(crate) contact_info: bool,
}

/// How lines of the request log are written.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
    Csv,
}

#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Write the whole audit: a line of JSON for each transaction, with its hash.
    Export(AuditExport),
    /// Check that nothing of the audit was changed, left out or put in.
    Verify(AuditVerify),
}

#[derive(Args)]
pub(crate) struct AuditExport {
    /// The file to write [default: standard output].
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct AuditVerify {
    /// An exported file [default: the store].
    pub(crate) file: Option<PathBuf>,
    /// The head that an earlier verification said: the audit must still go through it.
    #[arg(long, value_name = "ROW:HASH")]
    pub(crate) head: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Dnc {
    /// Put the phones and customer ids of a file on the Do Not Call list.
    Import(DncImport),
    /// Write the whole Do Not Call list as CSV.
    Export(DncExport),
    /// Take an entry off the Do Not Call list; the log says who did it.
    Remove(DncRemove),
}

#[derive(Args)]
pub(crate) struct DncImport {
    /// The file, UTF-8: one phone a line, or CSV whose first line names phone,
    /// customer_id, or both, and what else it says: dnc_message, campaign, list,
    /// is_internal, time_stamp, expires, source.
    pub(crate) file: PathBuf,
    /// Check every line and put nothing on the list.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the entries come from, where a line does not say [default: the file's name].
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// The last day of the entries (UTC, such as 2031-12-31), or a moment, where a line
    /// does not say [default: they never end].
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: Option<String>,
    /// Where rejected lines go [default: <FILE>.rejects.csv].
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct DncExport {
    /// The file to write [default: standard output].
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args)]
#[group(id = "subject", required = true, multiple = false)]
pub(crate) struct DncRemove {
    /// The phone, spelled as the list has it.
    pub(crate) phone: Option<String>,
    /// The customer id instead.
    #[arg(long, value_name = "ID")]
    pub(crate) customer_id: Option<String>,
}

#[derive(Args)]
#[group(id = "person", required = true, multiple = false)]
pub(crate) struct ErasedPerson {
    /// The phone: every record with it goes, however it is spelled, and the rest of its chain.
    #[arg(long, value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) phone: Option<String>,
    /// The customer id.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) customer_id: Option<String>,
}

#[derive(Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    pub(crate) person: ErasedPerson,
    /// Only say how many records there are.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Subcommand)]
pub(crate) enum Consent {
    /// Keep the statements of a file.
    Import(ConsentImport),
    /// Write every statement as CSV, in the order in which they came.
    Export(ConsentExport),
}

#[derive(Args)]
pub(crate) struct ConsentImport {
    /// The CSV file, UTF-8; its first line names phone, customer_id, or both, and what else
    /// it says: says (Consent or Revocation), consent_scope (All, CallingList, Campaign),
    /// calling_list, campaign_name, consent_time, consent_expires, consent_source,
    /// consent_proof, by.
    pub(crate) file: PathBuf,
    /// What is said, Consent or Revocation, where a line does not say.
    #[arg(long, value_name = "WHAT")]
    pub(crate) says: Option<String>,
    /// Check every line and keep nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the statements come from, where a line does not say [default: the file's name].
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// Where rejected lines go [default: <FILE>.rejects.csv].
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ConsentExport {
    /// The file to write [default: standard output].
    pub(crate) file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token, print it this once, and write its hash into the configuration.
    Create(TokenCreate),
    /// Show whose tokens are known, and what they may do.
    List,
    /// Make another token for a client, and print it this once. The one that it had stays
    /// good until `ocs token remove NAME --previous`.
    Rotate {
        /// The client.
        name: String,
        /// End the token that it had at once: somebody else may have it.
        #[arg(long)]
        at_once: bool,
    },
    /// End a client's token, and what it may do by it.
    Remove {
        /// The client.
        name: String,
        /// End only the token that it had before `ocs token rotate`.
        #[arg(long)]
        previous: bool,
    },
}

#[derive(Args)]
pub(crate) struct TokenCreate {
    /// What the client is called in logs.
    pub(crate) name: String,
    /// What it may do: add, update, preview, control, read, admin.
    #[arg(long, required = true, value_delimiter = ',', value_name = "RIGHT", value_parser = right)]
    pub(crate) rights: Vec<Right>,
    /// A calling list that it may use; once for each [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) calling_list: Vec<String>,
    /// A campaign group that it may use, <campaign>@<group>; once for each [default: all].
    #[arg(long, value_name = "NAME")]
    pub(crate) campaign_group: Vec<String>,
    /// Its requests per second [default: not limited].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) rate: Option<u32>,
    /// Print the section for the configuration, and write nothing.
    #[arg(long)]
    pub(crate) print: bool,
}

fn right(name: &str) -> Result<Right, String> {
    let known = Right::ALL.into_iter().find(|right| right.name() == name);
    known.ok_or_else(|| {
        let names = Right::ALL.map(Right::name).join(", ");
        format!("there is no such right; there are {names}")
    })
}

#[derive(Args)]
pub(crate) struct Desktop {
    /// Where OCS listens: the host and port of an outbound port.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) connect: String,
    /// The name of the application, as the configuration of OCS has it.
    #[arg(long, value_name = "NAME")]
    pub(crate) application: String,
    /// The file that holds the application's secret.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: PathBuf,
    /// The agent who works at this desktop.
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Speak TLS, with an OCS whose certificate one of these authorities vouches for (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// The certificate to show, where OCS asks for one (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_ca", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The private key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// One command with what it takes [default: commands from standard input].
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Quickstart {
    /// The folder for its configuration and data; it is made.
    #[arg(long, default_value = "ocs-quickstart", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}
