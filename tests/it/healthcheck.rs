//! `enlist healthcheck`, which stands in for a shell and curl in an image that has neither.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::support::Rig;

#[test]
fn well_is_0_and_all_else_is_1() {
    let rig = Rig::new();
    let simulator = rig.simulator("");
    let ask = |path: &str| rig.enlist(["healthcheck", &format!("{}{path}", simulator.url)]);
    assert_eq!(ask("/_simulator/settings").exits(0).out, "");
    let ended = ask("/_simulator/nothing").exits(1);
    assert!(
        ended.err.contains("/_simulator/nothing: answered 404"),
        "{}",
        ended.err
    );

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/readyz", nobody.local_addr().unwrap());
    let silent = rig.enlist(["healthcheck", &url]).exits(1);
    assert!(silent.err.contains("no answer within 3 s"), "{}", silent.err);
    drop(nobody);
    let ended = rig.enlist(["healthcheck", &url]).exits(1);
    assert!(ended.err.contains("refused"), "{}", ended.err);

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/readyz", other.local_addr().unwrap());
    let speaks = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"-ERR unknown command\r\n").unwrap();
    });
    let ended = rig.enlist(["healthcheck", &url]).exits(1);
    assert!(ended.err.contains("does not speak HTTP/1.1"), "{}", ended.err);
    speaks.join().unwrap();

    for url in ["https://127.0.0.1/readyz", "127.0.0.1:9464"] {
        rig.enlist(["healthcheck", url]).exits(2);
    }
}
