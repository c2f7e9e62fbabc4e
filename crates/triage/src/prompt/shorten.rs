//! Fitting a long ticket into the model's context: how many tokens a text may take, and what to keep of one that
//! takes too many.

/// How far from the exact place a better place to cut may lie, in bytes.
const NEARBY: usize = 200;

/// Roughly how many tokens a text takes, rounded up and rather too many than too few: 1 for 3.5 ASCII characters, 0.7
/// for a letter of another alphabet, 1.5 for a Chinese character, a kana, a Hangul syllable or an emoji.
///
/// Tokenisers differ, and text such as base64 takes more; a provider that still finds a prompt too long gets half.
pub fn estimate_tokens(text: &str) -> u32 {
    let tokens = text.chars().map(cost).sum::<u64>().div_ceil(COST_OF_TOKEN);
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

/// Costs are whole numbers, so that a sum does not depend on its order.
const COST_OF_TOKEN: u64 = 70;

fn cost(c: char) -> u64 {
    match c {
        '\0'..='\x7f' => 20,
        // From the CJK radicals on: kana, ideographs, Hangul, full-width forms, and everything outside the first plane.
        '\u{1100}'..='\u{11FF}' | '\u{2600}'..='\u{27BF}' | '\u{2E80}'.. => 105,
        '\u{80}'..='\u{2E7F}' => 49,
    }
}

/// What is kept of a text, and how much is missing between the two parts.
pub(super) struct Shortened<'a> {
    pub(super) head: &'a str,
    pub(super) tail: &'a str,
    pub(super) omitted_chars: u64,
}

/// The first two thirds and the last third of what the budget allows, cut between lines or words where one ends
/// nearby. `None` when the whole text fits.
pub(super) fn shorten(text: &str, budget_tokens: u32) -> Option<Shortened<'_>> {
    let budget = u64::from(budget_tokens) * COST_OF_TOKEN;
    if text.chars().map(cost).sum::<u64>() <= budget {
        return None;
    }
    let head = &text[..affordable_bytes(text.chars(), budget / 3 * 2)];
    let tail = &text[text.len() - affordable_bytes(text.chars().rev(), budget / 3)..];
    let (head, tail) = (whole_words_at_end(head), whole_words_at_start(tail));
    let omitted = &text[head.len()..text.len() - tail.len()];
    let omitted_chars = u64::try_from(omitted.chars().count()).unwrap_or(u64::MAX);
    Some(Shortened { head, tail, omitted_chars })
}

/// The length of the first characters that cost no more than `budget` together.
fn affordable_bytes(chars: impl Iterator<Item = char>, budget: u64) -> usize {
    let mut spent = 0;
    let affordable = chars.take_while(|c| {
        spent += cost(*c);
        spent <= budget
    });
    affordable.map(char::len_utf8).sum()
}

/// The head up to the last line break nearby, else up to the last white space nearby, else as it is.
fn whole_words_at_end(head: &str) -> &str {
    let from = head.floor_char_boundary(head.len() - nearby(head));
    let place = head[from..].rfind('\n').or_else(|| head[from..].rfind(char::is_whitespace));
    place.map_or(head, |place| &head[..from + place])
}

/// The tail from the first line break nearby, else from the first white space nearby, else as it is.
fn whole_words_at_start(tail: &str) -> &str {
    let to = tail.floor_char_boundary(nearby(tail));
    let place = tail[..to].find('\n').or_else(|| tail[..to].find(char::is_whitespace));
    place.map_or(tail, |place| tail[place..].trim_start())
}

/// Never more than a quarter of a part is given up for a better cut.
fn nearby(part: &str) -> usize {
    NEARBY.min(part.len() / 4)
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
