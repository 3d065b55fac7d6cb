//! A network that can fail: a proxy between a client and a server that passes on, holds everything back, or is gone.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Passes on.
    Fair,
    /// Passes on, and makes the server say that it is a Redis 5.
    Aged,
    /// Takes connections and bytes, and passes nothing on.
    Stalled,
    /// Ends connections and takes no new ones.
    Gone,
}

pub(crate) struct Proxy {
    port: u16,
    net: Arc<Net>,
}

struct Net {
    to: u16,
    now: Mutex<Now>,
    changed: Condvar,
}

struct Now {
    weather: Weather,
    over: bool,
    taken: usize,
    streams: Vec<TcpStream>,
}

impl Proxy {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let own = listener.local_addr().unwrap().port();
        let net = Arc::new(Net {
            to: port,
            now: Mutex::new(Now {
                weather: Weather::Fair,
                over: false,
                taken: 0,
                streams: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let shared = Arc::clone(&net);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.now.lock().unwrap().over {
                    break;
                }
                shared.take(client.unwrap());
            }
        });
        Self { port: own, net }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of the ledger `name` through it.
    pub(crate) fn address(&self, name: &str) -> String {
        format!("redis://127.0.0.1:{}/0?ledger={name}", self.port)
    }

    /// Connections taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.net.now.lock().unwrap().taken
    }

    pub(crate) fn set(&self, weather: Weather) {
        let mut now = self.net.now.lock().unwrap();
        now.weather = weather;
        if weather == Weather::Gone {
            end(&mut now);
        }
        self.net.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        {
            let mut now = self.net.now.lock().unwrap();
            now.over = true;
            end(&mut now);
        }
        self.net.changed.notify_all();
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn end(now: &mut Now) {
    for stream in now.streams.drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Net {
    fn take(self: &Arc<Self>, client: TcpStream) {
        let mut now = self.now.lock().unwrap();
        now.taken += 1;
        if now.weather == Weather::Gone {
            return;
        }
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.to)) else {
            return;
        };
        for (from, to) in [(&client, &server), (&server, &client)] {
            now.streams.push(from.try_clone().unwrap());
            let (net, from, to) = (
                Arc::clone(self),
                from.try_clone().unwrap(),
                to.try_clone().unwrap(),
            );
            thread::spawn(move || net.pass(from, to));
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            let stalled = |now: &mut Now| now.weather == Weather::Stalled && !now.over;
            let now = self
                .changed
                .wait_while(self.now.lock().unwrap(), stalled)
                .unwrap();
            let weather = now.weather;
            drop(now);
            if weather == Weather::Aged {
                age(&mut bytes[..n]);
            }
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}

/// The version of an `INFO` in it becomes 5, and of no Valkey.
fn age(bytes: &mut [u8]) {
    for (name, at, by) in [("\nredis_version:", 15, b'5'), ("\nvalkey_version:", 1, b'w')] {
        let found = bytes
            .windows(name.len())
            .position(|window| window == name.as_bytes());
        if let Some(byte) = found.and_then(|found| bytes.get_mut(found + at)) {
            *byte = by;
        }
    }
}
