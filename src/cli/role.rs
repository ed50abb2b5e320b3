//! `forebay role`: roles while no server runs; CREATE ROLE and DROP ROLE do the same while one does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{password, say};
use crate::catalog::roles::Role;
use crate::catalog::{Catalog, Change};
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::pg::scram;
use crate::task::{Clock, Tasks};

/// How long the catalog's committer may take to end once its work is durable.
const STOP_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn command() -> Command {
    let state = Arg::new("state")
        .long("state")
        .value_name("DIR")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .help(config::explain("state"));
    let name = || Arg::new("name").value_name("NAME").required(true).help("The role");
    Command::new("role")
        .about("Add, drop and list roles while no server runs")
        .subcommand_required(true)
        .arg(state)
        .arg(super::config_argument().global(true))
        .subcommand(
            Command::new("add")
                .about("Add a role that may log in; without a password file it has no password")
                .arg(name())
                .arg(
                    Arg::new("superuser")
                        .long("superuser")
                        .action(ArgAction::SetTrue)
                        .help("It may do everything"),
                )
                .arg(password::argument(
                    "Its password is the first line of FILE; `-` is standard input",
                )),
        )
        .subcommand(Command::new("drop").about("Drop a role").arg(name()))
        .subcommand(Command::new("list").about("List roles, one per line"))
}

pub(super) fn run(arguments: &ArgMatches) -> Result<()> {
    let state = match arguments.get_one::<PathBuf>("state") {
        Some(state) => state.clone(),
        None => configured_state(arguments)?,
    };
    match arguments.subcommand() {
        Some(("add", arguments)) => {
            let password = password::given(arguments)?;
            let verifier = password.as_deref().map(scram::verifier).transpose()?;
            let role = Role {
                name: name(arguments),
                // The commit chooses it.
                oid: 0,
                superuser: arguments.get_flag("superuser"),
                login: true,
                inherit: true,
                create_role: false,
                connection_limit: -1,
                verifier,
                valid_until_us: None,
                member_of: BTreeSet::new(),
                settings: Vec::new(),
            };
            with_catalog(&state, Some(Change::CreateRole(role))).map(drop)
        }
        Some(("drop", arguments)) => {
            with_catalog(&state, Some(Change::DropRole { name: name(arguments) })).map(drop)
        }
        _ => {
            for line in with_catalog(&state, None)? {
                say::out(&line);
            }
            Ok(())
        }
    }
}

fn name(arguments: &ArgMatches) -> String {
    arguments.get_one::<String>("name").cloned().unwrap_or_default()
}

/// The state root that `forebay serve` would use here. The source plays no part in it.
fn configured_state(arguments: &ArgMatches) -> Result<PathBuf> {
    let source = [("source".to_owned(), ".".to_owned())];
    Ok(Config::load(super::file(arguments).as_deref(), &source)?.state)
}

/// Opens the catalog, commits `change`, closes it; returns the roles there are then.
/// Errors: a server holds the state root; what the commit says.
fn with_catalog(state: &Path, change: Option<Change>) -> Result<Vec<String>> {
    super::block_on(async {
        let tasks = Tasks::new();
        let catalog = Catalog::open(state, Clock::System, &tasks).await.map_err(in_use)?;
        let committed = match change {
            Some(change) => catalog.commit(vec![change]).await,
            None => Ok(catalog.pin()),
        };
        let lines =
            committed.map(|generation| generation.roles.values().map(|r| line(r)).collect());
        drop(catalog);
        tasks.stop(STOP_LIMIT).await;
        lines
    })
}

/// A running server keeps others out of its state root, and has its own way.
fn in_use(error: Error) -> Error {
    match error.bare() {
        Error::LockFileHeld(_) => error.hint(
            "A server runs on this state root: connect to it and use CREATE ROLE or DROP ROLE.",
        ),
        _ => error,
    }
}

fn line(role: &Role) -> String {
    let words = [
        (role.superuser, "superuser"),
        (role.create_role, "createrole"),
        (!role.login, "nologin"),
        (role.verifier.is_some(), "password"),
    ];
    let mut line = role.name.clone();
    for (_, word) in words.into_iter().filter(|(holds, _)| *holds) {
        line.push(' ');
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Error, Result, command, run, with_catalog};

    /// Runs `forebay role …` on `state`.
    fn role(state: &Path, words: &str) -> Result<()> {
        let state = state.display().to_string();
        let line = ["role"].into_iter().chain(words.split(' ')).chain(["--state", &state]);
        run(&command().get_matches_from(line))
    }

    #[test]
    fn roles_are_there_after_the_command() {
        let state = tempfile::tempdir().expect("a directory");
        let file = state.path().join("secret");
        std::fs::write(&file, "two words\nnot this\n").expect("writes");
        role(state.path(), "add ann --superuser").expect("adds");
        role(state.path(), &format!("add bob --password-file {}", file.display())).expect("adds");
        assert_eq!(
            with_catalog(state.path(), None).expect("opens"),
            ["ann superuser", "bob password"]
        );
        role(state.path(), "drop ann").expect("drops");
        assert_eq!(with_catalog(state.path(), None).expect("opens"), ["bob password"]);
        let again = role(state.path(), "add bob").expect_err("is there");
        assert!(matches!(again.bare(), Error::DuplicateObject(_)), "{again}");
        let gone = role(state.path(), "drop ann").expect_err("is gone");
        assert!(matches!(gone.bare(), Error::UndefinedObject(_)), "{gone}");
    }

    #[test]
    fn a_running_server_is_pointed_to() {
        let state = tempfile::tempdir().expect("a directory");
        let _server = crate::store::Lock::acquire(state.path()).expect("nobody else");
        let refused = role(state.path(), "add ann").expect_err("is held");
        assert!(refused.notes().hint.is_some_and(|hint| hint.contains("CREATE ROLE")));
    }
}
