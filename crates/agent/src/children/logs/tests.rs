//! The log as a whole, fed by pipes of this process.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::*;

fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn small() -> Limits {
    Limits { lines: 6, bytes: 1000, lines_per_second: 4, last_lines: 2, ..Limits::default() }
}

fn texts(log: &Log) -> Vec<String> {
    log.tail(usize::MAX).iter().map(|line| line.text.clone()).collect()
}

async fn feed(log: &Log, text: &str) {
    drain(log.clone(), Stream::Err, text.as_bytes()).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_cut_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { lines: 100, ..small() };
    let log = Log::open(Kind::Ollama, folder.path(), limits, epoch);
    let flood: String = (1..=12_351).map(|number| format!("line {number}\n")).collect();
    feed(&log, &flood).await;
    assert_eq!(log.last_words(3), ["line 4", "line 12350", "line 12351"]);
    let wanted = ["line 1", "line 2", "line 3", "line 4", "12,345 lines dropped", "line 12350", "line 12351"];
    assert_eq!(texts(&log), wanted);
    assert_eq!(log.dropped(), 12_345);
    let file = std::fs::read_to_string(folder.path().join("ollama.log")).unwrap();
    assert_eq!(file.lines().count(), wanted.len(), "{file}");
    assert!(file.contains("1970-01-01T00:00:00.000Z agent 12,345 lines dropped\n"), "{file}");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_back_comes_when_the_second_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(Kind::Ollama, folder.path(), small(), epoch);
    let (mut writer, reader) = tokio::io::duplex(1024);
    let draining = tokio::spawn(drain(log.clone(), Stream::Out, reader));
    let mut follow = log.follow();
    writer.write_all(b"1\n2\n3\n4\n5\n").await.unwrap();
    let before = Instant::now();
    for number in ["1", "2", "3", "4", "5"] {
        let Some(Followed::Line(line)) = follow.next().await else { panic!("no line") };
        assert_eq!(line.text, number);
    }
    assert_eq!(before.elapsed(), Duration::from_secs(1));
    drop(writer);
    draining.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn memory_holds_so_many_lines_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { lines_per_second: 1000, ..small() };
    let log = Log::open(Kind::Ollama, folder.path(), limits, epoch);
    feed(&log, "1\n2\n3\n4\n5\n6\n7\n8\n").await;
    assert_eq!(texts(&log), ["3", "4", "5", "6", "7", "8"]);
    feed(&log, &format!("{}\n", "x".repeat(996))).await;
    assert_eq!(texts(&log).iter().map(String::len).collect::<Vec<_>>(), [1, 1, 1, 1, 996]);
    assert_eq!(log.tail(1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn files_are_rotated_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { file_bytes: 200, files: 3, lines_per_second: 1000, ..small() };
    let log = Log::open(Kind::Cloudflared, folder.path(), limits.clone(), epoch);
    let text: String = (0..50).map(|number| format!("line {number}\n")).collect();
    feed(&log, &text).await;
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            assert!(entry.metadata().unwrap().len() <= 200);
            entry.file_name().into_string().unwrap()
        })
        .collect();
    names.sort();
    assert_eq!(names, ["cloudflared.1.log", "cloudflared.2.log", "cloudflared.log"]);
    let newest = std::fs::read_to_string(folder.path().join("cloudflared.log")).unwrap();
    assert!(newest.ends_with("err line 49\n"), "{newest}");
    drop(log);
    let again = Log::open(Kind::Cloudflared, folder.path(), limits, epoch);
    again.note("hello");
    let all = std::fs::read_to_string(folder.path().join("cloudflared.log")).unwrap();
    assert!(all.starts_with(&newest) || all == "1970-01-01T00:00:00.000Z agent hello\n", "{all}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_follower_is_told_how_much_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { lines_per_second: 10_000, ..small() };
    let log = Log::open(Kind::Ollama, folder.path(), limits, epoch);
    let mut follow = log.follow();
    feed(&log, &"x\n".repeat(FOLLOW_LAG + 7)).await;
    assert_eq!(follow.next().await, Some(Followed::Missed(7)));
    assert!(matches!(follow.next().await, Some(Followed::Line(line)) if line.number == 7));
}

#[tokio::test(start_paused = true)]
async fn last_words_are_those_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(Kind::Ollama, folder.path(), small(), epoch);
    feed(&log, "before\n").await;
    log.begin(vec!["very-secret".into()]);
    log.note("It is started.");
    feed(&log, "a very-secret\nb").await;
    assert_eq!(log.last_words(9), ["a [secret]", "b"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let log = Log::open(Kind::Ollama, &file.join("logs"), small(), epoch);
    assert!(texts(&log)[0].starts_with("The log file cannot be written"), "{:?}", texts(&log));
}

#[test]
fn counts_are_grouped_by_thousands() {
    let counts = [0, 7, 999, 1000, 12_345, 1_000_000].map(with_commas);
    assert_eq!(counts, ["0", "7", "999", "1,000", "12,345", "1,000,000"]);
}
