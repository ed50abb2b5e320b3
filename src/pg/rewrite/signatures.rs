//! Which functions and operators PostgreSQL has for values of given types (manual, 10.2 and 10.3): the planner would turn
//! the values into others that it has one for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::common;
use super::operators::is_untyped;
use crate::error::Error;
use crate::pg::catalog::data;
use crate::pg::catalog::rows::{Cell, Row};
use crate::pg::{functions, types};

/// What one function takes.
pub(super) struct Signature {
    arguments: Vec<u32>,
    /// How many of the last ones may be left out.
    defaults: usize,
    /// What any number of arguments at the end are, for which the last one stands; 0 where there are none.
    variadic: u32,
}

/// PostgreSQL's functions by their names.
static FUNCTIONS: LazyLock<HashMap<Cow<'static, str>, Vec<Signature>>> = LazyLock::new(|| {
    let table = data::table("pg_proc");
    let [name, arguments, defaults, variadic] =
        ["proname", "proargtypes", "pronargdefaults", "provariadic"]
            .map(|column| table.index(column));
    let mut functions: HashMap<Cow<'static, str>, Vec<Signature>> = HashMap::new();
    for row in table.rows() {
        let (Cell::Text(name), Cell::List(arguments)) = (&row[name], &row[arguments]) else {
            continue;
        };
        // No statement calls those; ours may have their names.
        if arguments.iter().any(|argument| argument.oid() == polymorphic::INTERNAL) {
            continue;
        }
        let defaults = match &row[defaults] {
            Cell::Int(number) => usize::try_from(*number).unwrap_or(0),
            _ => 0,
        };
        functions.entry(name.clone()).or_default().push(Signature {
            arguments: arguments.iter().map(Cell::oid).collect(),
            defaults,
            variadic: row[variadic].oid(),
        });
    }
    functions
});

/// PostgreSQL's functions of that name.
pub(super) fn named(name: &str) -> &'static [Signature] {
    FUNCTIONS.get(name).map_or(&[], Vec::as_slice)
}

/// The types on both sides of operators, by their symbols.
type Operands = HashMap<Cow<'static, str>, Vec<(u32, u32)>>;

/// The operands of PostgreSQL's operators between two values.
static OPERATORS: LazyLock<Operands> = LazyLock::new(|| {
    let table = data::table("pg_operator");
    let [name, left, right] = ["oprname", "oprleft", "oprright"].map(|column| table.index(column));
    let mut operators = Operands::new();
    for row in table.rows() {
        if let Cell::Text(name) = &row[name]
            && row[left].oid() != 0
        {
            operators.entry(name.clone()).or_default().push((row[left].oid(), row[right].oid()));
        }
    }
    operators
});

/// The operands of PostgreSQL's operators of that symbol, those before one operand left out.
pub(super) fn operands(symbol: &str) -> &'static [(u32, u32)] {
    OPERATORS.get(symbol).map_or(&[], Vec::as_slice)
}

/// The contexts that casts are made in, as `pg_cast` has them, by source and target.
static CASTS: LazyLock<HashMap<(u32, u32), char>> = LazyLock::new(|| {
    let table = data::table("pg_cast");
    let [source, target, context] =
        ["castsource", "casttarget", "castcontext"].map(|column| table.index(column));
    let cast = |row: &Row| match &row[context] {
        Cell::Text(context) => {
            Some(((row[source].oid(), row[target].oid()), context.chars().next()?))
        }
        _ => None,
    };
    table.rows().iter().filter_map(cast).collect()
});

/// Whether there is a cast that nobody has to write.
pub(super) fn implicit(source: u32, target: u32) -> bool {
    CASTS.get(&(source, target)) == Some(&'i')
}

/// Whether a value may be given to what is of the type `target` (PostgreSQL manual, 10.4).
pub(super) fn assignable(source: u32, target: u32) -> bool {
    if source == target {
        return true;
    }
    if let Some(context) = CASTS.get(&(source, target)) {
        return matches!(context, 'i' | 'a');
    }
    match (types::element_of(source), types::element_of(target)) {
        (Some(source), Some(target)) => assignable(source, target),
        _ => kind(target) == Some('S'),
    }
}

/// Parameters that take values of several types.
mod polymorphic {
    pub(super) const ANY: u32 = 2276;
    pub(super) const INTERNAL: u32 = 2281;
    pub(super) const RECORD: u32 = 2249;
    pub(super) const ELEMENTS: &[u32] = &[ANY, 2283, 5077];
    pub(super) const NO_ARRAYS: &[u32] = &[2776, 5079];
    pub(super) const ARRAYS: &[u32] = &[2277, 5078];
    pub(super) const RANGES: &[u32] = &[3831, 5080];
    pub(super) const MULTIRANGES: &[u32] = &[4537, 4538];
}

/// Whether a value of the type `own` may stand where one of `wanted` must.
fn fits(own: u32, wanted: u32) -> bool {
    if own == wanted || own == types::UNKNOWN || polymorphic::ELEMENTS.contains(&wanted) {
        return true;
    }
    let element = types::element_of(own).filter(|_| !is_vector(own));
    if polymorphic::NO_ARRAYS.contains(&wanted) {
        return element.is_none();
    }
    if polymorphic::ARRAYS.contains(&wanted) {
        return element.is_some() || is_vector(own);
    }
    if polymorphic::RANGES.contains(&wanted) {
        return kind(own) == Some('R');
    }
    if polymorphic::MULTIRANGES.contains(&wanted) {
        return kind(own) == Some('R');
    }
    match (element, types::element_of(wanted)) {
        (Some(own), Some(wanted)) => fits(own, wanted),
        _ => implicit(own, wanted),
    }
}

fn is_vector(oid: u32) -> bool {
    matches!(oid, types::INT2VECTOR | types::OIDVECTOR)
}

/// The category of a type (`typcategory`).
fn kind(oid: u32) -> Option<char> {
    let column = data::table("pg_type").index("typcategory");
    match &data::by_oid("pg_type").get(&oid)?[column] {
        Cell::Text(kind) => kind.chars().next(),
        _ => None,
    }
}

impl Signature {
    /// What it takes in a call with `count` arguments; `None` where it cannot be called so.
    pub(super) fn of_count(&self, count: usize) -> Option<Vec<u32>> {
        let mut takes = self.arguments.clone();
        if self.variadic == 0 {
            let fits = takes.len().saturating_sub(self.defaults) <= count && count <= takes.len();
            takes.truncate(count);
            return fits.then_some(takes);
        }
        takes.pop();
        let rest = count.checked_sub(takes.len()).filter(|rest| 0 < *rest)?;
        takes.extend(std::iter::repeat_n(self.variadic, rest));
        Some(takes)
    }

    fn takes(&self, arguments: &[u32]) -> bool {
        let most = self.arguments.len();
        if self.variadic != 0 {
            return most <= arguments.len() + 1;
        }
        (most.saturating_sub(self.defaults)..=most).contains(&arguments.len())
            && arguments.iter().zip(&self.arguments).all(|(own, wanted)| fits(*own, *wanted))
    }
}

/// Functions that are called with other arguments than PostgreSQL's of the same name.
const OWN: &[&str] = &["array_agg", "mode", "percentile_cont", "percentile_disc"];

/// Errors: 42883 for a call of `name` with arguments that no function of that name takes.
pub(super) fn function(name: &str, args: &[Expr], schema: &DFSchema) -> Result<()> {
    let Some(signatures) = FUNCTIONS.get(name).filter(|_| !OWN.contains(&name)) else {
        return Ok(());
    };
    let arguments: Vec<u32> = args.iter().map(|arg| type_of(arg, schema)).collect();
    if signatures.iter().any(|signature| signature.takes(&arguments)) {
        return Ok(());
    }
    let names: Vec<String> = arguments.into_iter().map(types::sql_name).collect();
    Err(DataFusionError::External(Box::new(Error::no_function(functions::called(name), &names))))
}

/// Errors: 42883 for an operator that no two such values have, 42725 for one between two constants without a type that
/// several may be meant by.
pub(super) fn operator(symbol: &str, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<()> {
    let Some(operators) = OPERATORS.get(symbol) else { return Ok(()) };
    let (own_left, own_right) = (type_of(left, schema), type_of(right, schema));
    if own_left == types::UNKNOWN && own_right == types::UNKNOWN {
        let constants = [left, right].into_iter().all(is_untyped);
        return match constants && !is_clear(operators) {
            true => {
                let error = Error::ambiguous_operator("unknown", symbol, "unknown");
                Err(DataFusionError::External(Box::new(error)))
            }
            false => Ok(()),
        };
    }
    let found =
        operators.iter().any(|(left, right)| fits(own_left, *left) && fits(own_right, *right));
    if found {
        return Ok(());
    }
    let names = (types::sql_name(own_left), types::sql_name(own_right));
    let error = Error::no_operator(&names.0, symbol, &names.1);
    Err(DataFusionError::External(Box::new(error)))
}

/// Whether one operator is meant by operands that are both constants without a type: one of texts, or of the preferred
/// type of the only category there is (`func_select_candidate` of PostgreSQL's parse_func.c).
fn is_clear(operators: &[(u32, u32)]) -> bool {
    let text = |oid: u32| kind(oid) == Some('S');
    let element = |oid: u32| polymorphic::ELEMENTS.contains(&oid);
    if operators.len() < 2
        || operators.iter().any(|(left, right)| text(*left) && text(*right))
        || operators.iter().any(|(left, right)| element(*left) && element(*right))
    {
        return true;
    }
    let first = operators.first().and_then(|(left, _)| kind(*left));
    let alike = operators.iter().all(|(left, right)| kind(*left) == first && kind(*right) == first);
    let preferred =
        operators.iter().filter(|(left, right)| is_preferred(*left) && is_preferred(*right));
    alike && preferred.count() == 1
}

fn is_preferred(oid: u32) -> bool {
    let column = data::table("pg_type").index("typispreferred");
    data::by_oid("pg_type").get(&oid).is_some_and(|row| row[column] == Cell::Bool(true))
}

/// Whether the type of a side is not known before the plan is rewritten: a column may be the text of a value that was
/// cast to one below, of which the planner still says what it was.
pub(super) fn is_open(expr: &Expr, schema: &DFSchema) -> bool {
    let Expr::Column(_) = expr else { return false };
    let text = [types::TEXT, types::VARCHAR, types::BPCHAR, types::NAME];
    expr.to_field(schema).is_ok_and(|(_, field)| {
        field.data_type().is_string() && !text.contains(&types::of_field(&field).oid)
    })
}

/// The type of an expression, `unknown` for one that may still become any.
fn type_of(expr: &Expr, schema: &DFSchema) -> u32 {
    if common::is_unknown(expr) || matches!(expr, Expr::Placeholder(_)) {
        return types::UNKNOWN;
    }
    if let Expr::Cast(cast) = expr
        && cast.field.data_type().is_string()
    {
        // What says nothing of itself takes what its source says.
        return types::of_field(&cast.field).oid;
    }
    match expr.to_field(schema) {
        Ok((_, field)) if matches!(field.data_type(), DataType::Struct(_)) => polymorphic::RECORD,
        Ok((_, field)) if !field.data_type().is_null() => types::of_field(&field).oid,
        _ => types::UNKNOWN,
    }
}
