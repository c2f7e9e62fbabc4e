//! How `cloudflared tunnel … run` is started. Flags of `tunnel` stand before `run` (cloudflared 2026.8).

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use supervise::Kind;

use super::launch::{Launch, PrivateFile, Value};

/// The port of its status page, when it is free.
pub const METRICS_PORT: u16 = 20241;

/// Connected, it takes the whole of this to end. Less than the 10 s after which it is killed.
const GRACE: &str = "8s";

/// Variables by which it would run another tunnel than the wanted one.
const OVERRULING: [&str; 4] =
    ["TUNNEL_TOKEN", "TUNNEL_TOKEN_FILE", "TUNNEL_CRED_FILE", "TUNNEL_CRED_CONTENTS"];

/// Which tunnel.
#[derive(Debug, Clone)]
pub enum Tunnel {
    /// The one of a `config.yml`, managed on this machine.
    Config(PathBuf),
    /// The one of a token, managed at Cloudflare.
    Token {
        /// The token.
        token: SecretString,
        /// A folder of ours, for a file that keeps a stray `config.yml` of the user out.
        runtime_folder: PathBuf,
    },
}

/// Where its status page is.
#[must_use]
pub const fn metrics_address(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The start of a program found at `program` with its status page on `metrics_port`.
#[must_use]
pub fn launch(program: &Path, metrics_port: u16, tunnel: &Tunnel) -> Launch {
    let (config, env, private_file) = match tunnel {
        Tunnel::Config(file) => (file.clone(), Vec::new(), None),
        Tunnel::Token { token, runtime_folder } => {
            let path = runtime_folder.join("cloudflared-by-token.yml");
            let file = PrivateFile { path: path.clone(), content: "no-autoupdate: true\n".into() };
            (path, vec![("TUNNEL_TOKEN".to_owned(), Value::Secret(token.clone()))], Some(file))
        }
    };
    Launch {
        kind: Kind::Cloudflared,
        program: program.to_owned(),
        args: arguments(metrics_port, config.into()),
        env,
        env_remove: OVERRULING.map(str::to_owned).to_vec(),
        private_file,
    }
}

fn arguments(metrics_port: u16, config: OsString) -> Vec<OsString> {
    let metrics = metrics_address(metrics_port).to_string();
    let before =
        ["tunnel", "--no-autoupdate", "--metrics", &metrics, "--output", "json", "--loglevel", "info"];
    let grace = ["--grace-period", GRACE, "--config"];
    before.into_iter().chain(grace).map(OsString::from).chain([config, "run".into()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configured_tunnel_names_its_file() {
        let launch = launch(Path::new("cloudflared"), 20241, &Tunnel::Config("/c/config.yml".into()));
        let words: Vec<_> = launch.args.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(
            words.join(" "),
            "tunnel --no-autoupdate --metrics 127.0.0.1:20241 --output json --loglevel info \
             --grace-period 8s --config /c/config.yml run"
        );
        assert!(launch.env.is_empty() && launch.private_file.is_none());
        assert!(launch.env_remove.iter().any(|name| name == "TUNNEL_TOKEN"));
    }

    #[test]
    fn a_token_is_in_the_environment_only() {
        let tunnel = Tunnel::Token { token: "eyJhIjoi".into(), runtime_folder: "/run/us".into() };
        let launch = launch(Path::new("cloudflared"), 20241, &tunnel);
        assert!(launch.args.iter().all(|word| !word.to_str().unwrap().contains("eyJhIjoi")));
        assert_eq!(launch.env[0].0, "TUNNEL_TOKEN");
        assert_eq!(launch.env[0].1.text(), "eyJhIjoi");
        assert!(!format!("{launch:?}").contains("eyJhIjoi"));
    }

    #[test]
    fn it_ends_before_it_is_killed() {
        let grace: u64 = GRACE.trim_end_matches('s').parse().unwrap();
        assert!(grace < supervise::limits::Limits::of(Kind::Cloudflared).grace.as_secs());
    }
}
