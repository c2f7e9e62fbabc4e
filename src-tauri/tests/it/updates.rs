//! Newer versions, announced and served by a loopback server, signed by keys of the test's own.

use std::io::Cursor;
use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::KeyPair;
use serde_json::{Value, json};
use tauri::test::{MockRuntime, mock_builder, mock_context, noop_assets};
use tray::updates::{self, Problem, Source};

const PACKAGE: &[u8] = b"the newer app";
/// Than `mock_context`, which is 0.1.0.
const NEWER: &str = "1.2.3";

/// What a release consists of.
struct Release {
    key: KeyPair,
    signature: String,
}

impl Release {
    /// A package that was signed as that version.
    fn signed_as(version: &str) -> Self {
        Self::new(&format!("timestamp:1795392000\tfile:app\tversion:{version}"))
    }

    fn new(comment: &str) -> Self {
        let key = KeyPair::generate_unencrypted_keypair().unwrap();
        let signature = minisign::sign(Some(&key.pk), &key.sk, Cursor::new(PACKAGE), Some(comment), None);
        Self { key, signature: STANDARD.encode(signature.unwrap().to_string()) }
    }

    fn key(&self) -> String {
        STANDARD.encode(self.key.pk.to_box().unwrap().to_string())
    }

    fn manifest(&self, version: &str, package: &str) -> Value {
        let platform = json!({ "url": package, "signature": self.signature });
        json!({ "version": version, "notes": "Better.", "platforms": { target(): platform } })
    }
}

fn target() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// A server with that manifest and the package, which ends with the test.
async fn serve(manifest: impl FnOnce(SocketAddr) -> (StatusCode, Value)) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (code, manifest) = manifest(address);
    let pages = Router::new()
        .route("/latest.json", get(move || async move { (code, axum::Json(manifest)) }))
        .route("/app", get(|| async { PACKAGE }));
    tokio::spawn(async move { axum::serve(listener, pages).await });
    address
}

fn source(address: SocketAddr, key: String) -> Source {
    Source { address: format!("http://{address}/latest.json").parse().unwrap(), key }
}

/// An app without a display, configured as the real one.
fn app() -> tauri::App<MockRuntime> {
    let real: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
    let mut context = mock_context(noop_assets());
    context.config_mut().plugins.0.insert("updater".to_owned(), real["plugins"]["updater"].clone());
    mock_builder().build(context).unwrap()
}

/// What comes of a release that is announced as that version to who trusts `key`.
async fn fetched(release: &Release, announced: &str, key: String) -> Result<Option<Vec<u8>>, Problem> {
    let package = |address| release.manifest(announced, &format!("http://{address}/app"));
    let address = serve(|address| (StatusCode::OK, package(address))).await;
    let app = app();
    let Some(update) = updates::look(app.handle(), &source(address, key)).await? else { return Ok(None) };
    assert_eq!((update.version.as_str(), update.body.as_deref()), (announced, Some("Better.")));
    updates::fetch(&update, |_, _| {}).await.map(Some)
}

#[tokio::test]
async fn a_newer_version_that_is_signed_as_expected_is_taken_and_its_progress_told() {
    let release = Release::signed_as(NEWER);
    let package = |address| release.manifest(NEWER, &format!("http://{address}/app"));
    let address = serve(|address| (StatusCode::OK, package(address))).await;
    let (app, source) = (app(), source(address, release.key()));
    // A second look is as good as the first.
    updates::look(app.handle(), &source).await.unwrap().unwrap();
    let update = updates::look(app.handle(), &source).await.unwrap().unwrap();
    let mut told = Vec::new();
    let bytes = updates::fetch(&update, |bytes, total| told.push((bytes, total))).await.unwrap();
    assert_eq!(bytes, PACKAGE);
    assert_eq!(told.last(), Some(&(PACKAGE.len(), Some(PACKAGE.len() as u64))));
}

#[tokio::test]
async fn what_is_signed_by_another_key_or_as_another_version_is_refused_in_a_sentence() {
    let release = Release::signed_as(NEWER);
    let (older, unnamed) = (Release::signed_as("0.2.0"), Release::new("timestamp:1795392000\tfile:app"));
    for (release, key) in [
        (&release, Release::signed_as(NEWER).key()),
        // An old package that is passed off as a new one.
        (&older, older.key()),
        (&unnamed, unnamed.key()),
        (&release, "no key".to_owned()),
    ] {
        let refused = fetched(release, NEWER, key).await.unwrap_err();
        assert!(matches!(refused, Problem::WrongSignature(_)), "{refused:?}");
        assert!(refused.to_string().starts_with("The newer version is not signed as this copy expects it"));
    }
}

#[tokio::test]
async fn a_changed_package_is_refused_when_it_is_to_be_installed_too() {
    let release = Release::signed_as(NEWER);
    let package = |address| release.manifest(NEWER, &format!("http://{address}/app"));
    let address = serve(|address| (StatusCode::OK, package(address))).await;
    let app = app();
    let update = updates::look(app.handle(), &source(address, release.key())).await.unwrap().unwrap();
    let refused = updates::install(&update, b"something else").unwrap_err();
    assert!(matches!(refused, Problem::NotInstalled(_)), "{refused:?}");
}

#[tokio::test]
async fn versions_that_are_not_newer_are_none() {
    for announced in ["0.1.0", "0.0.9", "0.1.0-rc.1"] {
        let release = Release::signed_as(announced);
        assert_eq!(fetched(&release, announced, release.key()).await.unwrap(), None, "{announced}");
    }
}

#[tokio::test]
async fn nothing_is_asked_or_fetched_in_the_clear_from_elsewhere() {
    let app = app();
    let far =
        Source { address: "http://updates.example.com/latest.json".parse().unwrap(), key: String::new() };
    assert!(matches!(updates::look(app.handle(), &far).await, Err(Problem::Insecure)));
    let release = Release::signed_as(NEWER);
    let manifest = release.manifest(NEWER, "http://updates.example.com/app");
    let near = serve(|_| (StatusCode::OK, manifest)).await;
    let refused = updates::look(app.handle(), &source(near, release.key())).await;
    assert!(matches!(refused, Err(Problem::Insecure)));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let release = Release::signed_as(NEWER);
    let mut elsewhere = release.manifest(NEWER, "https://updates.example.com/app");
    elsewhere["platforms"] = json!({ "plan9-mips": elsewhere["platforms"][target()] });
    for (code, manifest, said) in [
        (StatusCode::OK, elsewhere, "not there for this system"),
        (StatusCode::INTERNAL_SERVER_ERROR, json!({}), "cannot be found out"),
        (StatusCode::OK, json!({ "version": "soon" }), "cannot be found out"),
    ] {
        let address = serve(|_| (code, manifest)).await;
        let app = app();
        let Err(problem) = updates::look(app.handle(), &source(address, release.key())).await else {
            panic!("nothing is there: {said}");
        };
        assert!(problem.to_string().contains(said), "{problem}");
    }
}

#[test]
fn a_copy_that_was_built_here_asks_nobody() {
    assert!(updates::obstacle().unwrap().contains("built on a machine"));
}
