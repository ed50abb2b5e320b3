//! Errors and notices as their wire fields (PostgreSQL manual, "Error and Notice Message Fields"). The only place
//! where an [`Error`] becomes bytes for a client.

use bytes::{BufMut as _, BytesMut};

use super::backend::{frame, words};
use crate::error::Error;
use crate::pg::encodings::Encoding;
use crate::query::door::Notice;

/// What an error ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The statement.
    Error,
    /// The connection.
    Fatal,
}

/// Appends an ErrorResponse. A bug of ours is printed to the server log here, where it is handled.
pub(super) fn error(out: &mut BytesMut, severity: Severity, error: &Error, encoding: Encoding) {
    if let Error::Internal(message) = error.bare() {
        tracing::error!(?message, "a statement met an internal error");
    }
    let severity = match severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
    };
    let text = error.to_string();
    // DataFusion asks who meets its bugs to report them, over several lines; the server log has them all.
    let internal = matches!(error.bare(), Error::Internal(_));
    let message = if internal { text.lines().next().unwrap_or_default() } else { &text };
    let notes = error.notes();
    let position = notes.position.map(|position| position.to_string());
    let head = Head { severity, state: error.state(), message };
    let more = [
        (b'D', notes.detail.as_deref()),
        (b'H', notes.hint.as_deref()),
        (b'P', position.as_deref()),
    ];
    frame(out, b'E', |out| fields(out, head, &more, encoding));
}

/// Appends a NoticeResponse.
pub(super) fn notice(out: &mut BytesMut, notice: &Notice, encoding: Encoding) {
    let Notice { severity, state, message, detail, hint } = notice;
    let more = [(b'D', detail.as_deref()), (b'H', hint.as_deref())];
    frame(out, b'N', |out| fields(out, Head { severity, state, message }, &more, encoding));
}

/// The fields that are always there.
#[derive(Clone, Copy)]
struct Head<'a> {
    severity: &'a str,
    state: &'a str,
    message: &'a str,
}

fn fields(out: &mut BytesMut, head: Head<'_>, more: &[(u8, Option<&str>)], encoding: Encoding) {
    let Head { severity, state, message } = head;
    let first = [(b'S', severity), (b'V', severity), (b'C', state), (b'M', message)];
    let more = more.iter().filter_map(|(field, value)| Some((*field, (*value)?)));
    for (field, value) in first.into_iter().chain(more) {
        out.put_u8(field);
        words(out, value, encoding);
    }
    out.put_u8(0);
}
