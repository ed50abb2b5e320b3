//! SQL's functions with words between their arguments, as plain calls: what is called is found by the types.

use datafusion::sql::sqlparser::ast::{Expr, TrimWhereField, Value};

use super::literals;
use super::syntax::call;

/// `substring(x FROM a FOR b)`, `trim(a FROM x)`, `position(a IN x)` and `overlay(x PLACING y FROM a)` as calls of functions of that name.
pub(super) fn plain(expr: &mut Expr) {
    let own = std::mem::replace(expr, Expr::value(Value::Null));
    *expr = match own {
        // Without either there is nothing to call.
        Expr::Substring { substring_from: None, substring_for: None, .. } => own,
        Expr::Substring { expr, substring_from, substring_for, shorthand, .. } => {
            let mut start = substring_from.map_or_else(first, |from| *from);
            literals::typed(&mut start);
            let length = substring_for.map(|length| *length);
            let name = if shorthand { "substr" } else { "substring" };
            call(name, [*expr, start].into_iter().chain(length).collect())
        }
        Expr::Trim { expr, trim_where, trim_what, trim_characters } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "btrim",
            };
            let what = trim_what.map(|what| *what).into_iter();
            call(
                name,
                std::iter::once(*expr)
                    .chain(what)
                    .chain(trim_characters.into_iter().flatten())
                    .collect(),
            )
        }
        Expr::Position { expr, r#in } => call("position", vec![*r#in, *expr]),
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            let args = [*expr, *overlay_what, *overlay_from].into_iter();
            call("overlay", args.chain(overlay_for.map(|length| *length)).collect())
        }
        other => other,
    };
}

fn first() -> Expr {
    Expr::value(Value::Number("1".to_owned(), false))
}
