//! EXPLAIN.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::logical_expr::LogicalPlan;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::Query;
use futures::StreamExt;

use super::SqlSession;
use crate::error::{Error, Result};
use crate::query::door::{Outcome, RowsTag};
use crate::query::explain::Explanation;
use crate::query::parse::{Explain, ExplainFormat};
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
        let physical = self.physical(&planned, parameters.to_vec()).await?;
        let mut explanation = Explanation {
            plan: physical.as_ref(),
            options,
            logical: None,
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
            let logical: LogicalPlan = self.engine.plan(move || verbose.optimized(&engine)).await?;
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
        let line = serde_json::Value::from(line.as_str());
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
