//! The calls to Ollama on this machine that are not about a ticket: what it is, what it has, and downloading more.
//! No call here starts or loads a model.
//!
//! Source: Ollama's `api/types.go` and `server/routes.go` (v0.33), and answers of a real server (v0.32).

mod answers;
mod error;
mod pull;

pub use answers::{Details, Installed, Loaded};
pub use error::Error;
pub use pull::{Progress, Pulling};

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use answers::{Models, Version};

/// A list of hundreds of models is far smaller.
const MOST_OF_A_BODY: usize = 4 * 1024 * 1024;
/// `/api/show` reads files, nothing else does.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Ollama at one address.
#[derive(Debug, Clone)]
pub struct OllamaApi {
    http: Client,
    address: String,
}

impl OllamaApi {
    /// `address` is `http://` and host and port, see [`crate::tunnel::OLLAMA`].
    #[must_use]
    pub fn new(http: Client, address: &str) -> Self {
        Self { http, address: address.trim_end_matches('/').to_owned() }
    }

    /// What it says its version is; `0.0.0` of a build from source.
    ///
    /// # Errors
    /// When it does not answer, or not as Ollama does.
    pub async fn version(&self) -> Result<String, Error> {
        let Version { version } = self.ask(Method::GET, "version", None).await?;
        Ok(version)
    }

    /// The models on the disk. Their names always carry a tag.
    ///
    /// # Errors
    /// When it does not answer, or not as Ollama does.
    pub async fn installed(&self) -> Result<Vec<Installed>, Error> {
        let Models { models } = self.ask(Method::GET, "tags", None).await?;
        Ok(models)
    }

    /// The models in memory.
    ///
    /// # Errors
    /// When it does not answer, or not as Ollama does.
    pub async fn loaded(&self) -> Result<Vec<Loaded>, Error> {
        let Models { models } = self.ask(Method::GET, "ps", None).await?;
        Ok(models)
    }

    /// What is known about one model on the disk.
    ///
    /// # Errors
    /// [`Error::NoSuchModel`] when it is not there; else when Ollama does not answer, or not as Ollama does.
    pub async fn show(&self, model: &str) -> Result<Details, Error> {
        self.ask(Method::POST, "show", Some(model)).await
    }

    /// Begins to download a model, or goes on where an earlier download ended. Dropping what it returns cancels the
    /// download; Ollama keeps what is there.
    ///
    /// # Errors
    /// [`Error::NoSuchModel`] when there is none of that name; else when Ollama does not answer, or cannot begin.
    pub async fn pull(&self, model: &str) -> Result<Pulling, Error> {
        let request = self.request(Method::POST, "pull", Some(model)).timeout(pull::LONGEST);
        Ok(Pulling::new(model, answered(request, model).await?))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        call: &str,
        model: Option<&str>,
    ) -> Result<T, Error> {
        let request = self.request(method, call, model).timeout(ANSWERS_WITHIN);
        let response = answered(request, model.unwrap_or_default()).await?;
        let body = crate::tunnel::http::body(response, MOST_OF_A_BODY).await?;
        Ok(serde_json::from_str(&body)?)
    }

    fn request(&self, method: Method, call: &str, model: Option<&str>) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/{call}", self.address));
        match model {
            Some(model) => request.json(&json!({ "model": model })),
            None => request,
        }
    }
}

/// The answer, unless it is a refusal.
async fn answered(request: RequestBuilder, model: &str) -> Result<Response, Error> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = crate::tunnel::http::body(response, MOST_OF_A_BODY).await?;
    Err(Error::refused(status.as_u16(), &body, model))
}
