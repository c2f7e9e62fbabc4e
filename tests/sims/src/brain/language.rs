//! Which language a text is in, by script and by the small words that each language cannot do without.

const SMALL_WORDS: [(&str, &str); 8] = [
    (
        "en",
        "the is are and to of in it my we our you please not with for have has cannot can't this that on was i",
    ),
    (
        "de",
        "der die das ist und nicht ich wir bitte mit ein eine zu für auf unsere mein haben kann wie seit dem den es",
    ),
    (
        "fr",
        "le la les est et je nous pas un une des pour dans mon notre vous avec sur ne de du que merci bonjour à",
    ),
    (
        "es",
        "el los las es y no un una por para mi nuestro con que en se al del cuando hola gracias está estamos",
    ),
    ("pt", "o os as é e não um uma por para meu nossa com que em no na ao olá obrigado está estamos você"),
    (
        "it",
        "il lo gli è e non un una per di mio nostro con che della questo questa sono ciao grazie abbiamo mese",
    ),
    ("nl", "de het is en niet ik wij een van op met voor mijn onze kan hoe graag bedankt zijn naar sinds"),
    ("pl", "jest nie to się na w z do i że jak dzień dobry proszę mamy od przed czy dla po co ale są"),
];

/// An ISO 639-1 code; English when nothing speaks for another.
pub(crate) fn detect(text: &str) -> &'static str {
    if let Some(code) = by_script(text) {
        return code;
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut best = ("en", 0);
    for (code, small) in SMALL_WORDS {
        let small: Vec<&str> = small.split(' ').collect();
        let hits = words.iter().filter(|word| small.contains(&word.as_str())).count();
        if hits > best.1 {
            best = (code, hits);
        }
    }
    best.0
}

fn by_script(text: &str) -> Option<&'static str> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count().max(1);
    let share = |within: &dyn Fn(char) -> bool| text.chars().filter(|c| within(*c)).count() * 100 / letters;
    let kana = share(&|c| ('\u{3040}'..='\u{30ff}').contains(&c));
    let han = share(&|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let scripts = [
        ("ja", if kana > 3 { kana + han } else { 0 }),
        ("zh", if kana > 3 { 0 } else { han }),
        ("ko", share(&|c| ('\u{ac00}'..='\u{d7a3}').contains(&c))),
        ("ru", share(&|c| ('\u{0400}'..='\u{04ff}').contains(&c))),
        ("ar", share(&|c| ('\u{0600}'..='\u{06ff}').contains(&c))),
        ("el", share(&|c| ('\u{0370}'..='\u{03ff}').contains(&c))),
        ("he", share(&|c| ('\u{0590}'..='\u{05ff}').contains(&c))),
        ("hi", share(&|c| ('\u{0900}'..='\u{097f}').contains(&c))),
        ("th", share(&|c| ('\u{0e00}'..='\u{0e7f}').contains(&c))),
    ];
    scripts.into_iter().find(|(_, percent)| *percent > 25).map(|(code, _)| code)
}

/// A polite first answer in that language.
pub(crate) fn reply(code: &str) -> &'static str {
    match code {
        "de" => {
            "Vielen Dank für Ihre Nachricht. Wir sehen uns das an und melden uns mit dem nächsten Schritt."
        }
        "fr" => "Merci pour votre message. Nous examinons cela et revenons vers vous avec la suite.",
        "es" => "Gracias por su mensaje. Lo estamos revisando y le informaremos del siguiente paso.",
        "pt" => "Obrigado pela sua mensagem. Estamos a analisar e informaremos o próximo passo.",
        "it" => "Grazie per il messaggio. Lo stiamo verificando e vi faremo sapere il prossimo passo.",
        "nl" => "Bedankt voor uw bericht. We kijken ernaar en laten u de volgende stap weten.",
        "ja" => "お問い合わせありがとうございます。確認のうえ、次の対応をご連絡いたします。",
        _ => {
            "Thank you for your message. We are looking into it and will come back to you with the next step."
        }
    }
}
