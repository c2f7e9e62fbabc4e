//! What the API token may do.

/// One permission of an API token, by its name in the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Account › Cloudflare Tunnel › Edit.
    Tunnel,
    /// Account › Access: Apps and Policies › Edit.
    AppsAndPolicies,
    /// Account › Access: Service Tokens › Edit.
    ServiceTokens,
    /// Account › Access: Organizations, Identity Providers, and Groups › Edit.
    Organizations,
    /// Zone › DNS › Edit.
    Dns,
    /// Zone › Zone › Read.
    Zone,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Tunnel,
        Self::AppsAndPolicies,
        Self::ServiceTokens,
        Self::Organizations,
        Self::Dns,
        Self::Zone,
    ];
}

pub(super) fn needed(segments: &[&str]) -> Option<Permission> {
    match segments {
        ["zones"] => Some(Permission::Zone),
        ["zones", _, "dns_records", ..] => Some(Permission::Dns),
        ["accounts", _, "cfd_tunnel", ..] => Some(Permission::Tunnel),
        ["accounts", _, "access", "apps" | "policies", ..] => Some(Permission::AppsAndPolicies),
        ["accounts", _, "access", "service_tokens", ..] => Some(Permission::ServiceTokens),
        ["accounts", _, "access", "organizations"] => Some(Permission::Organizations),
        _ => None,
    }
}
