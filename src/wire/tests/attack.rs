//! The attack cases of the protocol, each with the outcome it must have.

use std::sync::atomic::Ordering;

use super::client::{Client, GSS, SSL, V3_0, bind_as, frame, packet, parse, query, startup, sync};
use super::login::Attempt;
use super::{Server, careful, trusting};

/// Sends `bytes` to a server that asks for a password, and expects to be thrown out without a session.
async fn check_refused(bytes: &[u8], answer: &[&str]) {
    let server = careful().await;
    let mut client = server.client().await;
    client.try_send(bytes).await;
    let heard = client.rest().await;
    assert_eq!(heard, answer, "{:?}", bytes.get(..bytes.len().min(80)));
    check_untouched(&server);
}

fn check_untouched(server: &Server) {
    assert_eq!(server.fake.seen.opened.load(Ordering::SeqCst), 0, "a session was opened");
    assert_eq!(server.fake.seen.ran.load(Ordering::SeqCst), 0, "a statement ran");
}

/// Sends `bytes` within a session, and expects an answer.
async fn check_session(bytes: &[u8], answer: &[&str]) {
    let server = trusting().await;
    let mut client = server.session().await;
    client.try_send(bytes).await;
    let heard = client.ready().await;
    assert_eq!(heard, answer, "{:?}", bytes.get(..bytes.len().min(80)));
    server.check_alive().await;
}

fn hello(user: &str) -> Vec<u8> {
    startup(V3_0, &[("user", user)])
}

#[tokio::test]
async fn w1_s1_no_error_before_authentication_opens_the_door() {
    let server = careful().await;
    let more =
        [query("select 1"), parse("", "select 1", &[]), frame(b'F', &[0; 8]), frame(b'd', b"x")];
    for (user, state) in [("unreadable", "28000"), ("nobody", "08P01"), ("ann", "08P01")] {
        for message in &more {
            let mut client = server.client().await;
            client.try_send(&[hello(user), message.clone()].concat()).await;
            let heard = client.rest().await;
            let last = [format!("E FATAL {state}"), "closed".into()];
            assert!(heard.ends_with(&last), "{user}: {heard:?}");
        }
    }
    let mut client = server.client().await;
    let heard = Attempt::plain("ann", "wrong").run(&mut client).await;
    assert_eq!(heard, ["E FATAL 28P01", "closed"]);
    client.try_send(&query("select 1")).await;
    assert_eq!(client.rest().await, ["closed"]);
    check_untouched(&server);
}

#[tokio::test]
async fn w2_s2_nothing_may_follow_an_encryption_request() {
    for code in [SSL, GSS] {
        let injected = [packet(code, &[]), hello("ann"), query("select 1")].concat();
        check_refused(&injected, &["E FATAL 08P01", "closed"]).await;
        check_refused(&packet(code, b"x"), &["E FATAL 08P01", "closed"]).await;
    }
}

#[tokio::test]
async fn w3_malformed_messages_before_authentication() {
    for body in [
        &b""[..],
        b"abc",
        b"SCRAM-SHA-256",
        b"SCRAM-SHA-256\0",
        b"SCRAM-SHA-256\0\x7f\xff\xff\xff",
        b"SCRAM-SHA-256\0\xff\xff\xff\xff",
        b"SCRAM-SHA-256\0\xff\xff\xff\xfe",
        b"SCRAM-SHA-256\0\0\0\0\x01nx",
        b"SCRAM-SHA-256\0\0\0\0\0",
    ] {
        let bytes = [hello("ann"), frame(b'p', body)].concat();
        check_refused(&bytes, &["R 10", "E FATAL 08P01", "closed"]).await;
    }
    for declared in [0_u32, 3, u32::MAX] {
        let bytes = [hello("ann"), vec![b'p'], declared.to_be_bytes().to_vec()].concat();
        check_refused(&bytes, &["R 10", "E FATAL 08P01", "closed"]).await;
    }
}

#[tokio::test]
async fn w3_malformed_messages_in_a_session() {
    let oids = [&b"\0\0"[..], &u16::MAX.to_be_bytes()].concat();
    let long = [&b"\0\0\0\0\0\x01"[..], &i32::MAX.to_be_bytes()].concat();
    for bytes in [
        frame(b'P', b""),
        frame(b'P', &oids),
        frame(b'B', b""),
        frame(b'B', &long),
        frame(b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
        frame(b'D', b""),
        frame(b'D', b"X\0"),
        frame(b'D', b"S"),
        frame(b'E', b""),
        frame(b'E', b"\0\0"),
        frame(b'C', b""),
        frame(b'S', b"x"),
        frame(b'Q', b""),
        frame(b'p', b"x"),
        frame(0, b""),
        vec![b'd', 0, 0, 0, 0],
        vec![b'Q', 0xff, 0xff, 0xff, 0xff],
    ] {
        check_session(&bytes, &["E FATAL 08P01", "closed"]).await;
    }
}

#[tokio::test]
async fn w4_r3_lengths_are_bounded_by_the_phase() {
    let huge = (64_u32 << 20).to_be_bytes();
    let long = [10_001_u32.to_be_bytes(), V3_0.to_be_bytes()].concat();
    check_refused(&long, &["E FATAL 08P01", "closed"]).await;
    check_refused(&[0, 0, 0, 7, 0], &["E FATAL 08P01", "closed"]).await;
    let token = [hello("ann"), vec![b'p', 0, 1, 0, 4]].concat();
    check_refused(&token, &["R 10", "E FATAL 08P01", "closed"]).await;
    let query = [hello("ann"), vec![b'Q'], huge.to_vec()].concat();
    check_refused(&query, &["R 10", "E FATAL 08P01", "closed"]).await;
    check_session(
        &[&b"Q"[..], &((64_u32 << 20) + 5).to_be_bytes()].concat(),
        &["E FATAL 08P01", "closed"],
    )
    .await;
    check_session(&[&b"E"[..], &20_000_u32.to_be_bytes()].concat(), &["E FATAL 08P01", "closed"])
        .await;
}

#[tokio::test]
async fn w5_a_string_does_not_reach_into_the_next_frame() {
    let smuggled = [frame(b'Q', b"abc"), query("select 2")].concat();
    check_session(&smuggled, &["E FATAL 08P01", "closed"]).await;
    check_session(&frame(b'Q', b"select 1\0select 2\0"), &["E FATAL 08P01", "closed"]).await;
}

#[tokio::test]
async fn w5_startup_packets_end_where_they_say() {
    for body in
        [&b""[..], b"user", b"user\0ann", b"user\0ann\0", b"user\0ann\0\0x", b"user\0ann\0\0\0"]
    {
        check_refused(&packet(V3_0, body), &["E FATAL 08P01", "closed"]).await;
    }
    check_refused(&packet(V3_0, b"\0"), &["E FATAL 28000", "closed"]).await;
    check_refused(&packet(super::client::CANCEL, b"abc"), &["E FATAL 08P01", "closed"]).await;
    let replication = startup(V3_0, &[("user", "ann"), ("replication", "database")]);
    check_refused(&replication, &["E FATAL 0A000", "closed"]).await;
}

#[tokio::test]
async fn w9_s25_bad_utf8_is_refused_and_the_session_goes_on() {
    let server = trusting().await;
    let mut client = server.session().await;
    for body in [&b"select '\xff'\0"[..], b"select '\xc3'\0", b"\xed\xa0\x80\0"] {
        assert_eq!(client.say(&[frame(b'Q', body)]).await, ["E ERROR 22021", "Z I"]);
    }
    let cases = [
        frame(b'P', b"n\xff\0select 1\0\0\0"),
        frame(b'P', b"\0select '\xff'\0\0\0"),
        frame(b'D', b"S\xff\0"),
        frame(b'E', b"\xff\0\0\0\0\0"),
        frame(b'C', b"P\xff\0"),
    ];
    for message in cases {
        assert_eq!(client.say(&[message, sync()]).await, ["E ERROR 22021", "Z I"]);
    }
    for value in [&b"\xff"[..], b"a\0b"] {
        let bind = bind_as("", "", &[], &[value], &[]);
        let heard = client.say(&[parse("", "select $1", &[]), bind, sync()]).await;
        assert_eq!(heard, ["1", "E ERROR 22021", "Z I"]);
    }
    assert_eq!(client.ask("select 1").await.len(), 4);
}

#[tokio::test]
async fn w9_s25_bad_utf8_at_startup_is_fatal() {
    check_refused(&packet(V3_0, b"user\0\xff\0\0"), &["E FATAL 22021", "closed"]).await;
}

#[tokio::test]
async fn w6_s22_words_of_strangers_do_not_break_the_answer() {
    let server = trusting().await;
    let mut client: Client = server.client().await;
    client.send(&hello("x\n\x1b[31m\"y")).await;
    assert_eq!(client.rest().await, ["E FATAL 28000", "closed"]);
}
