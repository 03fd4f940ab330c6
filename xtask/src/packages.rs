//! What tests and measurements need from the machine, in one table.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, program, run, shown, succeeds};

/// What a program is needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Test,
    Bench,
    Tls,
    Hostile,
}

struct Package {
    /// Its name in Debian.
    name: &'static str,
    needed_for: &'static [Need],
    /// Ends with success where the package is not missing.
    check: &'static [&'static str],
}

const PACKAGES: &[Package] = &[
    Package {
        name: "curl",
        needed_for: &[Need::Test],
        check: &["curl", "--version"],
    },
    Package {
        name: "nodejs",
        needed_for: &[Need::Test],
        check: &["node", "--version"],
    },
    Package {
        name: "openssl",
        needed_for: &[Need::Test, Need::Bench, Need::Tls],
        check: &["openssl", "version"],
    },
    // A validation server of the tests.
    Package {
        name: "php-cli",
        needed_for: &[Need::Test],
        check: &["php", "--version"],
    },
    Package {
        name: "python3",
        needed_for: &[Need::Test, Need::Tls],
        check: &["python3", "--version"],
    },
    // Debian's python3 has `venv`, but cannot put pip into an environment.
    Package {
        name: "python3-venv",
        needed_for: &[Need::Test, Need::Tls],
        check: &["python3", "-c", "import ensurepip, venv"],
    },
    // Its own tests of the machine would take longer than ours of it.
    Package {
        name: "testssl.sh",
        needed_for: &[Need::Tls],
        check: &["sh", "-c", "command -v testssl"],
    },
    Package {
        name: "nmap",
        needed_for: &[Need::Hostile],
        check: &["nmap", "--version"],
    },
    Package {
        name: "slowhttptest",
        needed_for: &[Need::Hostile],
        check: &["sh", "-c", "command -v slowhttptest"],
    },
    // libFuzzer is C++.
    Package {
        name: "g++",
        needed_for: &[Need::Hostile],
        check: &["c++", "--version"],
    },
    // wrk has no option that ends with success.
    Package {
        name: "wrk",
        needed_for: &[Need::Bench],
        check: &["sh", "-c", "command -v wrk"],
    },
];

/// Installs what is missing, or says which command does.
pub(crate) fn provide(need: Need) -> Result<()> {
    let missing = missing(need);
    if missing.is_empty() {
        return Ok(());
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "--no-install-recommends"]);
    install.args(&missing);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let apt = succeeds(Command::new("apt-get").arg("--version"));
    if !apt {
        bail!("missing on this machine: {}", missing.join(", "));
    }
    if !rustix::process::geteuid().is_root() {
        bail!("missing on this machine; run: sudo {}", shown(&install));
    }
    println!("    {}", shown(&install));
    // The lists of packages may be absent or out of date; fetching them takes
    // longer than most installations.
    if !succeeds(&mut install) {
        run(Command::new("apt-get").args(["update", "--quiet"]))?;
        run(&mut install)?;
    }
    match self::missing(need).as_slice() {
        [] => Ok(()),
        still => bail!("installed, and yet not found in PATH: {}", still.join(", ")),
    }
}

fn missing(need: Need) -> Vec<&'static str> {
    let needed = PACKAGES
        .iter()
        .filter(|package| package.needed_for.contains(&need));
    let missing = needed.filter(|package| match package.check {
        [name, args @ ..] => !succeeds(program(name).args(args)),
        [] => false,
    });
    missing.map(|package| package.name).collect()
}

/// Makes sure of rustfmt and clippy, which a minimal toolchain lacks.
pub(crate) fn provide_lints() -> Result<()> {
    let components = [("fmt", "rustfmt"), ("clippy", "clippy")];
    let missing = components
        .iter()
        .filter(|(command, _)| !succeeds(cargo().args([command, "--version"])))
        .map(|(_, component)| *component)
        .collect::<Vec<_>>();
    if missing.is_empty() {
        return Ok(());
    }
    run(program("rustup").args(["component", "add"]).args(&missing))
        .with_context(|| format!("this toolchain lacks {}", missing.join(" and ")))
}
