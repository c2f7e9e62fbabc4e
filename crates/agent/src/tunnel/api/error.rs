//! How a call to Cloudflare's API fails, by what can be done about it.

use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// A permission of an API token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Any token may ask.
    None,
    /// Tunnels.
    Tunnel,
    /// Access applications and policies.
    AppsAndPolicies,
    /// Service tokens.
    ServiceTokens,
    /// The name of the Zero Trust team.
    Organizations,
    /// DNS records of the zone.
    Dns,
    /// Finding the zone and its account.
    Zone,
}

impl fmt::Display for Permission {
    /// Its name in Cloudflare's dashboard.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "to be active",
            Self::Tunnel => "Account › Cloudflare Tunnel › Edit",
            Self::AppsAndPolicies => "Account › Access: Apps and Policies › Edit",
            Self::ServiceTokens => "Account › Access: Service Tokens › Edit",
            Self::Organizations => "Account › Access: Organizations, Identity Providers, and Groups › Read",
            Self::Dns => "Zone › DNS › Edit",
            Self::Zone => "Zone › Zone › Read",
        })
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token would travel in the clear.
    #[error("the address of Cloudflare's API must begin with https://")]
    UnsafeAddress,
    /// No connection, or no answer in time.
    #[error("Cloudflare's API cannot be reached ({0})")]
    Unreachable(String),
    /// Wrong, expired or disabled.
    #[error("Cloudflare does not accept the API token")]
    TokenRefused,
    /// The token may not do this.
    #[error("the API token lacks a permission: {permission}")]
    Refused {
        /// Which one.
        permission: Permission,
    },
    /// Too many calls.
    #[error("Cloudflare asks to wait before the next call")]
    Busy {
        /// For how long.
        retry_after: Option<Duration>,
    },
    /// The object is not there.
    #[error("Cloudflare does not know this object")]
    NotFound,
    /// Something with that name is there, or the object is in use.
    #[error("Cloudflare says that this is taken or in use: {message} ({code})")]
    Conflict {
        /// Cloudflare's code.
        code: u64,
        /// Cloudflare's words.
        message: String,
    },
    /// Cloudflare does not accept the request.
    #[error("Cloudflare does not accept this: {message} ({code})")]
    Invalid {
        /// Cloudflare's code.
        code: u64,
        /// Cloudflare's words.
        message: String,
    },
    /// Cloudflare failed.
    #[error("Cloudflare's API failed (status {status})")]
    Failed {
        /// HTTP status.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("Cloudflare's API gave an unreadable answer: {0}")]
    BadAnswer(String),
}

/// What Cloudflare says of a token that it does not know: 1000 and 9109 by its own check, 6003 by that of its form.
const UNKNOWN_TOKEN: [u64; 3] = [1000, 9109, 6003];
const REFUSED: u64 = 10_000;
/// A tunnel's name that is taken; a tunnel in use; the four ways in which a DNS record can be there already.
const TAKEN: [u64; 6] = [1013, 1022, 81_053, 81_054, 81_057, 81_058];

impl Error {
    pub(super) fn answered(
        status: u16,
        body: &str,
        permission: Permission,
        retry_after: Option<Duration>,
    ) -> Self {
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        let first = &answer["errors"][0];
        let code = first["code"].as_u64().unwrap_or_default();
        let message = first["message"].as_str().unwrap_or("no reason given").to_owned();
        match status {
            429 => Self::Busy { retry_after },
            500.. => Self::Failed { status },
            _ if UNKNOWN_TOKEN.contains(&code) => Self::TokenRefused,
            401 => Self::TokenRefused,
            403 => Self::Refused { permission },
            _ if code == REFUSED => Self::Refused { permission },
            _ if status == 409 || TAKEN.contains(&code) => Self::Conflict { code, message },
            404 => Self::NotFound,
            _ if !answer.is_object() => {
                Self::BadAnswer(format!("status {status} without the form of Cloudflare's answers"))
            }
            _ => Self::Invalid { code, message },
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::UnsafeAddress => "Use https://api.cloudflare.com/client/v4.".to_owned(),
            Self::Unreachable(_) => {
                "Check this machine's connection to the internet, then run the set-up again: it goes on where it stopped."
                    .to_owned()
            }
            Self::TokenRefused => {
                "Make a new API token in the dashboard under My Profile › API Tokens and give it to the set-up.".to_owned()
            }
            Self::Refused { permission } => format!(
                "Edit the API token in the dashboard under My Profile › API Tokens and add {permission}; the token must \
                 also cover this account and this zone."
            ),
            Self::Busy { retry_after } => {
                let seconds = retry_after.map_or(300, |wait| wait.as_secs().max(1));
                format!("Run the set-up again in {seconds} seconds: it goes on where it stopped.")
            }
            Self::NotFound => "Run the set-up again: it looks at what is there now.".to_owned(),
            Self::Conflict { .. } => {
                "Run the set-up again: it looks at what is there now. If it stays, choose another name.".to_owned()
            }
            Self::Invalid { .. } => "Check the names that the set-up was given.".to_owned(),
            Self::Failed { .. } | Self::BadAnswer(_) => {
                "Wait a minute and run the set-up again; https://www.cloudflarestatus.com tells of outages.".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_code_and_status() {
        let read = |status, code: u64| {
            let body =
                format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"m"}}],"result":null}}"#);
            Error::answered(status, &body, Permission::Dns, Some(Duration::from_secs(3)))
        };
        let (refused, conflict) = (Error::Refused { permission: Permission::Dns }, |code| Error::Conflict {
            code,
            message: "m".to_owned(),
        });
        for (status, code, expected) in [
            (403, 10_000, refused.clone()),
            (403, 9109, Error::TokenRefused),
            (400, 9109, Error::TokenRefused),
            (401, 1000, Error::TokenRefused),
            (400, 6003, Error::TokenRefused),
            (200, 10_000, refused),
            (429, 0, Error::Busy { retry_after: Some(Duration::from_secs(3)) }),
            (503, 0, Error::Failed { status: 503 }),
            (404, 1003, Error::NotFound),
            (409, 1013, conflict(1013)),
            (400, 81_053, conflict(81_053)),
            (400, 81_058, conflict(81_058)),
            (400, 1022, conflict(1022)),
            (400, 12_130, Error::Invalid { code: 12_130, message: "m".to_owned() }),
        ] {
            assert_eq!(read(status, code), expected, "{status} {code}");
        }
        let page = Error::answered(302, "<html>", Permission::Dns, None);
        assert!(matches!(page, Error::BadAnswer(_)), "{page:?}");
    }

    #[test]
    fn a_missing_permission_is_named_as_in_the_dashboard() {
        let error = Error::Refused { permission: Permission::ServiceTokens };
        assert!(error.to_string().ends_with("Account › Access: Service Tokens › Edit"), "{error}");
        assert!(error.fix().contains("Account › Access: Service Tokens › Edit"), "{}", error.fix());
    }
}
