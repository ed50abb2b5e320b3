//! `forebay backup` asks a running server for a backup; `forebay restore` makes a state root of one.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::connection::{DEFAULT_URL, Target, answer};
use super::{password, say};
use crate::backup::{self, List};
use crate::config;
use crate::error::Result;

fn location(help: &'static str) -> Arg {
    Arg::new("location").value_name("LOCATION").required(true).help(help)
}

pub(super) fn command() -> Command {
    Command::new("backup")
        .about("Have a running server back up what users wrote")
        .arg(location("A directory of the server's machine, as an absolute path"))
        .arg(Arg::new("url").value_name("URL").default_value(DEFAULT_URL).help("The server"))
        .arg(password::argument(
            "The password, where URL has none, is the first line of FILE; `-` is standard input",
        ))
}

pub(super) fn restore_command() -> Command {
    Command::new("restore")
        .about("Make a state root from a backup; `forebay serve --state DIR` serves it")
        .arg(location("Where the backups are, as an absolute path"))
        .arg(
            Arg::new("state")
                .long("state")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .default_value("./forebay-state")
                .help(config::explain("state")),
        )
        .arg(
            Arg::new("name")
                .long("name")
                .value_name("NAME")
                .help("Which backup [default: the newest]"),
        )
        .arg(
            Arg::new("list")
                .long("list")
                .action(ArgAction::SetTrue)
                .conflicts_with("name")
                .help("List the backups and restore nothing"),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> Result<()> {
    let text = |name| arguments.get_one::<String>(name).cloned().unwrap_or_default();
    let location = text("location");
    let target = Target::new(&text("url"), password::given(arguments)?, "forebay backup")?;
    let location = location.as_str();
    super::block_on(target.with(|client| async move {
        let literal = location.replace('\'', "''");
        let sql = format!("SELECT * FROM forebay.backup('{literal}')");
        let rows = client.query(&sql, &[]).await.map_err(|e| answer(&e))?;
        for row in rows {
            let (name, lsn): (String, i64) = (row.get("name"), row.get("lsn"));
            let (files, new_bytes): (i64, i64) = (row.get("files"), row.get("new_bytes"));
            say::out(&format!("{name}: {files} files, {new_bytes} new bytes, up to LSN {lsn}"));
        }
        Ok(())
    }))
}

pub(super) fn restore(arguments: &ArgMatches) -> Result<()> {
    let location = arguments.get_one::<String>("location").cloned().unwrap_or_default();
    if arguments.get_flag("list") {
        for (name, list) in backup::lists(&location)? {
            say::out(&described(&name, list));
        }
        return Ok(());
    }
    let name = arguments.get_one::<String>("name").map(String::as_str);
    let state = arguments.get_one::<PathBuf>("state").cloned().unwrap_or_default();
    let done = backup::restore(&location, name, &state)?;
    say::out(&format!(
        "{}: {} files, {} bytes, up to LSN {}, in {}",
        done.name,
        done.files,
        done.bytes,
        done.lsn,
        state.display()
    ));
    Ok(())
}

fn described(name: &str, list: Result<List>) -> String {
    match list {
        Ok(list) => {
            let (files, bytes) = list.size();
            format!("{name}: {files} files, {bytes} bytes, up to LSN {}", list.lsn)
        }
        Err(error) => format!("{name}: {error}"),
    }
}
