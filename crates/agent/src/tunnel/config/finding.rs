//! What can be wrong with a `config.yml`, and what to do about it. PURE.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, but should be better.
    Warning,
    /// It does not work, or is not safe.
    Error,
}

/// The kind of thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The file is no YAML.
    NotYaml,
    /// `tunnel` is missing.
    NoTunnel,
    /// `tunnel` is another one.
    OtherTunnel,
    /// `credentials-file` is missing.
    NoCredentials,
    /// `ingress` is missing: every request gets 503.
    NoIngress,
    /// The last rule does not take everything: cloudflared does not start.
    NoCatchAll,
    /// A rule before the last takes everything, so those after it are never used.
    UnreachableRules,
    /// What no other rule takes is sent to a program.
    OpenCatchAll,
    /// No rule is for the name.
    NoRule,
    /// A rule has no `service`.
    NoService,
    /// A service without `http://`: cloudflared does not start.
    NoScheme,
    /// The rule for the name leads elsewhere than to Ollama.
    OtherService,
    /// `httpHostHeader` is missing, or one that Ollama refuses with 403.
    HostHeader,
    /// All of Ollama can be called, deleting models too.
    NoAllowList,
    /// Another list of paths.
    OtherAllowList,
    /// A certificate is not checked.
    NoTlsVerify,
    /// `access` is there and does not check, or cannot.
    AccessCheck,
    /// A key that cloudflared does not know; it only warns and goes on without.
    UnknownKey,
    /// The state of the tunnel can be read from other machines.
    OpenMetrics,
    /// A secret stands in the file.
    SecretInFile,
    /// cloudflared replaces and ends itself now and then.
    SelfUpdate,
}

/// Something that is wrong, as a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub problem: Problem,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

impl Finding {
    pub(super) fn new(problem: Problem, sentence: impl Into<String>) -> Self {
        Self { problem, sentence: sentence.into() }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.problem.severity()
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        self.problem.fix()
    }
}

impl Problem {
    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::NotYaml
            | Self::NoTunnel
            | Self::OtherTunnel
            | Self::NoCredentials
            | Self::NoIngress
            | Self::NoCatchAll
            | Self::UnreachableRules
            | Self::NoRule
            | Self::NoService
            | Self::NoScheme
            | Self::OtherService
            | Self::HostHeader
            | Self::SecretInFile => Severity::Error,
            Self::OpenCatchAll
            | Self::NoAllowList
            | Self::OtherAllowList
            | Self::NoTlsVerify
            | Self::AccessCheck
            | Self::UnknownKey
            | Self::OpenMetrics
            | Self::SelfUpdate => Severity::Warning,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::NotYaml => {
                "Indent with spaces, two per level, put a space after each colon, and name each key once."
            }
            Self::NoTunnel => "Add `tunnel:` with the tunnel's id.",
            Self::OtherTunnel => {
                "Set `tunnel:` to the id that the DNS record leads to, and `credentials-file:` to that tunnel's file."
            }
            Self::NoCredentials => {
                "Add `credentials-file:` with the path of the <tunnel id>.json that `cloudflared tunnel create` wrote."
            }
            Self::NoIngress => {
                "Add `ingress:` with a rule for the host name and `- service: http_status:404` as the last one."
            }
            Self::NoCatchAll => "Add `- service: http_status:404` as the last rule.",
            Self::UnreachableRules => "Move the rule without hostname and path to the end.",
            Self::OpenCatchAll => "Make the last rule `- service: http_status:404`.",
            Self::NoRule => "Add a rule for the host name before the last one.",
            Self::NoService | Self::OtherService => "Set `service: http://127.0.0.1:11434`.",
            Self::NoScheme => "Write the service with http:// in front: `service: http://127.0.0.1:11434`.",
            Self::HostHeader => "Set `httpHostHeader: localhost:11434` in the rule's `originRequest`.",
            Self::NoAllowList | Self::OtherAllowList => {
                "Set `path: ^/api/(version|tags|ps|show|chat)$` in the rule."
            }
            Self::NoTlsVerify => {
                "Remove `noTLSVerify`: Ollama is called without TLS on this machine, so it does nothing good."
            }
            Self::AccessCheck => "Set `required: true`, `teamName` and `audTag`, or remove `access`.",
            Self::UnknownKey => "Check the spelling; keys are case-sensitive.",
            Self::OpenMetrics => "Set `metrics: 127.0.0.1:20241`.",
            Self::SecretInFile => {
                "Remove it, keep the token in the keychain, and have Cloudflare make a new one: others may have read it."
            }
            Self::SelfUpdate => "Set `no-autoupdate: true` and update cloudflared like any other program.",
        }
    }
}
