//! Which number comes next.

use crate::catalog::written::Sequence;
use crate::error::{Error, Result};

/// Numbers one increment apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first.
    pub first: i64,
    /// The last, which may be the first.
    pub last: i64,
}

impl Run {
    /// How many numbers it has.
    pub(super) fn len(self, increment: i64) -> i64 {
        let steps = (i128::from(self.last) - i128::from(self.first)) / i128::from(increment);
        i64::try_from(steps + 1).unwrap_or(i64::MAX)
    }
}

/// The next numbers behind `last`, from `last` on unless it `is_called`: at most `count`, none behind the end of the
/// sequence or, where that starts again, before its start.
/// Errors: 2200H.
pub(super) fn run(sequence: &Sequence, last: i64, is_called: bool, count: i64) -> Result<Run> {
    let Sequence { increment, min, max, .. } = *sequence;
    let rises = increment > 0;
    let within = |number: &i64| if rises { *number <= max } else { min <= *number };
    let first = match is_called {
        false => last,
        true => match last.checked_add(increment).filter(within) {
            Some(next) => next,
            None if sequence.cycle => {
                if rises {
                    min
                } else {
                    max
                }
            }
            None => {
                let (word, limit) = if rises { ("maximum", max) } else { ("minimum", min) };
                return Err(Error::SequenceLimit(format!(
                    "nextval: reached {word} value of sequence \"{}\" ({limit})",
                    sequence.name
                )));
            }
        },
    };
    // In 128 bits nothing overflows.
    let (first_wide, step) = (i128::from(first), i128::from(increment));
    let end = i128::from(if rises { max } else { min });
    let fit = ((end - first_wide) / step).max(0);
    let more = i128::from(count.max(1) - 1).min(fit);
    let last = i64::try_from(first_wide + more * step).unwrap_or(first);
    Ok(Run { first, last })
}
