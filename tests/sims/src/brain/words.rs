//! Keywords by concept and what they say about category, priority and sentiment.

use super::language;

/// A concept: key stems by which an offered category is recognised (the first that fits), and the words of tickets.
/// ASCII words count at the start of a ticket's word, others anywhere.
struct Concept {
    keys: &'static [&'static str],
    words: &'static str,
    priority: &'static str,
}

const CONCEPTS: [Concept; 12] = [
    Concept {
        keys: &["billing", "invoice", "payment", "money", "finance"],
        words: "invoice billing bill charge overcharg payment paid vat pay card receipt price rechnung abgebucht \
                zahlung bezahl mwst ust-id factur facture paiement factura cobro cobrad pago fatura cobran pagamento \
                fattur addebit factuur betaling betaald 請求 支払 領収 faktur קבלה",
        priority: "medium",
    },
    Concept {
        keys: &["refund", "cancel", "churn", "billing", "payment"],
        words: "refund money_back cancel chargeback erstattung kündig zurückerstatt rembours résili annul reembols \
                cancelar devoluc rimbors disdett terugbetal opzeg annuler 返金 解約",
        priority: "medium",
    },
    Concept {
        keys: &["outage", "incident", "downtime", "availab", "bug", "technical", "product"],
        words: "outage down unreachable unavailable everyone nobody_can 503 502 500_error whole_site not_loading \
                production ausfall nicht_erreichbar störung niemand en_panne hors_ligne indisponible inaccessible \
                caído caída no_funciona_nada fuera_de_servicio fora_do_ar indisponív guasto irraggiungibile \
                non_raggiungibile storing onbereikbaar ligt_plat 障害 停止 繋がらない つながらない",
        priority: "urgent",
    },
    Concept {
        keys: &["bug", "defect", "error", "product_issue", "technical", "broken", "issue", "problem"],
        words: "bug error crash broken freeze wrong_result does_not_work doesn't_work not_working fails stack_trace closes_itself stuck \
                exception glitch fehler absturz abstürz funktioniert_nicht kaputt erreur plante bogue ne_fonctionne_pas \
                fallo se_cierra no_funciona erro falha trava não_funciona errore blocca non_funziona fout werkt_niet \
                vastlop crasht エラー 不具合 動かない バグ",
        priority: "medium",
    },
    Concept {
        keys: &["account", "login", "access", "auth", "user"],
        words: "log_in login sign_in password locked_out 2fa mfa sso account invite invitation permission two-factor authenticator sign-in sign-ins einloggen anmelden \
                passwort kennwort konto gesperrt anmeldung connecter mot_de_passe compte contraseña iniciar_sesión \
                cuenta acceso senha conta entrar accedere account_bloccato wachtwoord inloggen aanmelden ログイン パスワード アカウント 認証 حساب",
        priority: "high",
    },
    Concept {
        keys: &["security", "abuse", "fraud", "account", "access"],
        words: "security phishing hacked breach vulnerab leaked malware suspicious unauthori xss injection sicherheit \
                gehackt sicherheitslücke datenleck sécurité piraté faille fuite seguridad hackead vulnerabil \
                segurança invadid sicurezza violat beveilig gehackt lek 不正 脆弱性 セキュリティ",
        priority: "urgent",
    },
    Concept {
        keys: &["feature", "idea", "improvement", "request", "enhancement"],
        words: "feature would_be_great would_love suggest idea wish roadmap dark_mode please_add could_you_add \
                wunsch vorschlag proposta une_idée wäre_schön funktion_wünschen suggestion fonctionnalité serait_bien sugerencia \
                funcionalidad sería_genial sugest funcionalidade suggeriment funzionalità functie graag_een 要望 機能追加 \
                機能の追加",
        priority: "low",
    },
    Concept {
        keys: &["how_to", "howto", "how-to", "usage", "question", "inquiry", "general", "help", "support"],
        words: "how_do how_can how_to where_can where_do is_it_possible question documentation tutorial wie_kann \
                wo_finde frage anleitung comment_puis comment_faire où_puis question cómo dónde pregunta como_posso \
                como_faço onde dúvida come_posso come_si dove domanda hoe_kan waar_vind vraag どうすれば 方法 使い方 教えて",
        priority: "low",
    },
    Concept {
        keys: &["integration", "api", "webhook", "connect", "bug", "technical"],
        words: "api webhook integration webhooki zapier slack salesforce oauth endpoint rate_limit sdk import sync schnittstelle \
                anbindung intégration integración integração integrazione koppeling 連携",
        priority: "medium",
    },
    Concept {
        keys: &["shipping", "delivery", "order", "logistic", "return"],
        words: "shipping shipment delivery parcel tracking package lieferung paket sendung livraison colis envío \
                paquete entrega encomenda spedizione pacco levering pakket 配送 荷物",
        priority: "medium",
    },
    Concept {
        keys: &["privacy", "gdpr", "data", "legal", "compliance", "security"],
        words: "gdpr privacy delete_my data_protection dpa dsgvo datenschutz löschen rgpd données_personnelles \
                protección_de_datos lgpd privacidade dati_personali avg persoonsgegevens 個人情報",
        priority: "medium",
    },
    Concept {
        keys: &["spam", "junk", "sales", "other"],
        words: "seo backlink lottery casino unsubscribe guest_post crypto_offer partnership_opportunity",
        priority: "low",
    },
];

const URGENT: &str = "urgent asap immediately right_now emergency deadline critical nobody_can losing_money dringend sofort \
    notfall kritisch urgence immédiatement urgente inmediatamente crítico imediatamente emergenza subito spoed meteen \
    dringend 至急 緊急 急いで";
const CALM: &str = "no_rush no_hurry whenever minor cosmetic nice_to_have keine_eile kein_stress pas_urgent sin_prisa \
    sem_pressa senza_fretta geen_haast 急ぎません";
const GLAD: &str = "thanks_a_lot thank_you_so love great awesome wonderful excellent happy fantastic toll super begeistert \
    prima génial parfait excelente encanta ótimo adoro ottimo fantastico geweldig 素晴らしい 嬉しい";
const UPSET: &str = "angry unacceptable frustrat terrible worst disappoint again annoyed ridiculous lost furious useless wütend \
    unzumutbar enttäusch ärger frechheit inadmissible déçu furieux inaceptable decepcion molest inaceitável péssimo \
    decepcionad inaccettabile delus boos onacceptabel teleurgesteld ひどい 困って 怒";

/// What the words of one ticket say.
pub(crate) struct Reading {
    pub(crate) category: String,
    pub(crate) priority: &'static str,
    pub(crate) sentiment: &'static str,
    pub(crate) language: &'static str,
    pub(crate) summary: String,
    pub(crate) reason: String,
    pub(crate) confidence: f64,
    pub(crate) reply: &'static str,
}

/// Lower case, with everything but letters, digits and `'-` as single spaces, and a space at both ends.
fn normalise(text: &str) -> String {
    let letters = text.to_lowercase().replace('’', "'");
    let kept: String = letters
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '\'' | '-') { c } else { ' ' })
        .collect();
    format!(" {} ", kept.split_whitespace().collect::<Vec<_>>().join(" "))
}

pub(crate) fn read(ticket: &str, categories: &[String]) -> Reading {
    let (subject, content) = split(ticket);
    let whole = normalise(ticket);
    let title = normalise(&subject);
    let mut scores = vec![0_u32; categories.len()];
    let mut seen: Vec<&str> = Vec::new();
    let mut leading = (0, "medium");
    for concept in &CONCEPTS {
        let hits = hits(&whole, concept.words);
        let weight =
            u32::try_from(hits.len() + self::hits(&title, concept.words).len() * 2).unwrap_or(u32::MAX);
        if weight > leading.0 {
            leading = (weight, concept.priority);
            seen.clone_from(&hits);
        }
        if let Some(place) = place_of(concept, categories) {
            scores[place] += weight;
        }
    }
    for (score, category) in scores.iter_mut().zip(categories) {
        // The key's own words: also categories that no concept knows find their tickets.
        let own = category.to_lowercase().replace(['-', ' '], "_");
        *score += u32::from(!own.contains("other") && whole.contains(&format!(" {}", own.replace('_', " "))));
    }
    let best = scores.iter().copied().max().unwrap_or(0);
    let second = scores.iter().copied().filter(|score| *score < best).max().unwrap_or(0);
    let ties = scores.iter().filter(|score| **score == best).count();
    let place = if best == 0 {
        categories.len().checked_sub(1)
    } else {
        scores.iter().position(|score| *score == best)
    };
    let category = place.map_or_else(|| "other".to_owned(), |place| categories[place].clone());
    let language = language::detect(ticket);
    Reading {
        priority: priority(&whole, if best == 0 { "low" } else { leading.1 }),
        sentiment: sentiment(&whole, best, leading.1),
        language,
        summary: summary(&subject, &content),
        reason: reason(&seen, &category),
        confidence: confidence(best, if ties > 1 { best } else { second }),
        reply: language::reply(language),
        category,
    }
}

fn split(ticket: &str) -> (String, String) {
    let Some(line) = ticket.lines().find(|line| line.trim().to_lowercase().starts_with("subject:")) else {
        return (String::new(), ticket.to_owned());
    };
    let subject = line.trim()["subject:".len()..].trim().to_owned();
    let after = ticket.split_once(line).map_or("", |(_, after)| after).trim();
    // `Content:` or `Text:` before the body is a label, as is any other short line that ends in a colon.
    let body: Vec<&str> = after
        .lines()
        .map(|line| {
            let label =
                line.split_once(':').filter(|(label, _)| matches!(*label, "Content" | "Text" | "Body"));
            label.map_or(line, |(_, rest)| rest)
        })
        .collect();
    (subject, body.join("\n"))
}

fn hits<'a>(normalised: &str, words: &'a str) -> Vec<&'a str> {
    words.split_whitespace().filter(|word| contains(normalised, word)).collect()
}

fn contains(normalised: &str, word: &str) -> bool {
    let phrase = word.replace('_', " ");
    if !phrase.chars().any(|c| c < '\u{3000}') {
        return normalised.contains(&phrase);
    }
    let stem = phrase.chars().count() > 4;
    let pattern = if stem { format!(" {phrase}") } else { format!(" {phrase} ") };
    normalised.contains(&pattern) || (!stem && normalised.contains(&format!(" {phrase}s ")))
}

fn place_of(concept: &Concept, categories: &[String]) -> Option<usize> {
    let lower: Vec<String> = categories.iter().map(|category| category.to_lowercase()).collect();
    concept.keys.iter().find_map(|key| {
        lower.iter().position(|category| category.replace(['-', ' '], "_").contains(&key.replace('-', "_")))
    })
}

fn priority(whole: &str, usual: &'static str) -> &'static str {
    const STEPS: [&str; 4] = ["low", "medium", "high", "urgent"];
    let place = STEPS.iter().position(|step| *step == usual).unwrap_or(1);
    if !hits(whole, CALM).is_empty() {
        STEPS[place.saturating_sub(1)]
    } else if hits(whole, URGENT).is_empty() {
        STEPS[place]
    } else {
        STEPS[(place + 2).min(3)]
    }
}

fn sentiment(whole: &str, best: u32, usual: &str) -> &'static str {
    let (glad, upset) = (hits(whole, GLAD).len(), hits(whole, UPSET).len());
    let trouble = best > 1 && usual == "urgent";
    if upset > glad || (trouble && glad == 0) {
        "negative"
    } else if glad > upset {
        "positive"
    } else {
        "neutral"
    }
}

fn confidence(best: u32, second: u32) -> f64 {
    if best == 0 {
        return 0.38;
    }
    let margin = f64::from(best - second) / f64::from(best);
    let value = 0.5 + 0.06 * f64::from(best.min(5)) + 0.2 * margin;
    (value.clamp(0.35, 0.97) * 100.0).round() / 100.0
}

fn reason(seen: &[&str], category: &str) -> String {
    let named: Vec<String> =
        seen.iter().take(3).map(|word| format!("“{}”", word.replace('_', " "))).collect();
    if named.is_empty() {
        return "Nothing in the text points clearly to one category.".to_owned();
    }
    format!(
        "The text mentions {}, which fits {}.",
        named.join(", "),
        category.replace('_', " ").to_lowercase()
    )
}

/// The first sentence that says something, shortened; a second one if both are short.
fn summary(subject: &str, content: &str) -> String {
    const LIMIT: usize = 180;
    let flat = content.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut sentences = Vec::new();
    let mut rest = flat.as_str();
    while let Some(end) = sentence_end(rest) {
        sentences.push(rest[..end].trim());
        rest = &rest[end..];
    }
    sentences.push(rest.trim());
    let mut told = sentences.into_iter().filter(|sentence| sentence.chars().count() > 24);
    let mut text = told.next().unwrap_or(if subject.is_empty() { flat.as_str() } else { subject }).to_owned();
    if let Some(second) = told.next().filter(|second| text.chars().count() + second.chars().count() < LIMIT) {
        text = format!("{text} {second}");
    }
    if text.chars().count() > LIMIT {
        let cut: String = text.chars().take(LIMIT).collect();
        text = format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head));
    }
    if text.chars().any(char::is_alphanumeric) {
        text
    } else {
        "The ticket says nothing in words.".to_owned()
    }
}

fn sentence_end(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = at + letter.len_utf8();
        let spaced = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(letter, '。' | '！' | '？') || (matches!(letter, '.' | '!' | '?') && spaced) {
            return (end < text.len()).then_some(end);
        }
    }
    None
}
