//! Everything that ends work: cancel, timeouts, a client that leaves, a panic, the stop of the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::client::{CANCEL, Client, V3_0, bind, execute, packet, parse, query, startup, sync};
use super::{Server, eventually, trusting};

async fn cancel(server: &Server, pid: i32, secret: &[u8]) {
    let mut other = server.client().await;
    other.send(&packet(CANCEL, &[&pid.to_be_bytes(), secret].concat())).await;
    assert_eq!(other.rest().await, ["closed"], "who cancels is told nothing");
}

async fn running(server: &Server, count: usize) {
    eventually("it runs", || server.fake.seen.ran.load(Ordering::SeqCst) >= count).await;
}

fn dropped(server: &Server) -> usize {
    server.fake.seen.dropped.load(Ordering::SeqCst)
}

#[tokio::test]
async fn r21_cancel_stops_whatever_runs() {
    let server = trusting().await;
    let mut client = server.session().await;
    for (count, sql) in ["sleep", "stuck", "forever", "wide 100000"].into_iter().enumerate() {
        let begun = dropped(&server);
        client.send(&query(sql)).await;
        running(&server, count + 1).await;
        cancel(&server, client.pid, &client.secret.clone()).await;
        let heard = client.ready().await;
        assert_eq!(heard.get(heard.len() - 2..), Some(&["E ERROR 57014".into(), "Z I".into()][..]));
        assert!(dropped(&server) > begun, "{sql} goes on");
    }
    assert_eq!(client.ask("select 1").await.len(), 4);
}

#[tokio::test]
async fn r21_cancel_in_the_extended_protocol() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&[parse("", "sleep", &[]), bind("", ""), execute("", 0), sync()].concat()).await;
    running(&server, 1).await;
    cancel(&server, client.pid, &client.secret.clone()).await;
    assert_eq!(client.ready().await, ["1", "2", "E ERROR 57014", "Z I"]);
}

#[tokio::test]
async fn s9_a_cancel_key_that_is_guessed_does_nothing() {
    let server = trusting().await;
    let mut client = server.client().await;
    client.send(&startup(super::client::V3_2, &[("user", "ann")])).await;
    client.ready().await;
    client.send(&query("sleep")).await;
    running(&server, 1).await;
    let secret = client.secret.clone();
    for guess in 0..200_u8 {
        let mut wrong = secret.to_vec();
        let index = usize::from(guess) % wrong.len();
        wrong[index] ^= guess | 1;
        cancel(&server, client.pid, &wrong).await;
    }
    // A prefix, nothing at all behind the number, and another's number.
    cancel(&server, client.pid, secret.get(..4).expect("long")).await;
    cancel(&server, client.pid + 1, &secret).await;
    assert_eq!(dropped(&server), 0);
    cancel(&server, client.pid, &secret).await;
    assert_eq!(client.ready().await, ["E ERROR 57014", "Z I"]);
}

#[tokio::test]
async fn a_cancel_with_nothing_running_is_forgotten() {
    let server = trusting().await;
    let mut client = server.session().await;
    cancel(&server, client.pid, &client.secret.clone()).await;
    assert_eq!(client.ask("select 1").await, ["T c:20", "D 1", "C SELECT 1", "Z I"]);
}

#[tokio::test]
async fn r22_a_client_that_leaves_stops_its_work() {
    let server = trusting().await;
    for (count, sql) in ["sleep", "stuck", "forever", "wide 100000"].into_iter().enumerate() {
        let mut client = server.session().await;
        client.send(&query(sql)).await;
        running(&server, count + 1).await;
        drop(client);
        eventually(sql, || dropped(&server) == count + 1).await;
    }
    eventually("no session is left", || server.wire.connections() == 0).await;
}

#[tokio::test]
async fn r22_a_client_that_leaves_behind_unread_input_stops_its_work() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.send(&query("sleep")).await;
    running(&server, 1).await;
    client.send(&query(&"x".repeat(200_000))).await;
    drop(client);
    eventually("dropped", || dropped(&server) == 1).await;
}

#[tokio::test]
async fn r23_the_statement_timeout_covers_rows() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.ask("timeout").await;
    assert_eq!(client.ask("stuck").await, ["T c:20", "D 1", "E ERROR 57014", "Z I"]);
    // A client that does not read is timed out all the same.
    client.send(&query("wide 100000")).await;
    eventually("dropped", || dropped(&server) >= 2).await;
}

#[tokio::test]
async fn r23_idle_sessions_end() {
    let server = trusting().await;
    let mut client = server.client().await;
    client.send(&startup(V3_0, &[("user", "ann"), ("database", "hasty")])).await;
    client.ready().await;
    assert_eq!(client.rest().await, ["E FATAL 57P05", "closed"]);
    let mut client = server.client().await;
    client
        .send(&[startup(V3_0, &[("user", "ann"), ("database", "hasty")]), query("begin")].concat())
        .await;
    client.ready().await;
    assert_eq!(client.rest().await, ["C BEGIN", "Z T", "E FATAL 25P03", "closed"]);
}

#[tokio::test]
async fn r5_a_panic_ends_one_session() {
    let server = trusting().await;
    let mut neighbour = server.session().await;
    let mut client = server.session().await;
    client.send(&query("panic")).await;
    assert_eq!(client.rest().await, ["E FATAL XX000", "closed"]);
    let mut client = server.session().await;
    client.send(&query("rowpanic")).await;
    assert_eq!(client.rest().await, ["T c:20", "D 1", "E FATAL XX000", "closed"]);
    assert_eq!(neighbour.ask("select 1").await.len(), 4);
    eventually("one session is left", || server.wire.connections() == 1).await;
    assert_eq!(server.wire.panics(), 2);
}

async fn drain(server: &Server, limit: Duration) -> tokio::task::JoinHandle<()> {
    let wire = Arc::clone(&server.wire);
    server.tasks.spawn("drain", async move { wire.drain(limit).await })
}

#[tokio::test]
async fn r25_a_drain_lets_statements_finish() {
    let server = trusting().await;
    let (mut idle, mut busy) = (server.session().await, server.session().await);
    busy.send(&query("nap")).await;
    running(&server, 1).await;
    let drained = drain(&server, Duration::from_secs(20)).await;
    assert_eq!(idle.rest().await, ["E FATAL 57P01", "closed"]);
    let mut newcomer = server.client().await;
    newcomer.send(&startup(V3_0, &[("user", "ann")])).await;
    assert_eq!(newcomer.rest().await, ["E FATAL 57P03", "closed"]);
    assert_eq!(busy.rest().await, ["C NAP", "Z I", "E FATAL 57P01", "closed"]);
    drained.await.expect("drained");
    assert_eq!(server.wire.connections(), 0);
}

#[tokio::test]
async fn r25_a_drain_cancels_what_does_not_finish() {
    let server = trusting().await;
    let mut works: Vec<Client> = Vec::new();
    for sql in ["sleep", "stuck", "wide 100000"] {
        let mut client = server.session().await;
        client.send(&query(sql)).await;
        works.push(client);
    }
    running(&server, 3).await;
    drain(&server, Duration::from_millis(50)).await.await.expect("drained");
    assert_eq!(dropped(&server), 3);
    assert_eq!(server.wire.connections(), 0);
    for mut client in works.drain(..2) {
        let heard = client.rest().await;
        assert_eq!(
            heard.get(heard.len() - 2..),
            Some(&["E FATAL 57P01".into(), "closed".into()][..])
        );
    }
}

#[tokio::test]
async fn r25_the_stop_of_the_process_ends_everything() {
    let server = trusting().await;
    let _silent = server.client().await;
    let mut client = server.session().await;
    client.send(&query("sleep")).await;
    running(&server, 1).await;
    assert!(server.tasks.stop(Duration::from_secs(10)).await, "every task ends");
    assert_eq!(client.rest().await, ["E FATAL 57P01", "closed"]);
}

#[tokio::test]
async fn a_connection_at_rest_is_small() {
    let server = trusting().await;
    let mut client = server.session().await;
    client.ask("rows 50000 8192").await;
    // The task of a connection is its future; this is what 10 000 of them cost beside their sockets.
    let shared = Arc::clone(&server.wire.shared);
    let place = shared.lobby.enter().expect("room");
    let socket = tokio::net::TcpStream::connect(server.address).await.expect("connects");
    let peer = socket.peer_addr().expect("peer");
    let task = super::super::connection::serve(socket, peer, shared, place, None);
    assert!(size_of_val(&task) < 2_048, "{} bytes", size_of_val(&task));
}
