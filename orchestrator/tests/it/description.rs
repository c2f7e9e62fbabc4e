//! The committed description of the HTTP interface is current, and what it describes is there.

use crate::support::{Database, TestApp};

#[test]
fn the_committed_description_is_current() {
    let committed = include_str!("../../../docs/openapi.json");
    let current = orchestrator::http::openapi().to_pretty_json().unwrap();
    assert!(committed.trim() == current.trim(), "docs/openapi.json is behind: run scripts/bless");
}

#[tokio::test]
async fn every_described_address_answers() {
    let database = Database::sqlite();
    let app = TestApp::start(&database, &[]).await;
    let (status, description) = app.get("/openapi.json").await;
    assert_eq!(status, 200);
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{}", description["openapi"]);
    for path in description["paths"].as_object().unwrap().keys() {
        let (status, _) = app.get(path).await;
        assert_ne!(status, 404, "{path}");
    }
}
