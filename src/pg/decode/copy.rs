//! What COPY FROM reads: rows of text, CSV and binary (PostgreSQL manual, COPY, "File Formats").

use arrow::array::{StringArray, StringBuilder};
use bytes::{Buf, Bytes};
use memchr::memchr3;

use super::utf8;
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;

/// What a file in binary form begins with.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// How a file is read beside its format.
#[derive(Debug, Clone, Default)]
pub struct CopyReading {
    /// Names of the columns, in their order.
    pub columns: Vec<String>,
    /// `HEADER MATCH`: the first line has to name them.
    pub header_match: bool,
    /// For each column, `FORCE_NOT_NULL`: what reads as NULL is a text.
    pub force_not_null: Vec<bool>,
    /// For each column, `FORCE_NULL`: what reads as NULL is NULL also in quotes.
    pub force_null: Vec<bool>,
}

/// The values of each column in text form, row by row.
/// Errors: 22P04 for rows that are not as long as the table; 22021 for what is no text; 54000 for more text than a column
/// can have.
pub fn copied_texts(
    data: &[u8],
    format: &CopyFormat,
    reading: &CopyReading,
) -> Result<Vec<StringArray>> {
    let text = utf8(data)?;
    if i32::try_from(text.len()).is_err() {
        let message = "more than 2 GiB of text in one COPY".to_owned();
        return Err(Error::ProgramLimitExceeded(message));
    }
    let mut columns: Vec<StringBuilder> =
        reading.columns.iter().map(|_name| StringBuilder::new()).collect();
    let mut lines = Lines { rest: text, format, ends: None };
    let header = match format {
        CopyFormat::Text { header, .. } | CopyFormat::Csv { header, .. } => *header,
        CopyFormat::Binary => false,
    };
    let mut first = header || reading.header_match;
    while let Some((line, escapes)) = lines.next()? {
        let fields = match format {
            CopyFormat::Csv { delimiter, null, quote, escape, .. } => {
                csv_fields(line, [*delimiter, *quote, *escape], null, reading)?
            }
            // Most lines are made of fields as they stand.
            CopyFormat::Text { delimiter, null, .. }
                if !escapes && !first && !columns.is_empty() && delimiter.is_ascii() =>
            {
                plain_fields(line, *delimiter, null, &mut columns, reading)?;
                continue;
            }
            CopyFormat::Text { delimiter, null, .. } => text_fields(line, *delimiter, null),
            CopyFormat::Binary => return Err(Error::Internal("binary is no text".to_owned())),
        };
        if std::mem::take(&mut first) {
            if reading.header_match {
                matches(&fields, &reading.columns)?;
            }
            continue;
        }
        // A table without columns has empty lines.
        if columns.is_empty() && line.is_empty() {
            continue;
        }
        check_count(fields.len(), reading)?;
        for (column, field) in columns.iter_mut().zip(fields) {
            column.append_option(field);
        }
    }
    Ok(columns.iter_mut().map(StringBuilder::finish).collect())
}

/// Errors: 22P04 where a row has fewer or more fields than there are columns.
fn check_count(count: usize, reading: &CopyReading) -> Result<()> {
    if let Some(missing) = reading.columns.get(count) {
        return Err(Error::BadCopyFormat(format!("missing data for column \"{missing}\"")));
    }
    if reading.columns.len() < count {
        let message = "extra data after last expected column".to_owned();
        return Err(Error::BadCopyFormat(message));
    }
    Ok(())
}

/// Reads a line of text that has no backslash.
fn plain_fields(
    line: &str,
    delimiter: u8,
    null: &str,
    columns: &mut [StringBuilder],
    reading: &CopyReading,
) -> Result<()> {
    let mut count = 0;
    for field in line.split(char::from(delimiter)) {
        if let Some(column) = columns.get_mut(count) {
            match field == null {
                true => column.append_null(),
                false => column.append_value(field),
            }
        }
        count += 1;
    }
    check_count(count, reading)
}

/// Whether a first line names the columns.
fn matches(fields: &[Option<String>], columns: &[String]) -> Result<()> {
    if fields.len() != columns.len() {
        let (got, expected) = (fields.len(), columns.len());
        return Err(Error::BadCopyFormat(format!(
            "wrong number of fields in header line: got {got}, expected {expected}"
        )));
    }
    for (at, (field, column)) in (1..).zip(fields.iter().zip(columns)) {
        let got = match field {
            Some(field) if field == column => continue,
            Some(field) => format!("got \"{field}\""),
            None => "got null value (\"\")".to_owned(),
        };
        return Err(Error::BadCopyFormat(format!(
            "column name mismatch in header line field {at}: {got}, expected \"{column}\""
        )));
    }
    Ok(())
}

/// The lines of a file, without what ends them.
struct Lines<'a> {
    rest: &'a str,
    format: &'a CopyFormat,
    /// What ends a line, once one has ended: all of them end alike.
    ends: Option<&'static str>,
}

impl<'a> Lines<'a> {
    /// The next line, and whether it has backslashes, where these mean something.
    /// Errors: 22P04 for quotes that do not end.
    fn next(&mut self) -> Result<Option<(&'a str, bool)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (end, escapes) = match self.format {
            CopyFormat::Csv { quote, escape, .. } => (self.csv_end(*quote, *escape)?, false),
            _ => self.text_end(),
        };
        let (line, rest) = self.rest.split_at(end);
        let end = ["\r\n", "\n", "\r"].into_iter().find(|end| rest.starts_with(end));
        self.rest = end.and_then(|end| rest.strip_prefix(end)).unwrap_or(rest);
        if let Some(end) = end
            && *self.ends.get_or_insert(end) != end
        {
            let what = if end == "\n" { "newline" } else { "carriage return" };
            let csv = matches!(self.format, CopyFormat::Csv { .. });
            let how = if csv { "unquoted" } else { "literal" };
            return Err(Error::BadCopyFormat(format!("{how} {what} found in data")));
        }
        match line {
            "\\." => {
                self.rest = "";
                Ok(None)
            }
            line => Ok(Some((line, escapes))),
        }
    }

    /// Where a line of text ends, and whether it has a backslash: a newline behind one is a part of it.
    fn text_end(&self) -> (usize, bool) {
        let bytes = self.rest.as_bytes();
        let (mut at, mut escapes) = (0, false);
        while let Some(next) = memchr3(b'\\', b'\n', b'\r', bytes.get(at..).unwrap_or_default()) {
            at += next;
            if bytes.get(at) != Some(&b'\\') {
                return (at, escapes);
            }
            escapes = true;
            at += 2;
        }
        (bytes.len(), escapes)
    }

    fn csv_end(&self, quote: u8, escape: u8) -> Result<usize> {
        let (mut quoted, mut last_escaped) = (false, false);
        for (at, byte) in self.rest.bytes().enumerate() {
            // PostgreSQL's own way to see quotes: an escape within them that is not the quote itself takes the next.
            let escaping = quoted && escape != quote && byte == escape && !last_escaped;
            if byte == quote && !last_escaped {
                quoted = !quoted;
            }
            last_escaped = escaping;
            if !quoted && matches!(byte, b'\n' | b'\r') {
                return Ok(at);
            }
        }
        match quoted {
            true => Err(Error::BadCopyFormat("unterminated CSV quoted field".to_owned())),
            false => Ok(self.rest.len()),
        }
    }
}

/// The fields of a line of text.
fn text_fields(line: &str, delimiter: u8, null: &str) -> Vec<Option<String>> {
    let mut fields = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    let bytes = line.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            byte if byte == delimiter => {
                fields.push(field(bytes.get(start..at).unwrap_or_default(), null));
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(field(bytes.get(start..).unwrap_or_default(), null));
    fields
}

fn field(raw: &[u8], null: &str) -> Option<String> {
    if raw == null.as_bytes() {
        return None;
    }
    let mut read = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            read.push(byte);
            continue;
        }
        let Some(escaped) = rest.next() else {
            read.push(b'\\');
            break;
        };
        let is_hexadecimal = rest.peek().is_some_and(u8::is_ascii_hexdigit);
        let mut digits = |value: u32, base: u32, more: usize| {
            let mut value = value;
            for _ in 0..more {
                let next = rest.peek().and_then(|byte| char::from(*byte).to_digit(base));
                let Some(digit) = next else { break };
                value = value * base + digit;
                rest.next();
            }
            u8::try_from(value & 0xff).unwrap_or_default()
        };
        read.push(match escaped {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => digits(u32::from(escaped - b'0'), 8, 2),
            b'x' if is_hexadecimal => digits(0, 16, 2),
            other => other,
        });
    }
    // Escapes may make what is no text of it: the cast to the column's type says so.
    Some(match String::from_utf8(read) {
        Ok(text) => text,
        Err(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
    })
}

/// The fields of a line of CSV.
fn csv_fields(
    line: &str,
    [delimiter, quote, escape]: [u8; 3],
    null: &str,
    reading: &CopyReading,
) -> Result<Vec<Option<String>>> {
    let mut fields = Vec::new();
    let mut bytes = line.bytes().peekable();
    loop {
        let (mut read, mut quoted, mut ended) = (Vec::new(), false, true);
        let mut within = false;
        while let Some(byte) = bytes.next() {
            if within {
                let escapes = byte == escape
                    && bytes.peek().is_some_and(|next| *next == quote || *next == escape);
                if escapes {
                    read.extend(bytes.next());
                } else if byte == quote {
                    within = false;
                } else {
                    read.push(byte);
                }
            } else if byte == delimiter {
                ended = false;
                break;
            } else if byte == quote {
                (within, quoted) = (true, true);
            } else {
                read.push(byte);
            }
        }
        let place = fields.len();
        let forced = |list: &[bool]| list.get(place).copied().unwrap_or(false);
        let is_null = read == null.as_bytes()
            && match quoted {
                true => forced(&reading.force_null),
                false => !forced(&reading.force_not_null) || forced(&reading.force_null),
            };
        fields.push(match is_null {
            true => None,
            false => Some(utf8(&read)?.to_owned()),
        });
        if ended {
            return Ok(fields);
        }
    }
}

/// The values of each row in binary form.
/// Errors: 22P04 for what is no such file.
pub fn copied_binaries(mut data: Bytes, columns: usize) -> Result<Vec<Vec<Option<Bytes>>>> {
    let bad = |message: &str| Error::BadCopyFormat(message.to_owned());
    if data.len() < SIGNATURE.len() || data.split_to(SIGNATURE.len()) != SIGNATURE {
        return Err(bad("COPY file signature not recognized"));
    }
    if data.remaining() < 4 {
        return Err(bad("invalid COPY file header (missing flags)"));
    }
    let flags = data.get_u32();
    if flags & 0x1_0000 != 0 {
        return Err(bad("invalid COPY file header (WITH OIDS)"));
    }
    if flags >> 16 != 0 {
        return Err(bad("unrecognized critical flags in COPY file header"));
    }
    let more = if data.remaining() < 4 { u32::MAX } else { data.get_u32() };
    match usize::try_from(more) {
        Ok(more) if more <= data.remaining() => data.advance(more),
        _ => return Err(bad("invalid COPY file header (missing length)")),
    }
    let mut rows = Vec::new();
    loop {
        if data.remaining() < 2 {
            return Err(bad("unexpected EOF in COPY data"));
        }
        let count = data.get_i16();
        if count == -1 {
            break;
        }
        if usize::try_from(count) != Ok(columns) {
            let message = format!("row field count is {count}, expected {columns}");
            return Err(Error::BadCopyFormat(message));
        }
        let mut row = Vec::with_capacity(columns);
        for _ in 0..columns {
            if data.remaining() < 4 {
                return Err(bad("unexpected EOF in COPY data"));
            }
            row.push(match data.get_i32() {
                -1 => None,
                len => match usize::try_from(len) {
                    Ok(len) if len <= data.remaining() => Some(data.split_to(len)),
                    Ok(_) => return Err(bad("unexpected EOF in COPY data")),
                    Err(_negative) => return Err(bad("invalid field size")),
                },
            });
        }
        rows.push(row);
    }
    match data.is_empty() {
        true => Ok(rows),
        false => Err(bad("received copy data after EOF marker")),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, StringArray};
    use bytes::Bytes;

    use super::{CopyReading, SIGNATURE, copied_binaries, copied_texts};
    use crate::pg::encode::CopyFormat;

    fn reading(columns: usize) -> CopyReading {
        let columns = (0..columns).map(|at| format!("c{at}")).collect();
        CopyReading { columns, ..CopyReading::default() }
    }

    fn text(data: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let format = CopyFormat::Text { delimiter: b'\t', null: "\\N".to_owned(), header: false };
        let columns = copied_texts(data.as_bytes(), &format, &reading(2));
        columns.map(|columns| rows(&columns)).map_err(|error| format!("{} {error}", error.state()))
    }

    fn csv(data: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let format = CopyFormat::Csv {
            delimiter: b',',
            null: String::new(),
            header: false,
            quote: b'"',
            escape: b'"',
            force_quote: None,
        };
        let columns = copied_texts(data.as_bytes(), &format, &reading(2));
        columns.map(|columns| rows(&columns)).map_err(|error| format!("{} {error}", error.state()))
    }

    fn rows(columns: &[StringArray]) -> Vec<Vec<Option<String>>> {
        let count = columns.first().map_or(0, Array::len);
        let value = |column: &StringArray, row: usize| {
            column.is_valid(row).then(|| column.value(row).to_owned())
        };
        (0..count).map(|row| columns.iter().map(|column| value(column, row)).collect()).collect()
    }

    fn row(values: [Option<&str>; 2]) -> Vec<Option<String>> {
        values.iter().map(|value| value.map(str::to_owned)).collect()
    }

    #[test]
    fn lines_of_text_are_unescaped() {
        assert_eq!(
            text("a\tb\n\\N\t\n"),
            Ok(vec![row([Some("a"), Some("b")]), row([None, Some("")])])
        );
        assert_eq!(
            text("a\\tb\\\\\t\\x41\\102\\\nc\r\n"),
            Ok(vec![row([Some("a\tb\\"), Some("AB\nc")])])
        );
        assert_eq!(text("a\tb\n\\.\nnever\n"), Ok(vec![row([Some("a"), Some("b")])]));
        assert_eq!(text("a\n"), Err("22P04 missing data for column \"c1\"".to_owned()));
        assert_eq!(text("a\tb\tc"), Err("22P04 extra data after last expected column".to_owned()));
        assert_eq!(text(""), Ok(Vec::new()));
    }

    #[test]
    fn csv_has_quotes() {
        assert_eq!(csv("a,\n,\"\"\n"), Ok(vec![row([Some("a"), None]), row([None, Some("")])]));
        assert_eq!(
            csv("\"a,\"\"b\"\"\nc\",x\"y\"z\r\n"),
            Ok(vec![row([Some("a,\"b\"\nc"), Some("xyz")])])
        );
        assert_eq!(csv("\"a,b\n"), Err("22P04 unterminated CSV quoted field".to_owned()));
    }

    #[test]
    fn binary_files_end_where_they_say() {
        let file = |rows: &[u8]| {
            let header = [SIGNATURE, &[0, 0, 0, 0, 0, 0, 0, 0]].concat();
            Bytes::from([header.as_slice(), rows].concat())
        };
        let one = [0, 1, 0, 0, 0, 2, b'h', b'i', 0xff, 0xff];
        let read = copied_binaries(file(&one), 1).unwrap();
        assert_eq!(read, [[Some(Bytes::from_static(b"hi"))]]);
        for cut in 0..file(&one).len() {
            assert!(copied_binaries(file(&one).slice(..cut), 1).is_err(), "{cut}");
        }
        assert!(copied_binaries(file(&[one.as_slice(), b"x"].concat()), 1).is_err());
        assert!(copied_binaries(file(&one), 2).is_err());
    }
}
