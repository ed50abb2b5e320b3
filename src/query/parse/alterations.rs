//! ALTER TABLE and CREATE INDEX (PostgreSQL manual, their pages).

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::definition::{ColumnChange, IndexDefinition, KeyDefinition, TableAction};
use super::statement::{Named, Statement};
use super::tables::unsupported;
use crate::catalog::table::Identity;
use crate::error::Result;

impl Reader<'_> {
    /// What stands behind the name of ALTER TABLE.
    pub(super) fn table_actions(&mut self, table: &str) -> Result<Vec<TableAction>> {
        let alone = if self.accept("RENAME TO") {
            Some(TableAction::Rename(self.identifier()?))
        } else if self.accept("RENAME CONSTRAINT") {
            let name = self.identifier()?;
            self.expect("TO")?;
            Some(TableAction::RenameConstraint { name, to: self.identifier()? })
        } else if self.accept("RENAME") {
            self.accept("COLUMN");
            let name = self.identifier()?;
            self.expect("TO")?;
            Some(TableAction::RenameColumn { name, to: self.identifier()? })
        } else if self.accept("SET SCHEMA") {
            Some(TableAction::SetSchema(self.identifier()?))
        } else {
            None
        };
        let mut actions = Vec::new();
        match alone {
            Some(action) => actions.push(action),
            None => loop {
                self.table_action(table, &mut actions)?;
                if !self.accept_token(&Token::Comma) {
                    break;
                }
            },
        }
        self.end()?;
        Ok(actions)
    }

    fn table_action(&mut self, table: &str, actions: &mut Vec<TableAction>) -> Result<()> {
        let action = if self.accept("ADD") {
            let constraint = matches!(
                self.peek().as_deref(),
                Some("CONSTRAINT" | "UNIQUE" | "CHECK" | "EXCLUDE")
            ) || self.stands("PRIMARY KEY")
                || self.stands("FOREIGN KEY");
            if constraint {
                TableAction::AddConstraint(self.table_constraint()?)
            } else {
                self.accept("COLUMN");
                let if_not_exists = self.accept("IF NOT EXISTS");
                let (column, constraints) = self.column(table)?;
                let column = Box::new(column);
                TableAction::AddColumn { column, constraints, if_not_exists }
            }
        } else if self.accept("DROP CONSTRAINT") {
            let if_exists = self.accept("IF EXISTS");
            let name = self.identifier()?;
            TableAction::DropConstraint { name, if_exists, cascade: self.cascade() }
        } else if self.accept("DROP") {
            self.accept("COLUMN");
            let if_exists = self.accept("IF EXISTS");
            let name = self.identifier()?;
            TableAction::DropColumn { name, if_exists, cascade: self.cascade() }
        } else if self.accept("ALTER") {
            self.accept("COLUMN");
            let name = self.identifier()?;
            TableAction::AlterColumn { name, change: Box::new(self.column_change()?) }
        } else if self.accept("OWNER TO") {
            TableAction::Owner(self.role()?)
        } else if self.accept("VALIDATE CONSTRAINT") {
            self.identifier()?;
            TableAction::Nothing
        } else if self.accept("SET WITHOUT OIDS")
            || self.accept("SET WITHOUT CLUSTER")
            || self.accept("SET LOGGED")
        {
            TableAction::Nothing
        } else if self.accept("CLUSTER ON") {
            self.identifier()?;
            TableAction::Nothing
        } else if self.accept("SET") || self.accept("RESET") {
            self.bracketed()?;
            TableAction::Nothing
        } else if let Some(word) = self.peek().filter(|word| {
            matches!(
                word.as_str(),
                "ENABLE"
                    | "DISABLE"
                    | "FORCE"
                    | "NO"
                    | "INHERIT"
                    | "OF"
                    | "NOT"
                    | "REPLICA"
                    | "ATTACH"
                    | "DETACH"
            )
        }) {
            return Err(unsupported(&format!("ALTER TABLE {word}")));
        } else {
            return Err(self.error());
        };
        actions.push(action);
        Ok(())
    }

    fn column_change(&mut self) -> Result<ColumnChange> {
        Ok(if self.accept("TYPE") || self.accept("SET DATA TYPE") {
            let data_type = self.column_type()?;
            if self.accept("COLLATE") {
                self.collation()?;
            }
            let using = match self.accept("USING") {
                true => Some(self.default_expression()?),
                false => None,
            };
            ColumnChange::Type { data_type, using }
        } else if self.accept("SET DEFAULT") {
            ColumnChange::Default(Some(self.default_expression()?))
        } else if self.accept("DROP DEFAULT") {
            ColumnChange::Default(None)
        } else if self.accept("SET NOT NULL") {
            ColumnChange::NotNull(true)
        } else if self.accept("DROP NOT NULL") {
            ColumnChange::NotNull(false)
        } else if self.accept("ADD GENERATED") {
            let identity = self.identity()?;
            self.expect("AS")?;
            self.expect("IDENTITY")?;
            ColumnChange::AddIdentity(identity, Box::new(self.identity_options()?))
        } else if self.accept("SET GENERATED") {
            ColumnChange::SetIdentity(self.identity()?)
        } else if self.accept("DROP IDENTITY") {
            ColumnChange::DropIdentity { if_exists: self.accept("IF EXISTS") }
        } else if self.accept("SET STATISTICS") {
            self.integer()?;
            ColumnChange::Nothing
        } else if self.accept("SET STORAGE") || self.accept("SET COMPRESSION") {
            self.identifier()?;
            ColumnChange::Nothing
        } else if self.accept("DROP EXPRESSION") {
            return Err(unsupported("DROP EXPRESSION"));
        } else if self.stands("SET INCREMENT") || self.stands("RESTART") || self.stands("SET START")
        {
            return Err(unsupported("sequence options of an identity column"));
        } else {
            return Err(self.error());
        })
    }

    fn identity(&mut self) -> Result<Identity> {
        if self.accept("ALWAYS") {
            return Ok(Identity::Always);
        }
        self.expect("BY")?;
        self.expect("DEFAULT")?;
        Ok(Identity::ByDefault)
    }

    /// What stands behind `CREATE [UNIQUE] INDEX`.
    pub(super) fn create_index(&mut self, unique: bool) -> Result<Statement> {
        self.accept("CONCURRENTLY");
        let if_not_exists = self.accept("IF NOT EXISTS");
        let name = match self.stands("ON") {
            true if if_not_exists => return Err(self.error()),
            true => None,
            false => Some(self.identifier()?),
        };
        self.expect("ON")?;
        self.accept("ONLY");
        let relation = self.named(None)?;
        let method = match self.accept("USING") {
            true => self.identifier()?,
            false => "btree".to_owned(),
        };
        let mut keys = Vec::new();
        self.expect_token(&Token::LParen)?;
        loop {
            keys.push(self.index_key()?);
            if self.accept_token(&Token::RParen) {
                break;
            }
            self.expect_token(&Token::Comma)?;
        }
        if self.peek().as_deref() == Some("INCLUDE") {
            return Err(unsupported("INCLUDE"));
        }
        let mut nulls_distinct = true;
        if self.accept("NULLS NOT DISTINCT") {
            nulls_distinct = false;
        } else {
            self.accept("NULLS DISTINCT");
        }
        if self.accept("WITH") {
            self.bracketed()?;
        }
        if self.accept("TABLESPACE") {
            self.tablespace()?;
        }
        let predicate = match self.accept("WHERE") {
            true => {
                let rest = self.remaining();
                Some(self.expression(rest)?)
            }
            false => None,
        };
        let definition = IndexDefinition {
            name,
            if_not_exists,
            unique,
            nulls_distinct,
            method,
            keys,
            predicate,
        };
        Ok(Statement::CreateIndex { definition: Box::new(definition), relation })
    }

    fn index_key(&mut self) -> Result<KeyDefinition> {
        let position = self.position();
        let plain = matches!(self.token(), Token::Word(_)) && self.token_at(1) != Token::LParen;
        let of = if plain {
            Ok(Named { name: self.identifier()?, position })
        } else if self.token() == Token::LParen {
            Err(self.check()?)
        } else {
            // A call, which needs no brackets of its own.
            let start = self.index();
            self.identifier()?;
            self.bracketed()?;
            let call = self.taken(start);
            Err(self.expression(call)?)
        };
        if self.accept("COLLATE") {
            self.collation()?;
        }
        // An operator class means nothing here.
        let class =
            self.peek().is_some_and(|word| !matches!(word.as_str(), "ASC" | "DESC" | "NULLS"));
        if class {
            self.identifier()?;
        }
        let descending = self.accept("DESC");
        if !descending {
            self.accept("ASC");
        }
        let nulls_first = if self.accept("NULLS FIRST") {
            true
        } else {
            !self.accept("NULLS LAST") && descending
        };
        Ok(KeyDefinition { of, descending, nulls_first })
    }
}
