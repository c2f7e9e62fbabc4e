//! Machines that pair and speak with an orchestrator.

use link::{DeviceInfo, Heartbeat, Paired, PairingCode, Standing, Usability};
use serde_json::{Value, json};

use super::TestApp;

pub(crate) const ADMIN: &str = "admin-token-of-the-tests";

/// 32 bytes in base64.
pub(crate) const KEY: &str = "S0VZLU9GLVRIRS1URVNUUy1LRVktT0YtVEhFLVRTVFM=";

/// The settings for devices.
pub(crate) const DEVICES: &[(&str, &str)] = &[("ADMIN_TOKEN", ADMIN), ("SECRETS_KEY", KEY)];

impl TestApp {
    /// Calls the interface for machines; a null body is none.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        self.call_from("127.0.0.1", method, path, token, body).await
    }

    /// The same, from another address.
    pub(crate) async fn call_from(
        &self,
        client: &str,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> (u16, Value) {
        let address = format!("{}/api/v1/{path}", self.url);
        let mut request = self
            .http
            .request(method.parse().unwrap(), address)
            .bearer_auth(token)
            .header("x-real-ip", client);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A fresh pairing code.
    pub(crate) async fn code(&self) -> PairingCode {
        let (status, code) = self.call("POST", "pairing-codes", ADMIN, &Value::Null).await;
        assert_eq!(status, 201, "{code}");
        serde_json::from_value(code).unwrap()
    }

    /// Types a code on a machine.
    pub(crate) async fn type_code(&self, code: &str) -> (u16, Value) {
        self.call("POST", "pair", "", &json!({ "code": code, "device": machine("Anna's Mac") })).await
    }

    /// A machine that is paired.
    pub(crate) async fn pair(&self, name: &str) -> Paired {
        let code = self.code().await.code;
        let (status, paired) =
            self.call("POST", "pair", "", &json!({ "code": code, "device": machine(name) })).await;
        assert_eq!(status, 201, "{paired}");
        serde_json::from_value(paired).unwrap()
    }

    /// Hands the tunnel through the edge over.
    pub(crate) async fn hand_over(&self, token: &str) -> (u16, Value) {
        self.call("PUT", "tunnel", token, &self.offer()).await
    }

    /// The tunnel through the edge.
    pub(crate) fn offer(&self) -> Value {
        json!({ "url": self.world.edge.url(), "access_client_id": "id.access",
            "access_client_secret": "secret-of-the-tests", "model": "llama3.2:latest" })
    }
}

pub(crate) fn machine(name: &str) -> DeviceInfo {
    DeviceInfo { name: name.to_owned(), platform: "macos".to_owned(), version: "0.1.0".to_owned() }
}

/// What a machine says when everything works.
pub(crate) fn healthy() -> Heartbeat {
    Heartbeat {
        version: "0.2.0".to_owned(),
        sent_at: "1999-01-01T00:00:00Z".to_owned(),
        overall: "healthy".to_owned(),
        standing: Standing { state: Usability::Usable, why: None },
        layers: vec![],
        programs: vec![],
        models: vec![],
        wanted_model: "llama3.2:latest".to_owned(),
        public_url: None,
        load: None,
    }
}
