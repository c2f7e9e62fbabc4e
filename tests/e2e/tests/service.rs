//! The built orchestrator, from the outside.
#![expect(clippy::unwrap_used, reason = "in a test a failure should say where")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use e2e::{TOKEN, World, postgres_database, text, wait_until};
use sims::hubspot::Ticket;

/// Words of a ticket; only a log at debug may hold them.
const TICKET_TEXT: &str = "armalade";

/// What no log may hold at any level: every credential.
const SECRETS: [&str; 9] = [
    TOKEN,
    "secret-of-the-tests",
    CLIENT_SECRET,
    ADMIN_TOKEN,
    SECRETS_KEY,
    DATABASE_PASSWORD,
    sims::groq::KEY,
    sims::hubspot::TOKEN,
    sims::discord::WEBHOOK_TOKEN,
];

const CLIENT_SECRET: &str = "client-of-the-tests-5d0c8f";
const ADMIN_TOKEN: &str = "admin-token-of-the-tests";
/// 32 bytes in base64.
const SECRETS_KEY: &str = "c2VhbHMtc2VjcmV0cy1vZi10aGUtdGVzdHMtMzJieXQ=";
const DATABASE_PASSWORD: &str = "database-password-of-the-tests";

/// A world with every secret that can be set.
async fn secretive(database: &str) -> World {
    let mut world = World::start().await;
    world.set("PUBLIC_URL", "https://triage.example.com");
    world.set("HUBSPOT_CLIENT_SECRET", CLIENT_SECRET);
    world.set("ADMIN_TOKEN", ADMIN_TOKEN);
    world.set("SECRETS_KEY", SECRETS_KEY);
    if let Some(database) = postgres_database(database) {
        // The server trusts whoever connects; what is sent is a password all the same.
        world.set("DATABASE_URL", &database.replace("postgres@", &format!("postgres:{DATABASE_PASSWORD}@")));
        assert!(world.run(&["migrate"]).status.success());
    }
    world
}

fn assert_no_secret(log: &str) {
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_environment_in_production_names_everything_and_exits_64() {
    let mut world = World::start().await;
    world.settings.clear();
    world.set("APP_ENV", "production");
    let output = world.run(&["serve"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(64), "{said}");
    let names = [
        "DATABASE_URL",
        "HUBSPOT_WEBHOOK_TOKEN",
        "DISCORD_WEBHOOK_URL",
        "GROQ_API_KEY",
        "LOCAL_LLM_URL",
        "CF_ACCESS_CLIENT_ID",
        "CF_ACCESS_CLIENT_SECRET",
    ];
    for name in names {
        assert!(said.contains(&format!("- {name} is missing (for example: ")), "{name}: {said}");
    }
    assert!(said.starts_with("The settings have 7 problems:"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_goes_all_the_way_and_a_person_can_ask_about_it() {
    let world = World::start().await;
    let orchestrator = world.serve().await;
    let ticket =
        Ticket::new(4711, "Marmalade invoice", "The invoice for marmalade shows the wrong VAT number.");
    assert_eq!(orchestrator.sender().workflow(&ticket).await.unwrap().status, 202);
    let message = world.discord.wait_for_ticket("ticket 4711").await;
    assert_eq!(message.title(), "Marmalade invoice");
    wait_until("the delivery to be stored", async || {
        text(&world.run(&["triage", "show", "4711"]).stdout).contains("discord      delivered")
    })
    .await;

    let list = text(&world.run(&["triage", "list"]).stdout);
    assert!(
        list.contains("4711") && list.contains("billing") && list.contains("Marmalade invoice"),
        "{list}"
    );
    let shown = text(&world.run(&["triage", "show", "4711"]).stdout);
    assert!(shown.contains("Who read it") && shown.contains("llama3.2:latest at 127.0.0.1"), "{shown}");
    assert!(text(&world.run(&["triage", "retry", "4711"]).stdout).contains("in the queue again"));
    world
        .discord
        .wait_until("the message to be edited", |messages| messages.iter().find(|m| m.edits == 1).cloned())
        .await;
    let unknown = world.run(&["triage", "show", "1"]);
    assert_eq!(
        (unknown.status.code(), text(&unknown.stderr).contains("There is no ticket 1")),
        (Some(1), true)
    );

    let test = world.run(&["send-test", "--url", &orchestrator.url]);
    assert!(
        test.status.success() && text(&test.stdout).contains("it is in Discord"),
        "{}{}",
        text(&test.stdout),
        text(&test.stderr)
    );

    let log = orchestrator.log();
    for event in ["webhook_received", "inference_completed", "delivery_completed"] {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "{event}: {log}");
    }
    assert_no_secret(&log);
    assert!(!log.contains(TICKET_TEXT), "{log}");
    assert_eq!(orchestrator.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_appears_in_hubspot_and_a_person_takes_it_away_again() {
    let mut world = World::start().await;
    world.set("HUBSPOT_WRITE_BACK", "note");
    let orchestrator = world.serve().await;
    let ticket =
        Ticket::new(4711, "Marmalade invoice", "The invoice for marmalade shows the wrong VAT number.");
    world.hubspot.add_ticket(ticket.clone());
    assert_eq!(orchestrator.sender().workflow(&ticket).await.unwrap().status, 202);
    wait_until("the note to be stored", async || {
        text(&world.run(&["triage", "show", "4711"]).stdout).contains("hubspot      delivered")
    })
    .await;
    assert!(world.hubspot.notes_of(4711)[0].body.contains("Category: Billing"));
    let shown = text(&world.run(&["triage", "show", "4711"]).stdout);
    assert!(shown.contains("In HubSpot\n  note               written at "), "{shown}");

    let undo = world.run(&["triage", "undo", "4711"]);
    let said = text(&undo.stdout);
    assert_eq!(undo.status.code(), Some(0), "{said}{}", text(&undo.stderr));
    assert!(said.starts_with("Ticket 4711, in HubSpot:\n  note: deleted\n"), "{said}");
    assert_eq!(world.hubspot.notes().len(), 0);
    let again = text(&world.run(&["triage", "undo", "4711"]).stdout);
    assert!(again.starts_with("Nothing of ours is in HubSpot's ticket 4711"), "{again}");
    assert_eq!(world.run(&["triage", "undo", "1"]).status.code(), Some(1));
    let log = orchestrator.log();
    assert!(log.contains("\"target\":\"hubspot\"") && !log.contains("armalade"), "{log}");
    assert_eq!(orchestrator.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_failures_hold_neither_ticket_text_nor_secrets() {
    let log = log_of_failures(&secretive("triage_e2e_secrets").await).await;
    assert_no_secret(&log);
    assert!(!log.contains(TICKET_TEXT), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_at_debug_hold_no_secret_either() {
    let mut world = secretive("triage_e2e_debug").await;
    world.set("LOG_LEVEL", "debug");
    let log = log_of_failures(&world).await;
    assert!(log.contains("\"level\":\"debug\""), "{log}");
    assert_no_secret(&log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_is_logged_without_its_password() {
    let mut world = secretive("triage_e2e_away").await;
    world.set("LOG_LEVEL", "debug");
    world.set("DATABASE_URL", &format!("postgresql://triage:{DATABASE_PASSWORD}@127.0.0.1:9/triage"));
    let orchestrator = world.serve_unready().await;
    wait_until("it to say so", async || orchestrator.count("database_unreachable") > 0).await;
    assert_eq!(orchestrator.sender().created(9).await.unwrap().status, 503);
    assert_no_secret(&orchestrator.log());
    let output = world.run(&["triage", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert_no_secret(&format!("{}{}", text(&output.stdout), text(&output.stderr)));
}

/// What is logged while every service fails and strangers try to get in.
async fn log_of_failures(world: &World) -> String {
    world.ollama.faults.script("unknown category twice").unwrap();
    world.groq.faults.script("500 once").unwrap();
    world.hubspot.faults.script("401 once").unwrap();
    world.discord.faults.script("deleted once").unwrap();
    let orchestrator = world.serve().await;
    let sender = orchestrator.sender();
    let ticket =
        Ticket::new(4711, "Marmalade invoice", "The invoice for marmalade shows the wrong VAT number.");
    assert_eq!(sender.workflow(&ticket).await.unwrap().status, 202);
    sender.created(9).await.unwrap();
    sender.post("{\"subject\":\"Marmalade\"}").await.unwrap();
    let http = sims::http_client();
    let address = format!("{}/webhooks/hubspot", orchestrator.url);
    for header in ["x-hubspot-signature-v3", "x-webhook-token"] {
        let refused = http.post(&address).header(header, CLIENT_SECRET).body("[]").send().await.unwrap();
        assert_eq!(refused.status(), 401, "{header}");
    }
    let devices = format!("{}/api/v1/devices", orchestrator.url);
    assert_eq!(http.get(&devices).bearer_auth(ADMIN_TOKEN).send().await.unwrap().status(), 200);
    assert_eq!(http.get(&devices).bearer_auth(CLIENT_SECRET).send().await.unwrap().status(), 401);
    wait_until("every failure to be logged", async || {
        let log = orchestrator.log();
        ["bad_answer", "server_error", "ticket_not_fetched", "delivery_failed", "request_refused"]
            .iter()
            .all(|name| log.contains(name))
    })
    .await;
    orchestrator.log()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_nothing_behind_the_local_address_groq_answers_redacted() {
    let mut world = World::start().await;
    world.set("LOCAL_LLM_URL", "http://127.0.0.1:9");
    let orchestrator = world.serve().await;
    let ticket = Ticket::new(4711, "Invoice", "Please send the invoice to ada@example.com.");
    orchestrator.sender().workflow(&ticket).await.unwrap();
    let message = world.discord.wait_for_ticket("ticket 4711").await;
    assert!(message.text().contains("by Groq, redacted"), "{}", message.text());
    assert!(!world.groq.journal.entries_on("chat/completions")[0].body.contains("ada@example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_webhooks_are_found_by_hand_and_every_ticket_is_accounted_for() {
    let world = World::start().await;
    world.hubspot.unlimited();
    let orchestrator = world.serve().await;
    let sender = orchestrator.sender();
    sender.lose(100);
    for id in 5000..5101 {
        world.hubspot.add_ticket(Ticket::new(id, "Question", &format!("How do I change my plan? ({id})")));
        sender.created(id).await.unwrap();
    }
    world.discord.wait_for_messages(1).await;
    let found = world.run(&["reconcile", "--since", "1h"]);
    let said = text(&found.stdout);
    assert_eq!(found.status.code(), Some(0), "{said}{}", text(&found.stderr));
    assert!(said.starts_with("HubSpot has 101 tickets created\n  since 2"), "{said}");
    assert!(said.contains("\n100 of them were missed. They are in the queue now"), "{said}");
    assert!(said.ends_with("  Unaccounted     0\n\nEvery ticket is accounted for.\n"), "{said}");

    world.discord.wait_for_messages(101).await;
    let report = || {
        let output = world.run(&["reconcile", "--since", "60m", "--json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    wait_until("every ticket to be triaged", async || report().1["triaged"] == 101).await;
    let (code, report) = report();
    assert_eq!((code, &report["tickets"], &report["enqueued"]), (Some(0), &101.into(), &0.into()));
    assert_eq!((&report["unaccounted"]["count"], world.ollama.chats()), (&0.into(), 101), "{report}");
    let since_the_start = text(&world.run(&["reconcile"]).stdout);
    assert!(
        since_the_start.contains("HubSpot has 101 tickets")
            && since_the_start.contains("None of them was missed.")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_a_reconciliation_from_running_is_said_with_what_to_do() {
    let mut world = World::start().await;
    let says = |world: &World, arguments: &[&str], code: i32, expected: &str| {
        let output = world.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    says(&world, &["reconcile"], 1, "run `orchestrator migrate`");
    assert!(world.run(&["migrate"]).status.success());
    says(&world, &["reconcile"], 1, "say since when, for example --since 24h");
    says(&world, &["reconcile", "--since", "yesterday"], 2, "such as 2026-11-23T00:00:00Z");
    says(&world, &["reconcile", "--since", "2999-01-01T00:00:00Z"], 1, "is in the future");
    world.hubspot.set_token("another");
    says(&world, &["reconcile", "--since", "1h"], 1, "Check HUBSPOT_ACCESS_TOKEN");
    world.set("HUBSPOT_ACCESS_TOKEN", "");
    says(&world, &["reconcile", "--since", "1h"], 1, "HUBSPOT_ACCESS_TOKEN is not set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_orchestrators_on_one_postgres_share_the_work() {
    let Some(database) = postgres_database("triage_e2e_shared") else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let mut world = World::start().await;
    world.set("DATABASE_URL", &database);
    world.set("WORKERS", "2");
    world.ollama.set_delay(std::time::Duration::from_millis(10));

    let behind = world.serve_unready().await;
    wait_until("it to say that the schema is behind", async || behind.log().contains("schema_behind")).await;
    let ready = sims::http_client().get(format!("{}/health/ready", behind.url)).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(text(&world.run(&["migrate"]).stdout).contains("up to date"));
    drop(behind);

    let both = [world.serve().await, world.serve().await];
    let tickets: Vec<Ticket> = (0..200)
        .map(|n| Ticket::new(70_000 + n, "Question", &format!("How do I change my plan? ({n})")))
        .collect();
    for orchestrator in &both {
        let sender = orchestrator.sender();
        for ticket in &tickets {
            assert_eq!(sender.workflow(ticket).await.unwrap().status, 202);
        }
    }
    world.discord.wait_for_messages(200).await;
    let done = |log: &str| log.matches("\"event\":\"inference_completed\"").count();
    let shares: Vec<usize> = both.iter().map(|orchestrator| done(&orchestrator.log())).collect();
    assert_eq!(shares.iter().sum::<usize>(), 200, "{shares:?}");
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    assert_eq!((world.ollama.chats(), world.discord.messages().len()), (200, 200));
    for orchestrator in both {
        assert_eq!(orchestrator.terminate().await, Some(0));
    }
}
