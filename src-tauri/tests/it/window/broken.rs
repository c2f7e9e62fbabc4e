//! A hop that breaks, told wherever a person may look, and mended from where it was told.

use sims::programs::Program;

use super::scene::Scene;
use crate::app;
use crate::desktop::ink;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_tunnel_is_shown_everywhere_told_once_and_mended_from_its_notice() {
    let Some(scene) = Scene::start().await else { return };
    let mut app = scene.machine.start(&["--at-login"]);
    let item = scene.desktop.item().await;
    scene.give_secrets(&app).await;
    // The link is opened by somebody outside, and confirmed in the window.
    scene.machine.start(&[&scene.pairing_link()]).until_ended(0).await;
    let page = scene.page(&mut app).await;
    page.press("Pair").await;
    scene.until_usable(&app).await;
    page.go("Overview").await;
    page.until("Healthy").await;
    scene.desktop.shoot("broken-1-before");
    let (icon, pid) = (item.icon().await, app.pid_of("cloudflared").await);
    let before = ink(&icon);

    scene.machine.control(Program::Cloudflared).set("exit=1").unwrap();
    app::kill(pid);
    item.until_line("the tray's sentence", |line| line.starts_with("✕ Down: ")).await;
    let broken = item.until_icon("another icon", |path| *path != icon).await;
    assert_ne!(ink(&broken), before);
    page.until_text("the broken hop", |text| text.contains("Down") && text.contains("not running")).await;
    let card = page.find("//section[starts-with(@aria-label,'cloudflared: ')]").await;
    let card = card.text().await.unwrap();
    for part in ["just now", "For tickets", "What to do", "Why?"] {
        assert!(card.contains(part), "no {part}: {card}");
    }
    scene.desktop.shoot("broken-2-overview");
    page.press("Why?").await;
    page.until("Last lines of the log").await;
    scene.desktop.shoot("broken-3-why");
    let told = scene.notices.posted(1).await;
    assert_eq!(told.title, "The tunnel is down", "{told:?}");
    assert_eq!(told.actions, ["default", "Open", "restart", "Restart tunnel"]);
    scene.close(page, &app).await;

    scene.notices.click(told.id, "default").await;
    let page = scene.page(&mut app).await;
    page.until_place("#/overview").await;
    page.until("Down").await;
    page.go("Logs").await;
    page.until_text("a log", |text| !text.contains("Reading the log")).await;
    scene.desktop.shoot("broken-4-logs");
    page.go("Overview").await;
    assert_eq!(scene.notices.record().posted.len(), 1);
    scene.machine.control(Program::Cloudflared).set("").unwrap();
    scene.notices.click(told.id, "restart").await;
    page.until("Healthy").await;
    scene.until_usable(&app).await;
    scene.desktop.shoot("broken-5-back");
    item.until_line("the tray's sentence", |line| line.starts_with("● ")).await;
    let back = scene.notices.posted(2).await;
    assert!(!back.body.is_empty() && back.actions.is_empty(), "{back:?}");
    page.leave();
    item.click("Quit").await;
    app.until_ended(0).await;
    assert_eq!(scene.notices.record().posted.len(), 2);
}
