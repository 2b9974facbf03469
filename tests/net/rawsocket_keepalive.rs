//! The system looks after TCP connections on which RawSocket sends no pings, at both ends. Linux
//! tells of it.

use crate::common::router;
use crate::common::soon;

/// The timers of the established connections from this port, and of those to it; "02" is keepalive
/// (proc_net_tcp of the kernel's documentation).
fn timers(port: u16) -> [Vec<String>; 2] {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().map(|line| line.split_whitespace().collect()).collect();
    let port = format!(":{port:04X}");
    [1, 2].map(|column| {
        let is_ours = |row: &&Vec<&str>| row[column].ends_with(&port) && row[3] == "01";
        rows.iter().filter(is_ours).map(|row| row[5][..2].to_owned()).collect()
    })
}

#[tokio::test]
async fn both_ends_have_it() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let session = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    // While something is on its way, there is another timer in its place.
    let kept = [vec!["02".to_owned()], vec!["02".to_owned()]];
    let waiting = async {
        while timers(port) != kept {
            tokio::task::yield_now().await;
        }
    };
    soon(waiting).await;
    session.leave().await;
}
