//! CREATE, ALTER, DROP ROLE; GRANT and REVOKE; ALTER DEFAULT PRIVILEGES.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::statement::{
    Access, AccessTarget, DefaultAccess, RoleOptions, RoleStatement, Statement,
};
use crate::catalog::roles::{Privilege, Target};
use crate::error::{Error, Result};

impl Reader<'_> {
    /// Statements that begin with CREATE, ALTER, DROP, GRANT or REVOKE.
    pub(super) fn access(&mut self, word: &str, text: &str) -> Result<Statement> {
        match word {
            "GRANT" => self.grant(),
            "REVOKE" => self.revoke(),
            "ALTER" if self.accept("ALTER DEFAULT PRIVILEGES") => self.default_privileges(),
            "CREATE" if self.creates_table() => self.create_table(),
            "CREATE" if self.creates_view() => self.create_view(text),
            "ALTER" if self.accept("ALTER VIEW") => self.alter_view("ALTER VIEW"),
            "ALTER" if self.accept("ALTER MATERIALIZED VIEW") => {
                self.alter_view("ALTER MATERIALIZED VIEW")
            }
            "CREATE" if self.accept("CREATE INDEX") => self.create_index(false),
            "CREATE" if self.accept("CREATE UNIQUE INDEX") => self.create_index(true),
            "ALTER" if self.accept("ALTER INDEX") => self.alter_index(),
            "CREATE" if self.accept("CREATE SEQUENCE") => self.create_sequence(),
            "CREATE" if self.accept("CREATE SCHEMA") => self.create_schema(),
            "ALTER" if self.accept("ALTER SEQUENCE") => self.alter_sequence(),
            "ALTER" if self.accept("ALTER SCHEMA") => self.alter_schema(),
            "DROP" if self.accept("DROP SEQUENCE") => self.drop_sequences(),
            "DROP" if self.accept("DROP SCHEMA") => self.drop_schemas(),
            _ => {
                let second = self.word_at(1).unwrap_or_default();
                if matches!(second.as_str(), "ROLE" | "USER" | "GROUP") {
                    self.role_statement(word)
                } else if second.is_empty() {
                    self.expect(word)?;
                    Err(self.error())
                } else {
                    self.other_definition(word, &second)
                }
            }
        }
    }

    fn other_definition(&self, word: &str, second: &str) -> Result<Statement> {
        let known = matches!(
            second,
            "TABLE"
                | "VIEW"
                | "MATERIALIZED"
                | "DATABASE"
                | "INDEX"
                | "UNIQUE"
                | "FUNCTION"
                | "PROCEDURE"
                | "TRIGGER"
                | "TYPE"
                | "DOMAIN"
                | "EXTENSION"
                | "EXTERNAL"
                | "TEMP"
                | "TEMPORARY"
                | "UNLOGGED"
                | "OR"
                | "POLICY"
                | "RULE"
                | "SERVER"
                | "FOREIGN"
                | "AGGREGATE"
                | "CAST"
                | "COLLATION"
                | "LANGUAGE"
                | "OPERATOR"
                | "PUBLICATION"
                | "SUBSCRIPTION"
                | "STATISTICS"
                | "TABLESPACE"
                | "TEXT"
                | "ACCESS"
                | "EVENT"
                | "SYSTEM"
                | "GLOBAL"
                | "LOCAL"
                | "RECURSIVE"
                | "CONVERSION"
                | "TRANSFORM"
                | "OWNED"
                | "LARGE"
        );
        let replaced = ["SEQUENCE", "SCHEMA"];
        if replaced.iter().any(|what| self.stands(&format!("CREATE OR REPLACE {what}"))) {
            return Err(self.error_at(3));
        }
        if known {
            let what = self.defined(second);
            Err(Error::FeatureNotSupported(format!("{word} {what} is not supported")))
        } else {
            Err(self.error_at(1))
        }
    }

    /// What a definition is of, by the name its documentation has: `TEMPORARY TABLE` for `LOCAL TEMP TABLE`.
    fn defined(&self, first: &str) -> String {
        if self.stands("CREATE UNLOGGED SEQUENCE") {
            return "UNLOGGED SEQUENCE".to_owned();
        }
        let words = (1..).map_while(|offset| self.word_at(offset));
        let told = words.skip_while(|word| {
            matches!(word.as_str(), "OR" | "REPLACE" | "GLOBAL" | "LOCAL" | "UNLOGGED" | "UNIQUE")
        });
        let mut told = told.map(|word| if word == "TEMP" { "TEMPORARY".to_owned() } else { word });
        match (told.next(), told.next()) {
            (Some(one), Some(two)) if matches!(one.as_str(), "TEMPORARY" | "RECURSIVE") => {
                format!("{one} {two}")
            }
            (Some(one), _) => one,
            (None, _) => first.to_owned(),
        }
    }

    fn role_statement(&mut self, word: &str) -> Result<Statement> {
        self.expect(word)?;
        let user = self.peek().as_deref() == Some("USER");
        let _kind = self.identifier()?;
        let statement = match word {
            "CREATE" => {
                let name = self.identifier()?;
                let mut options = self.role_options()?;
                if user && options.login.is_none() {
                    options.login = Some(true);
                }
                RoleStatement::Create { name, options }
            }
            "DROP" => {
                let if_exists = self.accept("IF EXISTS");
                RoleStatement::Drop { names: self.identifiers()?, if_exists }
            }
            _ => self.alter_role()?,
        };
        Ok(Statement::Role(statement))
    }

    fn alter_role(&mut self) -> Result<RoleStatement> {
        let refused = |what: &str| {
            Err(Error::FeatureNotSupported(format!("settings of {what} are not supported")))
        };
        if self.accept("ALL") {
            return refused("all roles");
        }
        let name = self.identifier()?;
        if self.accept("IN DATABASE") {
            return refused("a role in one database");
        }
        if self.accept("RENAME TO") {
            return Ok(RoleStatement::Rename { name, to: self.identifier()? });
        }
        if self.accept("SET") {
            let setting = self.setting()?;
            if !self.accept("TO") {
                self.expect_token(&Token::Eq)?;
            }
            let value = if self.accept("DEFAULT") {
                None
            } else {
                let mut values = vec![self.value()?];
                while self.accept_token(&Token::Comma) {
                    values.push(self.value()?);
                }
                Some(values.join(", "))
            };
            return Ok(RoleStatement::Set { name, setting: Some(setting), value });
        }
        if self.accept("RESET") {
            let setting = if self.accept("ALL") { None } else { Some(self.setting()?) };
            return Ok(RoleStatement::Set { name, setting, value: None });
        }
        Ok(RoleStatement::Alter { name, options: self.role_options()? })
    }

    fn role_options(&mut self) -> Result<RoleOptions> {
        let mut options = RoleOptions::default();
        self.accept("WITH");
        while !self.at_end() {
            self.role_option(&mut options)?;
        }
        Ok(options)
    }

    fn role_option(&mut self, options: &mut RoleOptions) -> Result<()> {
        for (word, value) in [("SUPERUSER", true), ("NOSUPERUSER", false)] {
            if self.accept(word) {
                options.superuser = Some(value);
                return Ok(());
            }
        }
        for (word, value) in [("LOGIN", true), ("NOLOGIN", false)] {
            if self.accept(word) {
                options.login = Some(value);
                return Ok(());
            }
        }
        for (word, value) in [("INHERIT", true), ("NOINHERIT", false)] {
            if self.accept(word) {
                options.inherit = Some(value);
                return Ok(());
            }
        }
        for (word, value) in [("CREATEROLE", true), ("NOCREATEROLE", false)] {
            if self.accept(word) {
                options.create_role = Some(value);
                return Ok(());
            }
        }
        // There is nothing these could allow, so what they deny is true anyhow.
        if self.accept("NOCREATEDB") || self.accept("NOREPLICATION") || self.accept("NOBYPASSRLS") {
            return Ok(());
        }
        if self.accept("CONNECTION LIMIT") {
            let limit = self.integer()?;
            options.connection_limit =
                Some(i32::try_from(limit).ok().filter(|n| -1 <= *n).ok_or_else(|| {
                    Error::InvalidParameterValue(format!("invalid connection limit: {limit}"))
                })?);
            return Ok(());
        }
        if self.accept("ENCRYPTED PASSWORD") || self.accept("PASSWORD") {
            options.password = Some(if self.accept("NULL") { None } else { Some(self.string()?) });
            return Ok(());
        }
        if self.accept("VALID UNTIL") {
            options.valid_until = Some(self.string()?);
            return Ok(());
        }
        if self.accept("IN ROLE") || self.accept("IN GROUP") {
            options.in_roles = self.identifiers()?;
            return Ok(());
        }
        if self.accept("ROLE") || self.accept("USER") {
            options.members = self.identifiers()?;
            return Ok(());
        }
        match self.peek().as_deref() {
            Some(word @ ("CREATEDB" | "REPLICATION" | "BYPASSRLS" | "ADMIN" | "SYSID")) => {
                Err(Error::FeatureNotSupported(format!("role option {word} is not supported")))
            }
            _ => Err(self.error()),
        }
    }

    fn grant(&mut self) -> Result<Statement> {
        self.expect("GRANT")?;
        let Some(privileges) = self.privileges()? else {
            return self.membership(true);
        };
        let targets = self.targets()?;
        self.check_privileges(&privileges, &targets)?;
        self.expect("TO")?;
        let grantees = self.roles()?;
        let grant_option = self.accept("WITH GRANT OPTION");
        self.granted_by()?;
        Ok(Statement::Access(Access { grant: true, grant_option, privileges, targets, grantees }))
    }

    fn revoke(&mut self) -> Result<Statement> {
        self.expect("REVOKE")?;
        let grant_option = self.accept("GRANT OPTION FOR");
        let Some(privileges) = self.privileges()? else {
            return self.membership(false);
        };
        let targets = self.targets()?;
        self.check_privileges(&privileges, &targets)?;
        self.expect("FROM")?;
        let grantees = self.roles()?;
        self.granted_by()?;
        if !self.accept("CASCADE") {
            self.accept("RESTRICT");
        }
        Ok(Statement::Access(Access { grant: false, grant_option, privileges, targets, grantees }))
    }

    fn membership(&mut self, grant: bool) -> Result<Statement> {
        let roles = self.identifiers()?;
        self.expect(if grant { "TO" } else { "FROM" })?;
        let members = self.roles()?;
        self.granted_by()?;
        if !self.accept("CASCADE") {
            self.accept("RESTRICT");
        }
        Ok(Statement::Role(RoleStatement::Member { grant, roles, members }))
    }

    fn granted_by(&mut self) -> Result<()> {
        if self.accept("GRANTED BY") {
            let _by = self.role()?;
        }
        Ok(())
    }

    /// The privileges before ON; `None` when these are names of roles.
    fn privileges(&mut self) -> Result<Option<Vec<Privilege>>> {
        if self.accept("ALL PRIVILEGES") || self.accept("ALL") {
            self.expect("ON")?;
            return Ok(Some(Vec::new()));
        }
        let mut privileges = Vec::new();
        let mut offset = 0;
        loop {
            match self.word_at(offset).as_deref() {
                Some("SELECT") => privileges.push(Privilege::Select),
                Some("USAGE") => privileges.push(Privilege::Usage),
                Some("CREATE") => privileges.push(Privilege::Create),
                // What it is on is known when all is read.
                Some("UPDATE") => privileges.push(Privilege::Update),
                Some("INSERT") => privileges.push(Privilege::Insert),
                Some("DELETE") => privileges.push(Privilege::Delete),
                Some("TRUNCATE") => privileges.push(Privilege::Truncate),
                Some("REFERENCES") => privileges.push(Privilege::References),
                Some("TRIGGER") => privileges.push(Privilege::Trigger),
                Some(word @ ("CONNECT" | "TEMPORARY" | "TEMP" | "EXECUTE")) => {
                    return Err(ungranted(word));
                }
                _ => return Ok(None),
            }
            if self.token_at(offset + 1) == Token::LParen {
                let message = "privileges on columns are not supported".to_owned();
                return Err(Error::FeatureNotSupported(message));
            }
            if self.token_at(offset + 1) != Token::Comma {
                break;
            }
            offset += 2;
        }
        for _ in 0..=offset {
            self.skip();
        }
        self.expect("ON")?;
        Ok(Some(privileges))
    }

    fn targets(&mut self) -> Result<Vec<AccessTarget>> {
        if self.accept("SCHEMA") {
            let names = self.identifiers()?;
            return Ok(names
                .into_iter()
                .map(|name| AccessTarget::One(Target::Schema(name)))
                .collect());
        }
        if self.accept("ALL TABLES IN SCHEMA") {
            return Ok(self.identifiers()?.into_iter().map(AccessTarget::AllTables).collect());
        }
        if self.accept("ALL SEQUENCES IN SCHEMA") {
            return Ok(self.identifiers()?.into_iter().map(AccessTarget::AllSequences).collect());
        }
        if let Some(word @ ("DATABASE" | "FUNCTION" | "LANGUAGE" | "TYPE" | "DOMAIN")) =
            self.peek().as_deref()
        {
            return Err(Error::FeatureNotSupported(format!("GRANT ON {word} is not supported")));
        }
        let sequences = self.accept("SEQUENCE");
        if !sequences {
            self.accept("TABLE");
        }
        let mut targets = Vec::new();
        loop {
            let mut name = self.identifier()?;
            let mut schema = String::new();
            if self.accept_token(&Token::Period) {
                schema = std::mem::replace(&mut name, self.identifier()?);
            }
            targets.push(match sequences {
                true => AccessTarget::Sequence { schema, name },
                false => AccessTarget::One(Target::Table { schema, table: name }),
            });
            if !self.accept_token(&Token::Comma) {
                return Ok(targets);
            }
        }
    }

    fn check_privileges(&self, privileges: &[Privilege], targets: &[AccessTarget]) -> Result<()> {
        let kind = match targets.first() {
            Some(AccessTarget::One(Target::Schema(_))) => "schema",
            Some(AccessTarget::Sequence { .. } | AccessTarget::AllSequences(_)) => "sequence",
            _ => "table",
        };
        for privilege in privileges {
            let word = privilege.name();
            let fits = match privilege {
                Privilege::Select | Privilege::Update => kind != "schema",
                Privilege::Usage => kind != "table",
                Privilege::Create => kind == "schema",
                _ => kind == "table",
            };
            if !fits {
                return Err(Error::InvalidGrant(format!(
                    "invalid privilege type {word} for {kind}"
                )));
            }
        }
        Ok(())
    }

    fn default_privileges(&mut self) -> Result<Statement> {
        if self.accept("FOR ROLE") || self.accept("FOR USER") {
            self.roles()?;
        }
        let schemas = if self.accept("IN SCHEMA") { self.identifiers()? } else { Vec::new() };
        let grant = self.accept("GRANT");
        let mut grant_option = false;
        if !grant {
            self.expect("REVOKE")?;
            grant_option = self.accept("GRANT OPTION FOR");
        }
        if !(self.accept("SELECT") || self.accept("ALL PRIVILEGES") || self.accept("ALL")) {
            let word = self.peek().unwrap_or_default();
            return Err(Error::FeatureNotSupported(format!(
                "default privilege {word} is not supported"
            )));
        }
        self.expect("ON TABLES")?;
        self.expect(if grant { "TO" } else { "FROM" })?;
        let grantees = self.roles()?;
        if grant {
            grant_option = self.accept("WITH GRANT OPTION");
        }
        Ok(Statement::DefaultAccess(DefaultAccess { grant, grant_option, schemas, grantees }))
    }
}

/// That a privilege is not to be had.
fn ungranted(word: &str) -> Error {
    Error::FeatureNotSupported(format!("privilege {word} is not supported"))
}
