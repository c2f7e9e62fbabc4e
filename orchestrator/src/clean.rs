//! Bounds on what machines say of themselves: it is stored, listed, logged and shown to people. Nothing else is done
//! to it.

use link::{DeviceInfo, Heartbeat, LayerReport, LoadedModel, ProgramReport, Standing};
use triage::without_invisible;

/// Layers of a heartbeat; there are ten today.
const MOST_LAYERS: usize = 32;

/// Programs and models of a heartbeat.
const MOST_ITEMS: usize = 32;

/// Characters of a name, a version or a state.
const LONGEST_WORD: usize = 64;

/// Characters of a sentence or an address.
const LONGEST_SENTENCE: usize = 500;

/// One visible line of at most so many characters.
fn line(text: &str, most_chars: usize) -> String {
    let visible = without_invisible(text);
    let words: Vec<&str> = visible.split_whitespace().collect();
    words.join(" ").chars().take(most_chars).collect()
}

fn word(text: &str) -> String {
    line(text, LONGEST_WORD)
}

fn sentence(text: &str) -> String {
    line(text, LONGEST_SENTENCE)
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text }
}

/// A machine as it introduces itself; one without a name gets one.
pub(crate) fn device(info: &DeviceInfo) -> DeviceInfo {
    DeviceInfo {
        name: or(word(&info.name), "unnamed machine"),
        platform: or(word(&info.platform), "unknown"),
        version: or(word(&info.version), "unknown"),
    }
}

/// A heartbeat.
pub(crate) fn heartbeat(said: Heartbeat) -> Heartbeat {
    let layer = |layer: LayerReport| LayerReport {
        layer: word(&layer.layer),
        sentence: sentence(&layer.sentence),
        ..layer
    };
    let program = |program: ProgramReport| ProgramReport {
        program: word(&program.program),
        state: word(&program.state),
        version: program.version.as_deref().map(word),
    };
    let model = |model: LoadedModel| LoadedModel { name: sentence(&model.name), ..model };
    Heartbeat {
        version: word(&said.version),
        sent_at: word(&said.sent_at),
        overall: word(&said.overall),
        standing: Standing { why: said.standing.why.as_deref().map(sentence), ..said.standing },
        layers: said.layers.into_iter().take(MOST_LAYERS).map(layer).collect(),
        programs: said.programs.into_iter().take(MOST_ITEMS).map(program).collect(),
        models: said.models.into_iter().take(MOST_ITEMS).map(model).collect(),
        wanted_model: sentence(&said.wanted_model),
        public_url: said.public_url.as_deref().map(sentence),
        load: said.load,
    }
}

#[cfg(test)]
mod tests {
    use link::{LayerHealth, Usability};

    use super::*;

    #[test]
    fn a_machine_is_one_visible_line_each() {
        let said = DeviceInfo {
            name: " Anna's\r\n\u{1b}[31mMac\u{202e}Book\t Pro ".to_owned(),
            platform: "\u{200b}".to_owned(),
            version: "9".repeat(1000),
        };
        let cleaned = device(&said);
        assert_eq!((cleaned.name.as_str(), cleaned.platform.as_str()), ("Anna's [31mMacBook Pro", "unknown"));
        assert_eq!(cleaned.version, "9".repeat(LONGEST_WORD));
        let nobody = DeviceInfo { name: " \n".to_owned(), ..said };
        assert_eq!(device(&nobody).name, "unnamed machine");
    }

    #[test]
    fn a_heartbeat_keeps_what_it_says_within_bounds() {
        let layer = |sentence: String| LayerReport {
            layer: "edge".to_owned(),
            health: LayerHealth::Warn,
            sentence,
            latency_ms: Some(3),
        };
        let small = Heartbeat {
            version: "0.1.0".to_owned(),
            sent_at: "2026-11-23T00:00:00Z".to_owned(),
            overall: "healthy".to_owned(),
            standing: Standing { state: Usability::Unusable, why: Some("no edge".to_owned()) },
            layers: vec![layer("two connections".to_owned())],
            programs: vec![],
            models: vec![LoadedModel {
                name: "llama3.2:latest".to_owned(),
                size_bytes: 7,
                gpu_percent: Some(9),
            }],
            wanted_model: "llama3.2:latest".to_owned(),
            public_url: Some("https://ollama.example.com".to_owned()),
            load: None,
        };
        assert_eq!(heartbeat(small.clone()), small, "nothing is lost of a decent one");
        let large = Heartbeat {
            layers: (0..100).map(|_| layer("ä".repeat(10_000))).collect(),
            overall: "fine\n".repeat(1000),
            ..small
        };
        let bounded = heartbeat(large);
        assert_eq!(bounded.layers.len(), MOST_LAYERS);
        assert!(bounded.layers.iter().all(|l| l.sentence.chars().count() == LONGEST_SENTENCE));
        assert_eq!(bounded.overall.chars().count(), LONGEST_WORD);
    }
}
