//! Both query protocols, as PostgreSQL has them.

use std::sync::atomic::Ordering;

use super::client::{
    V3_0, bind, bind_as, close, describe, execute, flush, frame, parse, query, startup, sync,
};
use super::{eventually, trusting};

/// One simple query and everything it answers.
async fn check(sql: &str, answer: &[&str]) {
    let server = trusting().await;
    let heard = server.session().await.ask(sql).await;
    assert_eq!(heard, answer, "{sql}");
}

/// Messages sent at once and everything they answer.
async fn pipeline(messages: &[Vec<u8>], answer: &[&str]) {
    let server = trusting().await;
    let heard = server.session().await.say(messages).await;
    assert_eq!(heard, answer);
}

#[tokio::test]
async fn simple_queries() {
    check("select 7", &["T c:20", "D 7", "C SELECT 1", "Z I"]).await;
    check("", &["I", "Z I"]).await;
    check("rows 3 2", &["T c:20", "D 0", "D 1", "D 2", "C SELECT 3", "Z I"]).await;
    check("rows 0", &["T c:20", "C SELECT 0", "Z I"]).await;
    check("begin", &["C BEGIN", "Z T"]).await;
    check("begin; fail", &["C BEGIN", "E ERROR 42P01 8", "Z E"]).await;
    check("syntax", &["E ERROR 42601 1", "Z I"]).await;
    check("set", &["C SET", "S TimeZone=UTC", "Z I"]).await;
    check("notice", &["N NOTICE 00000", "C NOTICE", "Z I"]).await;
}

#[tokio::test]
async fn several_statements_end_at_the_first_error() {
    let answer = ["T c:20", "D 1", "C SELECT 1", "E ERROR 42P01 8", "Z I"];
    check("select 1; fail; select 2", &answer).await;
}

#[tokio::test]
async fn each_result_leaves_before_the_next_statement_ends() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&query("select 1; sleep")).await;
    assert_eq!(client.until(b'C').await, ["T c:20", "D 1", "C SELECT 1"]);
}

#[tokio::test]
async fn an_error_among_rows_follows_the_rows_before_it() {
    check("late", &["T c:20", "D 0", "D 1", "D 2", "E ERROR 22012", "Z I"]).await;
}

#[tokio::test]
async fn a_row_that_does_not_encode_leaves_no_half_frame() {
    check("badcell", &["T c:25", "D a", "E ERROR 22021", "Z I"]).await;
}

#[tokio::test]
async fn many_rows_stream_whole() {
    let server = trusting().await;
    let heard = server.session().await.ask("rows 100000 8192").await;
    assert_eq!(heard.len(), 100_003);
    assert_eq!(heard.get(100_000).map(String::as_str), Some("D 99999"));
    assert_eq!(heard.get(100_001).map(String::as_str), Some("C SELECT 100000"));
}

#[tokio::test]
async fn copy_to_stdout() {
    let answer = ["H 0", "d c", "d 0", "d 1", "d 2", "c", "C COPY 3", "Z I"];
    check("copy", &answer).await;
    let late = ["H 0", "d c", "d 0", "d 1", "d 2", "E ERROR 22012", "Z I"];
    check("copylate", &late).await;
    let extended = [parse("", "copy", &[]), bind("", ""), execute("", 0), sync()];
    let heard = ["1", "2", "H 0", "d c", "d 0", "d 1", "d 2", "c", "C COPY 3", "Z I"];
    pipeline(&extended, &heard).await;
}

#[tokio::test]
async fn copy_data_outside_of_a_copy_is_ignored() {
    let messages = [frame(b'd', b"x"), frame(b'c', b""), frame(b'f', b"why\0"), query("select 1")];
    pipeline(&messages, &["T c:20", "D 1", "C SELECT 1", "Z I"]).await;
}

#[tokio::test]
async fn functions_are_called_by_number() {
    let server = trusting().await;
    let mut client = server.session().await;
    // The function, no formats, one argument, and how the result is wanted.
    let call = |function: u8| {
        let body = [&[0, 0, 0, function], &[0, 0, 0, 1][..], &[0, 0, 0, 1, b'1'], &[0, 0]];
        frame(b'F', &body.concat())
    };
    assert_eq!(client.say(&[call(1)]).await, ["V 0", "Z I"]);
    assert_eq!(client.say(&[call(2)]).await, ["E ERROR 42883", "Z I"]);
    let without = frame(b'F', &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(client.say(&[without]).await, ["E ERROR 08P01", "Z I"]);
    assert_eq!(client.ask("begin").await, ["C BEGIN", "Z T"]);
}

#[tokio::test]
async fn extended_queries() {
    let prepare = parse("s", "select $1", &[20]);
    let messages = [
        prepare,
        describe(b'S', "s"),
        bind_as("", "s", &[0], &[b"42"], &[1]),
        describe(b'P', ""),
        execute("", 0),
        sync(),
    ];
    let answer = [
        "1",
        "t 1",
        "T c:20",
        "2",
        "T c:20:binary",
        "D \\0\\0\\0\\0\\0\\0\\0*\"",
        "C SELECT 1",
        "Z I",
    ];
    pipeline(&messages, &answer).await;
}

#[tokio::test]
async fn statements_without_rows_describe_as_no_data() {
    let messages = [
        parse("", "begin", &[]),
        describe(b'S', ""),
        bind("", ""),
        describe(b'P', ""),
        execute("", 0),
        sync(),
    ];
    pipeline(&messages, &["1", "t 0", "n", "2", "n", "C BEGIN", "Z T"]).await;
    let empty = [parse("", "", &[]), bind("", ""), execute("", 0), sync()];
    pipeline(&empty, &["1", "2", "I", "Z I"]).await;
}

#[tokio::test]
async fn after_an_error_everything_up_to_sync_is_skipped() {
    let messages = [
        parse("", "fail", &[]),
        bind("", ""),
        execute("", 0),
        query("select 1"),
        parse("", "select 2", &[]),
        flush(),
        sync(),
        query("select 3"),
    ];
    let server = trusting().await;
    let mut client = server.session().await;
    assert_eq!(client.say(&messages).await, ["1", "2", "E ERROR 42P01 8", "Z I"]);
    assert_eq!(client.ready().await, ["T c:20", "D 3", "C SELECT 1", "Z I"]);
}

#[tokio::test]
async fn an_error_is_sent_without_waiting_for_sync() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&parse("", "syntax", &[])).await;
    assert_eq!(client.until(b'E').await, ["E ERROR 42601"]);
    client.send(&parse("", "select 1", &[])).await;
    assert_eq!(client.say(&[sync()]).await, ["Z I"]);
}

#[tokio::test]
async fn flush_sends_without_sync() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&[parse("", "select 1", &[]), flush()].concat()).await;
    assert_eq!(client.until(b'1').await, ["1"]);
}

#[tokio::test]
async fn the_answer_to_sync_is_sent_whatever_follows() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&[sync(), close(b'P', "none")].concat()).await;
    assert_eq!(client.until(b'Z').await, ["Z I"]);
    assert_eq!(client.say(&[sync()]).await, ["3", "Z I"]);
}

#[tokio::test]
async fn names_that_exist_or_do_not() {
    let twice = [parse("s", "select 1", &[]), parse("s", "select 2", &[]), sync()];
    pipeline(&twice, &["1", "E ERROR 42P05", "Z I"]).await;
    let again =
        [parse("s", "select 1", &[]), close(b'S', "s"), parse("s", "select 2", &[]), sync()];
    pipeline(&again, &["1", "3", "1", "Z I"]).await;
    pipeline(&[bind("", "none"), sync()], &["E ERROR 26000", "Z I"]).await;
    pipeline(&[describe(b'S', ""), sync()], &["E ERROR 26000", "Z I"]).await;
    pipeline(&[describe(b'P', "none"), sync()], &["E ERROR 34000", "Z I"]).await;
    pipeline(&[execute("none", 0), sync()], &["E ERROR 34000", "Z I"]).await;
    pipeline(&[close(b'P', "none"), close(b'S', "none"), sync()], &["3", "3", "Z I"]).await;
    let portals = [parse("", "select 1", &[]), bind("p", ""), bind("p", ""), sync()];
    pipeline(&portals, &["1", "2", "E ERROR 42P03", "Z I"]).await;
}

#[tokio::test]
async fn counts_and_formats_that_do_not_fit() {
    let one = parse("", "select $1", &[]);
    let run = |bind: Vec<u8>| [one.clone(), bind, sync()];
    let none = bind("", "");
    pipeline(&run(none), &["1", "E ERROR 08P01", "Z I"]).await;
    let formats = bind_as("", "", &[0, 0], &[b"1"], &[]);
    pipeline(&run(formats), &["1", "E ERROR 08P01", "Z I"]).await;
    let results = bind_as("", "", &[], &[b"1"], &[0, 0]);
    pipeline(&run(results), &["1", "E ERROR 08P01", "Z I"]).await;
    let unknown = bind_as("", "", &[2], &[b"1"], &[]);
    pipeline(&run(unknown), &["1", "E ERROR 22023", "Z I"]).await;
}

#[tokio::test]
async fn portals_suspend_and_resume() {
    let messages = [
        parse("", "rows 5 2", &[]),
        bind("p", ""),
        execute("p", 2),
        execute("p", 3),
        execute("p", 2),
        execute("p", 2),
        sync(),
        execute("p", 1),
        sync(),
    ];
    let server = trusting().await;
    let mut client = server.session().await;
    // Like PostgreSQL: a page that ends with the last row does not know it yet.
    let answer =
        ["1", "2", "D 0", "D 1", "s", "D 2", "D 3", "D 4", "s", "C SELECT 0", "C SELECT 0", "Z I"];
    assert_eq!(client.say(&messages).await, answer);
    assert_eq!(client.ready().await, ["E ERROR 34000", "Z I"], "the transaction is over");
}

#[tokio::test]
async fn portals_live_as_long_as_their_transaction() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.ask("begin").await;
    let open = [parse("", "rows 3", &[]), bind("p", ""), execute("p", 1), sync()];
    assert_eq!(client.say(&open).await, ["1", "2", "D 0", "s", "Z T"]);
    assert_eq!(client.say(&[execute("p", 1), sync()]).await, ["D 1", "s", "Z T"]);
    client.ask("commit").await;
    assert_eq!(client.say(&[execute("p", 1), sync()]).await, ["E ERROR 34000", "Z I"]);
}

#[tokio::test]
async fn a_portal_of_a_command_runs_once() {
    let messages = [parse("", "set", &[]), bind("p", ""), execute("p", 0), execute("p", 0), sync()];
    let answer = ["1", "2", "C SET", "E ERROR 55000", "S TimeZone=UTC", "Z I"];
    pipeline(&messages, &answer).await;
}

#[tokio::test]
async fn an_sql_cursor_is_a_portal() {
    let messages = [describe(b'P', "cursor"), execute("cursor", 2), execute("cursor", 0), sync()];
    let answer =
        ["T c:20", "D 0", "D 1", "s", "D 0", "D 1", "D 2", "D 3", "D 4", "C SELECT 5", "Z I"];
    pipeline(&messages, &answer).await;
}

#[tokio::test]
async fn a_pipeline_answers_in_order() {
    let server = trusting().await;
    let mut client = server.session().await;
    let mut messages = vec![parse("s", "select $1", &[]), sync()];
    for n in 0..500 {
        messages.extend([
            bind_as("", "s", &[], &[n.to_string().as_bytes()], &[]),
            execute("", 0),
            sync(),
        ]);
    }
    client.send(&messages.concat()).await;
    assert_eq!(client.ready().await, ["1", "Z I"]);
    for n in 0..500 {
        assert_eq!(client.ready().await, ["2", &format!("D {n}"), "C SELECT 1", "Z I"]);
    }
}

#[tokio::test]
async fn rows_are_pulled_only_as_the_socket_takes_them() {
    let server = trusting().await;
    let mut client = server.session().await;
    // 200 MB that nobody reads.
    client.send(&query("wide 200")).await;
    let pulled = || server.fake.seen.pulled.load(Ordering::SeqCst);
    eventually("rows flow", || pulled() > 0).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(pulled() < 20, "{} MB were pulled for a client that does not read", pulled());
    assert_eq!(client.ready().await.len(), 20_003);
}

#[tokio::test]
async fn protocol_versions_are_negotiated() {
    let server = trusting().await;
    let mut client = server.client().await;
    client.send(&startup(V3_0 + 9_999, &[("user", "ann"), ("_pq_.grease", "1")])).await;
    let heard = client.ready().await;
    assert_eq!(heard.first().map(String::as_str), Some("v 2 1"));
    assert_eq!(client.secret.len(), 32);
    let mut client = server.client().await;
    client.send(&startup(V3_0, &[("user", "ann"), ("_pq_.x", "1")])).await;
    assert_eq!(client.ready().await.first().map(String::as_str), Some("v 0 1"));
    assert_eq!(client.secret.len(), 4);
    let mut client = server.client().await;
    client.send(&startup(2 << 16, &[("user", "ann")])).await;
    assert_eq!(client.rest().await, ["E FATAL 0A000", "closed"]);
}

#[tokio::test]
async fn startup_parameters_reach_the_session() {
    let server = trusting().await;
    let mut client = server.client().await;
    let pairs = [("user", "ann"), ("database", "sales@v1"), ("options", "-c x=y")];
    client.send(&startup(V3_0, &pairs)).await;
    client.ready().await;
    let login = server.fake.seen.login.lock().expect("lock").clone().expect("a login");
    assert_eq!((login.user.as_str(), login.database.as_str()), ("ann", "sales@v1"));
    assert_eq!(login.parameters, [("options".to_owned(), "-c x=y".to_owned())]);
    assert_eq!(login.pid, client.pid);
}
