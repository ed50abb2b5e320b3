//! What is said of columns and tables: NOT NULL, DEFAULT, keys, checks (PostgreSQL manual, CREATE TABLE).

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::definition::{
    ColumnDefinition, ConstraintDefinition, DefaultDefinition, Expression, RuleDefinition,
};
use super::statement::{Named, SequenceOptions};
use super::tables::{OF_COLUMNS, unsupported};
use crate::catalog::table::{Action, Identity};
use crate::error::{Error, Result};

impl Reader<'_> {
    /// What stands behind the type of a column: it goes into the column, or is a constraint.
    pub(super) fn column_constraints(
        &mut self,
        column: &mut ColumnDefinition,
        (table, position): (&str, usize),
    ) -> Result<Vec<ConstraintDefinition>> {
        let mut constraints = Vec::new();
        let own = vec![Named { name: column.name.clone(), position }];
        let mut null = false;
        loop {
            let name = match self.accept("CONSTRAINT") {
                true => Some(self.identifier()?),
                false => None,
            };
            let position = self.position();
            let rule = if self.accept("NOT NULL") {
                column.not_null = true;
                check_null(column, table, null, position)?;
                None
            } else if self.accept("NULL") {
                null = true;
                check_null(column, table, null, position)?;
                None
            } else if self.accept("DEFAULT") {
                let expression = self.default_expression()?;
                let default = DefaultDefinition::Expression(expression);
                set_default(column, default, (table, position))?;
                None
            } else if self.accept("GENERATED") {
                let default = self.generated(&mut column.not_null)?;
                set_default(column, default, (table, position))?;
                None
            } else if self.accept("PRIMARY KEY") {
                self.index_parameters()?;
                Some(RuleDefinition::PrimaryKey(own.clone()))
            } else if self.accept("UNIQUE") {
                let nulls_distinct = self.nulls_distinct();
                self.index_parameters()?;
                Some(RuleDefinition::Unique { columns: own.clone(), nulls_distinct })
            } else if self.accept("CHECK") {
                Some(RuleDefinition::Check(self.check()?))
            } else if self.accept("REFERENCES") {
                Some(self.references(own.clone())?)
            } else if self.accept("COLLATE") {
                self.collation()?;
                None
            } else if self.accept("STORAGE") || self.accept("COMPRESSION") {
                self.identifier()?;
                None
            } else if name.is_some() {
                return Err(self.error());
            } else {
                break;
            };
            if let Some(rule) = rule {
                self.deferrable()?;
                let column = Some(column.name.clone());
                constraints.push(ConstraintDefinition { name, position, rule, column });
            }
        }
        Ok(constraints)
    }

    /// What stands behind GENERATED.
    fn generated(&mut self, not_null: &mut bool) -> Result<DefaultDefinition> {
        let always = self.accept("ALWAYS");
        if !always {
            self.expect("BY")?;
            self.expect("DEFAULT")?;
        }
        self.expect("AS")?;
        if self.accept("IDENTITY") {
            *not_null = true;
            let identity = if always { Identity::Always } else { Identity::ByDefault };
            return Ok(DefaultDefinition::Identity(identity, Box::new(self.identity_options()?)));
        }
        if !always {
            return Err(self.error());
        }
        let expression = self.check()?;
        self.expect("STORED")?;
        Ok(DefaultDefinition::Generated(expression))
    }

    /// Options of an identity's sequence, in brackets where there are any.
    pub(super) fn identity_options(&mut self) -> Result<SequenceOptions> {
        if self.token() != Token::LParen {
            return Ok(SequenceOptions::default());
        }
        let inner = self.bracketed()?;
        Reader::new(self.sql, inner).sequence_options()
    }

    /// A constraint of a table.
    pub(super) fn table_constraint(&mut self) -> Result<ConstraintDefinition> {
        let position = self.position();
        let name = match self.accept("CONSTRAINT") {
            true => Some(self.identifier()?),
            false => None,
        };
        let rule = if self.accept("PRIMARY KEY") {
            match self.accept("USING INDEX") {
                true => RuleDefinition::UsingIndex { primary: true, index: self.identifier()? },
                false => {
                    let columns = self.bracketed_columns()?;
                    self.index_parameters()?;
                    RuleDefinition::PrimaryKey(columns)
                }
            }
        } else if self.accept("UNIQUE") {
            match self.accept("USING INDEX") {
                true => RuleDefinition::UsingIndex { primary: false, index: self.identifier()? },
                false => {
                    let nulls_distinct = self.nulls_distinct();
                    let columns = self.bracketed_columns()?;
                    self.index_parameters()?;
                    RuleDefinition::Unique { columns, nulls_distinct }
                }
            }
        } else if self.accept("CHECK") {
            RuleDefinition::Check(self.check()?)
        } else if self.accept("FOREIGN KEY") {
            let columns = self.bracketed_columns()?;
            self.expect("REFERENCES")?;
            self.references(columns)?
        } else if self.peek().as_deref() == Some("EXCLUDE") {
            return Err(unsupported("EXCLUDE"));
        } else {
            return Err(self.error());
        };
        self.deferrable()?;
        Ok(ConstraintDefinition { name, position, rule, column: None })
    }

    /// What stands behind REFERENCES.
    fn references(&mut self, columns: Vec<Named>) -> Result<RuleDefinition> {
        let (schema, table) = self.relation_name()?;
        let referenced = match self.token() {
            Token::LParen => self.bracketed_names()?,
            _ => Vec::new(),
        };
        if self.accept("MATCH") && !self.accept("SIMPLE") {
            let word = self.peek().unwrap_or_default();
            return Err(unsupported(&format!("MATCH {word}")));
        }
        let (mut on_delete, mut on_update) = (Action::NoAction, Action::NoAction);
        loop {
            if self.accept("ON DELETE") {
                on_delete = self.action()?;
            } else if self.accept("ON UPDATE") {
                on_update = self.action()?;
            } else {
                break;
            }
        }
        Ok(RuleDefinition::ForeignKey { columns, schema, table, referenced, on_delete, on_update })
    }

    fn action(&mut self) -> Result<Action> {
        for (words, action) in [
            ("NO ACTION", Action::NoAction),
            ("RESTRICT", Action::Restrict),
            ("CASCADE", Action::Cascade),
            ("SET NULL", Action::SetNull),
            ("SET DEFAULT", Action::SetDefault),
        ] {
            if self.accept(words) {
                return Ok(action);
            }
        }
        Err(self.error())
    }

    /// When a constraint counts: at once.
    fn deferrable(&mut self) -> Result<()> {
        loop {
            if self.accept("NOT DEFERRABLE")
                || self.accept("INITIALLY IMMEDIATE")
                || self.accept("NO INHERIT")
            {
            } else if self.stands("DEFERRABLE") || self.stands("INITIALLY DEFERRED") {
                return Err(unsupported("DEFERRABLE"));
            } else if self.stands("NOT VALID") {
                return Err(unsupported("NOT VALID"));
            } else {
                return Ok(());
            }
        }
    }

    fn nulls_distinct(&mut self) -> bool {
        if self.accept("NULLS NOT DISTINCT") {
            return false;
        }
        self.accept("NULLS DISTINCT");
        true
    }

    /// What an index of a key may have: where PostgreSQL would store it, which means nothing here.
    fn index_parameters(&mut self) -> Result<()> {
        if self.peek().as_deref() == Some("INCLUDE") {
            return Err(unsupported("INCLUDE"));
        }
        if self.peek().as_deref() == Some("WITH") && self.token_at(1) == Token::LParen {
            self.skip();
            self.bracketed()?;
        }
        if self.accept("USING INDEX TABLESPACE") {
            self.tablespace()?;
        }
        Ok(())
    }

    /// Text is ordered bytewise: only collations that say so.
    pub(super) fn collation(&mut self) -> Result<()> {
        let mut name = self.identifier()?;
        while self.accept_token(&Token::Period) {
            name = self.identifier()?;
        }
        match name.as_str() {
            "C" | "POSIX" | "default" | "ucs_basic" => Ok(()),
            _ => Err(unsupported(&format!("collation \"{name}\""))),
        }
    }

    pub(super) fn bracketed_columns(&mut self) -> Result<Vec<Named>> {
        self.expect_token(&Token::LParen)?;
        let mut columns = Vec::new();
        loop {
            let position = self.position();
            columns.push(Named { name: self.identifier()?, position });
            if self.accept_token(&Token::RParen) {
                return Ok(columns);
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    /// An expression in brackets.
    pub(super) fn check(&mut self) -> Result<Expression> {
        let inner = self.bracketed()?;
        self.expression(inner)
    }

    /// An expression up to the next word that says something of a column.
    pub(super) fn default_expression(&mut self) -> Result<Expression> {
        let mut tokens: Vec<TokenWithSpan> = Vec::new();
        let mut depth = 0_usize;
        while !self.at_end() {
            let token = self.token();
            let word = self.peek();
            let ends = match &token {
                Token::Comma | Token::RParen => depth == 0,
                // The first word may be NULL.
                _ => depth == 0 && !tokens.is_empty() && word.is_some_and(|it| ends_default(&it)),
            };
            if ends {
                break;
            }
            match token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            tokens.extend(self.take());
        }
        if tokens.is_empty() {
            return Err(self.error());
        }
        self.expression(tokens)
    }

    pub(super) fn expression(&self, tokens: Vec<TokenWithSpan>) -> Result<Expression> {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return Err(self.error());
        };
        let text = super::slice(self.sql, first.span.start, last.span.end);
        let position = super::position(self.sql, first.span.start);
        let select = TokenWithSpan::wrap(Token::make_keyword("SELECT"));
        let query = super::query(self.sql, [vec![select], tokens].concat())?;
        let expr = match query.body.as_ref() {
            SetExpr::Select(select) if select.from.is_empty() => match select.projection.as_slice()
            {
                [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => {
                    Some(expr.clone())
                }
                _ => None,
            },
            _ => None,
        };
        let expr: Expr = expr.ok_or_else(|| self.error())?;
        Ok(Expression { text, expr: Box::new(expr), position })
    }
}

/// Errors: 42601 for a column that may be NULL and may not.
fn check_null(column: &ColumnDefinition, table: &str, null: bool, position: usize) -> Result<()> {
    if !null || !column.not_null {
        return Ok(());
    }
    let name = &column.name;
    let message = format!(
        "conflicting NULL/NOT NULL declarations for column \"{name}\" of table \"{table}\""
    );
    Err(Error::Syntax(message).at(position))
}

/// Errors: 42601 for a column that has one already.
fn set_default(
    column: &mut ColumnDefinition,
    default: DefaultDefinition,
    (table, position): (&str, usize),
) -> Result<()> {
    use DefaultDefinition as D;
    let what = match (&column.default, &default) {
        (None, _) => {
            column.default = Some(default);
            return Ok(());
        }
        (Some(D::Identity(..)), D::Identity(..)) => "multiple identity specifications",
        (Some(D::Generated(_)), D::Generated(_)) => "multiple generation clauses specified",
        (Some(D::Generated(_)), D::Identity(..)) | (Some(D::Identity(..)), D::Generated(_)) => {
            "both identity and generation expression specified"
        }
        (Some(D::Generated(_)), _) | (_, D::Generated(_)) => {
            "both default and generation expression specified"
        }
        (Some(D::Identity(..)), _) | (_, D::Identity(..)) => "both default and identity specified",
        _ => "multiple default values specified",
    };
    let name = &column.name;
    let message = format!("{what} for column \"{name}\" of table \"{table}\"");
    Err(Error::Syntax(message).at(position))
}

fn ends_default(word: &str) -> bool {
    OF_COLUMNS.contains(&word) && word != "USING"
}
