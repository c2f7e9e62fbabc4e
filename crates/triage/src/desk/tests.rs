use std::time::Duration;

use super::*;

const SMALL: &str = r#"
[[teams]]
key = "support"
label = "Support"
[[categories]]
key = "bug"
label = "Bug"
description = "Errors."
team = "support"
[[categories]]
key = "old"
label = "Old things"
description = "Nothing any more."
team = "support"
enabled = false
"#;

fn with(extra: &str) -> Result<Desk, Vec<String>> {
    Desk::parse(&format!("{SMALL}\n{extra}"))
}

fn content(content: &str) -> Text {
    Text { subject: String::new(), content: content.to_owned() }
}

#[test]
fn a_small_desk_gets_defaults() {
    let desk = with("").unwrap();
    assert_eq!((desk.review_threshold, desk.max_ticket_tokens, desk.suggest_reply), (0.6, 5000, false));
    assert_eq!((desk.summary_language.as_str(), desk.summary_language_name()), ("en", "English"));
    assert!(!desk.about.is_empty() && desk.instructions.is_empty());
    assert_eq!(desk.enabled_categories().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["bug"]);
    assert!(desk.floor(&content("production is down")).is_none());
}

#[test]
fn labels_outlive_their_categories() {
    let desk = with("").unwrap();
    assert!(desk.category("old").is_none() && desk.category("BUG").is_none());
    assert_eq!(desk.category("bug").map(|c| c.team.as_str()), Some("support"));
    assert_eq!(desk.category_label("old"), "Old things");
    assert_eq!(desk.category_label("gone"), "gone");
    assert_eq!((desk.team_label("support"), desk.team_label("gone")), ("Support".into(), "gone".into()));
}

#[test]
fn every_setting_is_read() {
    let desk = Desk::parse(&format!(
        "\u{feff}[desk]\nabout = \"  We sell\\n ships. \"\nsummary_language = \"pt-BR\"\ninstructions = \"Be kind.\"\n\
         [thresholds]\nreview = 1\n[prompt]\nmax_ticket_tokens = 800\nsuggest_reply = true\n{SMALL}\
         examples = [\"It\\n broke.\"]\n"
    ))
    .unwrap();
    assert_eq!(desk.about, "We sell ships.");
    assert_eq!(desk.summary_language_name(), "Brazilian Portuguese");
    assert_eq!((desk.review_threshold, desk.max_ticket_tokens, desk.suggest_reply), (1.0, 800, true));
    assert_eq!(desk.instructions, "Be kind.");
    assert_eq!(desk.categories[1].examples, ["It broke."]);
}

#[test]
fn each_problem_names_its_place_and_the_cure() {
    for (extra, expected) in [
        ("[desk]\nabuot = \"x\"", "[desk]: \"abuot\" is no setting here; there is: about, summary_language"),
        ("[dsek]", "the file: \"dsek\" is no setting here; there is: desk, thresholds, prompt, teams"),
        ("[desk]\nabout = 3", "[desk]: about must be a text in quotes"),
        (
            "[desk]\nsummary_language = \"klingon\"",
            "[desk]: summary_language = \"klingon\" is not known; write one",
        ),
        ("[thresholds]\nreview = 60", "[thresholds]: review must be a number from 0 to 1, such as 0.6"),
        ("[thresholds]\nreview = nan", "[thresholds]: review must be a number"),
        ("[thresholds]\nreview = \"0.6\"", "[thresholds]: review must be a number"),
        ("[prompt]\nmax_ticket_tokens = 12", "[prompt]: max_ticket_tokens must be a whole number from 500"),
        ("[prompt]\nsuggest_reply = \"yes\"", "[prompt]: suggest_reply must be true or false"),
        ("[[teams]]\nkey = \"support\"\nlabel = \"S\"", "[[teams]] \"support\": the key is used twice"),
        (
            "[[teams]]\nkey = \"B 1\"\nlabel = \"S\"",
            "[[teams]] \"B 1\": the key must begin with a letter a-z",
        ),
        ("[[teams]]\nlabel = \"S\"", "[[teams]] number 2: key is missing; write for example key ="),
        ("[[categories]]\nkey = \"bug\"", "[[categories]] \"bug\": the key is used twice"),
        ("[[categories]]\nkey = \"new\"", "[[categories]] \"new\": label is missing"),
        (
            "[[categories]]\nkey = \"new\"\nteam = \"x\"",
            "there is no team \"x\"; add it under [[teams]], or use one of: support",
        ),
        (
            "[[categories]]\nkey = \"n\"\nexamples = [3]",
            "[[categories]] \"n\": examples must be a list of texts",
        ),
        (
            "[[categories]]\nkey = \"n\"\nhubspot_category = \"A;B\"",
            "[[categories]] \"n\": hubspot_category must be the internal value of one option",
        ),
        (
            "[[rules]]\nname = \"r\"\nat_least = \"asap\"\nany_of = [\"x\"]",
            "[[rules]] \"r\": at_least must be",
        ),
        (
            "[[rules]]\nname = \"r\"\nat_least = \"low\"\nany_of = [\"x\"]",
            "at_least = \"low\" would change nothing",
        ),
        (
            "[[rules]]\nname = \"r\"\nat_least = \"high\"\nany_of = [\" \"]",
            "any_of, phrase 1 (\"\") is empty",
        ),
        ("[[rules]]\nname = \"r\"\nat_least = \"high\"\nany_of = []", "[[rules]] \"r\": any_of is missing"),
        ("[[rules]]\nname = \"r\"\nat_least = \"high\"\nany_of = [\"a*b\"]", "has a * inside a word"),
        ("[[rules]]\nat_least = \"high\"\nany_of = [\"x\"]", "[[rules]] number 1: name is missing"),
        ("rules = 3", "[[categories]] \"old\": \"rules\" is no setting here"),
    ] {
        let problems = with(extra).unwrap_err();
        assert!(problems.iter().any(|p| p.contains(expected)), "{extra}\n{problems:#?}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let problems =
        Desk::parse("rules = 3\nteams = [1]\n[thresholds]\nreview = -1\n[desk]\nabout = \"\"\nx = 1")
            .unwrap_err();
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert!(problems.iter().any(|p| p.contains("none is enabled")));
    let none_enabled = Desk::parse(
        &SMALL.replace("[[categories]]\nkey = \"bug\"", "[[categories]]\nenabled = false\nkey = \"bug\""),
    );
    assert_eq!(none_enabled.unwrap_err().len(), 1);
}

#[test]
fn broken_toml_is_located() {
    let problems = Desk::parse("[desk]\nabout = \"ä\" x").unwrap_err();
    assert!(problems[0].starts_with("the file is not valid TOML at line 2, column "), "{problems:?}");
    assert!(!problems[0].contains('\n'));
    assert!(Desk::parse("").is_err());
}

#[test]
fn the_highest_floor_wins_and_the_first_of_equals() {
    let rule = |name: &str, priority: &str, phrase: &str| {
        format!("[[rules]]\nname = \"{name}\"\nat_least = \"{priority}\"\nany_of = [\"{phrase}\"]\n")
    };
    let rules = [
        rule("a", "medium", "one"),
        rule("b", "high", "two"),
        rule("c", "high", "three"),
        rule("d", "urgent", "four"),
    ];
    let desk = with(&rules.concat()).unwrap();
    for (text, expected) in [
        ("nothing", None),
        ("one", Some("a")),
        ("one two three", Some("b")),
        ("three one", Some("c")),
        ("four three two one", Some("d")),
    ] {
        assert_eq!(desk.floor(&content(text)).map(|rule| rule.name.as_str()), expected, "{text}");
    }
    let subject = Text { subject: "FOUR".into(), content: "one".into() };
    assert_eq!(desk.floor(&subject).map(|rule| rule.at_least), Some(Priority::Urgent));
}

#[test]
fn what_nobody_sees_hides_no_phrase_from_a_rule() {
    let desk = Desk::default();
    for text in [
        "Our pro\u{ad}duction is\u{200b} down!",
        "p\u{2060}r\u{fe01}oduction\u{202e} is d\u{e0041}own",
        "本番\u{200b}環境が停止",
    ] {
        assert_eq!(desk.floor(&content(text)).map(|rule| rule.at_least), Some(Priority::Urgent), "{text:?}");
    }
}

#[test]
fn the_built_in_desk_is_complete() {
    let desk = Desk::default();
    for key in [
        "outage",
        "bug",
        "account",
        "billing",
        "cancellation",
        "security",
        "integration",
        "feature_request",
        "how_to",
        "feedback",
        "other",
    ] {
        assert!(desk.category(key).is_some(), "{key}");
    }
    assert!(desk.category("training").is_none());
    assert_eq!(desk.category_label("how_to"), "How-to question");
    let texts = desk.categories.iter().map(|c| &c.team);
    assert!(texts.into_iter().all(|team| desk.team_label(team) != *team));
}

#[test]
fn every_phrase_of_the_built_in_rules_fires_its_own_rule() {
    for rule in &Desk::default().rules {
        for phrase in &rule.any_of {
            let said = phrase.replace('*', "").to_uppercase();
            assert!(rule.applies(&[format!("Hello, {said}!")]), "{}: {phrase}", rule.name);
        }
    }
}

#[test]
fn alarming_tickets_fire_the_rule_they_should() {
    let desk = Desk::default();
    for (text, expected) in [
        ("URGENT: Production is down since 9:00", "outage"),
        ("Hallo, unser Produktivsystem steht seit heute Morgen.", "outage"),
        ("Bonjour, le site est inaccessible depuis ce matin", "outage"),
        ("El sistema esta caido desde ayer", "outage"),
        ("Nosso sistema está fora do ar!", "outage"),
        ("Il sito è irraggiungibile da un'ora", "outage"),
        ("Sinds vanochtend: alles ligt plat.", "outage"),
        ("Od rana serwer lezy", "outage"),
        ("本番環境が停止しています。", "outage"),
        ("I found a security vulnerability in your login form", "security incident"),
        ("Unser Account wurde gehackt", "security incident"),
        ("顧客の情報漏洩の疑いがあります", "security incident"),
        ("After the import all our data is gone", "data loss"),
        ("Since the update nobody can log in", "nobody can sign in"),
        ("Bei uns kann sich niemand mehr anmelden", "nobody can sign in"),
        ("You will hear from my lawyer", "legal matter"),
        ("Wir behalten uns rechtliche Schritte vor", "legal matter"),
        ("My card was charged twice this month", "charged twice"),
        ("今月二重請求されています", "charged twice"),
    ] {
        assert_eq!(desk.floor(&content(text)).map(|rule| rule.name.as_str()), Some(expected), "{text}");
    }
}

#[test]
fn ordinary_tickets_fire_no_rule() {
    let desk = Desk::default();
    for text in ORDINARY {
        let fired = desk.floor(&content(text)).map(|rule| rule.name.as_str());
        assert_eq!(fired, None, "{text}");
    }
}

#[test]
fn a_long_ticket_is_searched_quickly() {
    let desk = Desk::default();
    let mixed = ORDINARY.join("\n").repeat(200_000 / ORDINARY.join("\n").len() + 1);
    let hostile = "production is dow the site is inaccessibl 本番環境が停 ".repeat(4_000);
    #[expect(clippy::disallowed_methods, reason = "measures")]
    let start = std::time::Instant::now();
    assert!(desk.floor(&content(&mixed)).is_none());
    assert!(desk.floor(&content(&hostile)).is_none());
    // Generous: unoptimised and on a busy machine. Optimised it takes a few milliseconds.
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

const ORDINARY: &[&str] = &[
    "How do I reset my password? I cannot log in since yesterday.",
    "The download of the report is slow and the page goes down when I scroll.",
    "Is there a planned outage next weekend? We saw your maintenance notice.",
    "The price is down to 5 euros on your website, is this still valid?",
    "Please send us your GDPR data processing agreement; our legal team has to review the contract.",
    "Can we migrate to the new plan without data loss?",
    "I paid the invoice twice a year so far, can we switch to monthly?",
    "Our production team would like three more seats.",
    "I deleted a contact by mistake, can it be restored?",
    "This e-mail is confidential. Unauthorised access, use or copying is prohibited and may be unlawful.",
    "Where can I see the security settings, and how do I turn on two-factor authentication?",
    "Wie kann ich die Rechnung herunterladen? Ich bin telefonisch nicht erreichbar.",
    "Hinweise zum Datenschutz (DSGVO) finden Sie in unserer Datenschutzerklärung. Unbefugte Weitergabe ist nicht gestattet.",
    "Unser Server läuft, aber die Exportdatei ist leer. Bei mir geht nichts mehr seit dem Klick auf Speichern.",
    "Die Produktion steht im nächsten Monat vor einem Umzug, bitte passen Sie die Adresse an.",
    "Comment puis-je exporter mes données vers Excel ? Le bouton ne fonctionne pas.",
    "Nous sommes en conformité avec le RGPD. Pouvez-vous nous envoyer la facture de mars ?",
    "¿Cómo puedo cambiar mi contraseña? No puedo iniciar sesión.",
    "De conformidad con el RGPD y la LOPD, puede ejercer los derechos de acceso, rectificación y supresión ante la Agencia Española de Protección de Datos.",
    "Gostaria de alterar o plano da minha conta para anual. O sistema está um pouco lento.",
    "Ai sensi del Regolamento UE 2016/679 (GDPR) le informazioni contenute in questo messaggio sono riservate.",
    "Il sito è molto bello, ma non riesco ad accedere alla fattura.",
    "Kunnen jullie mij een nieuwe factuur sturen? Ik kan niet inloggen in mijn account.",
    "Jak zmienić hasło do konta? Czy można przenieść dane bez utraty danych?",
    "System działa wolno, a strona z raportem nie otwiera się w Firefoksie.",
    "パスワードを忘れました。ログインできません。再設定の方法を教えてください。",
    "サーバーが落ち着いたら再度試してみます。データの出力方法を教えてください。",
    "全員ログインできます。ありがとうございました。",
    "请问如何导出发票？谢谢。",
    "Great product, thank you! The new dashboard is the best one yet.",
    "Out of office: I am back on Monday.",
    "😀👍",
    "",
];
