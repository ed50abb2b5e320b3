//! What the client says after it has authenticated: one frame's body to one message.
//!
//! Invariant: every read is bounded by the frame, every count is checked against the bytes that are left before
//! anything is allocated for it, and a body is read to its last byte or refused. So no body can reach into the next
//! frame, and none can panic.
//! On failure: [`Error::Protocol`] when the layout is wrong (the connection must end), and
//! [`Error::CharacterNotInRepertoire`] when only the text is (the connection may go on).

use std::borrow::Cow;

use bytes::{Buf as _, Bytes};

use crate::error::{Error, Result};
use crate::pg::encodings::Encoding;
use crate::query::door::Parameter;

/// A message of the simple or extended protocol.
#[derive(Debug)]
pub(super) enum Message {
    Query(String),
    Parse {
        name: String,
        sql: String,
        parameter_types: Vec<u32>,
    },
    Bind(Bind),
    Describe(Named),
    Execute {
        portal: String,
        rows_max: u32,
    },
    Close(Named),
    Sync,
    Flush,
    Terminate,
    FunctionCall(FunctionCall),
    /// CopyData, CopyDone or CopyFail outside of a copy.
    Copy,
}

#[derive(Debug)]
pub(super) struct Bind {
    pub(super) portal: String,
    pub(super) statement: String,
    /// How many parameter formats were sent: none, one for all, or one for each. The caller checks it, since a wrong
    /// count fails the statement and not the connection.
    pub(super) format_count: usize,
    pub(super) parameters: Vec<Parameter>,
    /// None, one for all columns, or one for each; true is binary.
    pub(super) result_formats: Vec<bool>,
}

#[derive(Debug)]
pub(super) struct FunctionCall {
    /// `pg_proc.oid`.
    pub(super) function: u32,
    /// As [`Bind::format_count`].
    pub(super) format_count: usize,
    pub(super) arguments: Vec<Parameter>,
    /// How the result is wanted.
    pub(super) binary: bool,
}

/// What Describe and Close are about.
#[derive(Debug)]
pub(super) enum Named {
    Statement(String),
    Portal(String),
}

/// Reads the body of a frame of type `tag`, which [`super::frame::Phase`] knows.
/// Text in it is in the client's encoding.
pub(super) fn decode(tag: u8, body: Bytes, encoding: Encoding) -> Result<Message> {
    let mut body = Body { rest: body, encoding };
    let message = match tag {
        b'Q' => Message::Query(body.text()?),
        b'P' => Message::Parse {
            name: body.text()?,
            sql: body.text()?,
            parameter_types: body.list(4, |body| Ok(body.take(4)?.get_u32()))?,
        },
        b'B' => Message::Bind(bind(&mut body)?),
        b'D' => Message::Describe(body.named("DESCRIBE")?),
        b'E' => Message::Execute {
            portal: body.text()?,
            // PostgreSQL takes zero and everything below it as "all rows".
            rows_max: u32::try_from(body.take(4)?.get_i32()).unwrap_or(0),
        },
        b'C' => Message::Close(body.named("CLOSE")?),
        b'S' => Message::Sync,
        b'H' => Message::Flush,
        b'X' => Message::Terminate,
        // Their bodies mean nothing to us.
        b'd' | b'c' | b'f' => return Ok(Message::Copy),
        b'F' => Message::FunctionCall(function_call(&mut body)?),
        other => return Err(unknown_type(other)),
    };
    body.end()?;
    Ok(message)
}

/// The words for a type no client sends.
pub(super) fn unknown_type(tag: u8) -> Error {
    Error::Protocol(format!("invalid frontend message type {tag}"))
}

fn bind(body: &mut Body) -> Result<Bind> {
    let portal = body.text()?;
    let statement = body.text()?;
    let (format_count, values) = values(body)?;
    let results = body.list(2, Body::format)?;
    // Only now may what the text says be refused: the layout is whole, so the connection can go on.
    body.end()?;
    let parameter = |value| parameter(value, body.encoding);
    let parameters = values.into_iter().map(parameter).collect::<Result<_>>()?;
    let result_formats = results.into_iter().map(known).collect::<Result<_>>()?;
    Ok(Bind { portal, statement, format_count, parameters, result_formats })
}

fn function_call(body: &mut Body) -> Result<FunctionCall> {
    let function = body.take(4)?.get_u32();
    let (format_count, values) = values(body)?;
    let result = body.format()?;
    body.end()?;
    let argument = |value| parameter(value, body.encoding);
    let arguments = values.into_iter().map(argument).collect::<Result<_>>()?;
    Ok(FunctionCall { function, format_count, arguments, binary: known(result)? })
}

/// A value and its format.
type Value = (Format, Option<Bytes>);

/// The count of the formats of values, and the values.
fn values(body: &mut Body) -> Result<(usize, Vec<Value>)> {
    let formats = body.list(2, Body::format)?;
    let mut index = 0;
    let values = body.list(4, |body| {
        let binary = match formats.as_slice() {
            [] => Ok(false),
            [one] => *one,
            several => several.get(index).copied().unwrap_or(Ok(false)),
        };
        index += 1;
        Ok((binary, body.value()?))
    })?;
    Ok((formats.len(), values))
}

/// A format code: `Ok` is whether it is binary, `Err` is a code nobody knows.
type Format = std::result::Result<bool, i16>;

fn known(format: Format) -> Result<bool> {
    format.map_err(|code| Error::InvalidParameterValue(format!("unsupported format code: {code}")))
}

fn parameter((format, value): Value, encoding: Encoding) -> Result<Parameter> {
    let binary = known(format)?;
    if let (false, Some(bytes)) = (binary, &value)
        && let Cow::Owned(read) = encoding.decode(bytes)?
    {
        return Ok(Parameter { binary, value: Some(read.into()) });
    }
    Ok(Parameter { binary, value })
}

fn broken() -> Error {
    Error::Protocol("invalid message format".to_owned())
}

/// What is left of a frame's body.
pub(super) struct Body {
    pub(super) rest: Bytes,
    /// That of the text in it.
    encoding: Encoding,
}

impl Body {
    /// One whose text is as the server's.
    pub(super) fn new(rest: Bytes) -> Body {
        Body { rest, encoding: Encoding::Utf8 }
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<Bytes> {
        if self.rest.len() < len {
            return Err(Error::Protocol("insufficient data left in message".to_owned()));
        }
        Ok(self.rest.split_to(len))
    }

    /// A string up to its terminator, which must be inside this frame.
    pub(super) fn text(&mut self) -> Result<String> {
        let Some(len) = self.rest.iter().position(|byte| *byte == 0) else {
            return Err(Error::Protocol("invalid string in message".to_owned()));
        };
        let bytes = self.rest.split_to(len);
        self.rest.advance(1);
        Ok(self.encoding.decode(&bytes)?.into_owned())
    }

    /// A length and that many bytes; -1 is NULL.
    pub(super) fn value(&mut self) -> Result<Option<Bytes>> {
        match self.take(4)?.get_i32() {
            -1 => Ok(None),
            len => self.take(usize::try_from(len).ok().ok_or_else(broken)?).map(Some),
        }
    }

    /// A count and that many items of at least `item_len` bytes each.
    fn list<T>(
        &mut self,
        item_len: usize,
        mut item: impl FnMut(&mut Body) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = usize::from(self.take(2)?.get_u16());
        if self.rest.len() / item_len < count {
            return Err(Error::Protocol("insufficient data left in message".to_owned()));
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn format(&mut self) -> Result<Format> {
        Ok(match self.take(2)?.get_i16() {
            0 => Ok(false),
            1 => Ok(true),
            code => Err(code),
        })
    }

    fn named(&mut self, verb: &str) -> Result<Named> {
        match self.take(1)?.get_u8() {
            b'S' => Ok(Named::Statement(self.text()?)),
            b'P' => Ok(Named::Portal(self.text()?)),
            kind => Err(Error::Protocol(format!("invalid {verb} message subtype {kind}"))),
        }
    }

    pub(super) fn end(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(broken()) }
    }
}
