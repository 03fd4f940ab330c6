//! What the store holds, read from its file by another program.

use crate::process::run;
use crate::program::python;
use crate::server::Server;

/// Read-only: it could not change anything if it would.
const READ: &str = r#"
import json, pathlib, sqlite3, sys
uri = pathlib.Path(sys.argv[1]).resolve().as_uri() + "?mode=ro"
connection = sqlite3.connect(uri, uri=True, timeout=30)
connection.execute("BEGIN")
for table in sys.argv[2:]:
    for row in connection.execute(f"SELECT * FROM {table}"):
        print(table, json.dumps(row, default=bytes.hex))
"#;

/// Every row that a request could change.
#[track_caller]
pub(super) fn rows(server: &Server) -> Vec<String> {
    let tables = [
        "record",
        "attempt",
        "list_count",
        "do_not_call",
        "campaign_group_state",
        "answered",
        "time_zone",
        "counters",
    ];
    let mut read = python(READ);
    read.current_dir(server.home.path()).arg("data/ocs.db");
    let ended = run(read.args(tables));
    ended.expect(0, &["record [", "do_not_call [", "campaign_group_state ["]);
    ended.stdout.lines().map(str::to_owned).collect()
}
