use super::*;
use proptest::prelude::*;

const SECRET: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const URL: &str = "https://triage.example.com/webhooks/hubspot";
const WORKFLOW_URL: &str = "https://triage.example.com/webhooks/hubspot-workflow?src=wf";
const B1: &str = r#"[{"eventId":4101,"subscriptionId":880001,"portalId":20260001,"appId":7700001,"occurredAt":1795392000123,"subscriptionType":"object.creation","attemptNumber":0,"objectId":31415926535,"changeSource":"CRM_UI","sourceId":"userId:5550001","changeFlag":"NEW","objectTypeId":"0-5"}]"#;
const B2: &str = r#"[{"eventId":4102,"subscriptionId":880002,"portalId":20260001,"appId":7700001,"occurredAt":1795392060456,"subscriptionType":"ticket.propertyChange","attemptNumber":1,"objectId":31415926535,"propertyName":"hs_pipeline_stage","propertyValue":"2","changeSource":"AUTOMATION_PLATFORM"}]"#;
const B3: &str = r#"[{"eventId":4103,"subscriptionId":880003,"portalId":20260001,"appId":7700001,"occurredAt":1795392120789,"subscriptionType":"object.propertyChange","attemptNumber":0,"objectId":31415926535,"objectTypeId":"0-5","propertyName":"subject","propertyValue":"Größe – naïve café ☕ 請求書","changeSource":"API"}]"#;
const W1: &str =
    r#"{"ticket_id":"31415926535","subject":"Printer on fire","content":"It is \"hot\".","priority":"HIGH"}"#;
const B1_V3: &str = "Lb4Z3BsId9QDtvsX8CkYMht+eKKyD3GRegGC+TFGtFw=";
const B1_AT: &str = "1795392000500";

#[test]
fn the_bodies_of_the_vectors_have_their_lengths() {
    assert_eq!([B1.len(), B2.len(), B3.len(), W1.len()], [275, 281, 313, 100]);
}

#[test]
fn v3_vectors_are_accepted() {
    let with_query = "https://triage.example.com/webhooks/hubspot?ref=a%3Ab%2Fc%40d&q=two%20words%26more";
    let table = [
        (URL, B1, B1_AT, B1_V3),
        (URL, B2, "1795392061000", "3yOs93FLD0Zw9PswhzeT9qOmK1RXu1Gdr7fMipRY9Y4="),
        (URL, B3, "1795392121000", "AFB79adIWT+ErVi3EStsHYHORA9g2DZFTiiXpHe6p8k="),
        (with_query, B1, B1_AT, "KrPsrnP6As60nSE2lBj9djApSJkv+ADbH4Rqop6xMy8="),
        (URL, "[]", B1_AT, "drrjFlzgRMDW/WtV6U6f2e0HQrsrMhbBn4kDVsFgY68="),
    ];
    for (url, body, at, signature) in table {
        assert_eq!(v3(url, body, at, signature, SECRET, at_ms(at)), Ok(()), "{url} {at}");
        assert_eq!(sign(Request { method: "POST", url, body: body.as_bytes() }, at, SECRET), signature);
    }
    let not_decoded = "8y6vnecpMSHAUWkJM/ff67urYMTZOBhZCFogBbBpyQc=";
    assert_eq!(v3(with_query, B1, B1_AT, not_decoded, SECRET, at_ms(B1_AT)), Err(Refusal::Wrong));
    let example = v3(
        "https://www.example.com/webhook_uri",
        "{'example_field':'example_value'}",
        "1693657560000",
        "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
        at_ms("1693657560000"),
    );
    assert_eq!(example, Ok(()));
}

#[test]
fn v2_vectors_are_accepted() {
    let y = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
    let table = [
        (
            "POST",
            WORKFLOW_URL,
            W1,
            SECRET,
            "4e954098f1ff8ac3ceaad6387fd480a8dd34da846f86a09e97300a9f791c69f0",
        ),
        ("GET", WORKFLOW_URL, "", SECRET, "84e5408c84c118936b68b1744ca5880b792010aa9c20bf5fbb9ec88839a801d6"),
        (
            "GET",
            "https://www.example.com/webhook_uri",
            "",
            y,
            "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e",
        ),
        (
            "POST",
            "https://www.example.com/webhook_uri",
            r#"{"example_field":"example_value"}"#,
            y,
            "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
        ),
    ];
    for (method, url, body, secret, signature) in table {
        assert_eq!(old("v2", method, url, body, signature, secret, false), Ok(()), "{method} {url}");
        assert_eq!(
            old("v2", method, url, &format!("{body} "), signature, secret, false),
            Err(Refusal::Wrong)
        );
    }
}

#[test]
fn v1_is_accepted_only_when_allowed() {
    let signature = "3301666ec3732639ebd3942ec60db17d6c9c6ed46ca7332639c632f124ef84c2";
    assert_eq!(old("v1", "POST", URL, B1, signature, SECRET, true), Ok(()));
    assert_eq!(old("v1", "POST", URL, B1, signature, SECRET, false), Err(Refusal::V1NotAllowed));
    assert_eq!(old("v1", "POST", URL, B2, signature, SECRET, true), Err(Refusal::Wrong));
    assert_eq!(old("v9", "POST", URL, B1, signature, SECRET, true), Err(Refusal::Wrong));
}

#[test]
fn one_changed_byte_is_refused() {
    let now = at_ms(B1_AT);
    assert_eq!(v3(URL, &B1.replace("4101", "4102"), B1_AT, B1_V3, SECRET, now), Err(Refusal::Wrong));
    assert_eq!(v3(&URL.replace("https", "http"), B1, B1_AT, B1_V3, SECRET, now), Err(Refusal::Wrong));
    assert_eq!(v3(URL, B1, "1795392000501", B1_V3, SECRET, now), Err(Refusal::Wrong));
    assert_eq!(v3(URL, B1, B1_AT, B1_V3, &SECRET.replace('0', "1"), now), Err(Refusal::Wrong));
    let hex = hex::encode(STANDARD.decode(B1_V3).unwrap());
    for odd in [B1_V3.trim_end_matches('='), &hex, "", " ", "=", "\u{e9}"] {
        assert_eq!(v3(URL, B1, B1_AT, odd, SECRET, now), Err(Refusal::Wrong), "{odd}");
    }
}

#[test]
fn the_window_is_five_minutes_back_and_one_ahead() {
    let made = at_ms(B1_AT).as_millis();
    let at = |offset: i64| v3(URL, B1, B1_AT, B1_V3, SECRET, Timestamp::from_millis(made + offset));
    assert_eq!((at(299_999), at(300_000), at(300_001)), (Ok(()), Ok(()), Err(Refusal::TooOld)));
    assert_eq!((at(-60_000), at(-60_001)), (Ok(()), Err(Refusal::FromTheFuture)));
    for odd in ["", "x", "-1795392000500", "+1795392000500", "1795392000500.0", "99999999999999999999"] {
        assert_eq!(v3(URL, B1, odd, B1_V3, SECRET, at_ms(B1_AT)), Err(Refusal::NoTimestamp), "{odd}");
    }
}

#[test]
fn v3_alone_decides_when_it_is_there() {
    let v1 = "3301666ec3732639ebd3942ec60db17d6c9c6ed46ca7332639c632f124ef84c2";
    let headers =
        Headers { v3: Some("bm8="), timestamp: Some(B1_AT), old: Some(v1), old_version: Some("v1") };
    let request = Request { method: "POST", url: URL, body: B1.as_bytes() };
    assert_eq!(verify(request, headers, &[SECRET], true, at_ms(B1_AT)), Err(Refusal::Wrong));
    let none = Headers::default();
    assert_eq!(verify(request, none, &[SECRET], true, at_ms(B1_AT)), Err(Refusal::Missing));
    let no_time = Headers { v3: Some(B1_V3), ..none };
    assert_eq!(verify(request, no_time, &[SECRET], true, at_ms(B1_AT)), Err(Refusal::NoTimestamp));
}

#[test]
fn while_a_secret_is_rotated_both_are_accepted() {
    let request = Request { method: "POST", url: URL, body: B1.as_bytes() };
    let headers = Headers { v3: Some(B1_V3), timestamp: Some(B1_AT), ..Headers::default() };
    let with = |secrets: &[&str]| verify(request, headers, secrets, false, at_ms(B1_AT));
    assert_eq!(
        (with(&["new", SECRET]), with(&[SECRET, "old"]), with(&["new"]), with(&[])),
        (Ok(()), Ok(()), Err(Refusal::Wrong), Err(Refusal::Wrong))
    );
}

proptest! {
    #[test]
    fn never_panics(url in ".*", body in prop::collection::vec(any::<u8>(), 0..100), signature in ".*", at in "[0-9]{0,20}") {
        let headers = Headers { v3: Some(&signature), timestamp: Some(&at), ..Headers::default() };
        let request = Request { method: "POST", url: &url, body: &body };
        prop_assert!(verify(request, headers, &[SECRET], true, Timestamp::from_millis(0)).is_err());
    }
}

fn v3(url: &str, body: &str, at: &str, signature: &str, secret: &str, now: Timestamp) -> Result<(), Refusal> {
    let headers = Headers { v3: Some(signature), timestamp: Some(at), ..Headers::default() };
    verify(Request { method: "POST", url, body: body.as_bytes() }, headers, &[secret], false, now)
}

#[expect(clippy::too_many_arguments, reason = "a row of a table")]
fn old(
    version: &str,
    method: &str,
    url: &str,
    body: &str,
    signature: &str,
    secret: &str,
    allow_v1: bool,
) -> Result<(), Refusal> {
    let headers = Headers { old: Some(signature), old_version: Some(version), ..Headers::default() };
    verify(
        Request { method, url, body: body.as_bytes() },
        headers,
        &[secret],
        allow_v1,
        Timestamp::from_millis(0),
    )
}

fn at_ms(text: &str) -> Timestamp {
    Timestamp::from_millis(text.parse().unwrap())
}
