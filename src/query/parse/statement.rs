//! Everything a client may ask for. What is not here does not run.

use datafusion::sql::sqlparser::ast::{DataType, Expr, Query};

use super::copy::CopiedTable;
use super::definition::{IndexDefinition, TableAction, TableDefinition, ViewDefinition};
use super::subscribe::{Subscriber, Subscription};
use crate::catalog::roles::{Privilege, Target};
use crate::catalog::written::SequenceType;
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;
use crate::query::channels::Post;

/// One statement.
#[derive(Debug, Clone)]
pub enum Statement {
    /// SELECT, VALUES, TABLE, WITH.
    Query(Box<Query>),
    /// EXPLAIN of a query.
    Explain {
        /// How.
        options: Explain,
        /// Of what.
        query: Box<Query>,
    },
    /// BEGIN, START TRANSACTION.
    Begin {
        /// What was said of it.
        modes: TransactionModes,
        /// The words it began with.
        tag: &'static str,
    },
    /// COMMIT, END; with AND CHAIN.
    Commit {
        /// Whether a new block starts at once.
        chain: bool,
    },
    /// ROLLBACK, ABORT; with AND CHAIN.
    Rollback {
        /// Whether a new block starts at once.
        chain: bool,
    },
    /// SAVEPOINT name.
    Savepoint(String),
    /// ROLLBACK TO name.
    RollbackTo(String),
    /// RELEASE name.
    Release(String),
    /// SET TRANSACTION modes.
    SetTransaction(TransactionModes),
    /// SET TRANSACTION SNAPSHOT 'name'.
    SetSnapshot(String),
    /// SET SESSION CHARACTERISTICS AS TRANSACTION modes.
    SetCharacteristics(TransactionModes),
    /// SET name = value.
    Set {
        /// The setting.
        name: String,
        /// `None` is DEFAULT.
        value: Option<String>,
        /// Until the end of the transaction only.
        local: bool,
    },
    /// RESET name; `None` is ALL.
    Reset(Option<String>),
    /// SHOW name; `None` is ALL.
    Show(Option<String>),
    /// DISCARD.
    Discard(Discard),
    /// PREPARE name (types) AS query.
    Prepare {
        /// Its name.
        name: String,
        /// Declared parameter types.
        types: Vec<DataType>,
        /// The query.
        query: Box<Query>,
    },
    /// EXPLAIN EXECUTE name (arguments).
    ExplainExecute {
        /// How.
        options: Explain,
        /// The prepared statement.
        name: String,
        /// Constant expressions.
        arguments: Vec<Expr>,
    },
    /// EXECUTE name (arguments).
    Execute {
        /// The prepared statement.
        name: String,
        /// Constant expressions.
        arguments: Vec<Expr>,
    },
    /// DEALLOCATE name; `None` is ALL.
    Deallocate(Option<String>),
    /// DECLARE name CURSOR FOR query.
    Declare {
        /// Its name.
        name: String,
        /// Rows in binary form.
        binary: bool,
        /// May be moved backwards.
        scroll: bool,
        /// Outlives its transaction.
        hold: bool,
        /// The query.
        query: Box<Query>,
    },
    /// FETCH or MOVE.
    Fetch {
        /// The cursor.
        name: String,
        /// How far.
        direction: Direction,
        /// MOVE returns no rows.
        is_move: bool,
        /// How long rows of a log are waited for, in milliseconds.
        timeout_ms: Option<u64>,
    },
    /// CLOSE name; `None` is ALL.
    Close(Option<String>),
    /// COPY (query) TO STDOUT, COPY table TO STDOUT.
    Copy {
        /// The query, for a table the one it stands for.
        query: Box<Query>,
        /// The table.
        table: Option<CopiedTable>,
        /// How rows are written; columns to force quotes on by name are in `force_quote`.
        format: CopyFormat,
        /// `FORCE_QUOTE (columns)`.
        force_quote: Vec<String>,
    },
    /// COPY table FROM STDIN.
    CopyFrom(Box<CopyFrom>),
    /// SUBSCRIBE, also under COPY and of a cursor.
    Subscribe {
        /// What it asks for.
        subscription: Box<Subscription>,
        /// Where its rows go.
        to: Subscriber,
    },
    /// `pg_sleep` and the functions of the schema `forebay`: they wait or change something, so they run outside a
    /// plan. `query` keeps the FROM form apart from the SELECT form.
    Call(Call),
    /// CREATE, ALTER, DROP ROLE and membership.
    Role(RoleStatement),
    /// GRANT or REVOKE on schemas and tables.
    Access(Access),
    /// ALTER DEFAULT PRIVILEGES.
    DefaultAccess(DefaultAccess),
    /// LISTEN, UNLISTEN, NOTIFY.
    Post(Post),
    /// LOCK TABLE.
    Lock {
        /// Each table as the query that reads it.
        tables: Vec<Box<Query>>,
        /// Whether the mode keeps out who writes.
        excludes_writers: bool,
    },
    /// ANALYZE, VACUUM and CHECKPOINT.
    Maintain {
        /// Its first word.
        tag: &'static str,
        /// Each table as the query that reads it.
        tables: Vec<Box<Query>>,
    },
    /// CREATE TABLE, also with AS.
    CreateTable(Box<TableDefinition>),
    /// CREATE VIEW.
    CreateView(Box<ViewDefinition>),
    /// CREATE INDEX.
    CreateIndex {
        /// The index.
        definition: Box<IndexDefinition>,
        /// The table.
        relation: Relation,
    },
    /// ALTER TABLE, ALTER VIEW.
    AlterTable {
        /// What changes. An error where it asks for what tables do not have.
        actions: Result<Vec<TableAction>>,
        /// How it is refused of what is no table that users write.
        refused: Refused,
    },
    /// ALTER INDEX name RENAME TO.
    RenameIndex {
        /// Its schema, if named.
        schema: Option<String>,
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
        /// That there is none is a notice.
        if_exists: bool,
    },
    /// CREATE SEQUENCE.
    CreateSequence(Box<SequenceDefinition>),
    /// ALTER SEQUENCE.
    AlterSequence(Box<SequenceAlteration>),
    /// CREATE and ALTER SCHEMA.
    Schema(SchemaStatement),
    /// DROP SEQUENCE and DROP SCHEMA.
    Drop(Drop),
    /// COMMENT ON.
    Comment {
        /// What it is on.
        on: Commented,
        /// `None` is NULL.
        text: Option<String>,
    },
    /// INSERT, UPDATE or DELETE: of a table that users write it runs.
    Write {
        /// What it does. An error where it asks for what we do not have.
        write: Result<Box<Write>>,
        /// How it is refused of any other table.
        refused: Refused,
    },
    /// A statement that does not run; TRUNCATE, DROP TABLE, DROP VIEW and DROP INDEX of what users make do.
    Refused(Refused),
    /// The empty statement, with its tag.
    NoEffect(&'static str),
}

/// What CREATE SEQUENCE makes.
#[derive(Debug, Clone)]
pub struct SequenceDefinition {
    /// Its schema, if named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Where there is such a relation already, a notice is enough.
    pub if_not_exists: bool,
    /// What was said of it.
    pub options: SequenceOptions,
}

/// Options of CREATE and ALTER SEQUENCE; `None` where the statement says nothing.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub struct SequenceOptions {
    pub data_type: Option<SequenceType>,
    pub increment: Option<i64>,
    /// `Some(None)` is NO MINVALUE.
    pub min: Option<Option<i64>>,
    /// `Some(None)` is NO MAXVALUE.
    pub max: Option<Option<i64>>,
    pub start: Option<i64>,
    /// `Some(None)` restarts with the start value.
    pub restart: Option<Option<i64>>,
    pub cache: Option<i64>,
    pub cycle: Option<bool>,
}

/// What ALTER SEQUENCE changes.
#[derive(Debug, Clone)]
pub struct SequenceAlteration {
    /// Its schema, if named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// That there is none is a notice.
    pub if_exists: bool,
    /// The change.
    pub change: Alteration<SequenceOptions>,
}

/// What ALTER changes.
#[derive(Debug, Clone)]
pub enum Alteration<T> {
    /// What was said of it.
    Options(T),
    /// RENAME TO.
    Rename(String),
    /// SET SCHEMA.
    SetSchema(String),
    /// OWNER TO.
    Owner(String),
}

/// CREATE and ALTER SCHEMA.
#[derive(Debug, Clone)]
pub enum SchemaStatement {
    /// CREATE SCHEMA.
    Create {
        /// Its name; `None` is its owner's.
        name: Option<String>,
        /// AUTHORIZATION.
        owner: Option<String>,
        /// Where there is such a schema already, a notice is enough.
        if_not_exists: bool,
    },
    /// ALTER SCHEMA.
    Alter {
        /// Its name.
        name: String,
        /// The change.
        change: Alteration<std::convert::Infallible>,
    },
}

/// What COMMENT is on.
#[derive(Debug, Clone)]
pub enum Commented {
    /// A schema.
    Schema(String),
    /// A sequence: its schema, if named, and its name.
    Sequence(Option<String>, String),
    /// A table.
    Table(Relation),
    /// A view.
    View(Relation),
    /// A column of a table.
    Column(Relation, String),
    /// An index: its schema, if named, and its name.
    Index(Option<String>, String),
    /// A constraint of a table.
    Constraint(Relation, String),
}

/// DROP SEQUENCE or DROP SCHEMA.
#[derive(Debug, Clone)]
pub struct Drop {
    /// Its tag.
    pub tag: &'static str,
    /// What it names: schema, if named, and name. Of a schema only the name.
    pub names: Vec<(Option<String>, String)>,
    /// Missing ones are a notice.
    pub if_exists: bool,
    /// CASCADE.
    pub cascade: bool,
}

/// COPY table FROM STDIN.
#[derive(Debug, Clone)]
pub struct CopyFrom {
    /// The columns it names; none are all.
    pub columns: Vec<Named>,
    /// How rows are written.
    pub format: CopyFormat,
    /// Whether the first line has to name the columns.
    pub header_match: bool,
    /// `FORCE_NOT_NULL`
    pub force_not_null: Vec<String>,
    /// `FORCE_NULL`
    pub force_null: Vec<String>,
    /// The table, and how it is refused of any that users do not write.
    pub refused: Refused,
}

/// INSERT, UPDATE or DELETE.
#[derive(Debug, Clone)]
pub struct Write {
    /// What it does.
    pub change: Change,
    /// `RETURNING`, as a query of the table.
    pub returning: Option<Box<Query>>,
}

/// What a statement does to the rows of a table.
#[derive(Debug, Clone)]
pub enum Change {
    /// INSERT.
    Insert {
        /// The columns it names; none are all.
        columns: Vec<Named>,
        /// OVERRIDING SYSTEM or USER VALUE.
        overriding: Option<Overriding>,
        /// The rows; `None` is DEFAULT VALUES.
        source: Option<Box<Query>>,
        /// ON CONFLICT.
        conflict: Option<Box<OnConflict>>,
    },
    /// UPDATE.
    Update {
        /// The columns that change.
        columns: Vec<Named>,
        /// Their values, and behind them the number of the row.
        rows: Box<Query>,
    },
    /// DELETE: the numbers of the rows that go.
    Delete(Box<Query>),
}

/// Whose values an identity column gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overriding {
    /// Those of the statement.
    System,
    /// Those of the sequence.
    User,
}

/// What becomes of a row whose key another has.
#[derive(Debug, Clone)]
pub struct OnConflict {
    /// Which keys are meant; none are all.
    pub target: ConflictTarget,
    /// `None` is DO NOTHING.
    pub update: Option<ConflictUpdate>,
}

/// Which keys ON CONFLICT means.
#[derive(Debug, Clone)]
pub enum ConflictTarget {
    /// All.
    Any,
    /// That of these columns.
    Columns(Vec<Named>),
    /// That of a constraint.
    Constraint(String),
}

/// DO UPDATE.
#[derive(Debug, Clone)]
pub struct ConflictUpdate {
    /// The columns that change.
    pub columns: Vec<Named>,
    /// Their values, and behind them the number of the row that is there.
    pub rows: Box<Query>,
}

/// A name with its place in the text.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Where errors point to.
    pub position: usize,
}

/// A statement that would change what cannot change.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its tag.
    pub tag: &'static str,
    /// What it names.
    pub relations: Vec<Relation>,
    /// What DROP says they are.
    pub dropped: Option<&'static str>,
    /// Missing ones are a notice.
    pub if_exists: bool,
    /// How many parameters it has, which a client sends with it.
    pub parameters: usize,
    /// CASCADE.
    pub cascade: bool,
    /// RESTART IDENTITY of TRUNCATE.
    pub restart: bool,
    /// What ALTER TABLE would change, if a sequence may stand there too.
    pub alteration: Option<Alteration<SequenceOptions>>,
    /// Why it does not run.
    pub error: Error,
}

impl Refused {
    /// One that names one relation and says nothing else.
    pub fn of(tag: &'static str, relation: Relation, error: Error) -> Refused {
        Refused {
            tag,
            relations: vec![relation],
            dropped: None,
            if_exists: false,
            parameters: 0,
            cascade: false,
            restart: false,
            alteration: None,
            error,
        }
    }
}

/// A relation that a statement names which is no query.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its schema, if named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// The query that reads it; `None` for a schema.
    pub query: Option<Box<Query>>,
    /// Where errors point to.
    pub position: Option<usize>,
}

/// Options of EXPLAIN.
#[derive(Debug, Clone)]
pub struct Explain {
    /// Says what each node is expected to cost.
    pub costs: bool,
    /// Runs the statement.
    pub analyze: bool,
    /// More detail.
    pub verbose: bool,
    /// How the plan is written.
    pub format: ExplainFormat,
}

/// `FORMAT` of EXPLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExplainFormat {
    /// A row per line.
    #[default]
    Text,
    /// One value of type `json`.
    Json,
    /// One value of type `xml`.
    Xml,
    /// One text.
    Yaml,
}

impl Default for Explain {
    fn default() -> Explain {
        Explain { costs: true, analyze: false, verbose: false, format: ExplainFormat::Text }
    }
}

/// Modes of a transaction; `None` where the statement says nothing.
#[derive(Debug, Clone, Default)]
pub struct TransactionModes {
    /// The isolation level, in lower case.
    pub isolation: Option<&'static str>,
    /// READ ONLY or READ WRITE.
    pub read_only: Option<bool>,
    /// DEFERRABLE or NOT DEFERRABLE.
    pub deferrable: Option<bool>,
}

/// What DISCARD discards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub enum Discard {
    All,
    Plans,
    Sequences,
    Temp,
}

/// How far FETCH goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// NEXT, FORWARD n, n. `None` is ALL.
    Forward(Option<u64>),
    /// PRIOR, BACKWARD n. `None` is ALL.
    Backward(Option<u64>),
    /// FIRST, LAST, ABSOLUTE n.
    Absolute(i64),
    /// RELATIVE n.
    Relative(i64),
}

/// A call that runs outside a plan.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function without its schema, in lower case.
    pub function: String,
    /// `forebay` or `pg_catalog`.
    pub schema: &'static str,
    /// Constant expressions or parameters.
    pub arguments: Vec<Expr>,
    /// Names of arguments given as `name => value`, by position.
    pub names: Vec<Option<String>>,
    /// Whether it stands in FROM: its columns are the result's; else one column with its name.
    pub in_from: bool,
    /// The name of the one column.
    pub alias: String,
}

/// CREATE, ALTER, DROP ROLE and membership.
#[derive(Debug, Clone)]
pub enum RoleStatement {
    /// CREATE ROLE, CREATE USER.
    Create {
        /// Its name.
        name: String,
        /// What was said of it.
        options: RoleOptions,
    },
    /// ALTER ROLE name options.
    Alter {
        /// Its name.
        name: String,
        /// What was said of it.
        options: RoleOptions,
    },
    /// ALTER ROLE name RENAME TO.
    Rename {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// ALTER ROLE name SET setting = value; a `None` value resets, a `None` setting resets all.
    Set {
        /// Its name.
        name: String,
        /// The setting.
        setting: Option<String>,
        /// Its value.
        value: Option<String>,
    },
    /// DROP ROLE names.
    Drop {
        /// Their names.
        names: Vec<String>,
        /// Missing ones are a notice.
        if_exists: bool,
    },
    /// GRANT roles TO members, REVOKE roles FROM members.
    Member {
        /// GRANT or REVOKE.
        grant: bool,
        /// The roles.
        roles: Vec<String>,
        /// Who becomes or stops being a member.
        members: Vec<String>,
    },
}

/// Options of CREATE and ALTER ROLE; `None` where the statement says nothing.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub struct RoleOptions {
    pub superuser: Option<bool>,
    pub login: Option<bool>,
    pub inherit: Option<bool>,
    pub create_role: Option<bool>,
    pub connection_limit: Option<i32>,
    /// `Some(None)` is PASSWORD NULL.
    pub password: Option<Option<String>>,
    pub valid_until: Option<String>,
    pub in_roles: Vec<String>,
    pub members: Vec<String>,
}

/// GRANT or REVOKE on schemas and tables.
#[derive(Debug, Clone)]
pub struct Access {
    /// GRANT or REVOKE.
    pub grant: bool,
    /// `WITH GRANT OPTION`, or `GRANT OPTION FOR`.
    pub grant_option: bool,
    /// The privileges; empty is ALL.
    pub privileges: Vec<Privilege>,
    /// What they are on. A table without a schema has an empty one.
    pub targets: Vec<AccessTarget>,
    /// Roles; `public` is everybody.
    pub grantees: Vec<String>,
}

/// What a GRANT names.
#[derive(Debug, Clone)]
pub enum AccessTarget {
    /// A schema or a table.
    One(Target),
    /// ALL TABLES IN SCHEMA.
    AllTables(String),
    /// A sequence; without a schema that is empty.
    Sequence {
        /// The schema.
        schema: String,
        /// Its name.
        name: String,
    },
    /// ALL SEQUENCES IN SCHEMA.
    AllSequences(String),
}

/// ALTER DEFAULT PRIVILEGES [IN SCHEMA …] GRANT SELECT ON TABLES TO ….
#[derive(Debug, Clone)]
pub struct DefaultAccess {
    /// GRANT or REVOKE.
    pub grant: bool,
    /// `WITH GRANT OPTION`.
    pub grant_option: bool,
    /// The schemas; empty is every schema.
    pub schemas: Vec<String>,
    /// Roles; `public` is everybody.
    pub grantees: Vec<String>,
}

impl Statement {
    /// The word PostgreSQL uses for the statement in messages and in `EXPLAIN`-like places.
    pub fn word(&self) -> &'static str {
        match self {
            Statement::Query(_) | Statement::Call(_) => "SELECT",
            Statement::Explain { .. } | Statement::ExplainExecute { .. } => "EXPLAIN",
            Statement::Begin { tag, .. } => tag,
            Statement::Post(post) => post.tag(),
            Statement::Lock { .. } => "LOCK TABLE",
            Statement::Maintain { tag, .. } => tag,
            Statement::Commit { .. } => "COMMIT",
            Statement::Rollback { .. } | Statement::RollbackTo(_) => "ROLLBACK",
            Statement::Savepoint(_) => "SAVEPOINT",
            Statement::Release(_) => "RELEASE",
            Statement::SetTransaction(_)
            | Statement::SetSnapshot(_)
            | Statement::SetCharacteristics(_)
            | Statement::Set { .. } => "SET",
            Statement::Reset(_) => "RESET",
            Statement::Show(_) => "SHOW",
            Statement::Discard(_) => "DISCARD",
            Statement::Prepare { .. } => "PREPARE",
            Statement::Execute { .. } => "EXECUTE",
            Statement::Deallocate(_) => "DEALLOCATE",
            Statement::Declare { .. } => "DECLARE CURSOR",
            Statement::Fetch { is_move: false, .. } => "FETCH",
            Statement::Fetch { .. } => "MOVE",
            Statement::Close(_) => "CLOSE",
            Statement::Copy { .. } | Statement::CopyFrom(_) => "COPY",
            Statement::Subscribe { .. } => "SUBSCRIBE",
            Statement::Role(_) => "ROLE",
            Statement::Access(access) if access.grant => "GRANT",
            Statement::Access(_) => "REVOKE",
            Statement::DefaultAccess(_) => "ALTER DEFAULT PRIVILEGES",
            Statement::CreateTable(_) => "CREATE TABLE",
            Statement::CreateView(_) => "CREATE VIEW",
            Statement::CreateIndex { .. } => "CREATE INDEX",
            Statement::RenameIndex { .. } => "ALTER INDEX",
            Statement::AlterTable { refused, .. } => refused.tag,
            Statement::CreateSequence(_) => "CREATE SEQUENCE",
            Statement::AlterSequence(_) => "ALTER SEQUENCE",
            Statement::Schema(SchemaStatement::Create { .. }) => "CREATE SCHEMA",
            Statement::Schema(SchemaStatement::Alter { .. }) => "ALTER SCHEMA",
            Statement::Drop(drop) => drop.tag,
            Statement::Comment { .. } => "COMMENT",
            Statement::Refused(refused) | Statement::Write { refused, .. } => refused.tag,
            Statement::NoEffect(tag) => tag,
        }
    }

    /// Whether it may run in a transaction that has failed.
    pub fn ends_transaction(&self) -> bool {
        matches!(
            self,
            Statement::Commit { .. } | Statement::Rollback { .. } | Statement::RollbackTo(_)
        )
    }
}
