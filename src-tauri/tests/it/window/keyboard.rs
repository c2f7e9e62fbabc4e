//! The real window without a mouse.

use super::driver::{DOWN, ENTER, ESCAPE, Page, RIGHT, TAB};
use super::scene::Scene;

/// More stops than any page has.
const MOST_STOPS: usize = 60;

/// By keys alone to every page, along the hops, through tickets, and to what can be done.
pub(super) async fn every_page_and_the_main_actions(scene: &Scene, page: &Page) {
    for (key, place) in [("1", "#/overview"), ("3", "#/logs"), ("4", "#/setup"), ("5", "#/settings")] {
        page.keys(key).await;
        page.until_place(place).await;
        scene.desktop.shoot(&format!("keyboard-{}", place.trim_start_matches("#/")));
    }
    tab_to(page, "Tickets").await;
    page.keys(ENTER).await;
    page.until_place("#/tickets").await;
    page.keys("1").await;
    tab_to(page, "HubSpot").await;
    page.keys(RIGHT).await;
    page.keys(ENTER).await;
    page.find("//section[starts-with(@aria-label,'Orchestrator: ')]").await;
    tab_to(page, "Check again").await;
    page.keys(ENTER).await;
    page.until("Everything is being looked at again.").await;
    page.keys(ESCAPE).await;
    page.keys("P").await;
    page.until("Paused").await;
    tab_to(page, "Resume").await;
    page.keys(ENTER).await;
    page.until("Healthy").await;
    page.keys("2").await;
    page.find("//main//div[@role='option'][contains(@id,'-103')]").await;
    page.keys(DOWN).await;
    page.until_place("#/tickets/103").await;
    page.find("//article//button[@aria-keyshortcuts='c'][not(@disabled)]").await;
    page.keys("c").await;
    page.find("//dialog[@open][contains(.,'Correct')]").await;
    scene.desktop.shoot("keyboard-correct");
    page.keys(ESCAPE).await;
    page.until_gone("//dialog[@open]").await;
    page.keys("?").await;
    page.find("//dialog[@open][contains(.,'Keyboard shortcuts')]").await;
    page.keys(ESCAPE).await;
    page.until_gone("//dialog[@open]").await;
}

/// Goes on with Tab until what begins with these words has the focus.
async fn tab_to(page: &Page, words: &str) {
    for _ in 0..MOST_STOPS {
        page.keys(TAB).await;
        let focused = page.run("return document.activeElement.innerText", vec![]).await;
        if focused.as_str().is_some_and(|text| text.trim().starts_with(words)) {
            return;
        }
    }
    panic!("Tab does not lead to {words}:\n{}", page.text().await);
}
