//! CREATE and ALTER of sequences and schemas, and DROP of both (PostgreSQL manual, SQL commands). Only the form is checked
//! here; whether the options of a sequence fit together is for the catalog to say.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::statement::{
    Alteration, Commented, Drop, SchemaStatement, SequenceAlteration, SequenceDefinition,
    SequenceOptions, Statement,
};
use crate::catalog::written::SequenceType;
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::types;

impl Reader<'_> {
    /// What stands behind `CREATE SEQUENCE`.
    pub(super) fn create_sequence(&mut self) -> Result<Statement> {
        let if_not_exists = self.accept("IF NOT EXISTS");
        let (schema, name) = self.relation_name()?;
        let options = self.sequence_options()?;
        let definition = SequenceDefinition { schema, name, if_not_exists, options };
        Ok(Statement::CreateSequence(Box::new(definition)))
    }

    /// What stands behind `ALTER SEQUENCE`.
    pub(super) fn alter_sequence(&mut self) -> Result<Statement> {
        let if_exists = self.accept("IF EXISTS");
        let (schema, name) = self.relation_name()?;
        let change = if self.accept("RENAME") {
            self.expect("TO")?;
            Alteration::Rename(self.unreserved()?)
        } else if self.accept("OWNER") {
            self.expect("TO")?;
            Alteration::Owner(self.identifier()?)
        } else if self.accept("SET") {
            if let Some(word @ ("LOGGED" | "UNLOGGED")) = self.peek().as_deref() {
                let message = format!("ALTER SEQUENCE SET {word} is not supported");
                return Err(Error::FeatureNotSupported(message));
            }
            self.expect("SCHEMA")?;
            Alteration::SetSchema(self.unreserved()?)
        } else if self.at_end() {
            return Err(self.error());
        } else {
            Alteration::Options(self.sequence_options()?)
        };
        let alteration = SequenceAlteration { schema, name, if_exists, change };
        Ok(Statement::AlterSequence(Box::new(alteration)))
    }

    /// COMMENT ON what users make.
    pub(super) fn comment(&mut self) -> Result<Statement> {
        self.expect("COMMENT ON")?;
        let on = if self.accept("SCHEMA") {
            Commented::Schema(self.identifier()?)
        } else if self.accept("SEQUENCE") {
            let (schema, name) = self.relation_name()?;
            Commented::Sequence(schema, name)
        } else if self.accept("TABLE") {
            Commented::Table(self.named(None)?)
        } else if self.accept("VIEW") || self.accept("MATERIALIZED VIEW") {
            Commented::View(self.named(None)?)
        } else if self.accept("COLUMN") {
            let (relation, column) = self.column_name()?;
            Commented::Column(relation, column)
        } else if self.accept("INDEX") {
            let (schema, name) = self.relation_name()?;
            Commented::Index(schema, name)
        } else if self.accept("CONSTRAINT") {
            let name = self.identifier()?;
            self.expect("ON")?;
            Commented::Constraint(self.named(None)?, name)
        } else {
            return Err(self.refused("COMMENT"));
        };
        self.expect("IS")?;
        let text = if self.accept("NULL") { None } else { Some(self.string()?) };
        // An empty text is none.
        Ok(Statement::Comment { on, text: text.filter(|text| !text.is_empty()) })
    }

    /// What stands behind `DROP SEQUENCE`.
    pub(super) fn drop_sequences(&mut self) -> Result<Statement> {
        let if_exists = self.accept("IF EXISTS");
        let mut names = vec![self.relation_name()?];
        while self.accept_token(&Token::Comma) {
            names.push(self.relation_name()?);
        }
        let cascade = self.cascade();
        Ok(Statement::Drop(Drop { tag: "DROP SEQUENCE", names, if_exists, cascade }))
    }

    /// What stands behind `DROP SCHEMA`.
    pub(super) fn drop_schemas(&mut self) -> Result<Statement> {
        let if_exists = self.accept("IF EXISTS");
        let mut names = vec![(None, self.unreserved()?)];
        while self.accept_token(&Token::Comma) {
            names.push((None, self.unreserved()?));
        }
        let cascade = self.cascade();
        Ok(Statement::Drop(Drop { tag: "DROP SCHEMA", names, if_exists, cascade }))
    }

    /// What stands behind `CREATE SCHEMA`.
    pub(super) fn create_schema(&mut self) -> Result<Statement> {
        let if_not_exists = self.accept("IF NOT EXISTS");
        let name = match self.peek().as_deref() {
            Some("AUTHORIZATION") => None,
            _ => Some(self.unreserved()?),
        };
        let owner = match self.accept("AUTHORIZATION") {
            true => Some(self.identifier()?),
            false => None,
        };
        if let Some("CREATE" | "GRANT") = self.peek().as_deref() {
            let message = match if_not_exists {
                true => "CREATE SCHEMA IF NOT EXISTS cannot include schema elements",
                false => "schema elements of CREATE SCHEMA are not supported",
            };
            return Err(Error::FeatureNotSupported(message.to_owned()).at(self.position()));
        }
        Ok(Statement::Schema(SchemaStatement::Create { name, owner, if_not_exists }))
    }

    /// What stands behind `ALTER SCHEMA`.
    pub(super) fn alter_schema(&mut self) -> Result<Statement> {
        let name = self.unreserved()?;
        let change = if self.accept("RENAME") {
            self.expect("TO")?;
            Alteration::Rename(self.unreserved()?)
        } else {
            self.expect("OWNER")?;
            self.expect("TO")?;
            Alteration::Owner(self.identifier()?)
        };
        Ok(Statement::Schema(SchemaStatement::Alter { name, change }))
    }

    pub(super) fn cascade(&mut self) -> bool {
        let cascade = self.accept("CASCADE");
        if !cascade {
            self.accept("RESTRICT");
        }
        cascade
    }

    /// A name that is no reserved word (PostgreSQL's `ColId`).
    fn unreserved(&mut self) -> Result<String> {
        match self.peek() {
            Some(word) if data::is_no_table(&word.to_lowercase()) => Err(self.error()),
            _ => self.identifier(),
        }
    }

    pub(super) fn relation_name(&mut self) -> Result<(Option<String>, String)> {
        let position = self.position();
        let mut parts = vec![self.unreserved()?];
        while self.accept_token(&Token::Period) {
            parts.push(self.identifier()?);
        }
        let dotted = parts.join(".");
        let (name, schema) = (parts.pop().unwrap_or_default(), parts.pop());
        match parts.len() {
            0 => Ok((schema, name)),
            1 => {
                let message = "cross-database references are not implemented";
                Err(Error::FeatureNotSupported(format!("{message}: \"{dotted}\"")))
            }
            _ => {
                let message = "improper qualified name (too many dotted names)";
                Err(Error::Syntax(format!("{message}: {dotted}")).at(position))
            }
        }
    }

    /// All options up to the end.
    pub(super) fn sequence_options(&mut self) -> Result<SequenceOptions> {
        let mut written = Written::default();
        while !self.at_end() {
            let position = self.position();
            if self.sequence_option(&mut written)? {
                written.again.get_or_insert(position);
            }
        }
        written.read()
    }

    /// Reads one option; whether it was there before.
    fn sequence_option(&mut self, written: &mut Written) -> Result<bool> {
        Ok(if self.accept("AS") {
            let data_type = self.sequence_type()?;
            written.data_type.replace(data_type).is_some()
        } else if self.accept("INCREMENT") {
            self.accept("BY");
            written.increment.replace(self.signed()?).is_some()
        } else if self.accept("MINVALUE") {
            written.min.replace(Some(self.signed()?)).is_some()
        } else if self.accept("NO MINVALUE") {
            written.min.replace(None).is_some()
        } else if self.accept("MAXVALUE") {
            written.max.replace(Some(self.signed()?)).is_some()
        } else if self.accept("NO MAXVALUE") {
            written.max.replace(None).is_some()
        } else if self.accept("START") {
            self.accept("WITH");
            written.start.replace(self.signed()?).is_some()
        } else if self.accept("RESTART") {
            let with = self.accept("WITH")
                || matches!(self.token(), Token::Number(..) | Token::Minus | Token::Plus);
            let restart = if with { Some(self.signed()?) } else { None };
            written.restart.replace(restart).is_some()
        } else if self.accept("CACHE") {
            written.cache.replace(self.signed()?).is_some()
        } else if self.accept("CYCLE") {
            written.cycle.replace(true).is_some()
        } else if self.accept("NO CYCLE") {
            written.cycle.replace(false).is_some()
        } else if self.accept("OWNED") {
            self.expect("BY")?;
            let mut owner = vec![self.unreserved()?];
            while self.accept_token(&Token::Period) {
                owner.push(self.identifier()?);
            }
            written.owner.replace(owner).is_some()
        } else {
            // NO is right, what follows it is not.
            self.accept("NO");
            return Err(self.error());
        })
    }

    /// A number of any form, as text (PostgreSQL's `NumericOnly`).
    fn signed(&mut self) -> Result<String> {
        let negative = self.accept_token(&Token::Minus);
        if !negative {
            self.accept_token(&Token::Plus);
        }
        let Token::Number(text, _) = self.token() else { return Err(self.error()) };
        self.skip();
        Ok(if negative { format!("-{text}") } else { text })
    }

    /// A type, or what is wrong with it, which counts once all options are read.
    fn sequence_type(&mut self) -> Result<Result<SequenceType>> {
        let (position, start) = (self.position(), self.index());
        let mut parts = vec![self.unreserved()?];
        while self.accept_token(&Token::Period) {
            parts.push(self.identifier()?);
        }
        let mut written: String =
            self.taken(start).iter().map(|token| token.token.to_string()).collect();
        match types::by_name(&written) {
            Some(types::INT2) => return Ok(Ok(SequenceType::SmallInt)),
            Some(types::INT4) => return Ok(Ok(SequenceType::Integer)),
            Some(types::INT8) => return Ok(Ok(SequenceType::BigInt)),
            _ => {}
        }
        for word in ["PRECISION", "VARYING"] {
            if self.accept(word) {
                written = format!("{written} {word}");
            }
        }
        if self.accept_token(&Token::LParen) {
            while !self.accept_token(&Token::RParen) {
                self.take().ok_or_else(|| self.error())?;
            }
        }
        let _zone = self.accept("WITH TIME ZONE") || self.accept("WITHOUT TIME ZONE");
        Ok(Err(match types::by_name(&written) {
            Some(_) => {
                let message = "sequence type must be smallint, integer, or bigint";
                Error::InvalidParameterValue(message.to_owned())
            }
            None => {
                let message = format!("type \"{}\" does not exist", parts.join("."));
                Error::UndefinedObject(message).at(position)
            }
        }))
    }
}

/// Options as they stand in the statement. To PostgreSQL each of them is right as long as the syntax of all is.
#[derive(Default)]
struct Written {
    data_type: Option<Result<SequenceType>>,
    increment: Option<String>,
    min: Option<Option<String>>,
    max: Option<Option<String>>,
    start: Option<String>,
    restart: Option<Option<String>>,
    cache: Option<String>,
    cycle: Option<bool>,
    /// OWNED BY: the parts of a column's name, or NONE.
    owner: Option<Vec<String>>,
    /// Where the first option is that was there before.
    again: Option<usize>,
}

impl Written {
    /// What they say. The first error is PostgreSQL's first (`init_params`).
    fn read(self) -> Result<SequenceOptions> {
        if let Some(position) = self.again {
            let message = "conflicting or redundant options".to_owned();
            return Err(Error::Syntax(message).at(position));
        }
        let number = |text: Option<String>| text.as_deref().map(bigint).transpose();
        let perhaps = |text: Option<Option<String>>| text.map(number).transpose();
        let data_type = self.data_type.transpose()?;
        let increment = number(self.increment)?;
        let max = perhaps(self.max)?;
        let min = perhaps(self.min)?;
        let start = number(self.start)?;
        let restart = perhaps(self.restart)?;
        let cache = number(self.cache)?;
        check_owner(self.owner.as_deref().unwrap_or_default())?;
        let cycle = self.cycle;
        Ok(SequenceOptions { data_type, increment, min, max, start, restart, cache, cycle })
    }
}

/// No column can own a sequence.
fn check_owner(parts: &[String]) -> Result<()> {
    match parts {
        [] => Ok(()),
        [none] if none == "none" => Ok(()),
        [_table] => Err(Error::Syntax("invalid OWNED BY option".to_owned())
            .hint("Specify OWNED BY table.column or OWNED BY NONE.")),
        _ => {
            let message = "OWNED BY a column is not supported".to_owned();
            Err(Error::FeatureNotSupported(message))
        }
    }
}

/// A number of an option, which only now has to be whole and small enough.
fn bigint(text: &str) -> Result<i64> {
    text.parse().map_err(|_parse| {
        if text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("value \"{text}\" is out of range for type bigint");
            Error::NumericOutOfRange(message)
        } else {
            Error::InvalidText { kind: "bigint".to_owned(), text: text.to_owned() }
        }
    })
}
