//! Prints the wire types as TypeScript; `scripts/bless` writes them where the window takes them from.

use std::collections::BTreeMap;
use std::io::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

/// What has been declared so far.
struct Declarations {
    config: Config,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of our own have a file, and a name.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if self.by_name.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.by_name.insert(name, format!("{docs}export {}", T::decl(&self.config)));
        T::visit_dependencies(self);
    }
}

/// Everything that the window may get to see, with what it is made of.
fn typescript() -> String {
    let config = Config::default().with_large_int("number");
    let mut all = Declarations { config, by_name: BTreeMap::new() };
    all.visit::<agent::ollama_api::Progress>();
    all.visit::<agent::settings::form::Form>();
    all.visit::<agent::socket::Check>();
    all.visit::<agent::status::Status>();
    all.visit::<agent::test_ticket::TestStep>();
    all.visit::<agent::tunnel_setup::Step>();
    all.visit::<agent::window::Destination>();
    all.visit::<agent::window::Evidence>();
    all.visit::<agent::window::Failure>();
    all.visit::<agent::window::LogMessage>();
    all.visit::<link::Alerts>();
    all.visit::<link::Change>();
    all.visit::<link::CorrectionRequest>();
    all.visit::<link::Devices>();
    all.visit::<link::ErrorBody>();
    all.visit::<link::HeartbeatAnswer>();
    all.visit::<link::Stats>();
    all.visit::<link::TriageDetail>();
    all.visit::<link::TriagePage>();
    let declarations: Vec<String> = all.by_name.into_values().collect();
    format!("// Written by scripts/bless from the Rust types.\n\n{}\n", declarations.join("\n\n"))
}

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(typescript().as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_the_window_takes_is_current() {
        let committed = include_str!("../../../ui/src/bindings.ts");
        assert!(committed == super::typescript(), "ui/src/bindings.ts is behind: run scripts/bless");
    }
}
