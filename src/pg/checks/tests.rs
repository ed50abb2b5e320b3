use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::statement;
use crate::error::Place;

fn check(sql: &str, want: &str, column: u64) {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("a statement");
    let parsed = statements.pop().expect("one");
    let error = statement(&parsed).expect_err(sql);
    assert_eq!(format!("{} {error}", error.state()), want, "{sql}");
    assert_eq!(error.notes().place, Some(Place::At(1, column)), "{sql}");
}

fn check_passes(sql: &str) {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("statements");
    for parsed in &statements {
        statement(parsed).expect(sql);
    }
}

#[test]
fn calls_stand_where_their_kind_may() {
    let aggregate = "42803 aggregate functions are not allowed in";
    check("SELECT 1 FROM t WHERE 1 < sum(x)", &format!("{aggregate} WHERE"), 27);
    check("SELECT 1 FROM t GROUP BY sum(x)", &format!("{aggregate} GROUP BY"), 26);
    check("SELECT sum(x) FROM t GROUP BY 1", &format!("{aggregate} GROUP BY"), 8);
    check("SELECT 1 FROM t JOIN u ON sum(x) = 1", &format!("{aggregate} JOIN conditions"), 27);
    check("SELECT sum(avg(x))", "42803 aggregate function calls cannot be nested", 12);
    check(
        "SELECT upper(x) OVER ()",
        "42809 OVER specified, but upper is not a window function nor an aggregate function",
        8,
    );
    check("SELECT rank()", "42809 window function rank requires an OVER clause", 8);
    check("SELECT count(*) OVER w", "42704 window \"w\" does not exist", 22);
    check_passes(
        "SELECT rank(1) WITHIN GROUP (ORDER BY x), sum(sum(x)) OVER (), nope(sum(x)) FROM t",
    );
    check_passes("SELECT 1 FROM t WHERE x = (SELECT max(x) FROM u) GROUP BY generate_series(1, 2)");
}

#[test]
fn lists_go_together() {
    check(
        "SELECT 1 UNION SELECT 1, 2",
        "42601 each UNION query must have the same number of columns",
        23,
    );
    check("VALUES (1, 2), (3)", "42601 VALUES lists must all be the same length", 17);
    check("SELECT a FROM t ORDER BY 2", "42P10 ORDER BY position 2 is not in select list", 26);
    check("SELECT a FROM t GROUP BY 'x'", "42601 non-integer constant in GROUP BY", 26);
    check(
        "SELECT DISTINCT a FROM t ORDER BY b",
        "42P10 for SELECT DISTINCT, ORDER BY expressions must appear in select list",
        35,
    );
    check(
        "SELECT DISTINCT ON (a) b FROM t ORDER BY b",
        "42P10 SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
        21,
    );
    check("SELECT a FROM t LIMIT a", "42P10 argument of LIMIT must not contain variables", 23);
    check_passes("SELECT DISTINCT t.a AS b FROM t ORDER BY a, b, 1; SELECT *, 1 FROM t ORDER BY 5");
    check_passes(
        "SELECT DISTINCT ON (a, t.b) c FROM t ORDER BY b, a, c; SELECT (1, 2) = (SELECT 1, 2)",
    );
}

#[test]
fn tables_have_names_of_their_own() {
    check(
        "WITH a AS (SELECT 1), A AS (SELECT 2) SELECT 1",
        "42712 WITH query name \"a\" specified more than once",
        23,
    );
    check(
        "WITH RECURSIVE t(n) AS (SELECT n FROM t) SELECT 1",
        "42P19 recursive query \"t\" does not have the form non-recursive-term UNION [ALL] recursive-term",
        16,
    );
    check_passes("SELECT 1 FROM a.t, b.t; SELECT 1 FROM t a, (SELECT 1 FROM t a) b");
    let sql = "SELECT 1 FROM t a JOIN u a ON true";
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("a statement");
    assert!(statement(&statements[0]).is_err());
}
