//! SUBSCRIBE: the rows of a log, those there are and those that come. By itself, under COPY … TO STDOUT, and of a cursor.
//!
//! ```text
//! SUBSCRIBE [TO] log [AFTER n] [UP TO n] [LIMIT n] [WITH (option [boolean], …)]
//! ```

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::statement::Relation;
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;

/// What SUBSCRIBE asks for.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The log.
    pub relation: Relation,
    /// Rows with greater numbers; `None` says nothing.
    pub after: Option<i64>,
    /// Rows up to this number, and then the end.
    pub up_to: Option<i64>,
    /// At most so many, and then the end.
    pub limit: Option<usize>,
    /// Whether those that are there come first, where `after` does not say it.
    pub snapshot: bool,
    /// Whether it goes on with rows that come.
    pub live: bool,
    /// Whether it tells how far it is when it has told all there are.
    pub progress: bool,
}

/// Where the rows of a SUBSCRIBE go.
#[derive(Debug, Clone)]
pub enum Subscriber {
    /// To the client, as those of a query.
    Client,
    /// COPY … TO STDOUT: how they are written, and columns to force quotes on.
    Copy(CopyFormat, Vec<String>),
    /// DECLARE: a cursor.
    Cursor {
        /// Its name.
        name: String,
        /// Rows in binary form.
        binary: bool,
        /// Outlives its transaction.
        hold: bool,
    },
}

impl Reader<'_> {
    /// Whether SUBSCRIBE stands here.
    pub(super) fn subscribes(&self) -> bool {
        self.stands("SUBSCRIBE")
    }

    /// Errors: 42601; 22023 for an unknown option or one that is given twice.
    pub(super) fn subscription(&mut self) -> Result<Subscription> {
        self.expect("SUBSCRIBE")?;
        // A log may be called like the word.
        if self.stands("TO") && matches!(self.token_at(1), Token::Word(_)) {
            self.expect("TO")?;
        }
        let relation = self.named(None)?;
        let mut subscription = Subscription {
            relation,
            after: None,
            up_to: None,
            limit: None,
            snapshot: true,
            live: true,
            progress: false,
        };
        if self.accept("AFTER") {
            subscription.after = Some(self.integer()?);
        }
        if self.accept("UP TO") {
            subscription.up_to = Some(self.integer()?);
        }
        if self.accept("LIMIT") {
            let position = self.position();
            let limit = usize::try_from(self.integer()?);
            subscription.limit =
                Some(limit.map_err(|_negative| Error::NegativeRowCount("LIMIT").at(position))?);
        }
        if self.accept("WITH") {
            self.subscription_options(&mut subscription)?;
        }
        Ok(subscription)
    }

    fn subscription_options(&mut self, subscription: &mut Subscription) -> Result<()> {
        self.expect_token(&Token::LParen)?;
        let mut given = Vec::new();
        loop {
            let position = self.position();
            let name = self.identifier()?;
            let truth = self.truth()?;
            if given.contains(&name) {
                let message = "conflicting or redundant options".to_owned();
                return Err(Error::Syntax(message).at(position));
            }
            match name.as_str() {
                "snapshot" => subscription.snapshot = truth,
                "live" => subscription.live = truth,
                "progress" => subscription.progress = truth,
                _ => {
                    let message = format!("option \"{name}\" not recognized");
                    return Err(Error::Syntax(message).at(position));
                }
            }
            given.push(name);
            if !self.accept_token(&Token::Comma) {
                return self.expect_token(&Token::RParen);
            }
        }
    }

    /// A boolean behind the name of an option; nothing is true.
    fn truth(&mut self) -> Result<bool> {
        self.accept_token(&Token::Eq);
        if matches!(self.token(), Token::Comma | Token::RParen) {
            return Ok(true);
        }
        let position = self.position();
        match self.value()?.to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Ok(true),
            "false" | "off" | "0" => Ok(false),
            _ => {
                let message = "an option of SUBSCRIBE requires a Boolean value".to_owned();
                Err(Error::Syntax(message).at(position))
            }
        }
    }
}
