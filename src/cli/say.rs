//! The only two places that print: everything else returns what it has to say.

use crate::error::Error;

/// Prints a line on standard output. A reader that went away is no reason to stop serving.
pub(crate) fn out(line: &str) {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    drop(written);
}

/// Prints why `action` failed on standard error: one line, and one more for the detail and the hint each.
#[expect(clippy::print_stderr, reason = "the server log does not run yet, or not at all")]
pub(crate) fn failure(action: &str, error: &Error) {
    let message = error.to_string();
    if message.starts_with("could not ") {
        eprintln!("forebay: {message}");
    } else {
        eprintln!("forebay: could not {action}: {message}");
    }
    let notes = error.notes();
    if let Some(detail) = notes.detail {
        eprintln!("  {detail}");
    }
    if let Some(hint) = notes.hint {
        eprintln!("  hint: {hint}");
    }
}
