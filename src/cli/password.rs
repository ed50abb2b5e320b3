//! Passwords of the command line: from a file, never from an argument that others can list.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, value_parser};

use crate::error::{Error, Result};

/// The longest password accepted; a file that is larger was not meant.
const PASSWORD_BYTES_MAX: u64 = 1024;

/// `--password-file`.
pub(super) fn argument(help: &'static str) -> Arg {
    Arg::new("password-file")
        .long("password-file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help(help)
}

/// The password that [`argument`] names, if it was given.
/// Errors: a file that cannot be read, or whose first line is empty.
pub(super) fn given(arguments: &ArgMatches) -> Result<Option<String>> {
    arguments.get_one::<PathBuf>("password-file").map(|file| read(file)).transpose()
}

/// The first line of the file, without its end.
fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(PASSWORD_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(PASSWORD_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|e| Error::io(format!("read password file \"{}\"", file.display()), e))?;
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() {
        let message = format!("password file \"{}\" is empty", file.display());
        return Err(Error::InvalidParameterValue(message));
    }
    Ok(first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_password_is_the_first_line() {
        let state = tempfile::tempdir().expect("a directory");
        let file = state.path().join("secret");
        for (text, want) in
            [("a b \r\nc", Some("a b ")), ("é", Some("é")), ("", None), ("\nx", None)]
        {
            std::fs::write(&file, text).expect("writes");
            assert_eq!(read(&file).ok().as_deref(), want, "{text:?}");
        }
        assert!(read(&state.path().join("missing")).is_err());
    }
}
