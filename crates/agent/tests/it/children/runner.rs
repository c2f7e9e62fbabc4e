//! Starting, watching and ending programs.

use super::scene::{RUN, Scene, TOKEN, runs, until};
use agent::children::launch::{PrivateFile, Value};
use agent::children::runner::{News, What};
use std::os::unix::fs::PermissionsExt as _;
use supervise::Kind;
use supervise::exit::Ending;
use supervise::program::{Input, Run, SpawnFailure};

const KINDS: [Kind; 2] = [Kind::Ollama, Kind::Cloudflared];

#[tokio::test]
async fn a_program_leads_its_own_group_and_ends_when_asked() {
    for kind in KINDS {
        let mut scene = Scene::new();
        scene.spawn(kind, "");
        let pid = scene.spawned().await;
        scene.prints(kind, if kind == Kind::Ollama { "Listening" } else { "metrics server" }).await;
        let starts = scene.starts();
        assert_eq!((starts.len(), starts[0].pid), (1, pid));
        assert_eq!(u32::try_from(starts[0].group), Ok(pid));
        scene.runner.terminate(kind, Run(2));
        scene.runner.terminate(kind, RUN);
        assert_eq!(scene.exited().await.ending, Ending::Code(0), "{kind}");
    }
}

#[tokio::test]
async fn its_end_comes_with_its_last_words() {
    for kind in KINDS {
        let mut scene = Scene::new();
        scene.spawn(kind, "exit=3,bare-last-line");
        scene.spawned().await;
        let exit = scene.exited().await;
        assert_eq!(exit.ending, Ending::Code(3));
        let last = exit.last_lines.last().unwrap();
        assert!(last.starts_with("panic: ") || last.starts_with("error parsing"), "{exit:?}");
    }
}

#[tokio::test]
async fn what_does_not_end_when_asked_is_killed() {
    let mut scene = Scene::new();
    scene.spawn(Kind::Ollama, "ignore-term");
    scene.spawned().await;
    scene.prints(Kind::Ollama, "Listening").await;
    scene.runner.terminate(Kind::Ollama, RUN);
    scene.runner.kill(Kind::Ollama, RUN);
    assert_eq!(scene.exited().await.ending, Ending::Signal(9));
}

#[tokio::test]
async fn what_it_leaves_behind_is_ended_too() {
    for (behaviours, is_killed) in [("orphan,ignore-term", true), ("orphan", false)] {
        let mut scene = Scene::new();
        scene.spawn(Kind::Ollama, behaviours);
        scene.spawned().await;
        scene.prints(Kind::Ollama, "Listening").await;
        until("the child's child", || scene.starts().len() == 2).await;
        let orphan = scene.starts().into_iter().find(|start| start.program == "ollama-orphan").unwrap().pid;
        assert!(runs(orphan));
        if is_killed {
            scene.runner.kill(Kind::Ollama, RUN);
        } else {
            scene.runner.terminate(Kind::Ollama, RUN);
        }
        scene.exited().await;
        until("the orphan's end", || !runs(orphan)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_started_is_told_apart() {
    let mut scene = Scene::new();
    let mut launch = scene.launch(Kind::Ollama, "");
    launch.program = scene.path("nothing");
    scene.runner.spawn(RUN, &launch);
    assert_eq!(scene.next().await, What::SpawnFailed { failure: SpawnFailure::NotFound });
    std::fs::write(&launch.program, "no program").unwrap();
    scene.runner.spawn(RUN, &launch);
    assert_eq!(scene.next().await, What::SpawnFailed { failure: SpawnFailure::NotPermitted });
    std::fs::set_permissions(&launch.program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&launch.program, "\0no program").unwrap();
    scene.runner.spawn(RUN, &launch);
    let other = scene.next().await;
    assert!(matches!(other, What::SpawnFailed { failure: SpawnFailure::Other(_) }), "{other:?}");
}

#[tokio::test]
async fn a_secret_is_neither_an_argument_nor_in_a_log() {
    let mut scene = Scene::new();
    let mut launch = scene.launch(Kind::Cloudflared, "");
    // A program that prints what it was given.
    launch.env.push(("SIM_EDGE".to_owned(), Value::Plain(format!("http://127.0.0.1:1/{TOKEN}"))));
    scene.runner.spawn(RUN, &launch);
    scene.spawned().await;
    scene.prints(Kind::Cloudflared, "[secret]").await;
    let starts = scene.starts();
    assert!(starts[0].environment.iter().any(|name| name == "TUNNEL_TOKEN"));
    assert!(starts[0].argv.iter().all(|word| !word.contains(TOKEN)), "{:?}", starts[0].argv);
    scene.runner.kill(Kind::Cloudflared, RUN);
    let exit = scene.exited().await;
    assert!(!format!("{exit:?}").contains(TOKEN));
    let file = std::fs::read_to_string(scene.path("logs/cloudflared.log")).unwrap();
    assert!(file.contains("[secret]") && !file.contains(TOKEN), "{file}");
}

#[tokio::test]
async fn the_tunnels_token_of_our_own_environment_reaches_nobody() {
    for kind in KINDS {
        let scene = Scene::new();
        assert!(scene.launch(kind, "").env_remove.iter().any(|name| name == "TUNNEL_TOKEN"));
    }
    let mut scene = Scene::new();
    let mut launch = scene.launch(Kind::Ollama, "exit=0");
    launch.env_remove.push("PATH".to_owned());
    scene.runner.spawn(RUN, &launch);
    scene.spawned().await;
    scene.exited().await;
    assert!(scene.starts()[0].environment.iter().all(|name| name != "PATH"), "what is removed is gone");
}

#[tokio::test]
async fn a_private_file_is_there_until_it_was_read() {
    let mut scene = Scene::new();
    let path = scene.path("private/token");
    let with_file = |scene: &Scene, behaviours| {
        let mut launch = scene.launch(Kind::Ollama, behaviours);
        launch.private_file = Some(PrivateFile { path: path.clone(), content: "a-secret-word".into() });
        launch
    };
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "left behind, open to everybody").unwrap();
    scene.runner.spawn(RUN, &with_file(&scene, ""));
    scene.spawned().await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a-secret-word");
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    scene.runner.ready(Kind::Ollama, RUN);
    assert!(!path.exists(), "ready");
    scene.runner.kill(Kind::Ollama, RUN);
    scene.exited().await;
    scene.runner.spawn(RUN, &with_file(&scene, "exit=0"));
    scene.spawned().await;
    scene.exited().await;
    assert!(!path.exists(), "ended");
    let mut launch = with_file(&scene, "");
    launch.program = scene.path("nothing");
    scene.runner.spawn(RUN, &launch);
    scene.next().await;
    assert!(!path.exists(), "never started");
}

#[test]
fn news_are_what_the_programs_life_is_told() {
    let failure = SpawnFailure::NotFound;
    let news = News { kind: Kind::Ollama, run: RUN, what: What::SpawnFailed { failure: failure.clone() } };
    assert_eq!(news.into_input(), Input::SpawnFailed { run: RUN, failure });
    let news = News { kind: Kind::Ollama, run: RUN, what: What::Spawned { pid: 7 } };
    assert_eq!(news.into_input(), Input::Spawned { run: RUN });
}
