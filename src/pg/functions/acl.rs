//! `aclexplode` and `acldefault` (PostgreSQL manual, table 9.71).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BooleanBuilder, Int64Builder, ListArray, StringBuilder,
    StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{DataFusionError, Result as DfResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::cells::Call;
use super::names;
use super::record::composite;
use crate::error::{Error, Result};
use crate::pg::catalog::acl::{Item, PRIVILEGES, acl_name};
use crate::pg::catalog::rows::{Cell, field};
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;

/// What `aclexplode` returns as rows, as a list of them.
pub(super) const EXPLODE: &str = "forebay_aclexplode";

/// `acldefault(type, owner)`: what an object of that kind grants while nobody has granted or revoked.
/// Errors: XX000 for a letter of no kind, as in PostgreSQL.
pub(super) fn default(call: &Call<'_>) -> Result<Cell> {
    let (world, owner) = match call.text(0) {
        "c" => ("", ""),
        "r" => ("", "arwdDxt"),
        "s" => ("", "rwU"),
        "d" => ("Tc", "CTc"),
        "f" => ("X", "X"),
        "l" | "T" => ("U", "U"),
        "L" => ("", "rw"),
        "n" => ("", "UC"),
        "p" => ("", "sA"),
        "t" => ("", "C"),
        "F" | "S" => ("", "U"),
        other => {
            return Err(Error::Internal(format!("unrecognized objtype abbreviation: {other}")));
        }
    };
    let role = names::role_name(call.oid(1), call.facts);
    let role = role.map_or_else(|| call.oid(1).to_string(), |name| acl_name(&name));
    let mut items = Vec::new();
    if !world.is_empty() {
        items.push(format!("={world}/{role}"));
    }
    if !owner.is_empty() {
        items.push(format!("{role}={owner}/{role}"));
    }
    Ok(Cell::from(items))
}

/// `makeaclitem(grantee, grantor, privileges, is_grantable)`
/// Errors: 22023 for a word that is no privilege.
pub(super) fn make(call: &Call<'_>) -> Result<Cell> {
    let role = |index: usize| {
        let name = names::role_name(call.oid(index), call.facts);
        name.map_or_else(|| call.oid(index).to_string(), |name| acl_name(&name))
    };
    let mut wanted = Vec::new();
    for word in call.text(2).split(',').map(str::trim) {
        let known = PRIVILEGES.iter().find(|(_, name)| name.eq_ignore_ascii_case(word));
        let (letter, _) = known.ok_or_else(|| {
            let message = format!("unrecognized privilege type: \"{}\"", call.text(2));
            Error::InvalidParameterValue(message)
        })?;
        wanted.push(*letter);
    }
    let star = if call.truth(3) { "*" } else { "" };
    let own = PRIVILEGES.iter().map(|(letter, _)| letter).filter(|letter| wanted.contains(letter));
    let letters: String = own.map(|letter| format!("{letter}{star}")).collect();
    let grantee = if call.oid(0) == 0 { String::new() } else { role(0) };
    Ok(Cell::from(format!("{grantee}={letters}/{}", role(1))))
}

/// [`EXPLODE`] for the statement of `facts`.
pub(super) fn explode(facts: &Arc<Facts>) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Explode { facts: Arc::clone(facts), signature }))
}

struct Explode {
    facts: Arc<Facts>,
    signature: Signature,
}

impl std::fmt::Debug for Explode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(EXPLODE)
    }
}

impl PartialEq for Explode {
    fn eq(&self, other: &Explode) -> bool {
        Arc::ptr_eq(&self.facts, &other.facts)
    }
}

impl Eq for Explode {}

impl std::hash::Hash for Explode {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        EXPLODE.hash(state);
    }
}

fn row() -> Fields {
    let fields = vec![
        field("grantor", "oid"),
        field("grantee", "oid"),
        Field::new("privilege_type", DataType::Utf8, true),
        Field::new("is_grantable", DataType::Boolean, true),
    ];
    composite(fields, 0)
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(row()), true))
}

impl ScalarUDFImpl for Explode {
    fn name(&self) -> &str {
        EXPLODE
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        match arg_types {
            [list] if list.is_list() || list.is_null() => Ok(DataType::List(item())),
            _ => plan_err!("function aclexplode takes an aclitem[]"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(arg) = args.args.first() else {
            return plan_err!("function aclexplode takes an aclitem[]");
        };
        let constant = matches!(arg, ColumnarValue::Scalar(_));
        let lists = arg.to_array(if constant { 1 } else { args.number_rows })?;
        let texts = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
        let exploded: ArrayRef = Arc::new(self.exploded(cast(&lists, &texts)?.as_list())?);
        if constant {
            return of_constants(&exploded);
        }
        Ok(ColumnarValue::Array(exploded))
    }
}

impl Explode {
    fn exploded(&self, lists: &ListArray) -> DfResult<ListArray> {
        let (mut grantors, mut grantees) = (Int64Builder::new(), Int64Builder::new());
        let (mut kinds, mut grantable) = (StringBuilder::new(), BooleanBuilder::new());
        let mut lengths = Vec::with_capacity(lists.len());
        let oid = |name: &str| match name {
            "" => 0,
            name => names::role(name, &self.facts).map_or(0, i64::from),
        };
        for list in lists.iter() {
            let before = kinds.len();
            let list = list.map(|list| list.as_string::<i32>().clone());
            for text in list.iter().flatten().flatten() {
                let item = Item::parse(text).ok_or_else(|| {
                    let message = format!("invalid aclitem: \"{text}\"");
                    DataFusionError::External(Box::new(Error::MalformedText(message)))
                })?;
                for (kind, may_grant) in item.privileges {
                    grantors.append_value(oid(&item.grantor));
                    grantees.append_value(oid(&item.grantee));
                    kinds.append_value(kind);
                    grantable.append_value(may_grant);
                }
            }
            lengths.push(kinds.len() - before);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(grantors.finish()),
            Arc::new(grantees.finish()),
            Arc::new(kinds.finish()),
            Arc::new(grantable.finish()),
        ];
        let rows = StructArray::try_new(row(), columns, None)?;
        let nulls = NullBuffer::from_iter((0..lists.len()).map(|index| lists.is_valid(index)));
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(ListArray::try_new(item(), offsets, Arc::new(rows), Some(nulls))?)
    }
}
