//! The page that keeps the figures: what people wrote on it stays, what stands between the markers is made anew.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::machine::Machine;
use crate::report::Report;

const BEGIN: &str = "<!-- figures: written by scripts/bench --write -->";
const END: &str = "<!-- end of figures -->";

/// Puts the report between the markers of the page.
pub(crate) fn write(path: &Path, machine: &Machine, report: &Report, is_quick: bool) -> Result<()> {
    let page = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let quick = if is_quick { "**A quick run, for development: one short round each.** " } else { "" };
    let figures = format!("{quick}{}\n{}", machine.markdown(), report.markdown());
    std::fs::write(path, between_markers(&page, &figures)?)?;
    Ok(())
}

fn between_markers(page: &str, figures: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no marker for the figures")?;
    let (_, after) = rest.split_once(END).context("the page has no marker for the end of the figures")?;
    ensure!(!after.contains(END), "the page has two markers for the end of the figures");
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let page = format!("by hand\n{BEGIN}\nold\n{END}\nalso by hand\n");
        let written = between_markers(&page, "new\n").unwrap();
        assert_eq!(written, format!("by hand\n{BEGIN}\n\nnew\n\n{END}\nalso by hand\n"));
        assert_eq!(between_markers(&written, "new").unwrap(), written);
        assert!(between_markers("nothing", "new").is_err());
    }
}
