//! Arrow batches to the bytes of DataRow and CopyData.

/// How a session wants values written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSettings {
    /// The session's time zone.
    pub time_zone: chrono_tz::Tz,
    /// `DateStyle`.
    pub date_style: DateStyle,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// `bytea_output = hex` (the default) or `escape`.
    pub bytea_hex: bool,
    /// `extra_float_digits`; above 0 is the shortest text that reads back equal.
    pub extra_float_digits: i32,
}

/// `DateStyle`: a format and an order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateStyle {
    /// `ISO`, `Postgres`, `SQL`, `German`.
    pub format: DateFormat,
    /// `MDY`, `DMY`, `YMD`.
    pub order: DateOrder,
}

/// The format of `DateStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum DateFormat {
    Iso,
    Postgres,
    Sql,
    German,
}

/// The order of `DateStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum DateOrder {
    Mdy,
    Dmy,
    Ymd,
}

/// `IntervalStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum IntervalStyle {
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// The options of `COPY … TO STDOUT` (PostgreSQL manual, COPY).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFormat {
    /// `FORMAT text`
    Text {
        /// Between columns.
        delimiter: u8,
        /// For NULL.
        null: String,
        /// Whether a first line names the columns.
        header: bool,
    },
    /// `FORMAT csv`
    Csv {
        /// Between columns.
        delimiter: u8,
        /// For NULL.
        null: String,
        /// Whether a first line names the columns.
        header: bool,
        /// Around values.
        quote: u8,
        /// Before a quote inside a value.
        escape: u8,
        /// Columns that are always quoted, by position; `None` is all.
        force_quote: Option<Vec<usize>>,
    },
    /// `FORMAT binary`
    Binary,
}
