//! From the files of one version to its tables.
//!
//! A directory is a table. Of the files directly under the version, those named `part-*` are one table named like the
//! database (that is what Spark leaves), and any other `stem.ext` is the table `stem`. Names that start with `_` or `.`
//! are never data, but for `_shard=NNN` directories, which only say where a file is placed. `key=value` directories are
//! columns.
//!
//! What is merely odd (an unknown extension, a name that cannot be a table's) is an [`Issue`] and is left out. What
//! would make a table wrong (two formats, two sets of partition keys, two names that differ in case only) refuses the
//! version.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use chrono::NaiveDate;

use super::inspect::{format_of, kind_of};
use crate::catalog::manifest::{File, Format};
use crate::error::{Error, Result};

/// What Hive, Spark and their kin write for a partition value that is NULL.
pub const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The longest name of a database, version or table.
const NAME_BYTES_MAX: usize = 128;

/// The tables of one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The tables in name order.
    pub tables: Vec<TableShape>,
    /// What was left out, in path order.
    pub issues: Vec<Issue>,
}

/// One table as its files' names tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// The format of all its files.
    pub format: Format,
    /// The columns made from directory names.
    pub partition_fields: Vec<FieldRef>,
    /// Its files in path order, their partition values filled in.
    pub files: Vec<File>,
}

/// Something in the source root that is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The path below the version's directory.
    pub path: String,
    /// Why it is not served.
    pub reason: String,
}

/// Whether a database or table may have this name.
pub fn is_name(name: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.len() <= NAME_BYTES_MAX
        && name.as_bytes().first().is_some_and(plain)
        && name.as_bytes().iter().all(|byte| plain(byte) || *byte == b'-')
}

/// Sorts the files of one version of `database` into tables. Paths are relative to the version's directory.
///
/// Errors: [`Error::FeatureNotSupported`] when a table mixes formats or partition keys, when two tables' names differ
/// in case only or come from a file and a directory, or when a table's directory holds files but no data.
pub fn shape(database: &str, mut files: Vec<File>) -> Result<Shape> {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    let mut issues = Vec::new();
    for file in files {
        match place(database, &file.path) {
            Place::Hidden => {}
            Place::Odd(reason) => issues.push(Issue { path: file.path, reason }),
            Place::Table { name, origin, format, keys } => {
                let table = gathered.entry(name.clone()).or_insert_with(|| Gathered {
                    origin: origin.clone(),
                    strangers: Vec::new(),
                    data: Vec::new(),
                });
                if table.origin != origin {
                    return Err(refused(format!(
                        "table \"{name}\" is made by both \"{}\" and \"{origin}\"",
                        table.origin
                    )));
                }
                match format {
                    Some(format) => table.data.push(Datum { file, format, keys }),
                    None => table.strangers.push(file.path),
                }
            }
        }
    }
    let mut tables: Vec<TableShape> = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, table) in gathered {
        for path in &table.strangers {
            let reason = "the extension of this file is not that of a known format".to_owned();
            issues.push(Issue { path: path.clone(), reason });
        }
        if let Some(stranger) = table.strangers.first().filter(|_| table.data.is_empty()) {
            // A lone file beside the tables is litter; a directory full of it was meant to be a table.
            if table.origin.ends_with('/') {
                return Err(refused(format!(
                    "table \"{name}\" has no file of a known format, only such as \"{stranger}\""
                )));
            }
            continue;
        }
        if let Some(twin) = seen.insert(name.to_ascii_lowercase(), name.clone()) {
            return Err(refused(format!(
                "tables \"{twin}\" and \"{name}\" differ in upper and lower case only"
            )));
        }
        tables.push(table.finish(name)?);
    }
    issues.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Shape { tables, issues })
}

/// The columns of a table from those of its files: all names in order of first appearance, nullable where a file lacks
/// one, in a type that holds every file's values unchanged. Texts without types of their own (CSV, NDJSON) meet as text
/// when nothing else fits.
///
/// Errors: [`Error::DatatypeMismatch`] naming both files when no such type exists; [`Error::FeatureNotSupported`] when
/// a column has the name of a partition column, or there is none.
pub fn merge_schemas(
    table: &str,
    format: Format,
    partition_fields: &[FieldRef],
    files: &[(String, SchemaRef)],
) -> Result<SchemaRef> {
    let is_text = matches!(format, Format::Csv(_) | Format::Json(_));
    let mut columns: Vec<Column<'_>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, schema) in files {
        for field in schema.fields() {
            if partition_fields.iter().any(|partition| partition.name() == field.name()) {
                return Err(refused(format!(
                    "column \"{}\" of file \"{path}\" has the name of a partition column",
                    field.name()
                )));
            }
            match places.get(field.name().as_str()).and_then(|at| columns.get_mut(*at)) {
                None => {
                    places.insert(field.name(), columns.len());
                    columns.push(Column {
                        name: field.name(),
                        kind: field.data_type().clone(),
                        path,
                        nullable: field.is_nullable(),
                        count: 1,
                    });
                }
                Some(column) => column.meet(table, path, field, is_text)?,
            }
        }
    }
    if columns.is_empty() {
        return Err(refused(format!("table \"{table}\" has no columns")));
    }
    // A text file without a byte lacks no column: it has no rows.
    let count = files.iter().filter(|(_, schema)| !schema.fields().is_empty()).count();
    let fields = columns.into_iter().map(|column| {
        let kind = if is_text { without_null(&column.kind) } else { column.kind };
        let nullable = column.nullable || column.count < count;
        Field::new(column.name, kind, nullable)
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn refused(message: String) -> Error {
    Error::FeatureNotSupported(message)
}

struct Gathered {
    /// The directory (with a slash) or the stem that made it.
    origin: String,
    /// Files of unknown formats.
    strangers: Vec<String>,
    data: Vec<Datum>,
}

struct Datum {
    file: File,
    format: Format,
    keys: Vec<(String, Option<String>)>,
}

impl Gathered {
    fn finish(self, name: String) -> Result<TableShape> {
        let mut data = self.data.into_iter();
        let Some(first) = data.next() else {
            return Err(Error::Internal(format!("table \"{name}\" was gathered without data")));
        };
        let (format, first_path) = (first.format, first.file.path.clone());
        let keys: Vec<String> = first.keys.iter().map(|(key, _)| key.clone()).collect();
        let mut files = Vec::new();
        for datum in std::iter::once(first).chain(data) {
            if datum.format != format {
                return Err(refused(format!(
                    "table \"{name}\" mixes formats: file \"{first_path}\" is {}, file \"{}\" is {}",
                    spelled(format),
                    datum.file.path,
                    spelled(datum.format)
                )));
            }
            if !datum.keys.iter().map(|(key, _)| key).eq(&keys) {
                return Err(refused(format!(
                    "table \"{name}\" mixes partition keys: file \"{}\" has not those of file \"{first_path}\"",
                    datum.file.path
                )));
            }
            let values = datum.keys.into_iter().map(|(_, value)| value);
            files.push(File { partition_values: values.collect(), ..datum.file });
        }
        let partition_fields = keys.iter().enumerate().map(|(at, key)| {
            let values = files.iter().filter_map(|file| file.partition_values.get(at)?.as_deref());
            Arc::new(Field::new(key, partition_type(&values), true))
        });
        let partition_fields = partition_fields.collect();
        Ok(TableShape { name, format, partition_fields, files })
    }
}

fn spelled(format: Format) -> String {
    use crate::catalog::manifest::Compression;
    let suffix = match format {
        Format::Csv(Compression::Gzip) | Format::Json(Compression::Gzip) => " (gzip)",
        Format::Csv(Compression::Zstd) | Format::Json(Compression::Zstd) => " (zstd)",
        _ => "",
    };
    format!("{}{suffix}", kind_of(format))
}

/// Integers when all are, dates when all are, else text. Without any value: text.
fn partition_type<'a>(values: &(impl Iterator<Item = &'a str> + Clone)) -> DataType {
    let some = values.clone().next().is_some();
    let is_integer = |value: &str| !value.starts_with('+') && value.parse::<i64>().is_ok();
    if some && values.clone().all(is_integer) {
        DataType::Int64
    } else if some && values.clone().all(|value| partition_date(value).is_some()) {
        DataType::Date32
    } else {
        DataType::Utf8
    }
}

/// The date a partition value spells as `YYYY-MM-DD`.
pub(super) fn partition_date(value: &str) -> Option<NaiveDate> {
    (value.len() == 10).then(|| NaiveDate::parse_from_str(value, "%Y-%m-%d").ok())?
}

enum Place {
    /// Never data.
    Hidden,
    /// Left out for a reason.
    Odd(String),
    Table {
        name: String,
        origin: String,
        /// `None` for an unknown extension.
        format: Option<Format>,
        keys: Vec<(String, Option<String>)>,
    },
}

fn place(database: &str, path: &str) -> Place {
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..") || !is_printable(part)) {
        return Place::Odd("this path is not plain".to_owned());
    }
    if parts.iter().any(|part| part.starts_with(['_', '.']) && !is_shard(part)) {
        return Place::Hidden;
    }
    let Some(file) = parts.pop() else { return Place::Hidden };
    parts.retain(|part| !is_shard(part));
    let known = format_of(file);
    let format = known.as_ref().map(|(_, format)| *format);
    let (name, origin, directories) = match parts.split_first() {
        Some((table, directories)) => {
            // Spark and its kin write a table as a directory called `orders.parquet`.
            let stem = format_of(table).map_or_else(|| (*table).to_owned(), |(stem, _)| stem);
            (stem, format!("{table}/"), directories)
        }
        None if file.starts_with("part-") => {
            (database.to_owned(), "part-*".to_owned(), parts.as_slice())
        }
        None => match known {
            Some((stem, _)) => (stem.clone(), stem, parts.as_slice()),
            None => {
                return Place::Odd(
                    "the extension of this file is not that of a known format".to_owned(),
                );
            }
        },
    };
    if !is_name(&name) {
        return Place::Odd(format!("\"{name}\" cannot be the name of a table"));
    }
    let mut keys: Vec<(String, Option<String>)> = Vec::new();
    for directory in directories {
        let Some((key, value)) = directory.split_once('=') else { continue };
        let (key, value) = (decoded(key), decoded(value));
        if key.is_empty() || keys.iter().any(|(other, _)| *other == key) {
            return Place::Odd(format!("the directory \"{directory}\" makes no column"));
        }
        keys.push((key, (value != HIVE_NULL).then_some(value)));
    }
    Place::Table { name, origin, format, keys }
}

fn is_printable(part: &str) -> bool {
    // Direction marks and their like make a name look like another (reliability S13).
    let hidden = |found: char| matches!(found, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !part.chars().any(|found| found.is_control() || found == '\\' || hidden(found))
}

fn is_shard(part: &str) -> bool {
    part.strip_prefix("_shard=").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Undoes percent encoding; text that is not such stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let hex = pair.filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

struct Column<'a> {
    name: &'a str,
    kind: DataType,
    /// The file that gave it its type.
    path: &'a str,
    nullable: bool,
    count: usize,
}

impl<'a> Column<'a> {
    fn meet(&mut self, table: &str, path: &'a str, field: &Field, is_text: bool) -> Result<()> {
        let Some(kind) = common(&self.kind, field.data_type(), is_text) else {
            return Err(Error::DatatypeMismatch(format!(
                "column \"{}\" of table \"{table}\" is {} in file \"{}\" and {} in file \"{path}\"",
                self.name,
                self.kind,
                self.path,
                field.data_type()
            )));
        };
        if kind != self.kind {
            (self.kind, self.path) = (kind, path);
        }
        self.nullable |= field.is_nullable();
        self.count += 1;
        Ok(())
    }
}

/// The narrowest type that holds all values of both unchanged.
fn common(one: &DataType, other: &DataType, is_text: bool) -> Option<DataType> {
    if one.equals_datatype(other) {
        return Some(one.clone());
    }
    let found = match (one, other) {
        (DataType::Null, kind) | (kind, DataType::Null) => Some(kind.clone()),
        (DataType::Dictionary(_, value), kind) | (kind, DataType::Dictionary(_, value)) => {
            common(value, kind, is_text)
        }
        _ if one.is_integer() && other.is_integer() => common_integer(one, other),
        _ if one.is_floating() && other.is_floating() => Some(wider(one, other)),
        (DataType::Decimal128(digits, scale), DataType::Decimal128(other_digits, other_scale))
            if scale == other_scale =>
        {
            Some(DataType::Decimal128(*digits.max(other_digits), *scale))
        }
        (DataType::Timestamp(unit, zone), DataType::Timestamp(other_unit, other_zone))
            if zone == other_zone =>
        {
            common_unit(unit, other_unit, is_text)
                .map(|unit| DataType::Timestamp(unit, zone.clone()))
        }
        _ if one.is_string() && other.is_string() => Some(DataType::Utf8View),
        _ if is_binary(one) && is_binary(other) => Some(DataType::BinaryView),
        (DataType::List(item), DataType::List(other_item)) if is_text => {
            common(item.data_type(), other_item.data_type(), is_text)
                .map(|kind| DataType::List(Arc::new(Field::new(item.name(), kind, true))))
        }
        (DataType::Struct(fields), DataType::Struct(other_fields)) if is_text => {
            common_fields(fields, other_fields).map(DataType::Struct)
        }
        _ => None,
    };
    let is_scalar = |kind: &DataType| !kind.is_nested();
    match found {
        None if is_text && is_scalar(one) && is_scalar(other) => Some(match (one, other) {
            (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => {
                DataType::Float64
            }
            (DataType::Date32, kind @ DataType::Timestamp(_, _))
            | (kind @ DataType::Timestamp(_, _), DataType::Date32) => kind.clone(),
            _ => DataType::Utf8,
        }),
        found => found,
    }
}

fn common_fields(fields: &Fields, other_fields: &Fields) -> Option<Fields> {
    let mut merged: Vec<FieldRef> = Vec::new();
    for field in fields.iter().chain(other_fields) {
        match merged.iter_mut().find(|seen| seen.name() == field.name()) {
            None => merged.push(Arc::clone(field)),
            Some(seen) => {
                let kind = common(seen.data_type(), field.data_type(), true)?;
                *seen = Arc::new(Field::new(field.name(), kind, true));
            }
        }
    }
    Some(merged.into())
}

fn common_integer(one: &DataType, other: &DataType) -> Option<DataType> {
    if one.is_signed_integer() == other.is_signed_integer() {
        return Some(wider(one, other));
    }
    let (signed, unsigned) = if one.is_signed_integer() { (one, other) } else { (other, one) };
    let holder = match unsigned {
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        _ => return None,
    };
    Some(wider(signed, &holder))
}

fn wider(one: &DataType, other: &DataType) -> DataType {
    if one.primitive_width() >= other.primitive_width() { one.clone() } else { other.clone() }
}

/// Nanoseconds reach only from 1677 to 2262, so that nothing else but text, which may fail then, meets with them.
fn common_unit(one: &TimeUnit, other: &TimeUnit, is_text: bool) -> Option<TimeUnit> {
    let nanoseconds = |unit: &TimeUnit| *unit == TimeUnit::Nanosecond;
    match (nanoseconds(one), nanoseconds(other)) {
        (false, false) => Some(TimeUnit::Microsecond),
        _ if is_text => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}

fn is_binary(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// A column nobody has a value for is text.
fn without_null(kind: &DataType) -> DataType {
    let field = |field: &Field| {
        Field::new(field.name(), without_null(field.data_type()), field.is_nullable())
    };
    match kind {
        DataType::Null => DataType::Utf8,
        DataType::List(item) => DataType::List(Arc::new(field(item))),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|inner| field(inner)).collect())
        }
        kind => kind.clone(),
    }
}

#[cfg(test)]
#[path = "tests/shape.rs"]
mod tests;
