//! Server-sent events, read from bytes as they come. PURE.
//!
//! Source: the HTML standard, "Server-sent events", section "Interpreting an event stream".

/// A longer line is none of ours; it is left out, with its event.
const LONGEST_LINE: usize = 1024 * 1024;

/// The data of one event, in all its lines.
const LARGEST_EVENT: usize = 4 * LONGEST_LINE;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Event {
    /// The last id that the stream has named so far.
    pub(super) id: Option<String>,
    /// Its lines of data, joined by line feeds.
    pub(super) data: String,
}

/// What has been read and is not yet an event.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    id: Option<String>,
    /// A line feed after a carriage return ends no line of its own.
    after_return: bool,
    is_begun: bool,
    is_too_large: bool,
}

impl Parser {
    /// Takes the next bytes, cut anywhere; gives the events that they complete.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            let ends_return = std::mem::take(&mut self.after_return) && *byte == b'\n';
            match byte {
                b'\n' if ends_return => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    events.extend(self.end_line());
                }
                _ if self.line.len() >= LONGEST_LINE => self.is_too_large = true,
                byte => self.line.push(*byte),
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = match line.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if !self.is_begun => rest,
            Some(_) | None => &line,
        };
        self.is_begun = true;
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" if self.data.len() + value.len() > LARGEST_EVENT => self.is_too_large = true,
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"id" if !value.contains(&0) => self.id = Some(String::from_utf8_lossy(value).into_owned()),
            // Comments, the event's name (its data says what it is), `retry`, and whatever there may be one day.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let data = std::mem::take(&mut self.data);
        let (has_data, is_too_large) =
            (std::mem::take(&mut self.has_data), std::mem::take(&mut self.is_too_large));
        (has_data && !is_too_large)
            .then(|| Event { id: self.id.clone(), data: String::from_utf8_lossy(&data).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(Option<String>, String)> {
        Parser::default().read(text.as_bytes()).into_iter().map(|event| (event.id, event.data)).collect()
    }

    #[test]
    fn fields_comments_ids_and_line_ends() {
        let event = |id: Option<&str>, data: &str| (id.map(str::to_owned), data.to_owned());
        for (text, expected) in [
            ("data: a\n\n", vec![event(None, "a")]),
            ("\u{feff}data:a\r\ndata: b\r\n\r\n", vec![event(None, "a\nb")]),
            ("id: 7\rdata: a\r\r", vec![event(Some("7"), "a")]),
            (
                ": still here\n\nid: 7\ndata: a\n\n:\n\ndata: b\n\n",
                vec![event(Some("7"), "a"), event(Some("7"), "b")],
            ),
            ("event: triaged\nretry: 10\nid: 8\n\ndata\n\n", vec![event(Some("8"), "")]),
            ("data:  two spaces\ndata:\ndata\n\n", vec![event(None, " two spaces\n\n")]),
            ("id: a\0b\nid\ndata: x\n\n", vec![event(Some(""), "x")]),
            ("data: no end", vec![]),
            ("data: no end\n", vec![]),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_event_that_is_too_large_is_left_out_alone() {
        let long = "x".repeat(LONGEST_LINE + 10);
        let text = format!("data: a\n\ndata: {long}\n\ndata: b\n\n{}\ndata: c\n\n", "data: y\n".repeat(2));
        let read: Vec<String> = read(&text).into_iter().map(|(_, data)| data).collect();
        assert_eq!(read, ["a", "b", "y\ny", "c"]);
        let line = format!("data: {}\n", "z".repeat(LONGEST_LINE - 100));
        assert_eq!(super::tests::read(&format!("{}\ndata: d\n\n", line.repeat(5))).len(), 1);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_does_not_matter(
            events in prop::collection::vec((prop::option::of("[0-9]{1,6}"), prop::collection::vec("[^\r\n\0]{0,12}", 1..4)), 0..8),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 60),
            cuts in prop::collection::vec(0usize..400, 0..20),
        ) {
            let mut ends = ends.into_iter().cycle();
            let mut end = || ends.next().unwrap_or("\n");
            let (mut text, mut expected, mut last) = (String::new(), Vec::new(), None);
            for (id, lines) in events {
                if let Some(id) = id {
                    text.push_str(&format!("id: {id}{}", end()));
                    last = Some(id);
                }
                for line in &lines {
                    text.push_str(&format!(": comment{}data: {line}{}", end(), end()));
                }
                text.push_str("\n\n");
                expected.push(Event { id: last.clone(), data: lines.join("\n") });
            }
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut parser = Parser::default();
            let read: Vec<Event> = cuts.windows(2).flat_map(|cut| parser.read(&bytes[cut[0]..cut[1]])).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut parser = Parser::default();
            parser.read(&bytes);
            prop_assert!(parser.line.len() <= LONGEST_LINE);
        }
    }
}
