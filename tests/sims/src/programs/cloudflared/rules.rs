//! `tunnel ingress validate` and `tunnel ingress rule URL`.

use super::file::File;
use super::flags::Flags;
use super::{fail, say};
use crate::ingress::Ingress;

const NO_FILE: &str = "No configuration file was found. Please create one, or use the --config flag to specify its \
    filepath. You can use the help command to learn more about configuration files";

pub(super) fn perform(command: &str, flags: &Flags, argument: Option<&str>) -> u8 {
    let file = match File::find(flags) {
        Ok(Some(file)) => file,
        Ok(None) => return fail(NO_FILE),
        Err(problem) => return fail(&problem),
    };
    let path = file.path.display();
    match (command, argument) {
        ("validate", _) => {
            say(&format!("Validating rules from {path}"));
            validate(&file)
        }
        ("rule", Some(url)) => {
            say(&format!("Using rules from {path}"));
            test(&file, url)
        }
        ("rule", None) => fail("cloudflared tunnel rule expects a single argument, the URL to test"),
        _ => {
            say(&super::flags::help(command));
            0
        }
    }
}

fn validate(file: &File) -> u8 {
    if let Err(problem) = Ingress::read(&file.values) {
        return fail(&format!("Validation failed: {problem}"));
    }
    let unused = file.unused_keys();
    if unused.is_empty() {
        say("OK");
    } else {
        say("Warning: unused keys detected in your config file. Here is a list of unused keys:");
        say(&unused.join("\n"));
    }
    0
}

fn test(file: &File, url: &str) -> u8 {
    let rules = match Ingress::read(&file.values) {
        Ok(rules) => rules,
        Err(problem) => return fail(&format!("Validation failed: {problem}")),
    };
    let Ok(parsed) = url::Url::parse(url) else {
        return fail(&format!("{url} doesn't have a hostname, consider adding a scheme"));
    };
    let Some((place, rule)) = rules.find(parsed.host_str().unwrap_or_default(), parsed.path()) else {
        return fail("Validation failed: no rule matches");
    };
    say(&format!("Matched rule #{place}\n{}", rule.describe()));
    0
}
