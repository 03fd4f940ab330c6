//! `cargo xtask tls`: what testssl.sh and sslyze find in HTTPS as HTTP Proxy speaks it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::args::Args;
use crate::bench::product::{Installation, Port};
use crate::cargo::{build_dev, program, root, run};
use crate::certificates;
use crate::packages::{self, Need};
use crate::python;
use crate::steps::Steps;

/// Findings of testssl.sh that speak of what an authority of our own does not have:
/// public trust, revocation, an entry in DNS; and of the machine that it runs on.
const NOT_OURS: [&str; 6] = [
    "cert_chain_of_trust",
    "cert_crlDistributionPoints",
    "cert_ocspURL",
    "cert_revocation",
    "DNS_CAArecord",
    "engine_problem",
];

/// Severities that are no finding, or one that may be.
const FINE: [&str; 4] = ["OK", "INFO", "LOW", "DEBUG"];

/// As an operator who cares has them; whether a browser is told to keep to HTTPS is his
/// to say.
const HEADERS: &str = r#"
[options.OCServer]
http-custom-headers = [
    "Strict-Transport-Security: max-age=31536000",
    "X-Frame-Options: DENY",
    "X-Content-Type-Options: nosniff",
    "Content-Security-Policy: default-src 'none'",
]
"#;

/// The command: both scanners.
pub(crate) fn tls(args: Args) -> Result<()> {
    args.finish()?;
    let mut steps = Steps::begin();
    steps.step("packages", || packages::provide(Need::Tls))?;
    let python = steps.step("python environment", python::tls)?;
    let found = scanned(|folder, server| {
        steps.step("sslyze", || sslyze(&python, folder, server))?;
        steps.step("testssl.sh", || testssl(folder, server))
    });
    steps.summary();
    found
}

/// What is quick enough for the gate.
pub(crate) fn check() -> Result<()> {
    let python = python::tls()?;
    scanned(|folder, server| sslyze(&python, folder, server))
}

/// Runs OCS with an HTTPS port, and a scan of it.
fn scanned(scan: impl FnOnce(&Path, &str) -> Result<()>) -> Result<()> {
    let [binary] = build_dev(["ocs"])?;
    let folder = root().join("target/tls");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    certificates::make(&folder)?;
    let installation = Installation::with(&binary, folder.clone(), &[Port::secured(0)])?;
    installation.configure(HEADERS)?;
    let ocs = installation.run()?;
    let found = scan(&folder, &format!("localhost:{}", ocs.port));
    // A server that cannot be stopped any more is a finding as well.
    found.and(ocs.stop())
}

/// It fails by itself where what it finds is not Mozilla's intermediate configuration.
fn sslyze(python: &Path, folder: &Path, server: &str) -> Result<()> {
    let mut command = program(&python.to_string_lossy());
    command.args(["-m", "sslyze", "--mozilla_config", "intermediate"]);
    command.arg("--certinfo").arg("--certinfo_ca_file");
    command.arg(folder.join("ca.pem"));
    run(command.arg(server))
}

fn testssl(folder: &Path, server: &str) -> Result<()> {
    let found = folder.join("testssl.json");
    let mut command = program("testssl");
    command.args(["--quiet", "--color", "0", "--warnings", "batch"]);
    command.args(["--ip", "127.0.0.1", "--add-ca"]);
    command.arg(folder.join("ca.pem"));
    command.arg("--jsonfile").arg(&found).arg(server);
    // Its status only counts what it could not do: what it found is in the file.
    let ended = run(&mut command);
    let text = fs::read_to_string(&found)
        .with_context(|| format!("testssl.sh wrote no {}", found.display()))?;
    let findings = serde_json::from_str(&text).context("testssl.sh wrote no JSON")?;
    let above = above_low(&findings);
    match above.as_slice() {
        // A scan that broke off has found too little.
        [] if text.contains("\"scanTime\"") => Ok(()),
        [] => ended.and_then(|()| bail!("testssl.sh did not come to its end")),
        above => bail!("testssl.sh found:\n{}", above.join("\n")),
    }
}

/// What is found above LOW.
fn above_low(findings: &Value) -> Vec<String> {
    let mut above = Vec::new();
    for finding in findings.as_array().into_iter().flatten() {
        let text = |key: &str| finding[key].as_str().unwrap_or_default();
        let (id, severity) = (text("id"), text("severity"));
        let ours = !NOT_OURS.iter().any(|name| id.starts_with(name));
        if ours && !FINE.contains(&severity) {
            above.push(format!("{severity} {id}: {}", text("finding")));
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::above_low;

    #[test]
    fn only_what_is_ours_counts() {
        let finding =
            |id: &str, severity: &str| json!({ "id": id, "severity": severity, "finding": "x" });
        for (id, severity, counts) in [
            ("TLS1_3", "OK", false),
            ("HSTS", "LOW", false),
            ("BREACH", "MEDIUM", true),
            ("ROBOT", "CRITICAL", true),
            ("DNS_CAArecord", "MEDIUM", false),
            ("cert_chain_of_trust", "CRITICAL", false),
        ] {
            let found = above_low(&json!([finding(id, severity)]));
            assert_eq!(!found.is_empty(), counts, "{id} {severity}: {found:?}");
        }
    }
}
