use tokio::sync::mpsc;

use super::*;

#[tokio::test]
async fn the_first_hears_the_others_and_its_place_is_free_when_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = enter(folder.path(), &[]).await.unwrap().expect("nobody else is there");
    let (told, mut heard) = mpsc::unbounded_channel();
    let listening = tokio::spawn(first.listen(move |words| drop(told.send(words))));
    let words = ["--open".to_owned(), "two\nlines".to_owned()];
    assert!(enter(folder.path(), &words).await.unwrap().is_none());
    assert_eq!(heard.recv().await.unwrap(), words);

    let mut stranger = connect(&folder.path().join("tray.sock")).await.unwrap();
    stranger.write_all(b"what?\n").await.unwrap();
    assert!(enter(folder.path(), &words).await.unwrap().is_none(), "it goes on after nonsense");
    assert_eq!(heard.recv().await.unwrap(), words);

    listening.abort();
    assert!(listening.await.unwrap_err().is_cancelled());
    assert!(enter(folder.path(), &[]).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn who_has_the_place_and_does_not_answer_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let _deaf = enter(folder.path(), &[]).await.unwrap();
    let refused = enter(folder.path(), &[]).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
}
