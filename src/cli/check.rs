//! `forebay check`: what a version would break, asked before it is activated.

use clap::{Arg, ArgMatches, Command};

use super::connection::{DEFAULT_URL, Target, answer};
use super::{password, say};
use crate::error::{Error, Result};

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Tell what a version would break if it became current; fails when it would break anything")
        .arg(Arg::new("version").value_name("DATABASE@VERSION").required(true).help("The version"))
        .arg(Arg::new("url").value_name("URL").default_value(DEFAULT_URL).help("The server"))
        .arg(password::argument(
            "The password, where URL has none, is the first line of FILE; `-` is standard input",
        ))
}

pub(super) fn run(arguments: &ArgMatches) -> Result<()> {
    let text = |name| arguments.get_one::<String>(name).cloned().unwrap_or_default();
    let asked = text("version");
    let Some((database, version)) = asked.split_once('@') else {
        let message = format!("\"{asked}\" is not of the form DATABASE@VERSION");
        return Err(Error::InvalidParameterValue(message));
    };
    let target = Target::new(&text("url"), password::given(arguments)?, "forebay check")?;
    super::block_on(target.with(|client| async move {
        let quoted = |text: &str| text.replace('\'', "''");
        let sql =
            format!("SELECT * FROM forebay.check('{}', '{}')", quoted(database), quoted(version));
        let rows = client.query(&sql, &[]).await.map_err(|e| answer(&e))?;
        for row in &rows {
            say::out(&row.get::<_, String>(0));
        }
        match rows.len() {
            0 => Ok(()),
            count => {
                Err(Error::NotInPrerequisiteState(format!("{database}@{version} breaks {count}")))
            }
        }
    }))
}
