//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
pub(crate) struct Quickstart {
    /// The folder for its configuration and data; it is made.
    #[arg(long, default_value = "ocs-quickstart", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}
