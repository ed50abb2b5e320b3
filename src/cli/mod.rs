//! Cli: the subcommands of `forebay`, from arguments to an exit code.
//!
//! Owns: the argument parse, the async runtime, and everything printed outside the server log. Every key of the
//! configuration is a flag, built from the documented sample, so that a new setting is a flag without a line here.
//! Invariant: standard output carries what was asked for (the ready line, lists); complaints go to standard error.
//! On failure: one line on standard error says what could not be done; the exit code is 1, and 2 for wrong usage.
//!
//! Imports: error, config, task, store, catalog, backup, pg, server; tokio-postgres as a client of a running server. Used by: main.

mod backup;
mod check;
mod connection;
mod demo;
mod migrate;
mod password;
mod role;
mod say;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::server;

/// The configuration file that is read when it exists and none is named.
const DEFAULT_FILE: &str = "forebay.toml";

/// Stack of the threads that run statements. Planning is recursive over user-written text: with PostgreSQL's 2 MiB
/// default deep expressions overflow before a limit of ours says no; ten times more is only address space.
const STACK_BYTES: usize = 8 << 20;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(usage) => {
            // Help asked for is an answer (0), wrong usage is not (2); clap knows which, and where each goes.
            let printed = usage.print();
            let code = if printed.is_ok() { usage.exit_code() } else { 1 };
            return u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    let (action, outcome) = match matches.subcommand() {
        Some(("serve", arguments)) => ("start", serve(arguments)),
        Some(("demo", arguments)) => ("run the demo", run_demo(arguments)),
        Some(("role", arguments)) => ("change roles", role::run(arguments)),
        Some(("migrate", arguments)) => ("migrate", migrate::run(arguments)),
        Some(("check", arguments)) => ("activate that", check::run(arguments)),
        Some(("backup", arguments)) => ("back up", backup::run(arguments)),
        Some(("restore", arguments)) => ("restore", backup::restore(arguments)),
        _ => ("run", Err(Error::Internal("a subcommand without code".to_owned()))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::failure(action, &error);
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let demo = Command::new("demo")
        .about("Make two versions of a sample dataset (TPC-H) and serve them")
        .arg(
            Arg::new("root")
                .long("root")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .default_value("./demo")
                .help("Where the sample is made; what is there already is kept"),
        )
        .arg(
            Arg::new("scale")
                .long("scale")
                .value_name("FACTOR")
                .value_parser(value_parser!(f64))
                .help("Its size; 1 is 6,000,000 rows of lineitem [default: what is there, or 0.1]"),
        )
        .arg(
            Arg::new("prepare")
                .long("prepare")
                .action(ArgAction::SetTrue)
                .help("Make the sample and exit"),
        );
    Command::new("forebay")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(
            Command::new("serve").about("Serve the versions published under --source"),
            |_| true,
        ))
        // The demo's source and state are its own.
        .subcommand(with_settings(demo, |key| key != "source" && key != "state"))
        .subcommand(role::command())
        .subcommand(migrate::command())
        .subcommand(check::command())
        .subcommand(backup::command())
        .subcommand(backup::restore_command())
}

/// Adds `--config` and one flag per setting.
fn with_settings(mut command: Command, wanted: impl Fn(&str) -> bool) -> Command {
    command = command.arg(config_argument());
    for key in config::keys().into_iter().filter(|key| wanted(key)) {
        let heading = match key.split_once('.') {
            Some((section, _)) => format!("Settings [{section}]"),
            None => "Settings".to_owned(),
        };
        let action = if key == "listen" { ArgAction::Append } else { ArgAction::Set };
        // clap keeps names for as long as the process lives, and so does the one parse that uses them.
        let long: &'static str = key.replace(['.', '_'], "-").leak();
        let help = config::explain(&key);
        let heading: &'static str = heading.leak();
        let id: &'static str = key.leak();
        command = command.arg(
            Arg::new(id)
                .long(long)
                .value_name("VALUE")
                .action(action)
                .allow_hyphen_values(true)
                .help(help)
                .help_heading(heading),
        );
    }
    command
}

/// Does work that waits, on this thread: for subcommands that are no server.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::io("start threads", e))?
        .block_on(work)
}

fn config_argument() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration file [default: ./forebay.toml if it exists]")
}

/// The settings given as flags, dotted.
fn flags(arguments: &ArgMatches) -> Vec<(String, String)> {
    let mut flags = Vec::new();
    for key in config::keys() {
        // `try_`: a subcommand may leave a key out.
        if let Ok(Some(values)) = arguments.try_get_many::<String>(&key) {
            let values: Vec<&str> = values.map(String::as_str).collect();
            flags.push((key, values.join(",")));
        }
    }
    flags
}

fn file(arguments: &ArgMatches) -> Option<PathBuf> {
    let named = arguments.get_one::<PathBuf>("config").cloned();
    named.or_else(|| Path::new(DEFAULT_FILE).exists().then(|| PathBuf::from(DEFAULT_FILE)))
}

fn serve(arguments: &ArgMatches) -> Result<()> {
    let config = Config::load(file(arguments).as_deref(), &flags(arguments))?;
    start(config, announce)
}

/// Runs the server until it is told to stop.
fn start(config: Config, ready: impl FnOnce(&[SocketAddr])) -> Result<()> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.query.threads > 0 {
        builder.worker_threads(config.query.threads);
    }
    let runtime = builder
        .thread_name("forebay")
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|e| Error::io("start threads", e))?;
    runtime.block_on(server::run(config, ready))
}

/// The line that scripts wait for.
fn announce(addresses: &[SocketAddr]) {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    say::out(&format!("forebay: ready, postgres on {}", addresses.join(", ")));
}

fn run_demo(arguments: &ArgMatches) -> Result<()> {
    let root = arguments.get_one::<PathBuf>("root").cloned().unwrap_or_default();
    let scale = demo::scale(&root, arguments.get_one::<f64>("scale").copied())?;
    if arguments.get_flag("prepare") {
        return demo::prepare(&root, scale);
    }
    // Settings first: a wrong one should be told before any work is done.
    let mut flags = flags(arguments);
    flags.push(("source".to_owned(), root.display().to_string()));
    flags.push(("state".to_owned(), demo::state_root(&root).display().to_string()));
    let config = Config::load(file(arguments).as_deref(), &flags)?;
    if !demo::is_prepared(&root, scale)? {
        demo::prepare_apart(&root, scale)?;
    }
    start(config, |addresses| {
        announce(addresses);
        if let Some(address) = addresses.first() {
            say::out(&demo::invitation(*address));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{command, config, flags};

    fn parse(line: &str) -> Result<Vec<(String, String)>, clap::Error> {
        let matches = command().try_get_matches_from(line.split(' '))?;
        let (_, arguments) = matches.subcommand().expect("required");
        Ok(flags(arguments))
    }

    #[track_caller]
    fn check(line: &str, want: &[(&str, &str)]) {
        let want: Vec<_> = want.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(parse(line).expect("parses"), want, "{line}");
    }

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_key_is_a_flag() {
        for key in config::keys() {
            let long = key.replace(['.', '_'], "-");
            check(&format!("forebay serve --{long} 7"), &[(&key, "7")]);
        }
    }

    #[test]
    fn listen_repeats() {
        check(
            "forebay serve --listen 127.0.0.1:0 --listen [::1]:0",
            &[("listen", "127.0.0.1:0,[::1]:0")],
        );
    }

    #[test]
    fn the_demo_has_its_own_source() {
        check("forebay demo --scale 1 --wire-max-connections 5", &[("wire.max_connections", "5")]);
        assert!(parse("forebay demo --source /data").is_err());
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in ["forebay", "forebay swerve", "forebay serve --wire-max-connection 5"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
