//! The statements that are not queries, one method each (PostgreSQL manual, SQL commands).

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query, Select, SelectItem,
    SetExpr, TableFactor, Value,
};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::statement::{
    Call, Direction, Discard, Explain, ExplainFormat, Statement, TransactionModes,
};
use super::subscribe::Subscriber;
use super::{Reader, outputs};
use crate::config::Span;
use crate::error::{Error, Result};
use crate::query::channels::Post;
use crate::query::session::between;

impl Reader<'_> {
    /// Dispatches on the first word.
    pub(super) fn any(&mut self, text: &str) -> Result<Statement> {
        let Some(word) = self.peek() else {
            return if self.token() == Token::LParen { self.select() } else { Err(self.error()) };
        };
        if let Some(refused) = self.change(&word)? {
            return Ok(refused);
        }
        match word.as_str() {
            "SELECT" | "WITH" | "VALUES" | "TABLE" => self.select(),
            "EXPLAIN" => self.explain(),
            "BEGIN" => self.begin("BEGIN"),
            "START" => self.begin("START TRANSACTION"),
            "COMMIT" | "END" => self.commit(&word),
            "ROLLBACK" | "ABORT" => self.rollback(&word),
            "SAVEPOINT" => {
                self.expect("SAVEPOINT")?;
                Ok(Statement::Savepoint(self.identifier()?))
            }
            "RELEASE" => {
                self.expect("RELEASE")?;
                self.accept("SAVEPOINT");
                Ok(Statement::Release(self.identifier()?))
            }
            "SET" => self.set(),
            "RESET" => {
                self.expect("RESET")?;
                Ok(Statement::Reset(self.setting_or_all()?))
            }
            "SHOW" => {
                self.expect("SHOW")?;
                Ok(Statement::Show(self.setting_or_all()?))
            }
            "DISCARD" => self.discard(),
            "PREPARE" => self.prepare(),
            "EXECUTE" => self.execute(),
            "DEALLOCATE" => {
                self.expect("DEALLOCATE")?;
                self.accept("PREPARE");
                Ok(Statement::Deallocate(self.name_or_all()?))
            }
            "DECLARE" => self.declare(),
            "FETCH" | "MOVE" => self.fetch(word == "MOVE"),
            "CLOSE" => {
                self.expect("CLOSE")?;
                Ok(Statement::Close(self.name_or_all()?))
            }
            "COPY" => self.copy(),
            "SUBSCRIBE" => {
                let subscription = Box::new(self.subscription()?);
                Ok(Statement::Subscribe { subscription, to: Subscriber::Client })
            }
            "LISTEN" => {
                self.expect("LISTEN")?;
                Ok(Statement::Post(Post::Listen(self.identifier()?)))
            }
            "UNLISTEN" => {
                self.expect("UNLISTEN")?;
                let all = self.accept_token(&Token::Mul);
                let channel = if all { None } else { Some(self.identifier()?) };
                Ok(Statement::Post(Post::Unlisten(channel)))
            }
            "NOTIFY" => {
                self.expect("NOTIFY")?;
                let channel = self.identifier()?;
                let comma = self.accept_token(&Token::Comma);
                let payload = if comma { self.string()? } else { String::new() };
                Post::notify(&channel, &payload).map(Statement::Post)
            }
            "COMMENT" => self.comment(),
            "LOCK" => self.lock(),
            "ANALYZE" | "ANALYSE" | "VACUUM" | "CHECKPOINT" => self.maintain(&word),
            "CREATE" | "ALTER" | "DROP" | "GRANT" | "REVOKE" => self.access(&word, text),
            _ => Err(self.refused(&word)),
        }
    }

    /// Statements PostgreSQL has and versioned data does not.
    pub(super) fn refused(&mut self, word: &str) -> Error {
        match word {
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "TRUNCATE" => {
                Error::WrongObjectType("cannot change the tables of a version".to_owned())
                    .detail("Versions are immutable.")
                    .hint("Publish another version under the source root.")
            }
            "REINDEX" | "CLUSTER" | "REFRESH" | "COMMENT" | "SECURITY" | "REASSIGN" | "DO"
            | "CALL" | "LOAD" | "IMPORT" => {
                Error::FeatureNotSupported(format!("{word} is not supported"))
            }
            _ => self.error(),
        }
    }

    fn select(&mut self) -> Result<Statement> {
        let query = self.query()?;
        Ok(match call(&query) {
            Some(call) => Statement::Call(call),
            None => Statement::Query(query),
        })
    }

    fn explain(&mut self) -> Result<Statement> {
        self.expect("EXPLAIN")?;
        let mut options = Explain::default();
        let begins = |word: &str| matches!(word, "SELECT" | "WITH" | "VALUES" | "TABLE");
        let listed = self.word_at(1).as_deref().is_some_and(|word| !begins(word));
        if self.token() == Token::LParen && listed {
            self.expect_token(&Token::LParen)?;
            loop {
                let position = self.position();
                let name = self.identifier()?;
                let value = match self.token() {
                    Token::Comma | Token::RParen => "true".to_owned(),
                    _ => self.value()?,
                };
                let on = !matches!(value.as_str(), "false" | "off" | "0");
                match name.as_str() {
                    "analyze" => options.analyze = on,
                    "verbose" => options.verbose = on,
                    "format" => {
                        options.format = match value.as_str() {
                            "text" => ExplainFormat::Text,
                            "json" => ExplainFormat::Json,
                            "xml" => ExplainFormat::Xml,
                            "yaml" => ExplainFormat::Yaml,
                            _ => {
                                let message = format!(
                                    "unrecognized value for EXPLAIN option \"format\": \"{value}\""
                                );
                                return Err(Error::InvalidParameterValue(message).at(position));
                            }
                        };
                    }
                    "costs" => options.costs = on,
                    "buffers" | "timing" | "summary" | "settings" | "wal" => {}
                    _ => {
                        let message = format!("unrecognized EXPLAIN option \"{name}\"");
                        return Err(Error::Syntax(message).at(position));
                    }
                }
                if !self.accept_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        } else {
            options.analyze = self.accept("ANALYZE");
            options.verbose = self.accept("VERBOSE");
        }
        match self.peek().as_deref() {
            Some("SELECT" | "WITH" | "VALUES" | "TABLE") | None => {
                Ok(Statement::Explain { options, query: self.query()? })
            }
            Some("EXECUTE") => {
                let (name, arguments) = self.executed()?;
                Ok(Statement::ExplainExecute { options, name, arguments })
            }
            Some(word) => {
                let word = word.to_owned();
                match self.refused(&word) {
                    Error::Noted { error, notes } if matches!(*error, Error::Syntax(_)) => {
                        let message = format!("EXPLAIN {word} is not supported");
                        if matches!(word.as_str(), "COPY" | "CREATE" | "DECLARE") {
                            Err(Error::FeatureNotSupported(message))
                        } else {
                            Err(Error::Noted { error, notes })
                        }
                    }
                    error => Err(error),
                }
            }
        }
    }

    fn lock(&mut self) -> Result<Statement> {
        // And whether each keeps out who writes.
        const MODES: &[(&str, bool)] = &[
            ("ACCESS SHARE", false),
            ("ROW SHARE", false),
            ("ROW EXCLUSIVE", false),
            ("SHARE UPDATE EXCLUSIVE", false),
            ("SHARE ROW EXCLUSIVE", true),
            ("SHARE", true),
            ("EXCLUSIVE", true),
            ("ACCESS EXCLUSIVE", true),
        ];
        self.expect("LOCK")?;
        self.accept("TABLE");
        let mut tables = Vec::new();
        loop {
            self.accept("ONLY");
            tables.push(self.table_query()?);
            self.accept_token(&Token::Mul);
            if !self.accept_token(&Token::Comma) {
                break;
            }
        }
        let mut excludes_writers = true;
        if self.accept("IN") {
            let mode = MODES.iter().find(|(mode, _)| self.accept(mode));
            excludes_writers = mode.ok_or_else(|| self.error())?.1;
            self.expect("MODE")?;
        }
        self.accept("NOWAIT");
        Ok(Statement::Lock { tables, excludes_writers })
    }

    fn begin(&mut self, words: &'static str) -> Result<Statement> {
        self.expect(words)?;
        if words == "BEGIN" && !self.accept("WORK") {
            self.accept("TRANSACTION");
        }
        Ok(Statement::Begin { modes: self.modes()?, tag: words })
    }

    fn modes(&mut self) -> Result<TransactionModes> {
        let mut modes = TransactionModes::default();
        while !self.at_end() {
            if self.accept("ISOLATION LEVEL") {
                modes.isolation = Some(self.isolation()?);
            } else if self.accept("READ ONLY") {
                modes.read_only = Some(true);
            } else if self.accept("READ WRITE") {
                modes.read_only = Some(false);
            } else if self.accept("NOT DEFERRABLE") {
                modes.deferrable = Some(false);
            } else if self.accept("DEFERRABLE") {
                modes.deferrable = Some(true);
            } else {
                return Err(self.error());
            }
            self.accept_token(&Token::Comma);
        }
        Ok(modes)
    }

    fn isolation(&mut self) -> Result<&'static str> {
        for (words, level) in [
            ("READ UNCOMMITTED", "read uncommitted"),
            ("READ COMMITTED", "read committed"),
            ("REPEATABLE READ", "repeatable read"),
            ("SERIALIZABLE", "serializable"),
        ] {
            if self.accept(words) {
                return Ok(level);
            }
        }
        Err(self.error())
    }

    fn chain(&mut self) -> Result<bool> {
        if !self.accept("WORK") {
            self.accept("TRANSACTION");
        }
        if self.accept("AND CHAIN") {
            return Ok(true);
        }
        self.accept("AND NO CHAIN");
        Ok(false)
    }

    fn commit(&mut self, word: &str) -> Result<Statement> {
        self.expect(word)?;
        if self.accept("PREPARED") {
            let message = "prepared transactions are not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        Ok(Statement::Commit { chain: self.chain()? })
    }

    fn rollback(&mut self, word: &str) -> Result<Statement> {
        self.expect(word)?;
        let chain = self.chain()?;
        if self.accept("TO") {
            self.accept("SAVEPOINT");
            return Ok(Statement::RollbackTo(self.identifier()?));
        }
        Ok(Statement::Rollback { chain })
    }

    fn set(&mut self) -> Result<Statement> {
        self.expect("SET")?;
        if self.accept("SESSION CHARACTERISTICS AS TRANSACTION") {
            return Ok(Statement::SetCharacteristics(self.modes()?));
        }
        if self.accept("TRANSACTION") {
            if self.accept("SNAPSHOT") {
                return Ok(Statement::SetSnapshot(self.string()?));
            }
            return Ok(Statement::SetTransaction(self.modes()?));
        }
        if self.accept("CONSTRAINTS") {
            return self.set_constraints();
        }
        let local = self.accept("LOCAL");
        if !local && self.word_at(1).as_deref() != Some("TO") && self.token_after_is_not_eq() {
            self.accept("SESSION");
        }
        if self.accept("TIME ZONE") {
            let value = self.time_zone()?;
            return Ok(Statement::Set { name: "timezone".to_owned(), value, local });
        }
        for (words, name) in [
            ("NAMES", "client_encoding"),
            ("ROLE", "role"),
            ("SESSION AUTHORIZATION", "session_authorization"),
            ("AUTHORIZATION", "session_authorization"),
            ("SCHEMA", "search_path"),
        ] {
            let assigned =
                self.word_at(1).as_deref() == Some("TO") || !self.token_after_is_not_eq();
            if !assigned && self.accept(words) {
                let value = if self.accept("DEFAULT") { None } else { Some(self.value()?) };
                return Ok(Statement::Set { name: name.to_owned(), value, local });
            }
        }
        let name = self.setting()?;
        if !self.accept("TO") {
            self.expect_token(&Token::Eq)?;
        }
        if self.accept("DEFAULT") {
            return Ok(Statement::Set { name, value: None, local });
        }
        let mut values = vec![self.list_item(&name)?];
        while self.accept_token(&Token::Comma) {
            values.push(self.list_item(&name)?);
        }
        Ok(Statement::Set { name, value: Some(values.join(", ")), local })
    }

    /// No constraint can be deferred, so that all of them may be set either way.
    fn set_constraints(&mut self) -> Result<Statement> {
        if !self.accept("ALL") {
            let name = self.identifier()?;
            let message = format!("constraint \"{name}\" does not exist");
            return Err(Error::UndefinedObject(message));
        }
        if !self.accept("DEFERRED") {
            self.expect("IMMEDIATE")?;
        }
        Ok(Statement::NoEffect("SET CONSTRAINTS"))
    }

    /// One value of SET; names in `search_path` keep their quotes, since the list is text.
    fn list_item(&mut self, name: &str) -> Result<String> {
        let quoted = matches!(self.token(), Token::SingleQuotedString(_))
            || matches!(self.token(), Token::Word(word) if word.quote_style.is_some());
        let value = self.value()?;
        let list = name == "search_path" && quoted && !is_plain(&value) && !value.contains(',');
        Ok(if list { format!("\"{}\"", value.replace('"', "\"\"")) } else { value })
    }

    /// `SET session = 1` is an assignment to a setting called session.
    fn token_after_is_not_eq(&self) -> bool {
        self.token_at(1) != Token::Eq
    }

    fn time_zone(&mut self) -> Result<Option<String>> {
        if self.accept("LOCAL") || self.accept("DEFAULT") {
            return Ok(None);
        }
        if self.accept("INTERVAL") {
            let text = self.string()?;
            self.accept("HOUR TO MINUTE");
            // `+05:30` is an interval here; as a zone's name it would count to the west.
            return Ok(Some(east_hours(&text).map_or(text, |hours| hours.to_string())));
        }
        Ok(Some(self.value()?))
    }

    /// A setting's name, perhaps with dots.
    pub(super) fn setting(&mut self) -> Result<String> {
        let mut name = self.identifier()?;
        while self.accept_token(&Token::Period) {
            name = format!("{name}.{}", self.identifier()?);
        }
        Ok(name.to_lowercase())
    }

    fn setting_or_all(&mut self) -> Result<Option<String>> {
        for (words, name) in [
            ("TIME ZONE", "timezone"),
            ("TRANSACTION ISOLATION LEVEL", "transaction_isolation"),
            ("SESSION AUTHORIZATION", "session_authorization"),
        ] {
            if self.accept(words) {
                return Ok(Some(name.to_owned()));
            }
        }
        if self.accept("ALL") { Ok(None) } else { Ok(Some(self.setting()?)) }
    }

    fn name_or_all(&mut self) -> Result<Option<String>> {
        if self.accept("ALL") { Ok(None) } else { Ok(Some(self.identifier()?)) }
    }

    fn discard(&mut self) -> Result<Statement> {
        self.expect("DISCARD")?;
        for (word, what) in [
            ("ALL", Discard::All),
            ("PLANS", Discard::Plans),
            ("SEQUENCES", Discard::Sequences),
            ("TEMP", Discard::Temp),
            ("TEMPORARY", Discard::Temp),
        ] {
            if self.accept(word) {
                return Ok(Statement::Discard(what));
            }
        }
        Err(self.error())
    }

    fn prepare(&mut self) -> Result<Statement> {
        self.expect("PREPARE")?;
        if self.peek().as_deref() == Some("TRANSACTION") {
            let message = "prepared transactions are not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        let name = self.identifier()?;
        let types = self.types()?;
        self.expect("AS")?;
        let word = self.peek().unwrap_or_default();
        if !matches!(word.as_str(), "SELECT" | "WITH" | "VALUES" | "TABLE" | "") {
            return Err(match self.refused(&word) {
                error if error.state() == "42601" && self.refusable(&word) => {
                    Error::FeatureNotSupported(format!("PREPARE of {word} is not supported"))
                }
                error => error,
            });
        }
        Ok(Statement::Prepare { name, types, query: self.query()? })
    }

    fn refusable(&self, word: &str) -> bool {
        matches!(word, "COPY" | "CREATE" | "ALTER" | "DROP" | "EXPLAIN" | "SET" | "GRANT")
    }

    fn execute(&mut self) -> Result<Statement> {
        let (name, arguments) = self.executed()?;
        Ok(Statement::Execute { name, arguments })
    }

    /// What EXECUTE names, and its arguments.
    fn executed(&mut self) -> Result<(String, Vec<Expr>)> {
        self.expect("EXECUTE")?;
        let name = self.identifier()?;
        let arguments = if self.at_end() { Vec::new() } else { self.arguments()? };
        Ok((name, arguments))
    }

    fn declare(&mut self) -> Result<Statement> {
        self.expect("DECLARE")?;
        let name = self.identifier()?;
        let (mut binary, mut scroll) = (false, false);
        loop {
            if self.accept("BINARY") {
                binary = true;
            } else if self.accept("NO SCROLL") {
                scroll = false;
            } else if self.accept("SCROLL") {
                scroll = true;
            } else if !(self.accept("ASENSITIVE") || self.accept("INSENSITIVE")) {
                break;
            }
        }
        self.expect("CURSOR")?;
        let hold = self.accept("WITH HOLD");
        if !hold {
            self.accept("WITHOUT HOLD");
        }
        self.expect("FOR")?;
        if self.subscribes() {
            if scroll {
                let message = "a cursor over SUBSCRIBE cannot be SCROLL".to_owned();
                return Err(Error::FeatureNotSupported(message));
            }
            let subscription = Box::new(self.subscription()?);
            let to = Subscriber::Cursor { name, binary, hold };
            return Ok(Statement::Subscribe { subscription, to });
        }
        Ok(Statement::Declare { name, binary, scroll, hold, query: self.query()? })
    }

    fn fetch(&mut self, is_move: bool) -> Result<Statement> {
        self.expect(if is_move { "MOVE" } else { "FETCH" })?;
        let direction = self.direction()?;
        if !self.accept("FROM") {
            self.accept("IN");
        }
        let name = self.identifier()?;
        let timeout_ms = self.fetch_timeout()?;
        Ok(Statement::Fetch { name, direction, is_move, timeout_ms })
    }

    /// `WITH (TIMEOUT 'duration')`
    fn fetch_timeout(&mut self) -> Result<Option<u64>> {
        if !self.accept("WITH") {
            return Ok(None);
        }
        self.expect_token(&Token::LParen)?;
        self.expect("TIMEOUT")?;
        self.accept_token(&Token::Eq);
        let position = self.position();
        let text = self.value()?;
        self.expect_token(&Token::RParen)?;
        let wrong = || {
            Error::InvalidParameterValue(format!("invalid timeout: \"{text}\""))
                .hint("A timeout is written like 500ms, 10s or 1min.")
                .at(position)
        };
        Span::parse(&text).map(|span| Some(span.ms())).ok_or_else(wrong)
    }

    fn direction(&mut self) -> Result<Direction> {
        for (word, direction) in [
            ("NEXT", Direction::Forward(Some(1))),
            ("PRIOR", Direction::Backward(Some(1))),
            ("FIRST", Direction::Absolute(1)),
            ("LAST", Direction::Absolute(-1)),
            ("ALL", Direction::Forward(None)),
        ] {
            // A cursor may be called like a direction: `FETCH next` alone names one.
            if self.peek().as_deref() == Some(word) && !self.is_last() {
                self.expect(word)?;
                return Ok(direction);
            }
        }
        if self.is_last() {
            return Ok(Direction::Forward(Some(1)));
        }
        if self.accept("ABSOLUTE") {
            return Ok(Direction::Absolute(self.integer()?));
        }
        if self.accept("RELATIVE") {
            return Ok(Direction::Relative(self.integer()?));
        }
        let backward = self.accept("BACKWARD");
        let forward = !backward && self.accept("FORWARD");
        if self.accept("ALL") {
            return Ok(if backward { Direction::Backward(None) } else { Direction::Forward(None) });
        }
        let count = match self.token() {
            Token::Number(..) | Token::Minus | Token::Plus => self.integer()?,
            _ if backward || forward => 1,
            _ => {
                // `FETCH FROM c` and `FETCH c` are one row forward.
                return Ok(Direction::Forward(Some(1)));
            }
        };
        let count = if backward { count.saturating_neg() } else { count };
        let size = count.unsigned_abs();
        Ok(if count < 0 { Direction::Backward(Some(size)) } else { Direction::Forward(Some(size)) })
    }

    fn is_last(&self) -> bool {
        self.token_at(1) == Token::EOF
    }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$')
}

/// A query that is nothing but one call of ours: `SELECT forebay.f(…)` or `SELECT * FROM forebay.f(…)`.
fn call(query: &Query) -> Option<Call> {
    let Select { projection, from, .. } = bare(query)?;
    match (projection.as_slice(), from.as_slice()) {
        ([SelectItem::ExprWithAlias { expr: Expr::Function(function), alias }], []) => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let (schema, name) = ours(&function.name)?;
            let (arguments, names) = constants(&list.args)?;
            let alias = outputs::shown(&alias.value).to_owned();
            Some(Call { function: name, schema, arguments, names, in_from: false, alias })
        }
        ([SelectItem::Wildcard(_)], [table]) if table.joins.is_empty() => {
            let TableFactor::Table { name, args: Some(args), .. } = &table.relation else {
                return None;
            };
            let (schema, name) = ours(name)?;
            let (arguments, names) = constants(&args.args)?;
            let alias = name.clone();
            Some(Call { function: name, schema, arguments, names, in_from: true, alias })
        }
        _ => None,
    }
}

/// A query that is one SELECT of outputs and tables at most.
fn bare(query: &Query) -> Option<&Select> {
    let bare = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none();
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let rows = select.selection.is_some() || select.having.is_some() || select.distinct.is_some();
    (bare && !rows).then_some(select)
}

/// The name in `SELECT nextval('name')` and what the output is called; `None` for any other query.
pub(crate) fn next_of(query: &Query) -> Option<(&str, &str)> {
    let Select { projection, from, group_by, .. } = bare(query)?;
    let ([SelectItem::ExprWithAlias { expr: Expr::Function(function), alias }], []) =
        (projection.as_slice(), from.as_slice())
    else {
        return None;
    };
    let plain = function.over.is_none()
        && function.filter.is_none()
        && function.within_group.is_empty()
        && matches!(group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let [part] = function.name.0.as_slice() else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
        return None;
    };
    let Expr::Value(value) = argument else { return None };
    let Value::SingleQuotedString(name) = &value.value else { return None };
    let called = part.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case("nextval"));
    (plain && called).then(|| (name.as_str(), outputs::shown(&alias.value)))
}

/// A function of the schema `forebay`, or one of PostgreSQL's that waits or changes the session.
fn ours(name: &datafusion::sql::sqlparser::ast::ObjectName) -> Option<(&'static str, String)> {
    let parts: Option<Vec<String>> =
        name.0.iter().map(|part| part.as_ident().map(|i| i.value.to_lowercase())).collect();
    match parts?.as_slice() {
        [schema, name] if schema == "forebay" => Some(("forebay", name.clone())),
        [name] if waits_or_sets(name) => Some(("pg_catalog", name.clone())),
        [schema, name] if schema == "pg_catalog" && waits_or_sets(name) => {
            Some(("pg_catalog", name.clone()))
        }
        _ => None,
    }
}

fn waits_or_sets(function: &str) -> bool {
    matches!(function, "pg_sleep" | "set_config" | "pg_export_snapshot")
        || between::returns(function).is_some()
}

fn constants(arguments: &[FunctionArg]) -> Option<(Vec<Expr>, Vec<Option<String>>)> {
    let mut values = Vec::new();
    let mut names = Vec::new();
    for argument in arguments {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                values.push(expr.clone());
                names.push(None);
            }
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                values.push(expr.clone());
                names.push(Some(name.value.to_lowercase()));
            }
            _ => return None,
        }
    }
    Some((values, names))
}

/// Hours of an interval `-08:30`.
fn east_hours(text: &str) -> Option<f64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
        true => part.parse::<u32>().ok(),
        false => None,
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    Some(sign * (f64::from(number(hours)?) + f64::from(minutes) / 60.0))
}
