//! Whether the statement that this thread works for was cancelled: what may loop for long within one call looks here.
//!
//! Operators are stopped between batches. A function that takes seconds for one batch would go on, so whoever polls an
//! operator says for which statement.

use std::cell::RefCell;

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

thread_local! {
    static CURRENT: RefCell<Option<CancellationToken>> = const { RefCell::new(None) };
}

/// Puts back what was there before, after a panic too.
struct Restored(Option<CancellationToken>);

impl Drop for Restored {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = before);
    }
}

/// Runs `work` for the statement that `token` cancels.
pub(crate) fn during<T>(token: &CancellationToken, work: impl FnOnce() -> T) -> T {
    let before = CURRENT.with(|current| current.replace(Some(token.clone())));
    let _restored = Restored(before);
    work()
}

/// Errors: 57014 when the statement was cancelled.
pub(crate) fn check() -> Result<()> {
    let cancelled = CURRENT
        .with(|current| current.borrow().as_ref().is_some_and(CancellationToken::is_cancelled));
    if cancelled { Err(Error::QueryCanceled("user request")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::{check, during};

    #[test]
    fn only_what_runs_for_a_cancelled_statement_ends() {
        let (own, other) = (CancellationToken::new(), CancellationToken::new());
        own.cancel();
        assert!(check().is_ok());
        during(&own, || {
            assert_eq!(check().expect_err("cancelled").state(), "57014");
            during(&other, || assert!(check().is_ok()));
            assert!(check().is_err());
        });
        assert!(check().is_ok());
    }
}
