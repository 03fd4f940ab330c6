//! The states of the calling list in which the next record is looked for. All but the last ten
//! records cannot be called, each time for another reason: so all others stand before them.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::bench::next::{CALLABLE, DAY, FIRST, LIST, phone, second_of_day};
use crate::bench::product::Installation;
use crate::cargo::{program, run};

/// A state of the calling list that is measured.
pub(super) struct Variant {
    pub(super) name: &'static str,
    /// Whether all records but ten are outside their daily window.
    pub(super) outside: bool,
    /// What the campaign says of its calling list, and further objects.
    pub(super) objects: fn() -> Result<String>,
    /// What is done to the store before OCS runs, by how many records it has.
    pub(super) prepare: fn(&Installation<'_>, u64) -> Result<()>,
    /// Whether records that are added have the phones of those that cannot be called.
    pub(super) phones_again: bool,
    /// Whether those that are finished are of another calling list, because those of this one
    /// are finished already.
    pub(super) finishes_others: bool,
}

const OPEN: Variant = Variant {
    name: "all open",
    outside: false,
    objects: || Ok(format!("calling-lists = [\"{LIST}\"]\n")),
    prepare: |_, _| Ok(()),
    phones_again: false,
    finishes_others: false,
};

pub(super) const VARIANTS: [Variant; 8] = [
    OPEN,
    Variant {
        name: "all but ten outside their window",
        outside: true,
        ..OPEN
    },
    Variant {
        name: "all but ten filtered out",
        objects: || {
            Ok(format!(
                "calling-lists = [{{ name = \"{LIST}\", filter = \"Rich\" }}]\n\
                 [[filter]]\nname = \"Rich\"\nwhere = \"balance >= 1000000\"\n\
                 order = \"balance desc\"\n"
            ))
        },
        ..OPEN
    },
    Variant {
        name: "half filtered out, sorted",
        objects: || {
            Ok(format!(
                "calling-lists = [{{ name = \"{LIST}\", filter = \"Half\" }}]\n\
                 [[filter]]\nname = \"Half\"\nwhere = \"balance < 2500\"\n\
                 order = \"balance desc\"\n"
            ))
        },
        ..OPEN
    },
    Variant {
        name: "all but ten capped",
        objects: || {
            Ok(format!(
                "calling-lists = [\"{LIST}\"]\n\
                 [[frequency-cap]]\nname = \"weekly\"\nattempts = 1\ndays = 7\nper = \"phone\"\n"
            ))
        },
        prepare: attempted,
        phones_again: true,
        ..OPEN
    },
    Variant {
        name: "all but ten on the Do Not Call list",
        prepare: restricted,
        phones_again: true,
        finishes_others: true,
        ..OPEN
    },
    Variant {
        name: "all but ten without consent",
        objects: || {
            Ok(format!(
                "calling-lists = [\"{LIST}\"]\noptions = {{ consent-required = true }}\n"
            ))
        },
        prepare: consented,
        ..OPEN
    },
    Variant {
        name: "all but ten outside legal hours",
        objects: unlawful,
        ..OPEN
    },
];

/// Every phone but ten was attempted today.
fn attempted(installation: &Installation<'_>, records: u64) -> Result<()> {
    // As OCS keys a phone with its country code, and writes the contacts of an attempt.
    const SCRIPT: &str = "\
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1])
store.execute(
    \"INSERT INTO contact_attempt (kind, key, begun_at, attempt) \"
    \"SELECT 1, CAST('1' || substr(contact_info, 2) AS INTEGER), ?, -record_id \"
    \"FROM record WHERE record_id <= ? ORDER BY 2\",
    (int(time.time()), int(sys.argv[2])))
store.commit()
";
    run(program("python3")
        .args(["-c", SCRIPT])
        .arg(installation.folder().join("ocs.db"))
        .arg((records - CALLABLE).to_string()))
}

/// Every phone but ten is on the Do Not Call list. Other records are there to be finished.
fn restricted(installation: &Installation<'_>, records: u64) -> Result<()> {
    let file = installation.folder().join("numbers.txt");
    let mut numbers = BufWriter::new(File::create(&file)?);
    for record in 0..records - CALLABLE {
        writeln!(numbers, "{}", phone(record, records))?;
    }
    numbers.flush()?;
    drop(numbers);
    run(installation
        .command("dnc")
        .arg("import")
        .arg(&file)
        .stdout(Stdio::null()))
    .context("the Do Not Call list")?;
    let mut others = BufWriter::new(File::create(&file)?);
    writeln!(others, "GSW_PHONE")?;
    for other in 0..records / 4 {
        writeln!(others, "+352{}", FIRST + other)?;
    }
    others.flush()?;
    drop(others);
    run(installation
        .command("import")
        .args(["--list", "Others"])
        .arg(&file)
        .stdout(Stdio::null()))?;
    Ok(fs::remove_file(&file)?)
}

/// Ten phones gave consent.
fn consented(installation: &Installation<'_>, records: u64) -> Result<()> {
    let file = installation.folder().join("consents.csv");
    let mut lines = "phone,says\n".to_owned();
    for record in records - CALLABLE..records {
        lines += &format!("{},Consent\n", phone(record, records));
    }
    fs::write(&file, lines)?;
    run(installation
        .command("consent")
        .arg("import")
        .arg(&file)
        .stdout(Stdio::null()))
}

/// Calls to Germany are lawful for an hour that is half a day away; the last ten are elsewhere.
fn unlawful() -> Result<String> {
    let hour = (second_of_day()? / 3_600 + 13).rem_euclid(DAY / 3_600);
    let next = (hour + 1).rem_euclid(DAY / 3_600);
    Ok(format!(
        "calling-lists = [\"{LIST}\"]\n\
         [[legal-hours]]\nname = \"measured\"\ncountry = \"DE\"\nsource = \"the bench\"\n\
         hours = [{{ from = \"{hour:02}:00\", until = \"{next:02}:00\" }}]\n"
    ))
}
