//! Every kind of address leads to the server that has the ledger, or says why not.

use super::*;
use crate::ledger::redis::redis_server::cluster::RedisCluster;
use crate::ledger::redis::redis_server::sentinel::Sentinels;
use crate::ledger::redis::redis_server::tls::Certificates;
use crate::ledger::redis::redis_server::{RedisServer, free_port, wait_for};

/// All that a ledger does with a line.
async fn use_it(access: &RedisAccess, name: &str) {
    let link = open(access).await;
    assert_eq!(link.name(), access.address.to_string());
    assert_eq!(add(&link, name, 2).await.unwrap(), 2);
    let key = format!("{{enlist:{name}}}:n");
    let mut pipeline = redis::pipe();
    pipeline.cmd("INCR").arg(&key).cmd("GET").arg(&key);
    let values = link.ask_all(&pipeline).await.unwrap();
    assert_eq!(values, [Value::Int(3), Value::BulkString(b"3".to_vec())]);
    assert_eq!(link.ask_all(&redis::pipe()).await.unwrap(), []);
    let time = link.time().await.unwrap();
    assert!(time.as_ms() > 1_700_000_000_000, "{time}");
    // A wrong command says so, and the line goes on.
    pipeline.cmd("GET").arg(&key).arg("more");
    assert!(link.ask_all(&pipeline).await.is_err());
    assert_eq!(add(&link, name, 0).await.unwrap(), 4);
}

#[tokio::test]
async fn a_server_and_its_socket() {
    let server = RedisServer::start();
    use_it(&access(&server.address("a")), "a").await;
    use_it(&access(&server.socket_address("b")), "b").await;

    let other = server.address("a").replace("/0?", "/3?");
    use_it(&access(&other), "a").await;
    assert_eq!(server.cli(&["-n", "3", "get", "{enlist:a}:n"]).trim(), "4");
    let none = server.address("a").replace("/0?", "/999?");
    assert_says(&refused(&access(&none)).await, true, "write /0 after the host");

    let nobody = format!("redis://127.0.0.1:{}", free_port());
    assert_says(&refused(&access(&nobody)).await, false, "refused");
    let no_socket = format!("unix:{}/none.sock", server.dir().display());
    assert_says(
        &refused(&access(&no_socket)).await,
        false,
        "see whether Redis runs",
    );
}

#[tokio::test]
async fn users_and_passwords() {
    let server = RedisServer::start();
    let rights = [
        "~{enlist:a}:*",
        "resetchannels",
        "+@all",
        "-@admin",
        "-@dangerous",
    ];
    server.cli(&[&["acl", "setuser", "me", "on", ">s3cret"], &rights[..]].concat());
    let mine = server.address("a").replace("//", "//me@");
    use_it(&access_in(&mine, &[("ENLIST_REDIS_PASSWORD", "s3cret")]), "a").await;

    let wrong = refused(&access_in(&mine, &[("ENLIST_REDIS_PASSWORD", "wr0ng")])).await;
    assert_says(&wrong, true, "ENLIST_REDIS_PASSWORD_FILE");
    assert!(!wrong.to_string().contains("wr0ng"), "{wrong}");
    // The user may use the keys of one ledger alone.
    let link = open(&access_in(&mine, &[("ENLIST_REDIS_PASSWORD", "s3cret")])).await;
    assert_says(&add(&link, "b", 1).await.unwrap_err(), true, "docs/operations.md");

    server.cli(&["config", "set", "requirepass", "s3cret"]);
    let plain = server.address("a");
    let none = open(&access(&plain)).await;
    assert_says(&fails(&none, "a").await, true, "Authentication required");
    let link = open(&access_in(&plain, &[("ENLIST_REDIS_PASSWORD", "s3cret")])).await;
    assert!(add(&link, "a", 1).await.is_ok());
}

#[tokio::test]
async fn tls() {
    let certificates = Certificates::make();
    let (_server, port) = certificates.server(false);
    use_it(&access(&certificates.address(port, "a")), "a").await;

    let no_authority = format!("rediss://127.0.0.1:{port}");
    assert_says(&refused(&access(&no_authority)).await, true, "?ca=FILE");
    let by_name = certificates.address(port, "b").replace("127.0.0.1", "localhost");
    use_it(&access(&by_name), "b").await;

    let (plain, _) = certificates.server(false);
    let not_tls = certificates.address(plain.port(), "a");
    refused(&access(&not_tls)).await;

    let (_server, port) = certificates.server(true);
    use_it(&access(&certificates.address_as_client(port, "a")), "a").await;
    refused(&access(&certificates.address(port, "a"))).await;
}

#[tokio::test]
async fn a_cluster_from_any_of_its_nodes() {
    let cluster = RedisCluster::start();
    // Ledgers whose slots lie on each of the three.
    let mut owners = std::collections::BTreeSet::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        owners.insert(cluster.owner(name));
        use_it(&access(&cluster.address_by(0, name)), name).await;
        let at_home = cluster.nodes()[cluster.owner(name)].cli(&["get", &format!("{{enlist:{name}}}:n")]);
        assert_eq!(at_home.trim(), "4", "{name}");
    }
    assert_eq!(owners.len(), 3);

    // Not told that it is a cluster, it says so.
    let plain = cluster.nodes()[(cluster.owner("a") + 1) % 3].address("a");
    let link = open(&access(&plain)).await;
    assert_says(&fails(&link, "a").await, true, "redis+cluster://");

    // A slot goes to another node: the call that finds out is sent on, and nobody notices.
    let next = (cluster.owner("x") + 1) % 3;
    let link = open(&access(&cluster.address("x"))).await;
    let mut look = redis::cmd("EXISTS");
    look.arg("{enlist:x}:n");
    assert_eq!(link.ask(&look).await.unwrap(), Value::Int(0));
    cluster.hand_over("x", next);
    assert_eq!(add(&link, "x", 1).await.unwrap(), 1);
    assert_eq!(cluster.nodes()[next].cli(&["get", "{enlist:x}:n"]).trim(), "1");
}

#[tokio::test]
async fn a_cluster_without_the_node_fails_and_with_it_goes_on() {
    let mut cluster = RedisCluster::start();
    let link = open(&access(&cluster.address("a"))).await;
    add(&link, "a", 1).await.unwrap();
    let owner = cluster.owner("a");
    cluster.node(owner).kill();
    let error = fails(&link, "a").await;
    assert_says(&error, false, "try again");
    cluster.node(owner).restart();
    until_it_answers(&link, "a").await;
    assert_eq!(add(&link, "a", 1).await.unwrap(), 2);
}

#[tokio::test]
async fn sentinels_name_the_master_and_the_next_one() {
    let mut sentinels = Sentinels::start(3);
    let named = access(&sentinels.address("a"));
    use_it(&named, "a").await;
    let link = open(&named).await;
    add(&link, "a", 1).await.unwrap();
    let replica = sentinels.replica();
    wait_for("the replica to have it", || {
        (replica.cli(&["get", "{enlist:a}:n"]).trim() == "5").then_some(())
    });

    sentinels.master().kill();
    assert_says(&fails(&link, "a").await, false, "try again");
    until_it_answers(&link, "a").await;
    assert_eq!(add(&link, "a", 1).await.unwrap(), 6);
    assert_eq!(sentinels.replica().cli(&["get", "{enlist:a}:n"]).trim(), "6");

    let unknown = sentinels.address("a").replace("mymaster", "another");
    assert_says(&refused(&access(&unknown)).await, true, "sentinel monitor NAME");
}

#[tokio::test]
async fn a_sentinel_that_is_mistaken_is_not_believed() {
    let mut sentinels = Sentinels::start(1);
    let by_it_alone = sentinels.add_mistaken("a");
    assert_says(&refused(&access(&by_it_alone)).await, false, "is a replica");
    use_it(&access(&sentinels.address("a")), "a").await;
}

#[tokio::test]
async fn sentinels_with_a_password_of_their_own() {
    let sentinels = Sentinels::start(1);
    sentinels.ask_for("s3ntinel");
    let address = sentinels.address("a");
    let with = access_in(&address, &[("ENLIST_REDIS_SENTINEL_PASSWORD", "s3ntinel")]);
    use_it(&with, "a").await;
    assert_says(&refused(&access(&address)).await, true, "PASSWORD");
}
