//! What the server says: each function appends one whole frame to the output.
//!
//! Source: PostgreSQL manual, "Message Formats".

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::error::{Error, Result};
use crate::pg::encodings::Encoding;
use crate::query::door::{Column, Notification, TransactionStatus};

/// Appends a frame: type, length, what `body` writes.
pub(super) fn frame(out: &mut BytesMut, tag: u8, body: impl FnOnce(&mut BytesMut)) {
    out.put_u8(tag);
    let start = out.len();
    out.put_u32(0);
    body(out);
    let len = u32::try_from(out.len() - start).expect("no frame of ours is near 4 GiB");
    out[start..start + 4].copy_from_slice(&len.to_be_bytes());
}

/// A string with its terminator. A NUL inside would end it early and put the rest out of step, so it is left out.
pub(super) fn text(out: &mut BytesMut, text: &str) {
    if text.as_bytes().contains(&0) {
        out.extend(text.bytes().filter(|byte| *byte != 0));
    } else {
        out.put_slice(text.as_bytes());
    }
    out.put_u8(0);
}

/// A string as the client reads text; what its encoding does not have is `?`.
pub(super) fn words(out: &mut BytesMut, words: &str, encoding: Encoding) {
    match encoding.converts() && !words.is_ascii() {
        true => {
            out.put_slice(&encoding.encode_what_it_has(words));
            out.put_u8(0);
        }
        false => text(out, words),
    }
}

pub(super) fn authentication_ok(out: &mut BytesMut) {
    frame(out, b'R', |out| out.put_u32(0));
}

pub(super) fn authentication_sasl(out: &mut BytesMut, mechanisms: &[&str]) {
    frame(out, b'R', |out| {
        out.put_u32(10);
        for mechanism in mechanisms {
            text(out, mechanism);
        }
        out.put_u8(0);
    });
}

pub(super) fn authentication_sasl_continue(out: &mut BytesMut, data: &str) {
    frame(out, b'R', |out| {
        out.put_u32(11);
        out.put_slice(data.as_bytes());
    });
}

pub(super) fn authentication_sasl_final(out: &mut BytesMut, data: &str) {
    frame(out, b'R', |out| {
        out.put_u32(12);
        out.put_slice(data.as_bytes());
    });
}

/// The version goes as libpq reads it: major and minor.
pub(super) fn negotiate_protocol_version(out: &mut BytesMut, version: u32, unknown: &[String]) {
    frame(out, b'v', |out| {
        out.put_u32(version);
        out.put_u32(u32::try_from(unknown.len()).expect("bounded by the startup packet"));
        for option in unknown {
            text(out, option);
        }
    });
}

pub(super) fn backend_key_data(out: &mut BytesMut, pid: i32, secret: &[u8]) {
    frame(out, b'K', |out| {
        out.put_i32(pid);
        out.put_slice(secret);
    });
}

pub(super) fn notification_response(
    out: &mut BytesMut,
    notification: &Notification,
    encoding: Encoding,
) {
    frame(out, b'A', |out| {
        out.put_i32(notification.pid);
        words(out, &notification.channel, encoding);
        words(out, &notification.payload, encoding);
    });
}

pub(super) fn parameter_status(out: &mut BytesMut, name: &str, value: &str, encoding: Encoding) {
    frame(out, b'S', |out| {
        text(out, name);
        words(out, value, encoding);
    });
}

pub(super) fn ready_for_query(out: &mut BytesMut, status: TransactionStatus) {
    let status = match status {
        TransactionStatus::Idle => b'I',
        TransactionStatus::InBlock => b'T',
        TransactionStatus::Failed => b'E',
    };
    frame(out, b'Z', |out| out.put_u8(status));
}

pub(super) fn parse_complete(out: &mut BytesMut) {
    frame(out, b'1', |_| ());
}

pub(super) fn bind_complete(out: &mut BytesMut) {
    frame(out, b'2', |_| ());
}

pub(super) fn close_complete(out: &mut BytesMut) {
    frame(out, b'3', |_| ());
}

pub(super) fn no_data(out: &mut BytesMut) {
    frame(out, b'n', |_| ());
}

pub(super) fn portal_suspended(out: &mut BytesMut) {
    frame(out, b's', |_| ());
}

pub(super) fn empty_query_response(out: &mut BytesMut) {
    frame(out, b'I', |_| ());
}

pub(super) fn command_complete(out: &mut BytesMut, tag: &str) {
    frame(out, b'C', |out| text(out, tag));
}

/// `value` has its length before it, as in a row.
pub(super) fn function_call_response(out: &mut BytesMut, value: &[u8]) {
    frame(out, b'V', |out| out.put_slice(value));
}

pub(super) fn copy_done(out: &mut BytesMut) {
    frame(out, b'c', |_| ());
}

/// Errors: 54000 past 65535 parameters.
pub(super) fn parameter_description(out: &mut BytesMut, types: &[u32]) -> Result<()> {
    let Ok(count) = u16::try_from(types.len()) else {
        return Err(Error::ProgramLimitExceeded("too many parameters".to_owned()));
    };
    frame(out, b't', |out| {
        out.put_u16(count);
        types.iter().for_each(|oid| out.put_u32(*oid));
    });
    Ok(())
}

/// Errors: 54000 past 32767 columns, which the count cannot tell; 22P05 for a name the client's encoding does not have.
pub(super) fn row_description(
    out: &mut BytesMut,
    columns: &[Column],
    binary: &[bool],
    encoding: Encoding,
) -> Result<()> {
    let count = column_count(columns)?;
    if encoding.converts() {
        columns.iter().try_for_each(|column| encoding.encode(&column.name).map(drop))?;
    }
    frame(out, b'T', |out| {
        out.put_i16(count);
        for (column, binary) in columns.iter().zip(binary) {
            words(out, &column.name, encoding);
            out.put_u32(column.table_oid);
            out.put_i16(column.number);
            out.put_u32(column.pg_type.oid);
            out.put_i16(column.pg_type.len);
            out.put_i32(column.pg_type.modifier);
            out.put_i16(i16::from(*binary));
        }
    });
    Ok(())
}

/// Errors: as [`row_description`].
pub(super) fn copy_out_response(
    out: &mut BytesMut,
    columns: &[Column],
    binary: bool,
) -> Result<()> {
    let count = column_count(columns)?;
    frame(out, b'H', |out| {
        out.put_u8(u8::from(binary));
        out.put_i16(count);
        columns.iter().for_each(|_| out.put_i16(i16::from(binary)));
    });
    Ok(())
}

/// Asks the client for the rows of a COPY.
pub(super) fn copy_in_response(out: &mut BytesMut, columns: usize, binary: bool) -> Result<()> {
    let count = i16::try_from(columns).ok();
    let count =
        count.ok_or_else(|| Error::ProgramLimitExceeded("too many columns to copy".to_owned()))?;
    frame(out, b'G', |out| {
        out.put_u8(u8::from(binary));
        out.put_i16(count);
        (0..columns).for_each(|_| out.put_i16(i16::from(binary)));
    });
    Ok(())
}

fn column_count(columns: &[Column]) -> Result<i16> {
    let count = i16::try_from(columns.len()).ok();
    count.ok_or_else(|| Error::ProgramLimitExceeded("too many columns in the result".to_owned()))
}

/// One answer to SSLRequest or GSSENCRequest; it has no frame.
pub(super) fn encryption_answer(yes: bool) -> Bytes {
    Bytes::from_static(if yes { b"S" } else { b"N" })
}
