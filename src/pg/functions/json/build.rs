//! Values of any type as JSON: `to_json`, `json_build_object` and their kin, in both types.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result as DfResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::error::{Error, Result};
use crate::pg::catalog::rows::{element, field};
use crate::pg::decode::json;
use crate::pg::encode::{self, OutputSettings};
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;

/// The function `name` in the session of `facts`, whose zone moments are written in; `None` when it is none of these.
pub(in crate::pg::functions) fn function(name: &str, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    let (name, kind, binary) = *NAMES.iter().find(|(known, ..)| *known == name)?;
    let signature = Signature::user_defined(Volatility::Stable);
    let settings = super::super::text::settings(facts);
    Some(Arc::new(ScalarUDF::new_from_impl(Build { name, kind, binary, settings, signature })))
}

/// Whether the function `name` is one of these.
pub(in crate::pg::functions) fn is_building(name: &str) -> bool {
    NAMES.iter().any(|(known, ..)| *known == name)
}

/// Names, what they make, and whether that is `jsonb`.
const NAMES: &[(&str, Kind, bool)] = &[
    ("to_json", Kind::Value, false),
    ("to_jsonb", Kind::Value, true),
    ("array_to_json", Kind::Value, false),
    ("row_to_json", Kind::Value, false),
    ("json_build_array", Kind::Array, false),
    ("jsonb_build_array", Kind::Array, true),
    ("json_build_object", Kind::Object, false),
    ("jsonb_build_object", Kind::Object, true),
    ("forebay_json_item_of", Kind::Item, false),
    ("forebay_json_items_of", Kind::Items, false),
    ("forebay_json_member_of", Kind::Member, false),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    Array,
    Object,
    /// An item that an aggregate gathers: the text of a value, of NULL too; arrays and rows begin a line.
    Item,
    /// The same of each element of a list.
    Items,
    /// A member that an aggregate gathers.
    Member,
}

#[derive(Debug, PartialEq, Eq)]
struct Build {
    name: &'static str,
    kind: Kind,
    binary: bool,
    settings: OutputSettings,
    signature: Signature,
}

impl Hash for Build {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Build {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let fits = match self.kind {
            Kind::Value if self.name == "array_to_json" => {
                matches!(arg_types, [list] | [list, DataType::Boolean] if list.is_list())
            }
            Kind::Value if self.name == "row_to_json" => {
                matches!(
                    arg_types,
                    [DataType::Struct(_)] | [DataType::Struct(_), DataType::Boolean]
                )
            }
            Kind::Value | Kind::Item => arg_types.len() == 1,
            Kind::Items => matches!(arg_types, [DataType::List(_)]),
            Kind::Member => arg_types.len() == 2,
            Kind::Array | Kind::Object => true,
        };
        if !fits {
            return plan_err!("function {} does not take these arguments", self.name);
        }
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(field(self.name, self.returns()).data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        Ok(Arc::new(field(self.name, self.returns())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        if let (Kind::Items, [lists], [field]) =
            (self.kind, args.args.as_slice(), args.arg_fields.as_slice())
        {
            let lists = lists.to_array(length)?;
            return Ok(ColumnarValue::Array(self.items(lists.as_list(), field)?));
        }
        let mut columns = Vec::with_capacity(args.args.len());
        for (arg, field) in args.args.iter().zip(&args.arg_fields) {
            let array = arg.to_array(length)?;
            let texts = encode::json_texts(&array, field, &self.settings).map_err(external)?;
            columns.push(Column { texts, array });
        }
        let values = (0..length).map(|row| self.value(&columns, row).map_err(external));
        let values: ArrayRef = Arc::new(
            values.collect::<DfResult<Vec<Option<String>>>>()?.into_iter().collect::<StringArray>(),
        );
        if constant {
            return of_constants(&values);
        }
        Ok(ColumnarValue::Array(values))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// One argument, and its values as JSON.
struct Column {
    array: ArrayRef,
    texts: StringArray,
}

impl Column {
    fn is_null(&self, row: usize) -> bool {
        self.array.data_type().is_null() || self.array.is_null(row)
    }

    fn text(&self, row: usize) -> &str {
        self.texts.value(row)
    }

    /// The value as the name of a member: what is no string is quoted.
    fn name(&self, row: usize) -> String {
        let text = self.text(row);
        if text.starts_with('"') { text.to_owned() } else { json::quoted(text) }
    }
}

impl Build {
    /// The internal name of the type it returns.
    fn returns(&self) -> &'static str {
        match self.kind {
            Kind::Item | Kind::Member => "text",
            Kind::Items => "_text",
            _ if self.binary => "jsonb",
            _ => "json",
        }
    }

    fn items(&self, lists: &ListArray, field: &Field) -> DfResult<ArrayRef> {
        let Some(element) = element(field) else {
            return plan_err!("{} takes a list", self.name);
        };
        let array = Arc::clone(lists.values());
        let texts = encode::json_texts(&array, &element, &self.settings).map_err(external)?;
        let column = Column { texts, array };
        let items = (0..column.array.len()).map(|row| Some(item_of(&column, row)));
        let items: StringArray = items.collect();
        let DataType::List(text) = self.return_type(&[])? else {
            return plan_err!("{} returns a list", self.name);
        };
        let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
        Ok(Arc::new(ListArray::try_new(text, offsets, Arc::new(items), nulls)?))
    }

    fn value(&self, columns: &[Column], row: usize) -> Result<Option<String>> {
        let text = match (self.kind, columns) {
            (Kind::Value, [value]) if value.is_null(row) => return Ok(None),
            // The second argument asks for a line each.
            (Kind::Value, [value, pretty]) => {
                if value.is_null(row) || pretty.is_null(row) {
                    return Ok(None);
                }
                match pretty.text(row) {
                    "true" => json::separated(value.text(row), ",\n "),
                    _ => value.text(row).to_owned(),
                }
            }
            (Kind::Item, [value]) => item_of(value, row),
            (Kind::Value, [value]) => value.text(row).to_owned(),
            (Kind::Member, [name, value]) => {
                if name.is_null(row) {
                    let message = "field name must not be null".to_owned();
                    return Err(Error::InvalidParameterValue(message));
                }
                format!("{} : {}", name.name(row), value.text(row))
            }
            (Kind::Array, items) => {
                let items: Vec<&str> = items.iter().map(|item| item.text(row)).collect();
                format!("[{}]", items.join(", "))
            }
            (_, columns) => members(columns, row)?,
        };
        Ok(Some(if self.binary { json::canonical(&text)? } else { text }))
    }
}

/// One item among those that an aggregate gathers.
fn item_of(value: &Column, row: usize) -> String {
    match value.array.data_type().is_nested() && !value.is_null(row) {
        true => format!("\n {}", value.text(row)),
        false => value.text(row).to_owned(),
    }
}

/// An object of the values by the names before them, spaced as PostgreSQL does.
fn members(columns: &[Column], row: usize) -> Result<String> {
    let refused =
        |message: String, hint: &str| Err(Error::InvalidParameterValue(message).hint(hint));
    if columns.len() % 2 == 1 {
        return refused(
            "argument list must have even number of elements".to_owned(),
            "The arguments of json_build_object() must consist of alternating keys and values.",
        );
    }
    let mut members = Vec::with_capacity(columns.len() / 2);
    for (index, pair) in columns.chunks(2).enumerate() {
        let [name, value] = pair else { continue };
        if name.is_null(row) {
            return refused(
                format!("argument {} cannot be null", 2 * index + 1),
                "Object keys should be text.",
            );
        }
        members.push(format!("{} : {}", name.name(row), value.text(row)));
    }
    Ok(format!("{{{}}}", members.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int32Array, StringArray};
    use arrow::datatypes::Field;
    use datafusion::logical_expr::{Signature, Volatility};

    use super::{Build, Column, Kind};
    use crate::pg::encode::json_texts;
    use crate::pg::facts::Facts;

    fn check(kind: Kind, arrays: &[ArrayRef], want: Option<&str>) {
        let settings = super::super::super::text::settings(&Facts::default());
        let columns: Vec<Column> = arrays
            .iter()
            .map(|array| {
                let field = Arc::new(Field::new("x", array.data_type().clone(), true));
                let texts = json_texts(array, &field, &settings).expect("texts");
                Column { array: Arc::clone(array), texts }
            })
            .collect();
        let signature = Signature::user_defined(Volatility::Stable);
        let build = Build { name: "test", kind, binary: false, settings, signature };
        assert_eq!(build.value(&columns, 0).expect("json").as_deref(), want);
    }

    #[test]
    fn values_become_json() {
        let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let number: ArrayRef = Arc::new(Int32Array::from(vec![7]));
        let missing: ArrayRef = Arc::new(Int32Array::from(vec![None]));
        let strange: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN]));
        check(Kind::Value, &[text("a\"b")], Some(r#""a\"b""#));
        check(Kind::Value, &[Arc::clone(&missing)], None);
        check(Kind::Item, &[Arc::clone(&missing)], Some("null"));
        check(Kind::Value, &[strange], Some("\"NaN\""));
        check(Kind::Array, &[Arc::clone(&number), missing], Some("[7, null]"));
        check(Kind::Object, &[text("a"), Arc::clone(&number)], Some(r#"{"a" : 7}"#));
        check(Kind::Object, &[Arc::clone(&number), text("x")], Some(r#"{"7" : "x"}"#));
        check(Kind::Object, &[], Some("{}"));
    }
}
