//! What EXPLAIN prints: a plan node by node, with what PostgreSQL's tools read behind each (manual, section 14.1).
//!
//! Rows are the engine's own estimates, widths PostgreSQL's for the types of the columns. The engine has no costs of its
//! own; they are counted in PostgreSQL's units from the rows and bytes it expects, so that plans compare with each other.

use std::fmt;

use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan, ExecutionPlanProperties};
use serde_json::{Value, json};

use super::parse::Explain;
use crate::error::{Error, Result};
use crate::pg::catalog::index::type_cell;
use crate::pg::rewrite::MARK;
use crate::pg::types;

/// PostgreSQL's `seq_page_cost`: the unit of all costs.
const PAGE_COST: f64 = 1.0;
/// Bytes of a page, PostgreSQL's `BLCKSZ`.
const PAGE_BYTES: f64 = 8_192.0;
/// PostgreSQL's `cpu_tuple_cost`: a row that a node returns.
const ROW_COST: f64 = 0.01;
/// PostgreSQL's `cpu_operator_cost`: a row that a node looks at.
const OPERATOR_COST: f64 = 0.0025;
/// Rows of what nobody has counted, as of PostgreSQL's functions that return sets.
const ROWS_DEFAULT: usize = 1_000;
/// Bytes of a value of no fixed length (`get_typavgwidth`).
const WIDTH_DEFAULT: usize = 32;

const NANOSECONDS_PER_MS: f64 = 1e6;

/// [`MARK`] in the text of JSON.
const MARK_IN_JSON: &str = "\\u0001";

/// A plan with all that is said of it.
pub(super) struct Explanation<'a> {
    pub(super) plan: &'a dyn ExecutionPlan,
    pub(super) options: &'a Explain,
    /// The optimised logical plan.
    pub(super) logical: Option<String>,
    /// What each node of the plan gives that is not optimised, for JSON.
    pub(super) outputs: Option<Value>,
    /// Milliseconds that the plan took to make.
    pub(super) planned_ms: f64,
    /// Rows and milliseconds, once it ran.
    pub(super) ran: Option<(usize, f64)>,
    /// `database@version` of all it reads.
    pub(super) reads: Vec<String>,
}

impl Explanation<'_> {
    /// The lines of FORMAT TEXT.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.add(&Node::new(self.plan), 0, &mut lines);
        if let Some(logical) = &self.logical {
            lines.extend(logical.lines().map(str::to_owned));
        }
        if let Some((rows, elapsed_ms)) = self.ran {
            lines.push(format!("Rows: {rows}"));
            lines.push(format!("Planning Time: {:.3} ms", self.planned_ms));
            lines.push(format!("Execution Time: {elapsed_ms:.3} ms"));
        }
        lines.extend(self.reads.iter().map(|version| format!("Reads: {version}")));
        lines.into_iter().map(|line| line.replace(MARK, "_")).collect()
    }

    fn add(&self, node: &Node<'_>, depth: usize, lines: &mut Vec<String>) {
        let mut line =
            format!("{}{}", " ".repeat(depth * 2), Shown(node.plan, self.options.verbose));
        if self.options.analyze {
            let metrics = node.plan.metrics().unwrap_or_default();
            let metrics = metrics.aggregate_by_name().sorted_for_display().timestamps_removed();
            line += &format!(", metrics=[{metrics}]");
        }
        // A node is a line, whatever its literals hold.
        line = line.replace('\n', " ");
        if self.options.costs {
            let Node { startup, total, rows, width, .. } = node;
            line += &format!("  (cost={startup:.2}..{total:.2} rows={rows} width={width})");
        }
        lines.push(line);
        node.inputs.iter().for_each(|input| self.add(input, depth + 1, lines));
    }

    /// The document of FORMAT JSON.
    /// Errors: XX000 for a plan that cannot be written, which is a bug.
    pub(super) fn json(&self) -> Result<String> {
        let shown = match self.options.analyze {
            true => DisplayableExecutionPlan::with_metrics(self.plan),
            false => DisplayableExecutionPlan::new(self.plan),
        };
        let internal = |error: serde_json::Error| Error::Internal(error.to_string());
        let text = shown.pgjson(self.options.verbose).to_string();
        let mut document: Value = serde_json::from_str(&text).map_err(internal)?;
        if let Some(root) = document.get_mut(0) {
            let node = Node::new(self.plan);
            if self.options.costs {
                each(&mut root["Plan"], &node, &estimated);
            }
            if self.options.analyze {
                each(&mut root["Plan"], &node, &actual);
            }
            if let Some(outputs) = &self.outputs {
                add_outputs(&mut root["Plan"], outputs);
            }
            if let Some(logical) = &self.logical {
                root["Logical Plan"] = json!(logical.lines().collect::<Vec<_>>());
            }
            if let Some((rows, elapsed_ms)) = self.ran {
                root["Rows"] = json!(rows);
                root["Planning Time"] = json!(self.planned_ms);
                root["Execution Time"] = json!(elapsed_ms);
            }
            if !self.reads.is_empty() {
                root["Reads"] = json!(self.reads);
            }
        }
        let text = serde_json::to_string_pretty(&document).map_err(internal)?;
        Ok(text.replace(MARK_IN_JSON, "_"))
    }
}

/// Lets `add` add to the object of `node`, and to those below it.
fn each(object: &mut Value, node: &Node<'_>, add: &dyn Fn(&mut Value, &Node<'_>)) {
    add(object, node);
    if let Some(plans) = object.get_mut("Plans").and_then(Value::as_array_mut) {
        plans.iter_mut().zip(&node.inputs).for_each(|(plan, input)| each(plan, input, add));
    }
}

fn estimated(object: &mut Value, node: &Node<'_>) {
    object["Startup Cost"] = json!(hundredths(node.startup));
    object["Total Cost"] = json!(hundredths(node.total));
    object["Plan Rows"] = json!(node.rows);
    object["Plan Width"] = json!(node.width);
}

/// What a node did. A node runs once, in all partitions together: its time is that of the processors, which is more than
/// passed where partitions ran side by side.
fn actual(object: &mut Value, node: &Node<'_>) {
    object["Actual Rows"] = json!(node.returned());
    object["Actual Loops"] = json!(1);
    object["Actual Total Time"] = json!(node.worked_ms());
}

/// What the plan gives, and as its last input the same of every node before the optimiser, where sqlx looks for joins.
fn add_outputs(plan: &mut Value, outputs: &Value) {
    plan["Output"] = outputs["Output"].clone();
    match plan.get_mut("Plans").and_then(Value::as_array_mut) {
        Some(plans) => plans.push(outputs.clone()),
        None => plan["Plans"] = json!([outputs]),
    }
}

fn hundredths(cost: f64) -> f64 {
    (cost * 100.0).round() / 100.0
}

/// A node and what is expected of it.
struct Node<'a> {
    plan: &'a dyn ExecutionPlan,
    /// Before its first row.
    startup: f64,
    /// With its last row.
    total: f64,
    rows: usize,
    /// Bytes of a row.
    width: usize,
    inputs: Vec<Node<'a>>,
}

impl<'a> Node<'a> {
    fn new(plan: &'a dyn ExecutionPlan) -> Node<'a> {
        Node::of(plan, &StatisticsContext::new())
    }

    fn of(plan: &'a dyn ExecutionPlan, context: &StatisticsContext) -> Node<'a> {
        let inputs: Vec<Node<'_>> =
            plan.children().into_iter().map(|input| Node::of(input.as_ref(), context)).collect();
        let statistics = context.compute(plan, &StatisticsArgs::new()).ok();
        let counted = statistics.as_ref().and_then(|known| known.num_rows.get_value().copied());
        let most = inputs.iter().map(|input| input.rows).max();
        let rows = counted.or(most).unwrap_or(ROWS_DEFAULT).max(1);
        let width = width(plan);
        let below: f64 = inputs.iter().map(|input| input.total).sum();
        let own = if inputs.is_empty() {
            let bytes = statistics.and_then(|known| known.total_byte_size.get_value().copied());
            let bytes = bytes.unwrap_or_else(|| rows.saturating_mul(width));
            number(bytes) / PAGE_BYTES * PAGE_COST
        } else {
            inputs.iter().map(|input| number(input.rows) * OPERATOR_COST).sum()
        };
        let startup = match plan.pipeline_behavior() {
            EmissionType::Final => below,
            _ => inputs.iter().map(|input| input.startup).fold(0.0, f64::max),
        };
        let total = below + own + number(rows) * ROW_COST;
        Node { plan, startup, total, rows, width, inputs }
    }

    /// Rows it returned; those of its input where nobody counted.
    fn returned(&self) -> usize {
        let counted = self.plan.metrics().and_then(|metrics| metrics.output_rows());
        counted.unwrap_or_else(|| self.inputs.iter().map(Node::returned).max().unwrap_or_default())
    }

    /// Milliseconds of work on its rows and below.
    fn worked_ms(&self) -> f64 {
        let own = self.plan.metrics().and_then(|metrics| metrics.elapsed_compute());
        let below: f64 = self.inputs.iter().map(Node::worked_ms).sum();
        own.map_or(0.0, number) / NANOSECONDS_PER_MS + below
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn number(count: usize) -> f64 {
    count as f64
}

/// Bytes of a row, as PostgreSQL expects them of types without looking at values.
fn width(plan: &dyn ExecutionPlan) -> usize {
    let schema = plan.schema();
    let widths = schema.fields().iter().map(|field| {
        let length = type_cell(types::of_field(field).oid, "typlen").int();
        usize::try_from(length).ok().filter(|length| *length > 0).unwrap_or(WIDTH_DEFAULT)
    });
    widths.sum()
}

/// One node as the engine words it.
struct Shown<'a>(&'a dyn ExecutionPlan, bool);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown(plan, verbose) = self;
        let format = if *verbose { DisplayFormatType::Verbose } else { DisplayFormatType::Default };
        plan.fmt_as(format, formatter)
    }
}
