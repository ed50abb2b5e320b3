//! Temporary tables and the server's memory.

use super::support::Site;

#[test]
fn tables_past_the_limit_are_refused_and_leave_the_session_as_it_was() {
    let site = Site::alone();
    let mut server = site.serve(&["--query-memory-per-statement", "16MiB"]);
    let mut client = server.connect();
    let small = "CREATE TEMP TABLE small AS SELECT generate_series(1, 1000) AS a";
    assert_eq!(client.state(small), "00000");
    let large = "CREATE TEMP TABLE large AS SELECT a.a FROM small a, small b, small c";
    assert_eq!(client.state(large), "53400");
    assert_eq!(client.state("SELECT * FROM large"), "42P01");
    let more = "INSERT INTO small SELECT a FROM small, generate_series(1, 300)";
    assert_eq!(client.state(more), "00000");
    let twenty = vec!["SELECT a FROM small"; 20].join(" UNION ALL ");
    assert_eq!(client.state(&format!("INSERT INTO small {twenty}")), "53400");
    assert_eq!(client.one("SELECT count(*) FROM small"), "301000");
    assert_eq!(client.state("TRUNCATE small"), "00000");
    assert_eq!(client.one("SELECT count(*) FROM small"), "0");
    assert!(server.alive());
}
