use super::*;
use secrecy::ExposeSecret as _;

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn output(code: i32, stdout: &str, stderr: &str) -> Output {
    Output { code: Some(code), stdout: stdout.to_owned(), stderr: stderr.to_owned() }
}

fn host() -> Hostname {
    Hostname::parse("ollama.example.com").unwrap()
}

#[test]
fn a_login_is_told_from_one_that_was_there() {
    let page =
        "https://dash.cloudflare.com/argotunnel?aud=&callback=https%3A%2F%2Flogin.cloudflareaccess.org%2Fx";
    assert_eq!(login_address(&format!("    {page}  ")), Some(page));
    assert_eq!(login_address("see https://developers.cloudflare.com/"), None);
    let there = "2026-11-23T10:00:00Z ERR You have an existing certificate at /home/me/.cloudflared/cert.pem which login would \
                 overwrite.\nIf this is intentional, please move or delete that file then run this command again.";
    let certificate = PathBuf::from("/home/me/.cloudflared/cert.pem");
    let expected = Problem::AlreadyLoggedIn { certificate: certificate.clone() };
    assert_eq!(logged_in(&output(0, "", there)), Err(expected), "it ends with 0");
    let done = "You have successfully logged in.\nIf you wish to copy your credentials to a server, they have been saved to:\n\
                /home/me/.cloudflared/cert.pem\n";
    assert_eq!(logged_in(&output(0, done, "")), Ok(certificate));
    assert!(matches!(logged_in(&output(0, "NAME:\n   cloudflared - help", "")), Err(Problem::Other { .. })));
}

#[test]
fn creating_gives_the_id_and_the_file() {
    let text = format!(
        "Tunnel credentials written to /home/me/.cloudflared/{ID}.json. cloudflared chose this file based on where your origin \
         certificate was found. Keep this file secret.\n\nCreated tunnel box with id {ID}\n"
    );
    let expected = CreatedTunnel {
        id: ID.to_owned(),
        credentials_file: Some(format!("/home/me/.cloudflared/{ID}.json").into()),
    };
    assert_eq!(created(&output(0, &text, ""), "box"), Ok(expected));
}

#[test]
fn failures_are_told_in_plain_words() {
    let (name, no) = ("box".to_owned(), |words: &str| created(&output(1, "", words), "box").unwrap_err());
    for (words, problem) in [
        (
            "failed to create tunnel: Create Tunnel API call failed: tunnel with name already exists",
            Problem::NameTaken { name: name.clone() },
        ),
        (
            "ERR Cannot determine default origin certificate path. No file cert.pem in [~/.cloudflared]",
            Problem::NotLoggedIn,
        ),
        ("Error locating origin cert: client didn't specify origincert path", Problem::NotLoggedIn),
        ("box is neither the ID nor the name of any of your tunnels", Problem::NoSuchTunnel { name }),
        ("Create Tunnel API call failed: Unauthorized", Problem::LoginRefused),
        (
            "REST request failed: Post \"https://api.cloudflare.com\": dial tcp: lookup api.cloudflare.com: no such host",
            Problem::Offline,
        ),
        ("first\n\nlast words\n", Problem::Other { code: Some(1), words: "last words".to_owned() }),
    ] {
        assert_eq!(no(words), problem, "{words}");
        assert!(!problem.fix().is_empty());
    }
    let help = output(0, "NAME:\n   cloudflared tunnel create\nflag provided but not defined: -nope", "");
    assert!(
        matches!(created(&help, "box"), Err(Problem::Other { code: Some(0), .. })),
        "0 is no success by itself"
    );
}

#[test]
fn a_record_is_made_there_or_in_the_way() {
    let route = |code, words: &str| routed(&output(code, "", words), "box", &host());
    let added = format!(
        "2026-11-23T10:00:00Z INF Added CNAME ollama.example.com which will route to this tunnel tunnelID={ID}"
    );
    assert_eq!(route(0, &added), Ok(Routed::Added));
    let there = format!(
        "2026-11-23T10:00:00Z INF ollama.example.com is already configured to route to your tunnel tunnelID={ID}"
    );
    assert_eq!(route(0, &there), Ok(Routed::AlreadyThere));
    let taken = "Failed to add route: code: 1003, reason: Failed to create record ollama.example.com with err An A, AAAA, or \
                 CNAME record with that host already exists.";
    assert_eq!(route(1, taken), Err(Problem::RecordExists { hostname: "ollama.example.com".to_owned() }));
    for wrong in
        [added.replace(".com which", ".com.other.net which"), there.replace(".com is", ".com.other.net is")]
    {
        let made = "ollama.example.com.other.net".to_owned();
        let expected = Problem::OtherZone { hostname: "ollama.example.com".to_owned(), made };
        assert_eq!(route(0, &wrong), Err(expected), "{wrong}");
    }
}

#[test]
fn lists_and_tokens_are_read() {
    let list = format!(
        r#"[{{"id":"{ID}","name":"box","created_at":"2026-11-23T00:00:00Z","deleted_at":"0001-01-01T00:00:00Z","connections":[]}}]"#
    );
    let expected = ListedTunnel { id: ID.to_owned(), name: "box".to_owned() };
    assert_eq!(listed(&output(0, &list, "")), Ok(vec![expected]));
    assert_eq!(listed(&output(0, "null\n", "")), Ok(Vec::new()));
    assert_eq!(token(&output(0, "eyJhIjoi\n", ""), "box").unwrap().expose_secret(), "eyJhIjoi");
    let wrong = token(&output(0, "eyJhIjoi with more", ""), "box").unwrap_err();
    assert!(!wrong.to_string().contains("eyJ"), "{wrong}");
    assert!(!format!("{:?}", output(0, "eyJhIjoi", "")).contains("eyJ"));
}

#[test]
fn a_validation_gives_warnings_or_the_reason() {
    let good = output(
        0,
        "Validating rules from /x/config.yml\nOK\n",
        "2026-11-23T10:00:00Z WRN Your configuration file has unknown keys",
    );
    assert_eq!(validated(&good).unwrap().len(), 1);
    let reason =
        "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)";
    let bad = output(1, "Validating rules from /x/config.yml\n", &format!("Validation failed: {reason}\n"));
    assert_eq!(validated(&bad), Err(Problem::Invalid { words: reason.to_owned() }));
    assert!(validated(&output(0, "NAME: help", "")).is_err());
}
