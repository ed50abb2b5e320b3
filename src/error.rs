//! Every way Forebay says no, each with its SQLSTATE.
//!
//! One variant per thing a client can act on. Messages follow PostgreSQL's error style: lower case, no full
//! stop, identifiers in double quotes. `state` matches without a wildcard, so a new variant does not compile
//! until it has a code. A detail, a hint and a position are added with [`Error::detail`], [`Error::hint`] and
//! [`Error::at`] where they are known.
//!
//! Imports: nothing. Used by: every room.

use std::sync::Arc;

/// The result of anything a client or the outside world can make fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every way Forebay says no.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    // ---- the text of a statement
    /// The statement does not parse.
    #[error("{0}")]
    Syntax(String),
    /// A feature PostgreSQL has and we do not, or that read-only data cannot have.
    #[error("{0}")]
    FeatureNotSupported(String),
    /// A text, chain or plan beyond a limit of ours (54001).
    #[error("{0}")]
    StatementTooComplex(String),
    /// More columns, or grouping sets, than a result can have (54011).
    #[error("{0}")]
    TooManyColumns(String),
    /// A count beyond a limit of ours (54000).
    #[error("{0}")]
    ProgramLimitExceeded(String),

    // ---- names
    /// A text that is no name of anything.
    #[error("invalid name syntax")]
    InvalidName,
    /// No such schema.
    #[error("schema \"{0}\" does not exist")]
    UndefinedSchema(String),
    /// No such table or view.
    #[error("relation \"{0}\" does not exist")]
    UndefinedTable(String),
    /// A table that is no part of FROM; the whole message.
    #[error("{0}")]
    UndefinedRelation(String),
    /// No such column; the whole message, since PostgreSQL words it three ways.
    #[error("{0}")]
    UndefinedColumn(String),
    /// No function of that name and arguments; the whole message.
    #[error("{0}")]
    UndefinedFunction(String),
    /// Several functions or operators of that name; the whole message.
    #[error("{0}")]
    AmbiguousFunction(String),
    /// No such type, role, alias, version or other object; the whole message.
    #[error("{0}")]
    UndefinedObject(String),
    /// A sequence has no more numbers; the whole message.
    #[error("{0}")]
    SequenceLimit(String),
    /// No such parameter (`$n`).
    #[error("there is no parameter ${0}")]
    UndefinedParameter(usize),
    /// No such database in the startup message.
    #[error("database \"{0}\" does not exist")]
    UndefinedDatabase(String),
    /// A column name that several tables have.
    #[error("column reference \"{0}\" is ambiguous")]
    AmbiguousColumn(String),
    /// A column that a side of a join has several times and that both sides should have in common.
    #[error("common column name \"{name}\" appears more than once in {side} table")]
    AmbiguousCommonColumn {
        /// The column.
        name: String,
        /// `left` or `right`.
        side: &'static str,
    },
    /// A name in ORDER BY that several outputs have.
    #[error("ORDER BY \"{0}\" is ambiguous")]
    AmbiguousKey(String),
    /// A table named twice in FROM.
    #[error("table name \"{0}\" specified more than once")]
    DuplicateAlias(String),
    /// A query named twice in WITH.
    #[error("WITH query name \"{0}\" specified more than once")]
    DuplicateQuery(String),
    /// A column defined or named twice.
    #[error("column \"{0}\" specified more than once")]
    DuplicateColumn(String),
    /// A column that USING names twice.
    #[error("column name \"{0}\" appears more than once in USING clause")]
    DuplicateCommonColumn(String),
    /// A role, alias or other object that exists already; the whole message.
    #[error("{0}")]
    DuplicateObject(String),
    /// No schema of the search path is one to make things in.
    #[error("no schema has been selected to create in")]
    NoSchemaSelected,
    /// A relation that exists already; the whole message.
    #[error("{0}")]
    DuplicateRelation(String),
    /// A table or view that exists already.
    #[error("relation \"{0}\" already exists")]
    DuplicateTable(String),
    /// A column called like one that every table has; the whole message.
    #[error("{0}")]
    ConflictingColumn(String),
    /// A table that cannot be defined so; the whole message.
    #[error("{0}")]
    InvalidTableDefinition(String),
    /// A definition that cannot be, as it needs itself; the whole message.
    #[error("{0}")]
    InvalidObjectDefinition(String),
    /// A schema that exists already.
    #[error("schema \"{0}\" already exists")]
    DuplicateSchema(String),
    /// A name reserved by the system.
    #[error("{0}")]
    ReservedName(String),
    /// A grant that cannot be: a loop of memberships, or a privilege its target cannot have.
    #[error("{0}")]
    InvalidGrant(String),
    /// A role that something still refers to.
    #[error("{0}")]
    DependentObjectsStillExist(String),

    // ---- types and values
    /// A type that does not fit; the whole message.
    #[error("{0}")]
    DatatypeMismatch(String),
    /// A cast that does not exist.
    #[error("{0}")]
    CannotCoerce(String),
    /// A parameter whose type nothing tells.
    #[error("could not determine data type of parameter ${0}")]
    IndeterminateDatatype(usize),
    /// `ARRAY[]`, whose type nothing tells.
    #[error("cannot determine type of empty array")]
    IndeterminateArray,
    /// A column outside GROUP BY, or an aggregate where none may stand; the whole message.
    #[error("{0}")]
    Grouping(String),
    /// An operator that the types do not have; the whole message.
    #[error("{0}")]
    OperatorMismatch(String),
    /// What the planner refuses with no better code (42000).
    #[error("{0}")]
    Planned(String),
    /// A window function where none may stand.
    #[error("{0}")]
    Windowing(String),
    /// A recursive query that is none, or has what none may have; the whole message.
    #[error("{0}")]
    InvalidRecursion(String),
    /// A sample of less than nothing or more than all; the whole message.
    #[error("{0}")]
    InvalidSample(String),
    /// An argument of `ntile` below one.
    #[error("argument of ntile must be greater than zero")]
    InvalidNtile,
    /// An argument of `nth_value` below one.
    #[error("argument of nth_value must be greater than zero")]
    InvalidNthValue,
    /// A frame of a window with a wrong bound; the whole message.
    #[error("{0}")]
    InvalidFrame(String),
    /// A statement whose definition is wrong (column counts, LIMIT of a wrong kind).
    #[error("{0}")]
    InvalidColumnReference(String),
    /// Division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A number out of its type's range; the whole message.
    #[error("{0}")]
    NumericOutOfRange(String),
    /// Text that is not of the type asked for.
    #[error("invalid input syntax for type {kind}: \"{text}\"")]
    InvalidText {
        /// PostgreSQL's name of the type.
        kind: String,
        /// The text that was given.
        text: String,
    },
    /// Text that is no array.
    #[error("malformed array literal: \"{0}\"")]
    MalformedArray(String),
    /// Text that does not read as what it should be; the whole message.
    #[error("{0}")]
    MalformedText(String),
    /// An array of the wrong shape; the whole message.
    #[error("{0}")]
    ArraySubscript(String),
    /// A NULL where none may be; the whole message.
    #[error("{0}")]
    NullNotAllowed(String),
    /// Text that is no date, time or interval.
    #[error("invalid input syntax for type {kind}: \"{text}\"")]
    InvalidDatetime {
        /// PostgreSQL's name of the type.
        kind: String,
        /// The text that was given.
        text: String,
    },
    /// A template, or a text by a template, that is none; the whole message.
    #[error("{0}")]
    InvalidDatetimeFormat(String),
    /// A date or time that does not exist.
    #[error("{0}")]
    DatetimeOverflow(String),
    /// A part of an interval that does not fit; the whole message.
    #[error("{0}")]
    IntervalFieldOverflow(String),
    /// Bytes that do not decode as the binary form of their type.
    #[error("{0}")]
    InvalidBinary(String),
    /// A character that a type cannot hold.
    #[error("{0}")]
    UntranslatableCharacter(String),
    /// Bytes that are not UTF-8, or contain NUL.
    #[error("{0}")]
    CharacterNotInRepertoire(String),
    /// An argument outside the domain of a logarithm.
    #[error("{0}")]
    InvalidLogarithm(String),
    /// An argument outside the domain of a power or a root.
    #[error("{0}")]
    InvalidPower(String),
    /// An escape that is no single character.
    #[error("{0}")]
    InvalidEscape(String),
    /// An escape where none can be; the whole message.
    #[error("{0}")]
    InvalidUseOfEscape(String),
    /// A length of a part of a text below zero.
    #[error("negative substring length not allowed")]
    NegativeSubstring,
    /// A regular expression that does not compile.
    #[error("invalid regular expression: {0}")]
    InvalidRegularExpression(String),
    /// Strings whose lengths do not fit together; the whole message.
    #[error("{0}")]
    StringLength(String),
    /// A value longer than its column may have; the whole message.
    #[error("{0}")]
    StringTooLong(String),
    /// NULL in a column that may not have it; the whole message.
    #[error("{0}")]
    NotNullViolation(String),
    /// A column that a key names twice; the whole message.
    #[error("{0}")]
    ColumnTwice(String),
    /// A foreign key that no key belongs to; the whole message.
    #[error("{0}")]
    InvalidForeignKey(String),
    /// A row that another session holds; the whole message.
    #[error("{0}")]
    RowNotAvailable(String),
    /// A client gave up a COPY FROM (57014); the whole message.
    #[error("{0}")]
    CopyFailed(String),
    /// What COPY FROM was sent is not of its format; the whole message.
    #[error("{0}")]
    BadCopyFormat(String),
    /// A value for a column that only has its own (428C9); the whole message.
    #[error("{0}")]
    GeneratedAlways(String),
    /// A row that one statement would change twice (21000); the whole message.
    #[error("{0}")]
    ChangedTwice(String),
    /// A key that another row has; the whole message.
    #[error("{0}")]
    UniqueViolation(String),
    /// A row that breaks a CHECK; the whole message.
    #[error("{0}")]
    CheckViolation(String),
    /// A row that names one that is not there; the whole message.
    #[error("{0}")]
    ForeignKeyViolation(String),
    /// A length below zero of a part of a text.
    #[error("negative substring length not allowed")]
    SubstringLength,
    /// A scalar subquery with more than one row.
    #[error("more than one row returned by a subquery used as an expression")]
    CardinalityViolation,
    /// A path that a JSON value does not have; its code, and the whole message.
    #[error("{1}")]
    SqlJson(&'static str, String),
    /// A data error with no code of its own (22000).
    #[error("{0}")]
    Data(String),
    /// An argument of a function or a setting with a wrong value.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// LIMIT or OFFSET below zero.
    #[error("{0} must not be negative")]
    NegativeRowCount(&'static str),

    // ---- sessions
    /// A setting nobody knows.
    #[error("unrecognized configuration parameter \"{0}\"")]
    UndefinedSetting(String),
    /// A setting that cannot be changed now.
    #[error("{0}")]
    CannotChangeSetting(String),
    /// A statement inside a transaction that has failed.
    #[error("current transaction is aborted, commands ignored until end of transaction block")]
    InFailedTransaction,
    /// A statement that needs a transaction block.
    #[error("{0}")]
    NoActiveTransaction(String),
    /// A statement that may not run inside a transaction block.
    #[error("{0}")]
    ActiveTransaction(String),
    /// No such savepoint.
    #[error("savepoint \"{0}\" does not exist")]
    UndefinedSavepoint(String),
    /// No such prepared statement.
    #[error("prepared statement \"{0}\" does not exist")]
    UndefinedPreparedStatement(String),
    /// A prepared statement of that name exists.
    #[error("prepared statement \"{0}\" already exists")]
    DuplicatePreparedStatement(String),
    /// No such portal or cursor.
    #[error("{kind} \"{name}\" does not exist")]
    UndefinedCursor {
        /// `portal` or `cursor`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A cursor of that name is open.
    #[error("cursor \"{0}\" already exists")]
    DuplicateCursor(String),
    /// A write to something that cannot be written.
    #[error("{0}")]
    WrongObjectType(String),
    /// A write in a read-only transaction.
    #[error("cannot execute {0} in a read-only transaction")]
    ReadOnlyTransaction(String),
    /// A prepared statement whose result type changed with the generation.
    #[error("cached plan must not change result type")]
    CachedPlanChanged,
    /// A state that does not allow the call; the whole message.
    #[error("{0}")]
    NotInPrerequisiteState(String),
    /// Something that is in use cannot be dropped; the whole message.
    #[error("{0}")]
    ObjectInUse(String),
    /// Another commit got there first; the caller may try again.
    #[error("{0}")]
    SerializationFailure(String),

    // ---- who may do what
    /// A privilege that is missing; the whole message.
    #[error("{0}")]
    InsufficientPrivilege(String),
    /// A login that is refused before any password is asked.
    #[error("{0}")]
    InvalidAuthorization(String),
    /// A password that is wrong, or a role that is unknown: the same words for both.
    #[error("password authentication failed for user \"{0}\"")]
    InvalidPassword(String),
    /// Bytes that break the protocol.
    #[error("{0}")]
    Protocol(String),

    // ---- resources and stops
    /// No room for another connection.
    #[error("{0}")]
    TooManyConnections(String),
    /// A statement's share of memory is used up.
    #[error("{0}")]
    OutOfMemory(String),
    /// No space on a disk.
    #[error("{0}")]
    DiskFull(String),
    /// A limit of the configuration on a resource.
    #[error("{0}")]
    ConfigurationLimit(String),
    /// The client, or somebody for it, cancelled the statement.
    #[error("canceling statement due to {0}")]
    QueryCanceled(&'static str),
    /// A lock that was not given in time.
    #[error("canceling statement due to {0}")]
    LockNotAvailable(&'static str),
    /// Sessions that would wait for each other for ever.
    #[error("deadlock detected")]
    DeadlockDetected,
    /// A client that did not authenticate in time.
    #[error("canceling authentication due to timeout")]
    AuthenticationTimeout,
    /// The server is stopping, or an operator ended the session.
    #[error("terminating connection due to {0}")]
    AdminShutdown(&'static str),
    /// The server takes no new connection now.
    #[error("the database system is {0}")]
    CannotConnectNow(&'static str),
    /// A session that idled beyond its limit; the code depends on which.
    #[error("terminating connection due to {0} timeout")]
    IdleTimeout(&'static str),

    // ---- the world below
    /// A file or store that could not be read or written.
    #[error("could not {action}")]
    Io {
        /// What was tried, as in `read file "x"`.
        action: String,
        /// Why it failed.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// A file a version names is gone or changed.
    #[error("{0}")]
    UndefinedFile(String),
    /// Bytes on a disk that are not what was written.
    #[error("{0}")]
    DataCorrupted(String),
    /// The configuration is wrong; the server does not start.
    #[error("{0}")]
    Configuration(String),
    /// The state root was written by a release whose format this one does not know.
    #[error("{0}")]
    IncompatibleState(String),
    /// The state root belongs to another process that runs.
    #[error("{0}")]
    LockFileHeld(String),
    /// The journal has failed: nothing more is acknowledged until a restart has read what is durable.
    #[error("{0}")]
    JournalFailed(String),
    /// A server that does not answer, or went away while it did; the whole message.
    #[error("{0}")]
    ConnectionFailed(String),
    /// What a server that we are a client of refused; its message and its own SQLSTATE.
    #[error("{0}")]
    Answered(String),
    /// Migration files that do not fit each other, or what was applied; the whole message.
    #[error("{0}")]
    Migration(String),
    /// A bug of ours.
    #[error("internal error: {0}")]
    Internal(String),

    /// Another error with what else is known about it.
    #[error("{error}")]
    Noted {
        /// The error itself.
        error: Box<Error>,
        /// Detail, hint and position.
        notes: Box<Notes>,
    },
}

/// What may be said beside the message of an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// A sentence with the facts.
    pub detail: Option<String>,
    /// A sentence with advice.
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
    /// What the error lies at, where its position is still to be found in the text.
    pub place: Option<Place>,
}

/// What an error of a plan lies at: a plan has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line and a column of the statement, both from 1.
    At(u64, u64),
    /// The bracket that opens before a line and a column.
    Bracket(u64, u64),
    /// A constant, as its value.
    Constant(String),
    /// An operator.
    Operator(String),
    /// A function that is called.
    Call(String),
    /// A name or a parameter.
    Word(String),
    /// A column, with what qualifies it; the `*` it belongs to where it has no name.
    Column(String),
    /// What follows the only such keyword.
    After(&'static str),
    /// What the only subscript (`[`), or the only field of that name (`.name`), is taken of.
    Accessed(String),
}

impl Error {
    /// Adds a detail: a sentence with the facts.
    pub fn detail(self, detail: impl Into<String>) -> Error {
        self.note(|notes| notes.detail = Some(detail.into()))
    }

    /// Adds a hint: a sentence with advice.
    pub fn hint(self, hint: impl Into<String>) -> Error {
        self.note(|notes| notes.hint = Some(hint.into()))
    }

    /// Adds the position in the statement, in characters from 1.
    pub fn at(self, position: usize) -> Error {
        self.note(|notes| notes.position = Some(position))
    }

    /// Adds what the error lies at, as far as that is known.
    pub fn near(self, place: impl Into<Option<Place>>) -> Error {
        match place.into() {
            Some(place) => self.note(|notes| notes.place = Some(place)),
            None => self,
        }
    }

    /// Forgets where in the statement it is.
    pub fn nowhere(self) -> Error {
        self.note(|notes| (notes.position, notes.place) = (None, None))
    }

    /// No such operator between values of these types.
    pub fn no_operator(left: &str, symbol: &str, right: &str) -> Error {
        Error::OperatorMismatch(format!("operator does not exist: {left} {symbol} {right}"))
            .hint(
                "No operator matches the given name and argument types. \
                 You might need to add explicit type casts.",
            )
            .near(Place::Operator(symbol.to_owned()))
    }

    /// An operator beside a constant without a type, where several may be meant.
    pub fn ambiguous_operator(left: &str, symbol: &str, right: &str) -> Error {
        Error::AmbiguousFunction(format!("operator is not unique: {left} {symbol} {right}"))
            .hint(
                "Could not choose a best candidate operator. \
                 You might need to add explicit type casts.",
            )
            .near(Place::Operator(symbol.to_owned()))
    }

    /// A call with constants without a type, where several functions of that name may be meant.
    pub fn ambiguous_function(name: &str, types: &[String]) -> Error {
        Error::AmbiguousFunction(format!("function {name}({}) is not unique", types.join(", ")))
            .hint(
                "Could not choose a best candidate function. \
                 You might need to add explicit type casts.",
            )
            .near(Place::Call(name.to_owned()))
    }

    /// A subscript of a type that has none.
    pub fn no_subscripts(kind: &str) -> Error {
        Error::DatatypeMismatch(format!(
            "cannot subscript type {kind} because it does not support subscripting"
        ))
        .near(Place::Accessed("[".to_owned()))
    }

    /// No such function of arguments of these types.
    pub fn no_function(name: &str, types: &[String]) -> Error {
        Error::UndefinedFunction(format!("function {name}({}) does not exist", types.join(", ")))
            .hint(
                "No function matches the given name and argument types. \
                 You might need to add explicit type casts.",
            )
            .near(Place::Call(name.to_owned()))
    }

    /// A file or store that could not be read or written; a full disk has a code of its own.
    pub fn io(action: impl Into<String>, source: std::io::Error) -> Error {
        let action = action.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Error::DiskFull(format!("could not {action}: {source}"))
            }
            _ => Error::Io { action, source: Arc::new(source) },
        }
    }

    /// Detail, hint and position, as far as they are known.
    pub fn notes(&self) -> Notes {
        match self {
            Error::Noted { notes, .. } => (**notes).clone(),
            Error::Io { source, .. } => {
                Notes { detail: Some(format!("{source}.")), ..Notes::default() }
            }
            _ => Notes::default(),
        }
    }

    /// The error without its notes.
    pub fn bare(&self) -> &Error {
        match self {
            Error::Noted { error, .. } => error.bare(),
            other => other,
        }
    }

    fn note(self, set: impl FnOnce(&mut Notes)) -> Error {
        let (error, mut notes) = match self {
            Error::Noted { error, notes } => (error, notes),
            other => {
                let notes = Box::new(other.notes());
                (Box::new(other), notes)
            }
        };
        set(&mut notes);
        Error::Noted { error, notes }
    }

    /// The SQLSTATE the client sees (PostgreSQL manual, appendix A).
    pub fn state(&self) -> &'static str {
        match self {
            Error::Syntax(_) => "42601",
            Error::FeatureNotSupported(_) => "0A000",
            Error::InvalidName => "42602",
            Error::StatementTooComplex(_) => "54001",
            Error::TooManyColumns(_) => "54011",
            Error::ProgramLimitExceeded(_) => "54000",
            Error::UndefinedSchema(_) | Error::NoSchemaSelected => "3F000",
            Error::UndefinedTable(_) | Error::UndefinedRelation(_) => "42P01",
            Error::UndefinedColumn(_) => "42703",
            Error::UndefinedFunction(_) | Error::OperatorMismatch(_) => "42883",
            Error::UndefinedObject(_) | Error::UndefinedSetting(_) => "42704",
            Error::AmbiguousFunction(_) => "42725",
            Error::UndefinedParameter(_) => "42P02",
            Error::UndefinedDatabase(_) => "3D000",
            Error::AmbiguousColumn(_)
            | Error::AmbiguousCommonColumn { .. }
            | Error::AmbiguousKey(_) => "42702",
            Error::DuplicateAlias(_) | Error::DuplicateQuery(_) => "42712",
            Error::DuplicateColumn(_) | Error::DuplicateCommonColumn(_) => "42701",
            Error::DuplicateObject(_) => "42710",
            Error::DuplicateTable(_) | Error::DuplicateRelation(_) => "42P07",
            Error::ConflictingColumn(_) => "42701",
            Error::InvalidTableDefinition(_) => "42P16",
            Error::InvalidObjectDefinition(_) => "42P17",
            Error::DuplicateSchema(_) => "42P06",
            Error::ReservedName(_) => "42939",
            Error::InvalidGrant(_) => "0LP01",
            Error::DependentObjectsStillExist(_) => "2BP01",
            Error::DatatypeMismatch(_) => "42804",
            Error::CannotCoerce(_) => "42846",
            Error::IndeterminateDatatype(_) | Error::IndeterminateArray => "42P18",
            Error::Grouping(_) => "42803",
            Error::Planned(_) => "42000",
            Error::Windowing(_) => "42P20",
            Error::InvalidRecursion(_) => "42P19",
            Error::InvalidFrame(_) => "22013",
            Error::InvalidNtile => "22014",
            Error::InvalidNthValue => "22016",
            Error::InvalidSample(_) => "2202H",
            Error::InvalidColumnReference(_) => "42P10",
            Error::SequenceLimit(_) => "2200H",
            Error::DivisionByZero => "22012",
            Error::NumericOutOfRange(_) => "22003",
            Error::InvalidText { .. } | Error::MalformedArray(_) | Error::MalformedText(_) => {
                "22P02"
            }
            Error::ArraySubscript(_) => "2202E",
            Error::NullNotAllowed(_) => "22004",
            Error::InvalidDatetime { .. } | Error::InvalidDatetimeFormat(_) => "22007",
            Error::DatetimeOverflow(_) => "22008",
            Error::IntervalFieldOverflow(_) => "22015",
            Error::InvalidBinary(_) => "22P03",
            Error::UntranslatableCharacter(_) => "22P05",
            Error::CharacterNotInRepertoire(_) => "22021",
            Error::InvalidLogarithm(_) => "2201E",
            Error::InvalidPower(_) => "2201F",
            Error::InvalidEscape(_) => "22025",
            Error::InvalidUseOfEscape(_) => "2200C",
            Error::NegativeSubstring => "22011",
            Error::InvalidRegularExpression(_) => "2201B",
            Error::StringLength(_) => "22026",
            Error::StringTooLong(_) => "22001",
            Error::ColumnTwice(_) => "42701",
            Error::InvalidForeignKey(_) => "42830",
            Error::BadCopyFormat(_) => "22P04",
            Error::CopyFailed(_) => "57014",
            Error::RowNotAvailable(_) => "55P03",
            Error::GeneratedAlways(_) => "428C9",
            Error::ChangedTwice(_) => "21000",
            Error::NotNullViolation(_) => "23502",
            Error::ForeignKeyViolation(_) => "23503",
            Error::UniqueViolation(_) => "23505",
            Error::CheckViolation(_) => "23514",
            Error::SubstringLength => "22011",
            Error::CardinalityViolation => "21000",
            Error::SqlJson(state, _) => state,
            Error::Data(_) => "22000",
            Error::InvalidParameterValue(_) => "22023",
            Error::NegativeRowCount("LIMIT") => "2201W",
            Error::NegativeRowCount(_) => "2201X",
            Error::CannotChangeSetting(_) => "55P02",
            Error::InFailedTransaction => "25P02",
            Error::NoActiveTransaction(_) => "25P01",
            Error::ActiveTransaction(_) => "25001",
            Error::UndefinedSavepoint(_) => "3B001",
            Error::UndefinedPreparedStatement(_) => "26000",
            Error::DuplicatePreparedStatement(_) => "42P05",
            Error::UndefinedCursor { .. } => "34000",
            Error::DuplicateCursor(_) => "42P03",
            Error::WrongObjectType(_) => "42809",
            Error::ReadOnlyTransaction(_) => "25006",
            Error::CachedPlanChanged => "0A000",
            Error::NotInPrerequisiteState(_) => "55000",
            Error::ObjectInUse(_) => "55006",
            Error::SerializationFailure(_) => "40001",
            Error::InsufficientPrivilege(_) => "42501",
            Error::InvalidAuthorization(_) => "28000",
            Error::InvalidPassword(_) => "28P01",
            Error::Protocol(_) => "08P01",
            Error::TooManyConnections(_) => "53300",
            Error::OutOfMemory(_) => "53200",
            Error::DiskFull(_) => "53100",
            Error::ConfigurationLimit(_) => "53400",
            Error::QueryCanceled(_) | Error::AuthenticationTimeout => "57014",
            Error::LockNotAvailable(_) => "55P03",
            Error::DeadlockDetected => "40P01",
            Error::AdminShutdown(_) => "57P01",
            Error::CannotConnectNow(_) => "57P03",
            Error::IdleTimeout("idle-in-transaction") => "25P03",
            Error::IdleTimeout(_) => "57P05",
            Error::Io { .. } | Error::JournalFailed(_) => "58030",
            Error::UndefinedFile(_) => "58P01",
            Error::DataCorrupted(_) => "XX001",
            Error::Configuration(_) | Error::IncompatibleState(_) => "F0000",
            Error::LockFileHeld(_) => "F0001",
            Error::ConnectionFailed(_) => "08001",
            Error::Answered(_) => "38000",
            Error::Migration(_) => "55000",
            Error::Internal(_) => "XX000",
            Error::Noted { error, .. } => error.state(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn notes_gather_on_one_error() {
        let error = Error::UndefinedTable("t".into()).at(15).hint("Look in \"forebay.tables\".");
        assert_eq!(error.state(), "42P01");
        assert_eq!(error.to_string(), "relation \"t\" does not exist");
        assert_eq!(error.notes().position, Some(15));
        assert_eq!(error.notes().hint.as_deref(), Some("Look in \"forebay.tables\"."));
    }

    #[test]
    fn a_full_disk_has_its_own_code() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Error::io("write the journal", full).state(), "53100");
    }
}
