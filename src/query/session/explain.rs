//! EXPLAIN of a query and of a prepared statement.

use std::fmt::Write;
use std::iter::repeat;
use std::sync::Arc;
use std::time::Instant;

use datafusion::logical_expr::{JoinType, LogicalPlan};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Query};
use futures::StreamExt;
use serde_json::{Map, Value};

use super::SqlSession;
use crate::error::{Error, Result};
use crate::query::door::{Outcome, RowsTag};
use crate::query::explain::Explanation;
use crate::query::parse::{self, Explain, ExplainFormat};
use crate::query::plan::Planned;
use crate::query::run::{self, Running, text_rows};

impl SqlSession {
    /// The plan of a statement, which is DataFusion's and has its words; with ANALYZE after running it.
    pub(super) async fn explain(
        &mut self,
        options: &Explain,
        query: &Query,
        text: &Arc<str>,
        parameters: &[ScalarValue],
    ) -> Result<Outcome> {
        let planning = crate::task::Clock::instant();
        let planned = self.plan(query, text, &[]).await?;
        self.explained(options, planned, parameters.to_vec(), planning).await
    }

    /// EXPLAIN EXECUTE, which sqlx asks when a program is compiled.
    /// Errors: 26000 for no prepared statement of that name; 0A000 for one that is no query.
    pub(super) async fn explain_execute(
        &mut self,
        options: &Explain,
        name: &str,
        arguments: &[Expr],
        text: &Arc<str>,
    ) -> Result<Outcome> {
        let planning = crate::task::Clock::instant();
        let (statement, parameters) = self.bind_sql(name, arguments, text).await?;
        if !matches!(statement.parsed, parse::Statement::Query(_)) {
            let message = format!("EXPLAIN of {} is not supported", statement.parsed.word());
            return Err(Error::FeatureNotSupported(message));
        }
        let planned = self.current_plan(&statement).await?;
        self.explained(options, planned, parameters, planning).await
    }

    async fn explained(
        &mut self,
        options: &Explain,
        planned: Arc<Planned>,
        parameters: Vec<ScalarValue>,
        planning: Instant,
    ) -> Result<Outcome> {
        let physical = self.physical(&planned, parameters.clone()).await?;
        // Nodes that do not run say no times, which tools expect of ANALYZE.
        let planning_only = options.verbose && !options.analyze;
        let mut explanation = Explanation {
            plan: physical.as_ref(),
            options,
            logical: None,
            outputs: planning_only.then(|| outputs(planned.logical(), None)),
            planned_ms: planning.elapsed().as_secs_f64() * 1e3,
            ran: None,
            reads: Vec::new(),
        };
        if options.analyze {
            let state = self.engine.state(&planned.basis.time_zone);
            let running = Running {
                reads: planned.reads.clone(),
                sql: Arc::clone(&planned.sql),
                cancel: self.token.clone(),
            };
            let started = crate::task::Clock::instant();
            let context = self.engine.context(&state, &self.token);
            let rows = run::rows(&self.engine, Arc::clone(&physical), context, running)?;
            let mut rows = self.stoppable(rows);
            let mut count = 0_usize;
            while let Some(batch) = rows.next().await {
                count += batch?.num_rows();
            }
            explanation.ran = Some((count, started.elapsed().as_secs_f64() * 1e3));
        } else if options.verbose {
            let (engine, verbose) = (Arc::clone(&self.engine), Arc::clone(&planned));
            let logical: LogicalPlan =
                self.engine.plan(move || verbose.optimized(&engine, parameters)).await?;
            explanation.logical = Some(logical.display_indent().to_string());
        }
        let versions = planned.versions();
        let reads = versions.iter().map(|(database, version)| format!("{database}@{version}"));
        explanation.reads = reads.collect();
        self.note_versions(versions);
        let rows = match options.format {
            ExplainFormat::Json => vec![vec![explanation.json()?]],
            ExplainFormat::Text => explanation.lines().into_iter().map(|line| vec![line]).collect(),
            ExplainFormat::Xml => vec![vec![xml(&explanation.lines())?]],
            ExplainFormat::Yaml => vec![vec![yaml(&explanation.lines())?]],
        };
        let mut outcome = text_rows(&["QUERY PLAN"], &rows, RowsTag::Plain("EXPLAIN"))?;
        if let Outcome::Rows { columns, .. } = &mut outcome {
            *columns = Arc::new([run::explained_column(options)]);
        }
        Ok(outcome)
    }
}

/// A plan that is not optimised yet, in PostgreSQL's words as far as programs look into them: what each node gives and how
/// joins are made, by which they tell what may be NULL. `relation` is that of the node to its parent.
fn outputs(plan: &LogicalPlan, relation: Option<&str>) -> Value {
    let mut node = Map::new();
    let shown = plan.display().to_string();
    let kind = shown.split(':').next().unwrap_or_default().trim();
    node.insert("Node Type".to_owned(), kind.into());
    if let Some(relation) = relation {
        node.insert("Parent Relationship".to_owned(), relation.into());
    }
    let output: Vec<String> = match plan {
        LogicalPlan::Projection(projection) => {
            projection.expr.iter().map(|expr| expr.clone().unalias().to_string()).collect()
        }
        other => other.schema().columns().iter().map(|column| column.flat_name()).collect(),
    };
    node.insert("Output".to_owned(), output.into());
    // The side that an outer join fills with NULL is PostgreSQL's inner one.
    let relations = match plan {
        LogicalPlan::Join(join) => {
            node.insert("Join Type".to_owned(), join.join_type.to_string().into());
            match join.join_type {
                JoinType::Right => ["Inner", "Outer"],
                _ => ["Outer", "Inner"],
            }
        }
        _ => ["Outer", "Outer"],
    };
    let inputs = plan.inputs().into_iter().zip(relations.into_iter().chain(repeat("Outer")));
    let plans: Vec<Value> =
        inputs.map(|(input, relation)| outputs(input, Some(relation))).collect();
    if !plans.is_empty() {
        node.insert("Plans".to_owned(), plans.into());
    }
    node.into()
}

fn failed(error: std::fmt::Error) -> Error {
    Error::Internal(error.to_string())
}

fn xml(lines: &[String]) -> Result<String> {
    let mut text =
        "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n    <Plan>\n      \
                    <Node-Type>DataFusion</Node-Type>\n      <Lines>\n"
            .to_owned();
    for line in lines {
        let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        writeln!(text, "        <Item>{line}</Item>").map_err(failed)?;
    }
    text.push_str("      </Lines>\n    </Plan>\n  </Query>\n</explain>");
    Ok(text)
}

fn yaml(lines: &[String]) -> Result<String> {
    let mut text = "- Plan: \n    Node Type: \"DataFusion\"\n    Lines: ".to_owned();
    for line in lines {
        // A YAML string in double quotes is one of JSON.
        let line = Value::from(line.as_str());
        write!(text, "\n      - {line}").map_err(failed)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{xml, yaml};

    #[test]
    fn plans_are_written_in_every_format() {
        let lines = ["Filter: a < \"b\"".to_owned()];
        assert!(xml(&lines).unwrap().contains("<Item>Filter: a &lt; \"b\"</Item>"));
        assert!(yaml(&lines).unwrap().contains("      - \"Filter: a < \\\"b\\\"\""));
    }
}
