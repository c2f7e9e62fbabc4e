//! `.env`: every line is a setting, or it is reported. A line that were dropped in silence could be the one that keeps text
//! local.

use std::collections::BTreeMap;

use super::Problem;

/// The file's settings, and what is wrong with it by line; never a value.
pub(super) fn read(text: &str) -> (BTreeMap<String, String>, Vec<Problem>) {
    let (mut settings, mut problems) = (BTreeMap::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // Line by line, so that a quote left open cannot swallow what follows.
        match parse(line) {
            Ok((name, value)) => {
                settings.insert(name, value);
            }
            Err(example) => problems.push(Problem {
                name: ".env",
                wrong: format!("line {} is not a setting", index + 1),
                example: example.to_owned(),
            }),
        }
    }
    (settings, problems)
}

fn parse(line: &str) -> Result<(String, String), &'static str> {
    const PLAIN: &str = "NAME=value";
    let (_, value) = line.split_once('=').ok_or(PLAIN)?;
    if value.contains('$') && !value.trim_start().starts_with('\'') {
        return Err("NAME='value with $ in single quotes'");
    }
    dotenvy::from_read_iter(line.as_bytes()).next().and_then(Result::ok).ok_or(PLAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lines_are_read_and_bad_ones_named() {
        let (settings, problems) = read(
            "# comment\n\nA=1\nexport B=\"two words\"\nC='pa$sword'\nCLOUD_FALLBACK: off\nD=pa$sword\nE=\"open\nF=6 # six\n",
        );
        let expected = [("A", "1"), ("B", "two words"), ("C", "pa$sword"), ("F", "6")];
        assert_eq!(settings, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let lines: Vec<&str> = problems.iter().map(|problem| problem.wrong.as_str()).collect();
        assert_eq!(lines, ["line 6 is not a setting", "line 7 is not a setting", "line 8 is not a setting"]);
        assert!(!format!("{problems:?}").contains("sword\""));
    }
}
